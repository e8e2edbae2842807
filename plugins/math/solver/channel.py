"""The embedded channels: one solve of a question in a thread, handed out by the kind of decoder that made a formula."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from plugins.math.channels import Channel, Derivation, derivation
from plugins.math.program import program_of
from plugins.math.solver.runtime import Formula
from plugins.math.solver.symbols import infix
from plugins.math.types import ProgramError, Template

#: Threads that solve, solved questions that are kept for the other channels, questions that may wait.
WORKERS, KEPT, WAITING = 2, 16, 64
#: A weight says that a formula has an alternative: it stays below 1, which means "no opinion".
_MOST = 1 - 1e-6
Derived = Mapping[str, Sequence[Derivation]]


class Runtime(Protocol):
    """What is needed of `SolverRuntime`."""

    channels: tuple[str, ...]

    def examine(self, template: Template, beam: int) -> Mapping[str, Sequence[Formula]]:
        """Formulas of each channel, best first."""
        ...


class Solves:
    """Solves each question once for all channels that ask for it, in threads of its own."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="math")
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, Future[Derived]] = OrderedDict()
        self._open = 0

    def begin(self, template: Template, beam: int) -> Future[Derived] | None:
        """The solve of a question, begun if nobody has; None where too many wait or the threads have ended."""
        key = (template.text, *map(_items, (template.values, template.units)), template.integers, template.excused,
               template.unit, beam)  # fmt: skip
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
                return found
            if self._open >= WAITING:
                return None
            try:
                begun = self._threads.submit(self._derive, template, beam)
            except RuntimeError:  # after `close`
                return None
            self._open += 1
            self._known[key] = begun
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        begun.add_done_callback(lambda done: self._done(key, done))
        return begun

    def close(self) -> None:
        """End the threads after what they are at; what waits is called off."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _done(self, key: Hashable, done: Future[Derived]) -> None:
        with self._lock:
            self._open -= 1
            # what failed is not kept: the next one to ask tries again
            if (done.cancelled() or done.exception() is not None) and self._known.get(key) is done:
                del self._known[key]

    def _derive(self, template: Template, beam: int) -> Derived:
        found = self._runtime.examine(template, beam)
        return {name: derivations(name, formulas, template) for name, formulas in found.items()}


class EmbeddedChannel:
    """One kind of decoder. `deadline` in seconds, for one question; all channels of one `Solves` share its work."""

    def __init__(self, name: str, solves: Solves, deadline: float = 5.0) -> None:
        self.name = name
        self.problem = ""  # why there is nothing for the last question
        self._solves, self._deadline = solves, deadline

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        """Up to n formulas, the most probable first; nothing for what is no question for the solver. The same question
        gives the same again."""
        self.problem = ""
        if n < 1:
            return []
        begun = self._solves.begin(template, n)
        if begun is None:
            self.problem = "too many questions are waiting"
            return [Derivation(self.name, "", failure=self.problem)]
        waiting = asyncio.wrap_future(begun)
        waiting.add_done_callback(_heard)
        # `wait` leaves it alone when this channel is called off: the others may still want it
        done, _ = await asyncio.wait([waiting], timeout=self._deadline)
        if not done:
            self.problem = f"no formula within {self._deadline:g} s"
        elif waiting.cancelled():
            self.problem = "the solver was closed"
        elif (error := waiting.exception()) is not None:
            self.problem = f"the solver failed: {type(error).__name__}: {error}"
        else:
            return list(waiting.result().get(self.name, ()))
        return [Derivation(self.name, "", failure=self.problem)]

    def close(self) -> None:
        """End the threads that all channels of the runtime share."""
        self._solves.close()


def embedded(runtime: Runtime, deadline: float = 5.0) -> list[Channel]:
    """The channels of a runtime: each question is encoded and solved once for all of them."""
    solves = Solves(runtime)
    return [EmbeddedChannel(name, solves, deadline) for name in runtime.channels]


def derivations(channel: str, formulas: Sequence[Formula], template: Template) -> list[Derivation]:
    """Formulas as derivations. Marks: `probability`, `margin` over the best other one, `rank` (0 for the first, 1 from
    the sixth on), `agreement` of the members."""
    found = []
    for place, one in enumerate(formulas):
        others = [other.probability for other in formulas if other is not one]
        checks = MappingProxyType(
            {
                "probability": one.probability,
                "margin": one.probability - max(others, default=0.0),
                "rank": min(place, 5) / 5,
                "agreement": one.agreement,
            }
        )
        weight, text = min(_MOST, one.probability), infix(one.prefix)
        try:
            made = derivation(channel, text, program_of(text, template.letters), template, weight)
        except ProgramError as error:
            made = Derivation(channel, text, failure=error.reason, weight=weight)
        found.append(replace(made, checks=checks))
    return found


def _heard(done: asyncio.Future[Derived]) -> None:
    """Takes note of an error that nobody waits for any more."""
    if not done.cancelled():
        done.exception()


def _items(mapping: Mapping[str, object]) -> Hashable:
    return tuple(mapping.items())
