"""Problems as training sees them: tokens, letters with their rows and features, and the formula for either decoder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import Encoder
from plugins.math.solver.inputs import Floats, masked, numbers, rows
from plugins.math.solver.symbols import MAX_OPERATORS, Prefix, operators
from plugins.math.template import template_of
from plugins.math.training.gold import Step, canonical, combinable, steps, tokens
from plugins.math.training.pairwise import Doubles
from plugins.math.training.problem import Problem

_CHUNK = 1024


@dataclass(frozen=True, eq=False)
class Item:
    """One problem. Letters that the encoder's cut text lacks take no part: `letters`, `rows` and so on leave them out.

    `ids` token ids [T] with [CLS] and [SEP]; `rows` [N]; `numbers` [N, 16]; `values` [N] and `exact` the same as
    fractions; `steps` and `target` the formula for the decoders, empty where it needs a letter that was cut, is too
    long, or (`steps`) is a lone symbol or no chain of pairs (see `gold.combinable`).
    """

    text: str
    source: str
    ids: NDArray[np.int64]
    letters: tuple[str, ...]
    rows: NDArray[np.int64]
    numbers: Floats
    values: Doubles
    exact: dict[str, Fraction]
    answer: Fraction
    prefix: Prefix
    steps: tuple[Step, ...]
    target: tuple[int, ...]


def items(problems: Sequence[Problem], encoder: Encoder) -> list[Item]:
    """Each problem as an item, in the same order."""
    out: list[Item] = []
    for first in range(0, len(problems), _CHUNK):
        chunk = problems[first : first + _CHUNK]
        templates = [template_of(problem.question) for problem in chunk]
        questions = [masked(template) for template in templates]
        tokenised = encoder.tokenise([question.text for question in questions])
        for problem, template, question, (ids, words) in zip(chunk, templates, questions, tokenised, strict=True):
            places = rows(question, words)
            kept = [index for index, row in enumerate(places) if row >= 0]
            letters = tuple(question.letters[index] for index in kept)
            prefix = canonical(problem.prefix, question.letters)
            values = np.array([float(template.values[letter]) for letter in letters])
            learned = operators(prefix) <= MAX_OPERATORS and _known(prefix, letters, template.letters)
            made = steps(prefix, letters) if learned else ()
            out.append(
                Item(
                    question.text,
                    problem.source,
                    np.array(ids),
                    letters,
                    np.array([places[index] for index in kept], np.int64),
                    numbers(template, question)[kept],
                    values,
                    dict(template.values),
                    problem.answer,
                    prefix,
                    made if combinable(made, values.tolist()) else (),
                    tokens(prefix, letters) if learned else (),
                )
            )
    return out


def _known(prefix: Prefix, letters: Sequence[str], named: Sequence[str]) -> bool:
    """Whether no letter of the formula was cut."""
    return not any(token in named and token not in letters for token in prefix)


def learnable(found: Sequence[Item], relation: bool, sequence: bool) -> list[Item]:
    """The items that at least one of the decoders can learn from; a batch needs letters."""
    return [item for item in found if len(item.letters) and ((relation and item.steps) or (sequence and item.target))]


def counts(found: Sequence[Item]) -> dict[str, int]:
    """How many items each source has."""
    return dict(sorted(Counter(item.source for item in found).items()))
