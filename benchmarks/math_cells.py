"""One measurement of the embedded solver: a system on a set of questions, as they are or as they are heard; speed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import math_baselines
from benchmarks.cells import bits
from benchmarks.math_systems import Best, Solver, solver
from plugins.math.evaluate import WARM_UP
from plugins.math.selective import right
from plugins.math.training.noise import misheard, spoken
from plugins.math.training.problem import Question
from plugins.math.training.test_sets import test_set

#: Name in the table -> name in the data.
SETS = {
    "MultiArith": "multiarith",
    "AddSub": "addsub",
    "SingleEq": "singleeq",
    "SVAMP": "svamp",
    "ASDiv": "asdiv",
    "SVAMP without the question": "svamp_questionless",
}
#: Parts of sets that others report, by the tag of their questions.
PARTS = {"SVAMP": ("mwptoolkit-test",), "ASDiv": ("asdiv-a",)}
VARIANTS = ("clean", "heard", "misheard")
NOISE_SEED = 20
#: Questions that latency is taken from.
TIMED = 200


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """The result of a cell: `kind` is "solver", "baseline" or "speed"."""
    if cell["kind"] == "speed":
        return speed(solver(cell["model"]), questions("MultiArith", data, TIMED), cell["threads"])
    found = questions(cell["set"], data, cell["limit"])
    texts = [said(question, cell["variant"], place) for place, question in enumerate(found)]
    tags = {tag: bits(tag in question.tags for question in found) for tag in PARTS.get(cell["set"], ())}
    if cell["kind"] == "baseline":
        answers = {"greedy": math_baselines.answers(cell["model"], texts)}
        return {"ways": ways(answers, found), "floors": {}, "tags": tags}
    own = solver(cell["model"])
    each = asyncio.run(_answers(own, texts))
    answers = {way: [one[way] for one in each] for way in own.ways}
    return {"ways": ways(answers, found), "floors": own.floors(), "tags": tags}


def questions(name: str, data: Path, limit: int | None) -> list[Question]:
    """The questions of a set; with a limit, that many spread over the whole set."""
    found = test_set(data, SETS[name])
    if limit is None or limit >= len(found):
        return found
    return [found[place * len(found) // limit] for place in range(limit)]


def said(question: Question, variant: str, place: int) -> str:
    """The text of a question as it is, as a recogniser writes it, or with numbers misheard too."""
    rng = random.Random(f"{NOISE_SEED} {place}")
    if variant == "clean":
        return question.question
    return spoken(question.question, rng) if variant == "heard" else misheard(question.question, rng)


def ways(answers: Mapping[str, Sequence[Best]], found: Sequence[Question]) -> dict[str, Any]:
    """By way of answering: the probability of each best answer and whether it is right."""
    return {
        way: {
            "chances": [round(one.chance, 6) for one in best],
            "right": bits(right(one.answer, float(question.answer)) for one, question in zip(best, found, strict=True)),
        }
        for way, best in answers.items()
    }


async def _answers(own: Solver, texts: Sequence[str]) -> list[dict[str, Best]]:
    return [await own.answers(text) for text in texts]


def speed(own: Solver, found: Sequence[Question], threads: int) -> dict[str, Any]:
    """Latency (ms) of text to probabilities, and questions a second, with so many questions under way at once."""
    texts = [question.question for question in found]
    asyncio.run(own.answers(WARM_UP))  # nothing is loading any more

    def one(text: str) -> float:
        begun = time.perf_counter()
        asyncio.run(own.answers(text))
        return (time.perf_counter() - begun) * 1000

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        times = list(pool.map(one, texts))
    taken = time.perf_counter() - begun
    return {"ms": [round(value, 2) for value in times], "rate": len(texts) / taken, "p50": float(np.median(times))}
