"""`assistant eval math`: how many word problems the embedded solver gets right, and how well it knows when it does not.

Every question goes the way it goes in the assistant: template, channels, vote, threshold. `accuracy` is that of the
best reading of every question; `coverage` is the share that is answered at the threshold, `precision` the share of
these that is right. The given answers are used to compare and for nothing else. One question at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dialog.errors import AssistantError
from nlu.training.display import Tell, bar, say
from plugins.math.consensus import Verdict
from plugins.math.questions import Question, QuestionSet, read
from plugins.math.selective import Ranked, right
from plugins.math.settings import Options
from plugins.math.solving import Solving

Solve = Callable[[str], Awaitable[Verdict]]
#: No question of a set: what was solved a moment ago is not solved again.
WARM_UP = "Tom has 3 red apples and 14 green ones. He gives 5 to Ann. How many apples are left?"
DATA = Path("../shared/data/math_cot/dataset/MultiArith/MultiArith.json")


@dataclass(frozen=True)
class Outcome:
    """What came of a question. `best` is the best reading whether or not it was answered with."""

    question: Question
    verdict: Verdict
    seconds: float

    @property
    def best(self) -> float | None:
        """The most probable answer, None where there is no derivation."""
        return float(self.verdict.groups[0].answer) if self.verdict.groups else None

    @property
    def right(self) -> bool:
        """Whether the best reading is right."""
        return right(self.best, self.question.answer)


async def ask(questions: Sequence[Question], solve: Solve, tell: Tell) -> list[Outcome]:
    """The outcome of each question, one after the other, after one of our own: so that nothing is still loading."""
    await solve(WARM_UP)
    found = []
    for question in questions:
        begun = time.perf_counter()
        verdict = await solve(question.text)
        found.append(Outcome(question, verdict, time.perf_counter() - begun))
        tell(len(found), "")
    return found


def ranked(outcomes: Sequence[Outcome]) -> Ranked:
    """Outcomes by the probability of their best reading."""
    chances = [one.verdict.probability if one.verdict.groups else 0.0 for one in outcomes]
    return Ranked(np.array(chances, np.float64), np.array([one.right for one in outcomes], np.bool_))


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All figures of a set of outcomes."""
    ranking = ranked(outcomes)
    given = np.array([one.verdict.answer is not None for one in outcomes])
    times = np.array([one.seconds for one in outcomes]) * 1000
    return {
        "questions": len(outcomes),
        "accuracy": round(ranking.accuracy, 4),
        "coverage": round(float(given.mean()), 4),
        "precision": round(float(ranking.right[given].mean()), 4) if given.any() else None,
        "answered": int(given.sum()),
        "answered wrongly": int((given & ~ranking.right).sum()),
        "without a derivation": sum(not one.verdict.groups for one in outcomes),
        "ece": round(ranking.ece(), 4),
        "aurc": round(ranking.aurc(), 4),
        "curve": [
            {"coverage": round(share, 4), "probability": round(floor, 4), "precision": round(precision, 4)}
            for share, floor, precision in ranking.table()
        ],
        "p50_ms": round(float(np.percentile(times, 50)), 2),
        "p95_ms": round(float(np.percentile(times, 95)), 2),
        "questions_per_second": round(1000 * len(times) / float(times.sum()), 2),
    }


def mistakes(name: str, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Questions whose best reading is wrong, the surest first, with what was read and by whom."""
    wrong = sorted((one for one in outcomes if not one.right), key=lambda one: -one.verdict.probability)
    return [
        {
            "set": name,
            "id": one.question.id,
            "question": one.question.text,
            "answer": one.question.answer,
            "best": one.best,
            "probability": round(one.verdict.probability, 4),
            "answered": one.verdict.answer is not None,
            "readings": [
                {
                    "answer": float(group.answer),
                    "channels": sorted(group.channels),
                    "formula": group.derivations[0].text,
                    "right": right(group.answer, one.question.answer),
                }
                for group in one.verdict.groups[:3]
            ],
        }
        for one in wrong
    ]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(
        prog="assistant eval math", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out.add_argument("--data", type=Path, nargs="+", default=[DATA], metavar="PATH", help="files and folders")
    out.add_argument("--model", type=Path, metavar="DIR", help="folder of the solver (default: shipped)")
    out.add_argument("--precision", type=float, metavar="SHARE", help="share of answers wished right (default: 0.9)")
    out.add_argument("--limit", type=int, metavar="N", help="the first N questions of each file")
    out.add_argument("--errors", type=Path, metavar="FILE", help="list what is wrong there, a JSON object a line")
    out.add_argument("--picture", type=Path, metavar="FILE", help="draw accuracy against coverage (PNG)")
    out.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; the result is the exit code."""
    options = parser().parse_args(argv)
    if options.limit is not None and options.limit < 1:
        parser().error("--limit: at least one question")
    try:
        sets = [one for path in options.data for one in read(path)]
        for path in (options.errors, options.picture):
            if path is not None and not path.parent.is_dir():
                raise AssistantError(f"{path}: the folder {path.parent} does not exist")
        return _run(sets, options)
    except AssistantError as error:
        say(str(error))
        return 1


def _run(sets: Sequence[QuestionSet], options: argparse.Namespace) -> int:
    given = {"model": options.model, "precision": options.precision}
    solving = Solving(Options.read({key: value for key, value in given.items() if value is not None}), environ={})
    found = asyncio.run(evaluate(solving, sets, options.limit))
    report = {name: figures(outcomes) for name, outcomes in found.items()}
    if len(found) > 1:
        report["all together"] = figures([one for outcomes in found.values() for one in outcomes])
    for one in sets:
        if one.left_out:
            say(f"{one.name}: {one.left_out} problems without a single number for an answer are left out")
    if options.errors:
        wrong = [mistake for name, outcomes in found.items() for mistake in mistakes(name, outcomes)]
        lines = "".join(json.dumps(mistake, ensure_ascii=False) + "\n" for mistake in wrong)
        options.errors.write_text(lines, encoding="utf-8")
    if options.picture:
        draw = importlib.import_module("plugins.math.training.curves").draw  # needs the training extra
        draw({name: {"vote": ranked(outcomes)} for name, outcomes in found.items()}, options.picture)
    if options.json:
        print(json.dumps(next(iter(report.values())) if len(report) == 1 else report, indent=1))
    else:
        print("\n".join(_line(name, one) for name, one in report.items()))
    return 0


async def evaluate(solving: Solving, sets: Sequence[QuestionSet], limit: int | None = None) -> dict[str, list[Outcome]]:
    """Outcomes by set. Raises AssistantError where there is no solver, or two sets of one name."""
    names = [one.name for one in sets]
    if doubled := [name for name in names if names.count(name) > 1]:
        raise AssistantError(f"two files are called {doubled[0]!r}: evaluate them one by one")
    if problem := (await solving.ready()).problem:
        raise AssistantError(f"there is no solver for word problems: {problem}")
    found: dict[str, list[Outcome]] = {}
    try:
        for one in sets:
            questions = one.questions[:limit]
            with bar(one.name, len(questions)) as tell:
                found[one.name] = await ask(questions, solving.solve, tell)
    finally:
        await solving.stop()
    return found


def _line(name: str, one: Mapping[str, Any]) -> str:
    precision = "none was answered" if one["precision"] is None else f"{100 * one['precision']:.1f} % of these right"
    return (
        f"{name}: {one['questions']} questions, {100 * one['accuracy']:.1f} % right if all are answered; "
        f"{100 * one['coverage']:.1f} % answered, {precision}; ECE {one['ece']:.3f}, AURC {one['aurc']:.3f}; "
        f"p50 {one['p50_ms']:.0f} ms, p95 {one['p95_ms']:.0f} ms"
    )


if __name__ == "__main__":
    sys.exit(main())
