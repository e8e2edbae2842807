"""What the embedded solver is trained and developed on: MAWPS, GSM8K and problems of our own, without the test sets."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from nlu.training.display import bar
from plugins.math.solver.symbols import operators
from plugins.math.training import gsm8k, mawps
from plugins.math.training.leaks import Leaks, clusters, masked_key
from plugins.math.training.noise import noised as noised_copy
from plugins.math.training.problem import Problem
from plugins.math.training.test_sets import all_texts

#: Shares and sizes of the development set.
DEVEL_MAWPS, DEVEL_GSM8K, DEVEL_OPERATORS, DEVEL_SYNTHETIC = 0.1, 400, 4, 300
_OTHER_SEED = 7919


@dataclass(slots=True)
class Report:
    """Counts of the making of a corpus: `read` by source, `dropped` by source and reason, `leaked` by source and rule,
    `constants` by source, `parts` by name of the part.
    """

    read: Counter[str] = field(default_factory=Counter)
    dropped: dict[str, Counter[str]] = field(default_factory=dict)
    leaked: dict[str, Counter[str]] = field(default_factory=dict)
    constants: dict[str, Counter[str]] = field(default_factory=dict)
    parts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Corpus:
    """`train`, `devel` (all parts together) and the development parts by name; what happened on the way in `report`."""

    train: list[Problem]
    parts: dict[str, list[Problem]]
    report: Report

    @property
    def devel(self) -> list[Problem]:
        """All development problems."""
        return [problem for part in self.parts.values() for problem in part]


def clean(problems: list[Problem], leaks: Leaks, counts: Counter[str]) -> list[Problem]:
    """The problems that stand in no test set; the others are counted by rule."""
    kept: list[Problem] = []
    for problem in problems:
        rule = leaks.rule(problem.question)
        if rule:
            counts[rule] += 1
        else:
            kept.append(problem)
    return kept


def corpus(data: Path, seed: int = 0, synthetic: int = 0, noised: float = 0.0, steps: bool = True) -> Corpus:
    """The corpus from the data sets in `data`: the same for the same arguments. Raises DataError.

    synthetic: how many problems of our own schemas training gets; noised: the share of training problems that get a
    copy as a recogniser would write it; steps: whether steps of GSM8K solutions become problems of their own.

    Development parts: "mawps" and "gsm8k" (at most DEVEL_OPERATORS operators; no near duplicate of theirs is trained
    on), and where synthetic problems are wanted "synthetic" (schemas that are trained on, other draws) and
    "synthetic_unseen" (schemas that are not).
    """
    report = Report()
    leaks = Leaks(all_texts(data))
    rng = random.Random(seed)
    needed = report.constants
    read = {"mawps": mawps.read(data, _of(report.dropped, "mawps"), _of(needed, "mawps"))}
    solutions = gsm8k.solutions(data, _of(report.dropped, "gsm8k"))
    whole = {s.id: gsm8k.problem(s, report.dropped["gsm8k"], _of(needed, "gsm8k")) for s in solutions}
    read["gsm8k"] = [problem for problem in whole.values() if problem is not None]
    found = {name: clean(problems, leaks, _of(report.leaked, name)) for name, problems in read.items()}
    report.read.update({name: len(problems) for name, problems in read.items()})
    parts, train = _split(found, rng)
    held = Leaks({"devel": [problem.question for part in parts.values() for problem in part]})
    if steps:
        more = [
            step
            for solution in solutions
            if not leaks.rule(solution.question) and not held.rule(solution.question)
            for step in gsm8k.parts(solution, getattr(whole[solution.id], "prefix", None))
        ]
        report.read["step"] = len(more)
        train += clean(clean(more, leaks, _of(report.leaked, "step")), held, _of(report.leaked, "step (devel)"))
    if synthetic:
        own, ours = _synthetic(synthetic, seed)
        parts |= {name: clean(part, leaks, _of(report.leaked, name)) for name, part in ours.items()}
        train += clean(own, leaks, _of(report.leaked, "synthetic"))
    if noised:
        train += _noised(train, noised, rng)
    report.parts.update({f"devel.{name}": len(part) for name, part in parts.items()})
    report.parts.update(f"train.{problem.source}" for problem in train)
    return Corpus(train, parts, report)


def _of(counts: dict[str, Counter[str]], name: str) -> Counter[str]:
    return counts.setdefault(name, Counter())


def _split(found: dict[str, list[Problem]], rng: random.Random) -> tuple[dict[str, list[Problem]], list[Problem]]:
    """Development parts by name, and what is left for training: all groups of near duplicates without one in them."""
    everything = [*found["mawps"], *found["gsm8k"]]
    cluster = clusters([problem.question for problem in everything])
    of = dict(zip((problem.id for problem in everything), cluster, strict=True))
    held: set[int] = set()
    parts: dict[str, list[Problem]] = {}
    for name, most in (("mawps", round(DEVEL_MAWPS * len(found["mawps"]))), ("gsm8k", DEVEL_GSM8K)):
        drawn = [p for p in found[name] if name == "mawps" or operators(p.prefix) <= DEVEL_OPERATORS]
        rng.shuffle(drawn)
        parts[name] = []
        for problem in drawn:
            # one of each group of near duplicates: the figure is to say something about unseen wording
            if len(parts[name]) < most and of[problem.id] not in held:
                parts[name].append(problem)
                held.add(of[problem.id])
    return parts, [problem for problem in everything if of[problem.id] not in held]


def _synthetic(count: int, seed: int) -> tuple[list[Problem], dict[str, list[Problem]]]:
    """Training problems of our own schemas and the two development parts; no masked text is in both."""
    from plugins.math.training.synthetic import HELD_OUT, SCHEMAS, generate

    seen = [name for name in SCHEMAS if name not in HELD_OUT]
    parts = {"synthetic": generate(DEVEL_SYNTHETIC, seed + _OTHER_SEED, seen)}
    if HELD_OUT:
        parts["synthetic_unseen"] = generate(DEVEL_SYNTHETIC, seed + _OTHER_SEED, HELD_OUT)
    keys = {masked_key(problem.question) for part in parts.values() for problem in part}
    return [p for p in generate(count, seed, seen) if masked_key(p.question) not in keys], parts


def _noised(problems: list[Problem], share: float, rng: random.Random) -> list[Problem]:
    """Copies of a share of the problems as a recogniser would write them."""
    drawn = [problem for problem in problems if rng.random() < share]
    found: list[Problem] = []
    with bar("recogniser noise", len(drawn)) as tell:
        for place, problem in enumerate(drawn, 1):
            copy = noised_copy(problem, rng)
            found += [copy] if copy is not None else []
            tell(place, "")
    return found
