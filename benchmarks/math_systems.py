"""The systems that the `math` table compares: trained solvers from their folders, and what is voted on their beams."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from plugins.math import rules
from plugins.math.channels import Channel, Derivation
from plugins.math.evidence import features
from plugins.math.groups import Group, grouped
from plugins.math.solver.channel import embedded
from plugins.math.solver.runtime import SolverRuntime
from plugins.math.template import template_of
from plugins.math.types import Answer, Template
from plugins.math.vote import Vote

#: Folders of solvers and of baselines, by the digest that names them in cells; results hold no paths.
FOLDERS = "LEARNING_ASSISTANT_MATH_FOLDERS"
VOTE, CARD = "vote.json", "solver.json"
BEAM = 5
PRECISIONS = (0.95, 0.98, 0.99)


@dataclass(frozen=True)
class Best:
    """A way's answer to one question and how likely it is to that way; None and 0 where there is none."""

    answer: Answer | None
    chance: float


class Solver:
    """Channels and the vote on them."""

    def __init__(self, channels: Sequence[Channel], vote: Vote) -> None:
        self.channels, self.vote = tuple(channels), vote

    @classmethod
    def load(cls, folder: Path) -> Solver:
        """What was exported into a folder, with its vote. Raises AssistantError naming the file that is wrong."""
        return cls(embedded(SolverRuntime.load(folder)), Vote.load(folder / VOTE))

    @property
    def ways(self) -> tuple[str, ...]:
        """What is reported of each question."""
        return ("vote", *rules.RULES, *(channel.name for channel in self.channels))

    def floors(self) -> dict[str, float]:
        """The probability from which on answers had each wished precision on development problems."""
        known = self.vote.card["thresholds"]
        return {f"{wish:g}": float(known[f"{wish:g}"]) for wish in PRECISIONS}

    async def derive(self, template: Template) -> list[Derivation]:
        """Everything that the channels derive."""
        derived = await asyncio.gather(*(channel.derive(template, BEAM) for channel in self.channels))
        return [one for several in derived for one in several]

    async def answers(self, question: str) -> dict[str, Best]:
        """The best answer of each way."""
        template = template_of(question)
        derivations = await self.derive(template)
        groups = grouped(derivations, template)
        if not groups:
            return dict.fromkeys(self.ways, Best(None, 0.0))
        rows = features(groups, template, [one.channel for one in derivations])
        found = {"vote": _best(groups, self.vote.probabilities(rows))}
        found |= {name: _best(groups, rule(groups)) for name, rule in rules.RULES.items()}
        return found | {one.name: _best(groups, rules.single(one.name)(groups)) for one in self.channels}


def _best(groups: Sequence[Group], chances: Sequence[float]) -> Best:
    top = max(range(len(groups)), key=chances.__getitem__)
    return Best(groups[top].answer, float(chances[top])) if chances[top] > 0 else Best(None, 0.0)


def digest(folder: Path, names: Sequence[str]) -> str:
    """What names the contents of some files of a folder in a cell. Raises FileNotFoundError."""
    total = hashlib.sha256()
    for name in names:
        total.update((folder / name).read_bytes())
    return total.hexdigest()[:12]


def offered(folders: Sequence[tuple[str, Path]]) -> None:
    """Tell measuring processes where the folders with these digests are."""
    os.environ[FOLDERS] = os.pathsep.join(f"{name}={path.resolve()}" for name, path in folders)


def folder_of(name: str) -> Path:
    """The folder with a digest. Raises LookupError where none was offered."""
    known = dict(one.split("=", 1) for one in os.environ.get(FOLDERS, "").split(os.pathsep) if one)
    if name not in known:
        raise LookupError(f"no folder was given for {name}")
    return Path(known[name])


@cache
def solver(name: str) -> Solver:
    """The solver with a digest, loaded once in a process."""
    return Solver.load(folder_of(name))
