"""Questions as a recogniser would write them: small letters, no punctuation, words misheard, numbers right or wrong."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from fractions import Fraction

from nlu.asr_noise import WORD, misrecognise
from plugins.math.phrasing import in_words, whole_in_words
from plugins.math.quantities import find
from plugins.math.solver.symbols import Prefix
from plugins.math.template import template_of
from plugins.math.training.problem import Problem, check
from plugins.math.types import Template

#: Word error rate between the numbers, and how often a number is misheard in `misheard`.
WER, NUMBER_ERRORS = 0.1, 0.25
_SIGNS = {"$": "dollars", "€": "euros", "£": "pounds"}
_PARTS = {
    2: "half",
    3: "third",
    4: "quarter",
    5: "fifth",
    6: "sixth",
    7: "seventh",
    8: "eighth",
    9: "ninth",
    10: "tenth",
}
_FRACTION = re.compile(r"(?:(\d+)\s+)?(\d+)/(\d+)\Z")
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
#: What a number word is heard as: the teens and their tens, words that sound alike, five and nine.
_HEARD = dict(zip(_TEENS, _TENS, strict=True)) | dict(zip(_TENS, _TEENS, strict=True))
_HEARD |= {"one": "won", "two": "to", "four": "for", "eight": "ate", "five": "nine", "nine": "five"}
_HEARD |= {"seven": "eleven", "eleven": "seven"}
_LAST_ONLY = frozenset(_TENS)


def _said(text: str, value: Fraction, words: bool) -> str:
    """A number as it is spoken, or in plain figures; number words stay."""
    if not any(letter.isdigit() for letter in text):
        return " ".join(WORD.findall(text.lower()))
    if fraction := _FRACTION.match(text):
        whole, above, below = fraction.groups()
        if int(below) in _PARTS and value.denominator == int(below) and words:
            plural = "s" if int(above) > 1 else ""
            part = f"{whole_in_words(int(above))} {_PARTS[int(below)]}{plural}"
            return f"{whole_in_words(int(whole))} and {part}" if whole else part
        return text
    if words and value >= 0 and (value * 100).denominator == 1:
        return in_words(value)
    return text.lower().replace(",", "")


def _pieces(question: str, words: bool) -> tuple[list[str], list[str]]:
    """The text between the numbers (one more than there are numbers) and the numbers as they are spoken."""
    between: list[str] = []
    numbers: list[str] = []
    question = question.replace("’", "'")
    end, unit = 0, ""
    for quantity in find(question):
        before = question[end : quantity.start]
        sign = before.rstrip()[-1:]
        between.append(f"{unit} {before}")
        unit = _SIGNS.get(sign, "")
        numbers.append(_said(question[quantity.start : quantity.end], quantity.value, words))
        end = quantity.end
        if question[end : end + 1] == "%":
            unit = "percent"
        elif question[end : end + 1] == "¢":
            unit = "cents"
    between.append(f"{unit} {question[end:]}")
    return between, numbers


def _joined(between: list[str], numbers: list[str], wer: float, rng: random.Random) -> str:
    """The pieces as one line of words, with about `wer` word errors between the numbers."""
    heard: list[str] = []
    for place, piece in enumerate(between):
        plain = " ".join(WORD.findall(piece.lower()))
        heard.append(misrecognise(plain, wer, rng, n_best=1)[0][0] if plain and wer else plain)
        heard += numbers[place : place + 1]
    return " ".join(part for part in heard if part)


def _same(first: Template, second: Template) -> bool:
    return list(first.values.values()) == list(second.values.values())


def spoken(question: str, rng: random.Random, wer: float = WER) -> str:
    """A question as a recogniser writes it that gets the numbers right and about `wer` of the other words wrong.

    Where the noise would change a number, or add one, the words stay right; where even small letters would, the text
    stays as it is.
    """
    clean = template_of(question)
    words = rng.random() < 0.5
    between, numbers = _pieces(question, words)
    for _ in range(3):
        text = _joined(between, numbers, wer, rng)
        if _same(clean, template_of(text)):
            return text
    for text in (_joined(between, numbers, 0, rng), question.lower()):
        if _same(clean, template_of(text)):
            return text
    return question


def misheard(question: str, rng: random.Random, wer: float = WER, numbers: float = NUMBER_ERRORS) -> str:
    """A question as a recogniser writes it that gets numbers wrong too (fifteen for fifty, "for" for "four").

    `numbers` is the share of numbers that are misheard where a confusion is known. The answer stays what it was: this
    is for measuring what wrong numbers do.
    """
    between, said = _pieces(question, True)
    heard = [_confused(number) if rng.random() < numbers else number for number in said]
    return _joined(between, heard, wer, rng)


def _confused(number: str) -> str:
    words = number.split()
    for place in reversed(range(len(words))):
        if words[place] in _HEARD and (words[place] not in _LAST_ONLY or place == len(words) - 1):
            words[place] = _HEARD[words[place]]
            break
    return " ".join(words)


def noised(problem: Problem, rng: random.Random) -> Problem | None:
    """The problem as a recogniser would write it, its formula still valid; None where nothing but a copy would come."""
    text = spoken(problem.question, rng)
    if text == problem.question:
        return None
    prefix = renamed(problem.prefix, template_of(problem.question), template_of(text))
    found = replace(problem, question=text, prefix=prefix, source=f"{problem.source}+noise", id=f"{problem.id}+noise")
    return None if check(found) else found


def renamed(prefix: Prefix, old: Template, new: Template) -> Prefix:
    """A formula over the letters of another template of the same numbers in the same order."""
    names = dict(zip(old.letters, new.letters, strict=True))
    return tuple(names.get(token, token) for token in prefix)
