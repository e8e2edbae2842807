"""What the channels derive for development problems, and the file that keeps it: refitting a vote needs no solver."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialog.errors import AssistantError
from nlu.training.display import Tell
from plugins.math.channels import Channel, Derivation, derivation
from plugins.math.program import program_of
from plugins.math.solver.inputs import masked
from plugins.math.template import template_of
from plugins.math.training.problem import Problem
from plugins.math.types import ProgramError, Template

#: Formulas that each channel puts forward, as in serving.
BEAM = 5


@dataclass(frozen=True)
class Item:
    """A development problem with everything its channels derived. `key` is shared by problems alike but for numbers."""

    id: str
    part: str
    key: str
    template: Template
    answer: float
    derivations: tuple[Derivation, ...]

    @property
    def tried(self) -> list[str]:
        """The channel of every attempt."""
        return [one.channel for one in self.derivations]


async def collect(
    parts: Mapping[str, Sequence[Problem]], channels: Sequence[Channel], tell: Tell, n: int = BEAM
) -> list[Item]:
    """What the channels derive for every problem of every part. `tell` hears how many are done."""
    found: list[Item] = []
    for part, problems in parts.items():
        for problem in problems:
            template = template_of(problem.question)
            derived = await asyncio.gather(*(channel.derive(template, n) for channel in channels))
            every = tuple(one for several in derived for one in several)
            found.append(Item(problem.id, part, masked(template).text, template, float(problem.answer), every))
            tell(len(found), "")
    return found


def write(items: Sequence[Item], path: Path) -> None:
    """Keep what was derived, one problem a line: refitting needs no solver."""
    lines = []
    for item in items:
        row = {"id": item.id, "part": item.part, "question": item.template.question, "answer": item.answer}
        derived = [
            {"channel": one.channel, "text": one.text, "weight": one.weight, "checks": dict(one.checks)}
            | ({"failure": one.failure} if one.failure else {})
            for one in item.derivations
        ]
        lines.append(json.dumps({**row, "derived": derived}))
    temporary = path.with_name(path.name + ".part")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(path)


def kept(path: Path) -> list[Item]:
    """What `write` kept, its formulas run again. Raises AssistantError naming file and line."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            template = template_of(row["question"])
            derived = tuple(_again(one, template) for one in row["derived"])
            found.append(Item(row["id"], row["part"], masked(template).text, template, float(row["answer"]), derived))
        except (ValueError, KeyError, TypeError, ProgramError) as error:
            raise AssistantError(f"{path}:{number}: not what was derived for a problem: {error!r}") from None
    return found


def _again(row: Mapping[str, Any], template: Template) -> Derivation:
    weight, checks = float(row["weight"]), {str(name): float(mark) for name, mark in row["checks"].items()}
    if row.get("failure"):
        return Derivation(row["channel"], row["text"], failure=row["failure"], weight=weight, checks=checks)
    made = derivation(row["channel"], row["text"], program_of(row["text"], template.letters), template, weight)
    return Derivation(made.channel, made.text, made.program, made.answer, made.failure, weight, checks)
