"""Channels: independent ways to derive programs for a template. The ones here ask a language model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from plugins.math import prompts
from plugins.math.endpoint import Endpoint
from plugins.math.interpreter import run
from plugins.math.types import Answer, Program, ProgramError, Template


@dataclass(frozen=True, slots=True)
class Derivation:
    """One attempt of one channel.

    `answer` is what it gives on the question's own numbers, None where `failure` says why there is none. `program` is
    None for an answer that was read from prose. `weight` is the channel's own share for this attempt (a beam's
    probability; 1 where it has no opinion), `checks` are marks against or for it that a channel found, by name.
    """

    channel: str
    text: str
    program: Program | None = None
    answer: Answer | None = None
    failure: str = ""
    weight: float = 1.0
    checks: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


class Channel(Protocol):
    """A way to derive programs. `derive` keeps its own deadline and answers with what it has; it never raises for a
    question that it cannot solve."""

    name: str

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        """Up to `n` attempts at a template, failures included."""
        ...


def derivation(channel: str, text: str, program: Program, template: Template, weight: float = 1.0) -> Derivation:
    """A program run on the question's own numbers, as a derivation: with its answer or with why it has none."""
    try:
        return Derivation(channel, text, program, run(program, template.values), weight=weight)
    except ProgramError as error:
        return Derivation(channel, text, program, failure=error.reason, weight=weight)


class PromptChannel:
    """One kind of prompt to one endpoint. `deadline` in seconds, for all attempts of one question together."""

    def __init__(self, prompt: prompts.Prompt, endpoint: Endpoint, deadline: float = 20.0) -> None:
        self.name = prompt.name
        self.problem = ""  # why attempts of the last question are missing
        self._prompt, self._endpoint, self._deadline = prompt, endpoint, deadline

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        """Ask n times at once; what came within the deadline is read and run in a thread."""
        message = self._prompt.text(template)
        got = await self._endpoint.complete(message, n, deadline=self._deadline, system=prompts.SYSTEM)
        self.problem = got.problem
        return await asyncio.to_thread(self._read, got.texts, template)

    def _read(self, texts: Sequence[str], template: Template) -> list[Derivation]:
        found = []
        for text in texts:
            try:
                found.append(derivation(self.name, text[: prompts.MAX_TEXT], prompts.read(text, template), template))
            except ProgramError as error:
                found.append(Derivation(self.name, text[: prompts.MAX_TEXT], failure=error.reason))
        return found


def of_endpoint(endpoint: Endpoint, deadline: float = 20.0) -> list[PromptChannel]:
    """The algebraic and the Pythonic channel of an endpoint."""
    return [PromptChannel(prompt, endpoint, deadline) for prompt in prompts.PROMPTS]
