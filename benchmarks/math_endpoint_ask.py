"""Questions to a language model through the endpoint, its channels and the rules, with everything that came of them."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.math_endpoint_model import serving
from plugins.math.channels import Channel, Derivation, PromptChannel
from plugins.math.consensus import decide, published
from plugins.math.endpoint import Allowance, Completions, Endpoint, EndpointOptions
from plugins.math.prompts import PROMPTS, Prompt
from plugins.math.template import template_of
from plugins.math.types import Answer, Template

#: Seconds that all attempts of one question may take.
DEADLINE = 60.0
_EXAMPLES = (
    "Two examples. Problem: Tom has A pens and buys B boxes of C pens. How many pens has he? Answer = A + B * C\n"
    "Problem: A meters of rope are cut into pieces of B meters, and C pieces are lost. How many are left?"
    " Answer = A / B - C\n\n"
)
_EXAMPLES_CODE = (
    "Two examples. Tom has A pens and buys B boxes of C pens. How many pens has he?\n"
    "def solution(A, B, C):\n    return A + B * C\n"
    "A meters of rope are cut into pieces of B meters, and C pieces are lost. How many are left?\n"
    "def solution(A, B, C):\n    return A / B - C\n\n"
)
_AS_JSON = 'Give the formula that computes what is asked from the letters {letters} as JSON: {{"answer": "<formula>"}}'
_AS_JSON_TOO = 'Which expression should a function of {letters} return? Write it as JSON: {{"answer": "<expression>"}}'
#: Ways to ask: the plugin's own prompts; with two worked examples; bound to a schema that only formulas satisfy.
MODES: Mapping[str, tuple[Prompt, Prompt]] = {
    "free": (PROMPTS[0], PROMPTS[1]),
    "examples": (
        Prompt("algebraic", _EXAMPLES + PROMPTS[0].instruction),
        Prompt("python", _EXAMPLES_CODE + PROMPTS[1].instruction),
    ),
    "schema": (Prompt("algebraic", _AS_JSON), Prompt("python", _AS_JSON_TOO)),
}


@dataclass(frozen=True)
class Question:
    """A word problem and its answer."""

    text: str
    answer: Fraction


def questions(data: Path, count: int, seed: int) -> list[Question]:
    """A sample of MultiArith. Raises FileNotFoundError naming the file."""
    path = data / "math_cot" / "dataset" / "MultiArith" / "MultiArith.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    picked = random.Random(seed).sample(rows, min(count, len(rows)))
    return [Question(row["sQuestion"].strip(), Fraction(str(row["lSolutions"][0]))) for row in picked]


def formulas(letters: Sequence[str]) -> dict[str, Any]:
    """A `response_format` that only a formula over these letters satisfies: up to six terms, brackets around two."""
    letter = f"({'|'.join(letters)})"
    term = f"({letter}|\\({letter} [-+*/] {letter}\\))"
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string", "pattern": f"^{term}( [-+*/] {term}){{0,4}}$"}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "formula", "strict": True, "schema": schema}}


class Measured(Endpoint):
    """An endpoint that notes what each completion took, and binds answers to a schema where `template` is set."""

    def __init__(self, options: EndpointOptions, seed: int) -> None:
        super().__init__(options, seed=seed)
        self.took: list[tuple[float, int, int, str]] = []  # seconds, tokens, texts, why some are missing
        self.template: Template | None = None

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
        """As `Endpoint.complete`."""
        if self.template is not None:
            extra = {"response_format": formulas(self.template.letters)}
        started = time.perf_counter()
        got = await super().complete(prompt, n, deadline=deadline, allowance=allowance, system=system, extra=extra)
        self.took.append((time.perf_counter() - started, got.tokens, len(got.texts), got.problem))
        if self.template is None:
            return got
        return Completions(tuple(map(_formula, got.texts)), got.tokens, got.problem)


def _formula(text: str) -> str:
    """The formula in a JSON answer; the text itself where it was cut short."""
    try:
        return f"Answer = {json.loads(text)['answer']}"
    except (ValueError, KeyError, TypeError):
        return text


class Kept:
    """A channel whose derivations are kept."""

    def __init__(self, inner: Channel, found: list[Derivation]) -> None:
        self.name, self._inner, self._found = inner.name, inner, found

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        """As the channel does."""
        got = await self._inner.derive(template, n)
        self._found += got
        return got


def endpoint(url: str, temperature: float, seed: int, **more: Any) -> Measured:
    """The endpoint as the benchmark sets it up."""
    settings: dict[str, Any] = {"timeout": DEADLINE, "max_tokens": 200, "turn_tokens": 50_000, "retries": 1, **more}
    settings["hour_tokens"] = 100_000_000
    return Measured(EndpointOptions(base_url=url, model="smollm2", temperature=temperature, **settings), seed)


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """Asks `cell`'s questions (mode, rounds, temperature, seed, sample, first, count). See `one` for what is kept."""
    sample = questions(data, cell["sample"], cell["seed"])[cell["first"] : cell["first"] + cell["count"]]
    with serving() as model:
        return {"questions": asyncio.run(_all(model.url, sample, cell))}


async def _all(url: str, sample: Sequence[Question], cell: Mapping[str, Any]) -> list[dict[str, Any]]:
    far = endpoint(url, cell["temperature"], cell["seed"] * 1000 + cell["first"])
    try:
        return [await one(far, question, cell["mode"], cell["rounds"]) for question in sample]
    finally:
        await far.close()


async def one(far: Measured, question: Question, mode: str, rounds: int) -> dict[str, Any]:
    """One question: each attempt (channel, how far it came, right or not), the published rule, the plain majority."""
    template = template_of(question.text)
    far.template = template if mode == "schema" else None
    far.took.clear()
    found: list[Derivation] = []
    channels: list[Channel] = [Kept(PromptChannel(prompt, far, DEADLINE), found) for prompt in MODES[mode]]
    started = time.perf_counter()
    rule = await published(channels, template, rounds=rounds, deadline=DEADLINE * rounds)
    seconds = time.perf_counter() - started
    majority = await asyncio.to_thread(decide, found, template, None, 0.0)
    return {
        "attempts": [(item.channel, stage(item), right(item.answer, question)) for item in found],
        "missing": sorted({problem for _, _, _, problem in far.took if problem}),
        "rule": None if rule.answer is None else right(rule.answer, question),
        "majority": None if majority.answer is None else right(majority.answer, question),
        "seconds": seconds,
        "completions": [(took, tokens) for took, tokens, _, _ in far.took],
    }


def stage(item: Derivation) -> str:
    """How far an attempt came: "unparsed", "refused" (by the checks), "failed" (when run), "answered"."""
    if item.program is None:
        unread = item.failure.startswith(("not a program", "there is no program"))
        return "unparsed" if unread else "refused"
    return "failed" if item.answer is None else "answered"


def right(answer: Answer | None, question: Question) -> bool:
    """Whether an answer is the true one, to a thousandth."""
    return answer is not None and abs(float(answer) - float(question.answer)) < 1e-3
