"""A template as a solver's encoder sees it: every number the same placeholder, and what its value and unit say."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import Words
from plugins.math.quantities import money
from plugins.math.solver.symbols import MAX_LETTERS
from plugins.math.types import Template

Floats = NDArray[np.float32]
#: The word that stands for every number: the encoder must not learn values by heart.
PLACEHOLDER = "#"
_LETTER = re.compile(r"(?<![A-Za-z0-9'’])[A-Z][0-9]*(?![A-Za-z0-9'’])")
_QUESTION = re.compile(r"(?<=[.?!])\s+|,\s+(?=how\b)", re.IGNORECASE)
#: Width of `numbers`.
NUMBER_FEATURES = 16


@dataclass(frozen=True)
class Masked:
    """`text` with placeholders; `letters` in the order of the text (at most MAX_LETTERS) and the offset of each."""

    text: str
    letters: tuple[str, ...]
    offsets: tuple[int, ...]


def masked(template: Template) -> Masked:
    """The question with a placeholder for every letter."""
    pieces: list[str] = []
    letters: list[str] = []
    offsets: list[int] = []
    end = length = 0
    for match in _LETTER.finditer(template.text):
        if match.group() not in template.values or match.group() in letters:
            continue
        before = template.text[end : match.start()]
        # a word of its own for the tokenizer, also in "A-pound bag"
        pieces += [before, PLACEHOLDER]
        length += len(before)
        letters.append(match.group())
        offsets.append(length)
        length += len(PLACEHOLDER)
        end = match.end()
    pieces.append(template.text[end:])
    return Masked("".join(pieces), tuple(letters[:MAX_LETTERS]), tuple(offsets[:MAX_LETTERS]))


def rows(question: Masked, words: Words) -> list[int]:
    """The token row of each letter; -1 where the text was cut before it."""
    starts = {start: row for start, row in zip(words.starts, words.rows, strict=True)}
    return [starts.get(offset, -1) for offset in question.offsets]


def numbers(template: Template, question: Masked) -> Floats:
    """Features of each letter [N, 16]: what its value and its unit say about its part in the formula."""
    values = [float(template.values[letter]) for letter in question.letters]
    order = sorted(set(values))
    asked = _start_of_question(question.text)
    found = np.zeros((len(values), NUMBER_FEATURES), np.float32)
    for index, (letter, value) in enumerate(zip(question.letters, values, strict=True)):
        unit = template.units.get(letter, "")
        found[index] = (
            float(value.is_integer()),
            float(0 < value < 1),
            float(value == 1),
            float(value == 2),
            float(value > 100),
            math.log10(abs(value) + 1e-3) / 4,
            order.index(value) / max(1, len(order) - 1),
            float(values.count(value) > 1),
            float(letter in template.integers),
            float(letter in template.excused),
            float(money(unit)),
            float(unit == "percent"),
            float(bool(unit) and unit == template.unit),
            float(question.offsets[index] >= asked),
            index / MAX_LETTERS,
            len(values) / MAX_LETTERS,
        )
    return found


def _start_of_question(text: str) -> int:
    starts = [match.end() for match in _QUESTION.finditer(text.rstrip())]
    return starts[-1] if starts else 0


def pairs(values: Floats) -> Floats:
    """Features of each ordered pair of quantities by value [Q, Q, 6]: larger, equal, divides either way, closeness."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        first, second = values[:, None], values[None, :]
        ratio, other = first / second, second / first
        close = np.abs(first - second) <= 1e-6 * np.maximum(np.abs(first), np.abs(second))
        whole = np.isfinite(ratio) & (np.abs(ratio - np.round(ratio)) < 1e-6)
        back = np.isfinite(other) & (np.abs(other - np.round(other)) < 1e-6)
        size = np.log10(np.abs(first) + 1e-3) - np.log10(np.abs(second) + 1e-3)
    parts = [first > second, close, whole, back, first < 0, np.clip(np.nan_to_num(size), -4, 4) / 4]
    return np.stack([np.broadcast_to(part, close.shape).astype(np.float32) for part in parts], axis=-1)
