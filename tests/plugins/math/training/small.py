"""A corpus of a few sums and a model that is small enough to learn them in seconds."""

from __future__ import annotations

import random
from fractions import Fraction

from plugins.math.solver.symbols import value
from plugins.math.template import template_of
from plugins.math.training.corpus import Corpus, Report
from plugins.math.training.problem import Problem
from plugins.math.training.settings import Settings

#: Of about the same length, so that batches hold all of them.
SHAPES = (
    ("Tom has {} ripe pears and finds {} more. How many pears has he now?", ("+", "A", "B")),
    ("Ann had {} old books and lost {} of them. How many books are left?", ("-", "A", "B")),
    ("There are {} bags with {} nuts each and {} loose nuts. How many nuts?", ("+", "C", "*", "A", "B")),
    ("{} long weeks and {} more days pass by. How many days are that?", ("+", "*", "A", "7", "B")),
)
SMALL = Settings(
    layers=1,
    pretrained=False,
    relation_width=32,
    sequence_width=32,
    dropout=0.0,
    head_dropout=0.0,
    value_dropout=0.0,
    smoothing=0.0,
    epochs=2,
    batch=8,
    rate_layers=5e-4,
    rate_heads=4e-3,
    average=0.9,
    beam=3,
)


def problem(question: str, prefix: tuple[str, ...], source: str = "mawps") -> Problem:
    answer = value(prefix, dict(template_of(question).values))
    return Problem(question, prefix, Fraction(answer), source, question)


def problems(count: int, seed: int) -> list[Problem]:
    rng = random.Random(seed)
    out = []
    for index in range(count):
        text, prefix = SHAPES[index % len(SHAPES)]
        big, less = rng.randint(50, 90), rng.randint(2, 40)
        out.append(problem(text.format(big, less, rng.randint(3, 30)), prefix))
    return out


def small_corpus(count: int = 32) -> Corpus:
    return Corpus(problems(count, 1), {"mawps": problems(8, 2)}, Report())
