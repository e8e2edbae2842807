"""A language model behind an OpenAI-compatible address: bounded in time, tokens, bytes and simultaneous requests.

A completion asked for here never raises for what the far side does. Whatever came in time comes back, with one line
that says why the rest did not; an endpoint that is gone is left alone for a while, and said to be gone once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dialog.errors import ConfigError
from plugins.math.wire import Failure, Wire

log = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0  # seconds between attempts at one completion
FIRST_REST, LONGEST_REST = 30.0, 600.0  # seconds an endpoint that is gone is left alone
CHARACTERS_PER_TOKEN = 3.0  # a cautious guess, for what is reserved and where no usage is reported


class EndpointOptions(BaseModel):
    """Where the model is and how much it may take. Times in seconds; the key itself stands in an environment variable.

    `max_tokens` bounds one completion, `turn_tokens` all of one turn, `hour_tokens` any hour, prompts counted in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(min_length=8, pattern="^https?://")
    model: str = Field(min_length=1)
    key_env: str | None = None
    timeout: float = Field(default=20.0, gt=0, le=300)
    retries: int = Field(default=2, ge=0, le=8)
    concurrency: int = Field(default=4, ge=1, le=64)
    temperature: float | None = Field(default=0.7, ge=0, le=2)
    max_tokens: int = Field(default=400, ge=16, le=8192)
    turn_tokens: int = Field(default=12_000, ge=64)
    hour_tokens: int = Field(default=400_000, ge=64)
    max_bytes: int = Field(default=262_144, ge=1024)
    token_field: str = Field(default="max_tokens", pattern="^max_(completion_)?tokens$")

    @classmethod
    def read(cls, section: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> EndpointOptions:
        """The `endpoint` section; what it leaves out comes from OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY.

        The environment alone switches nothing on: without the section nobody's question leaves the machine.
        Raises ConfigError naming the key that is wrong.
        """
        found = {key: environ[name] for key, name in _ENVIRONMENT.items() if environ.get(name)}
        if "OPENAI_API_KEY" in environ and "base_url" not in section:
            found["key_env"] = "OPENAI_API_KEY"
        try:
            return cls.model_validate({**found, **section})
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise ConfigError(f"math: endpoint.{key}: {first['msg']}") from None

    def key(self, environ: Mapping[str, str] = os.environ) -> str:
        """The key, or a placeholder for servers that want none. Raises ConfigError when its variable is not set."""
        if self.key_env is None:
            return "none"
        if not environ.get(self.key_env):
            raise ConfigError(f"math: endpoint.key_env: the environment variable {self.key_env} is not set")
        return environ[self.key_env]


_ENVIRONMENT = {"base_url": "OPENAI_BASE_URL", "model": "OPENAI_MODEL"}


@dataclass
class Allowance:
    """The tokens that one turn has left."""

    left: int


@dataclass(frozen=True, slots=True)
class Completions:
    """What came of a request for several: the texts, the tokens they took, and why some are missing ("" when none)."""

    texts: tuple[str, ...]
    tokens: int
    problem: str = ""


#: What endpoints have left in the turn that is being worked on, by their identity; None outside of one.
_TURN: ContextVar[dict[int, Allowance] | None] = ContextVar("math_turn", default=None)


@contextmanager
def one_turn() -> Iterator[None]:
    """Everything asked of an endpoint in here, by tasks started in here too, shares one budget of a turn."""
    token = _TURN.set({})
    try:
        yield
    finally:
        _TURN.reset(token)


class Endpoint:
    """One model. Made without a connection and without importing its client: the first completion does both.

    seed: where given, pauses can be foretold, and every request carries a seed of its own for the sampling.
    """

    def __init__(
        self,
        options: EndpointOptions,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        seed: int | None = None,
    ) -> None:
        self.options = options
        self._wire = Wire(options.base_url, options.key(environ), options.timeout, options.max_bytes)
        self._clock = clock
        self._random = random.Random(seed)
        self._seeds = None if seed is None else random.Random(seed)
        self._slots = asyncio.Semaphore(options.concurrency)
        self._spent: deque[tuple[float, int]] = deque()
        self._hour = 0
        self._failures, self._until, self._told = 0, 0.0, False

    def allowance(self) -> Allowance:
        """What this turn has left (see `one_turn`); outside of one, the budget of a new turn."""
        fresh = Allowance(self.options.turn_tokens)
        purses = _TURN.get()
        return fresh if purses is None else purses.setdefault(id(self), fresh)

    @property
    def resting(self) -> bool:
        """Whether the endpoint was found to be gone and is left alone for now."""
        return self._clock() < self._until

    async def complete(
        self,
        prompt: str,
        n: int = 1,
        *,
        deadline: float | None = None,
        allowance: Allowance | None = None,
        system: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> Completions:
        """Up to n independent completions of one prompt, within `deadline` seconds (the timeout, unless given).

        extra: more fields of the request, such as a `response_format`. They are n requests, because local servers
        ignore the protocol's own `n`. Raises for no fault of the server's.
        """
        if self.resting:
            return Completions((), 0, "the endpoint did not answer lately and is left alone")
        purse = allowance or self.allowance()
        seconds = self.options.timeout if deadline is None else deadline
        tasks = [asyncio.create_task(self._one(prompt, system, purse, extra or {})) for _ in range(n)]
        try:
            done, late = await asyncio.wait(tasks, timeout=seconds) if tasks else (set(), set())
        finally:
            for task in tasks:
                task.cancel()
        if late:
            await asyncio.wait(late, timeout=1.0)
        texts, tokens, problems = [], 0, []
        for task in tasks:
            outcome = task.result() if task in done else Failure("it took longer than the deadline", gone=True)
            if isinstance(outcome, Failure):
                problems.append(outcome)
            else:
                texts.append(outcome[0])
                tokens += outcome[1]
        self._judge(bool(texts), problems)
        return Completions(tuple(texts), tokens, str(problems[0]) if problems else "")

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    async def _one(
        self, prompt: str, system: str, purse: Allowance, extra: Mapping[str, Any]
    ) -> tuple[str, int] | Failure:
        """One completion with its retries: (text, tokens), or why there is none."""
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": prompt})
        body: dict[str, Any] = {"model": self.options.model, "messages": messages}
        body[self.options.token_field] = self.options.max_tokens
        if self.options.temperature is not None:
            body["temperature"] = self.options.temperature
        if self._seeds is not None:
            body["seed"] = self._seeds.getrandbits(31)
        if extra:
            body["extra_body"] = dict(extra)
        about = int((len(prompt) + len(system)) / CHARACTERS_PER_TOKEN) + 8
        pause = FIRST_PAUSE
        for attempt in range(self.options.retries + 1):
            async with self._slots:
                if self.resting:
                    return Failure("the endpoint did not answer lately and is left alone")
                reserved = about + self.options.max_tokens
                refused = self._reserve(reserved, purse)
                if refused:
                    return Failure(refused)
                used = reserved
                try:
                    outcome = await self._wire.send(body)
                    if isinstance(outcome, Failure):
                        used = outcome.tokens  # a refused request is not paid for
                    else:
                        text, reported = outcome
                        used = reported or about + int(len(text) / CHARACTERS_PER_TOKEN) + 1
                finally:  # a cancelled request may have been paid for: it stays reserved
                    self._settle(reserved, used, purse)
            if not isinstance(outcome, Failure):
                return outcome[0], used
            if not outcome.again or attempt == self.options.retries:
                return outcome
            wait = outcome.after if outcome.after is not None else pause * self._random.uniform(0.5, 1.0)
            if wait > LONGEST_PAUSE:
                return outcome
            await asyncio.sleep(wait)
            pause = min(LONGEST_PAUSE, pause * 2)
        raise AssertionError("the last attempt returns")

    def _reserve(self, tokens: int, purse: Allowance) -> str:
        """Take tokens from both budgets; returns why not, or nothing."""
        now = self._clock()
        while self._spent and self._spent[0][0] <= now - 3600:
            self._hour -= self._spent.popleft()[1]
        if tokens > purse.left:
            return "the token budget of this turn is spent"
        if self._hour + tokens > self.options.hour_tokens:
            return "the token budget of this hour is spent"
        purse.left -= tokens
        self._hour += tokens
        return ""

    def _settle(self, reserved: int, used: int, purse: Allowance) -> None:
        """Give back what was reserved and not used; what was used counts for an hour from now."""
        purse.left += reserved - used
        self._hour += used - reserved
        self._spent.append((self._clock(), used))

    def _judge(self, answered: bool, problems: list[Failure]) -> None:
        """Rest after an endpoint is gone, longer each time; tell its going and its coming back once each."""
        if answered:
            if self._told:
                log.warning("math: %s answers again", self.options.base_url)
            self._failures, self._told = 0, False
        elif any(problem.gone for problem in problems):
            rest = min(LONGEST_REST, FIRST_REST * 2.0**self._failures)
            self._failures = min(self._failures + 1, 16)
            self._until = self._clock() + rest
            if not self._told:
                log.warning("math: %s does not answer: %s", self.options.base_url, problems[0])
                self._told = True
