"""From a question to a verdict: the embedded channels first, a language model only where those are not sure.

One `Solving` serves all conversations. The weights are read in a thread when they are first needed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialog.errors import AssistantError
from plugins.math.channels import Channel, Derivation, of_endpoint
from plugins.math.consensus import Verdict, decide, solve
from plugins.math.endpoint import Endpoint
from plugins.math.settings import Options
from plugins.math.solver.channel import EmbeddedChannel, embedded
from plugins.math.template import template_of
from plugins.math.types import Template
from plugins.math.vote import Vote, VoteError

log = logging.getLogger(__name__)
#: The shipped solver and the file of the vote beside its weights.
SHIPPED = Path(__file__).parent / "models" / "solver-1"
VOTE = "vote.json"
LOADING_SECONDS = 20.0
_NEVER = 1.01  # no probability reaches it


@dataclass(frozen=True)
class Loaded:
    """What answers: the embedded channels, the vote and the least probability it answers with; `problem` says why there
    are no channels."""

    channels: tuple[Channel, ...] = ()
    vote: Vote | None = None
    floor: float = _NEVER
    problem: str = ""

    def close(self) -> None:
        """End the threads of the channels; may wait for what they are at."""
        for channel in self.channels:
            if isinstance(channel, EmbeddedChannel):
                channel.close()


@dataclass(frozen=True)
class Solved:
    """A question's template, the verdict, and every derivation that was tried, failures included."""

    template: Template
    verdict: Verdict
    derivations: tuple[Derivation, ...]


class _Given:
    """Derivations that are there already, as a channel: they count in the first round and are not made again."""

    name = "given"

    def __init__(self, derivations: Sequence[Derivation]) -> None:
        self._derivations = list(derivations)

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        given, self._derivations = self._derivations, []
        return given


class _Noted:
    """A channel whose derivations are kept for the explanation, failures too."""

    def __init__(self, channel: Channel, made: list[Derivation]) -> None:
        self.name = channel.name
        self._channel, self._made = channel, made

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        found = await self._channel.derive(template, n)
        self._made += found
        return found


def floor_of(vote: Vote | None, precision: float) -> float:
    """The least probability that is answered with, so that this share of the answers is right.

    The vote's card holds thresholds that were measured on questions it had not seen, by precision; the next higher one
    counts. Without one it is the precision itself, which a calibrated probability keeps for each single answer.
    """
    table = vote.card.get("thresholds") if vote is not None else None
    if isinstance(table, Mapping):
        try:
            known = {float(key): float(value) for key, value in table.items()}
        except (TypeError, ValueError):
            raise VoteError("card.thresholds: numbers by precision are expected") from None
        enough = [key for key in known if key >= precision - 1e-9]
        if enough:
            return known[min(enough)]
    return precision


def load(options: Options) -> Loaded:
    """The solver and the vote of the options. Blocks for some tenths of a second; what is wrong is in `problem`."""
    folder = (options.model or SHIPPED).expanduser()
    path = (options.vote or folder / VOTE).expanduser()
    try:
        vote = Vote.load(path) if path.exists() else None
        if not folder.is_dir():
            return Loaded((), vote, floor_of(vote, options.precision), f"{folder.name} is not installed")
        from plugins.math.solver.runtime import SolverRuntime

        channels = tuple(embedded(SolverRuntime.load(folder)))
    except (AssistantError, OSError, ValueError) as error:
        log.warning("math: the solver cannot be loaded: %s", error)
        return Loaded(problem=str(error))
    return Loaded(channels, vote, floor_of(vote, options.precision))


class Solving:
    """Solves word problems. `loaded` stands in for what would be read from files (tests, other solvers); `config` is
    the mapping that the options were read from."""

    def __init__(
        self,
        options: Options,
        environ: Mapping[str, str] = os.environ,
        loaded: Loaded | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.config = config
        self.options = options
        self._loaded = loaded
        self._loading: asyncio.Task[Loaded] | None = None
        self._endpoint = Endpoint(options.endpoint, environ=environ) if options.endpoint else None

    def start(self) -> None:
        """Begin to load; whoever asks meanwhile waits for it."""
        if self._loaded is None and self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(load, self.options), name="math: loading")

    async def stop(self) -> None:
        """Wait for a load that has begun, and close the connections."""
        if self._loading is not None:
            await asyncio.wait([self._loading], timeout=LOADING_SECONDS)
            if self._loading.done():
                await asyncio.to_thread(self._loading.result().close)
        if self._endpoint is not None:
            await self._endpoint.close()

    async def ready(self) -> Loaded:
        """What answers, once it is loaded. Raises `TimeoutError` after `LOADING_SECONDS`."""
        if self._loaded is None:
            self.start()
            assert self._loading is not None
            self._loaded = await asyncio.wait_for(asyncio.shield(self._loading), LOADING_SECONDS)
        return self._loaded

    async def able(self) -> str:
        """Why no word problem can be solved at all; empty where one can."""
        return "" if self._endpoint is not None else (await self.ready()).problem

    async def solve(self, question: str | Template) -> Verdict:
        """The verdict on a question, within the deadline of the options."""
        return (await self.worked(question)).verdict

    async def worked(self, question: str | Template) -> Solved:
        """The verdict, and every derivation behind it."""
        ready, options = await self.ready(), self.options
        until = time.monotonic() + options.deadline
        template = await asyncio.to_thread(template_of, question) if isinstance(question, str) else question
        made: list[Derivation] = []
        verdict = await solve(
            [_Noted(channel, made) for channel in ready.channels], template, ready.vote,
            floor=ready.floor, n=options.beam, rounds=1, deadline=options.deadline,
        )  # fmt: skip
        if verdict.answer is None and self._endpoint is not None and (left := until - time.monotonic()) > 0:
            asked = [_Noted(channel, made) for channel in of_endpoint(self._endpoint, left)]
            verdict = await solve(
                [_Given(made), *asked], template, ready.vote, floor=ready.floor, rounds=options.rounds, deadline=left
            )
        return Solved(template, verdict, tuple(made))

    async def judged(self, derivations: Sequence[Derivation], template: Template) -> Solved:
        """The verdict on derivations that were made already."""
        ready = await self.ready()
        verdict = await asyncio.to_thread(decide, derivations, template, ready.vote, ready.floor)
        return Solved(template, verdict, tuple(derivations))


def independent(verdict: Verdict) -> tuple[int, int]:
    """How many independent derivations have the best answer, and of how many.

    The formulas of one beam are alternatives, not witnesses: only the channel's most probable one counts.
    """
    best: dict[str, float] = defaultdict(float)
    for group in verdict.groups:
        for item in group.derivations:
            best[item.channel] = max(best[item.channel], item.weight)
    counts = [
        sum(item.weight >= best[item.channel] for item in group.derivations) for group in verdict.groups
    ]  # fmt: skip
    return (counts[0], sum(counts)) if counts else (0, 0)
