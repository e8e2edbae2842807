"""What speaks for each answer: who agrees, what the checks found, and whether the answer suits the question.

Every feature is a plain number with a name, zero where it does not apply, so that a vote trained with some channels can
be asked about others.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

from plugins.math import beams
from plugins.math.groups import Group
from plugins.math.types import Answer, Template
from plugins.math.vote import PAIR

Features = dict[str, float]
#: Words of the question that tell operations apart; each is looked for in the asked sentence and in the whole question.
CUES = {
    "more": r"more",
    "fewer": r"less|fewer",
    "total": r"total|altogether|all|together|combined|both|overall",
    "left": r"left|remain\w*|still",
    "each": r"each|per|every|apiece",
    "begin": r"begin\w*|start\w*|first|initially|before|originally|initial",
    "than": r"than",
    "time": r"days?|weeks?|hours?|minutes?|months?|long",
    "give": r"g[ia]ve|lost|lose|eat|ate|eaten|spen[dt]|sold|sell|us(?:e|ed)|removed?|took|take",
    "get": r"bought|buy|found|pick\w*|add\w*|another|additional|received?|got|came|join\w*|grew",
    "split": r"groups?|split|divided?|packs?|boxes|bags|rows|equally|shared?|teams?|fit|fill",
    "did": r"did",
    "need": r"needs?|should|must|would",
    "now": r"now|end",
}
_CUES = {name: re.compile(rf"\b(?:{pattern})\b") for name, pattern in CUES.items()}
_SENTENCE = re.compile(r"(?<=[.?!])\s+|,\s+(?=how\b)")
_WORD = re.compile(r"[a-z]+")
_TOKEN = re.compile(r"[A-Z]\d*(?![\w'])|[A-Za-z]+|[.?!,]")
_STOP = frozenset(
    _WORD.findall(
        "how many much did does do the a an of in is are were was to and on at for he she they it his her their with"
        " there have has had if be each than more that"
    )
)
_PAIRED = ("same", "sum", "difference", "product", "quotient", "further")
_MOST = 5  # numbers that are combined to see how an answer may have come about
_NEAR = 4  # words on either side of a number that say what it counts


def features(groups: Sequence[Group], template: Template, tried: Sequence[str]) -> list[Features]:
    """The features of each group of derivations; `tried` names the channel of every attempt, failures included."""
    question = _Question(template)
    return [_of(index, groups, question, Counter(tried)) for index in range(len(groups))]


class _Question:
    """What is read from a question once for all its answers."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.numbers = {letter: float(value) for letter, value in template.values.items()}
        text = template.question.strip().lower()
        sentences = _SENTENCE.split(text)
        asked = sentences[-1] if len(sentences) > 1 else text
        self.words = len(text.split())
        self.cues = [f"asked {name}" for name, pattern in _CUES.items() if pattern.search(asked)]
        self.cues += [f"said {name}" for name, pattern in _CUES.items() if pattern.search(text)]
        self.whole = all(value.denominator == 1 for value in template.values.values())
        self.near = self._nearness(_content(asked))
        unit = _content(template.unit)
        self.counted = {letter: float(bool(unit & _content(template.units.get(letter, "")))) for letter in self.numbers}

    def _nearness(self, asked: frozenset[str]) -> dict[str, float]:
        """For each letter, the share of the asked content words that stand near its number."""
        tokens = _TOKEN.findall(self.template.text)
        near = dict.fromkeys(self.numbers, 0.0)
        for place, token in enumerate(tokens):
            if token in near and asked:
                around = " ".join(tokens[max(0, place - _NEAR) : place + _NEAR + 1]).lower()
                near[token] = max(near[token], len(_content(around) & asked) / len(asked))
        return near

    def shapes(self, value: float) -> dict[str, list[tuple[str, ...]]]:
        """Every way to get a value from one, two or three of the numbers: the kind of operation and the letters."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for letter, number in self.numbers.items():
            if _close(number, value):
                found.setdefault("same", []).append((letter,))
        few = list(self.numbers.items())[:_MOST]
        for (one, first), (two, second) in permutations(few, 2):
            for kind, result in _pairs(first, second):
                if _close(result, value):
                    found.setdefault(kind, []).append((one, two))
        if not found:
            for (one, first), (two, second), (three, third) in permutations(few, 3):
                for kind, result in _triples(first, second, third):
                    if _close(result, value):
                        found.setdefault(kind, []).append((one, two, three))
        return found


def _pairs(first: float, second: float) -> Iterator[tuple[str, float]]:
    yield "sum", first + second
    yield "difference", first - second
    yield "product", first * second
    if second:
        yield "quotient", first / second


def _triples(first: float, second: float, third: float) -> Iterator[tuple[str, float]]:
    yield "sum of three", first + second + third
    yield "balance", first + second - third
    yield "balance", first - second - third
    yield "product and sum", first * second + third
    yield "product and sum", (first + second) * third
    yield "product and difference", first * second - third
    yield "product and difference", first - second * third
    yield "product and difference", (first - second) * third
    yield "product of three", first * second * third
    if third:
        yield "quotient of sum", (first + second) / third
        yield "quotient of difference", (first - second) / third
        yield "quotient of product", first * second / third
        yield "quotient and sum", first / third + second
        yield "quotient and difference", first / third - second
        yield "quotient and difference", second - first / third


def _of(index: int, groups: Sequence[Group], question: _Question, tried: Counter[str]) -> Features:
    group, attempts = groups[index], sum(tried.values())
    of = {name: _share(group, name, count) for name, count in tried.items()}
    others = [other for place, other in enumerate(groups) if place != index]
    found: Features = {"bias": 1.0}
    for name, share in of.items():
        against = [_share(other, name, tried[name]) for other in others]
        found[f"for {name}"] = share
        found[f"against {name}"] = sum(against)
    for one, two in combinations(sorted(tried), 2):
        found[f"for {one} & {two}"] = min(of[one], of[two])
        found[f"against {one} & {two}"] = max(
            (min(_share(other, one, tried[one]), _share(other, two, tried[two])) for other in others), default=0.0
        )
    found["share"] = len(group.derivations) / attempts
    found["next share"] = max((len(other.derivations) for other in others), default=0) / attempts
    found["answers"] = len(groups) / 4
    found.update(_suits(group.answer, question))
    for item in group.derivations:
        for check, mark in item.checks.items():
            name = f"{item.channel}: {check}"
            found[name] = found.get(name, 0.0) + mark * item.weight / tried[item.channel]
    for other in others:
        for item in other.derivations:
            for check, mark in item.checks.items():
                name = f"against {item.channel}: {check}"
                found[name] = found.get(name, 0.0) + mark * item.weight / tried[item.channel]
    found.update(beams.evidence(index, groups, question.template))
    programs = [(item.program, item.weight) for item in group.derivations if item.program is not None]
    if programs:
        found["one formula"] = float(len(programs) > 1 and group.formulas == 1)
        found["formulas"] = max(0, group.formulas - 1)
        idle = sum(weight for program, weight in programs if program.unused - question.template.excused)
        found["number unused"] = idle / (sum(weight for _, weight in programs) or 1.0)
    return found


def _suits(answer: Answer, question: _Question) -> Iterator[tuple[str, float]]:
    """Whether an answer suits the question: its sign, its wholeness, its size, the operation against the words."""
    value = float(answer)
    numbers = list(question.numbers.values())
    whole = value.is_integer()
    yield "negative", float(value < 0)
    yield "zero", float(value == 0)
    yield "not whole", float(not whole)
    yield "not whole from whole", float(not whole and question.whole)
    yield "above the largest", float(value > max(numbers, default=0.0))
    yield "above the sum", float(value > sum(numbers))
    yield "size", math.log1p(abs(value)) / 5
    yield "numbers", len(numbers) / 5
    yield "words", question.words / 30
    shapes = question.shapes(value)
    spare = len(numbers) > 2
    for name in shapes or ("further",):
        yield name, 1.0
        if spare:
            yield f"{name}, numbers to spare", 1.0
        for cue in question.cues if name in _PAIRED else ():
            yield f"{name}{PAIR}{cue}", 1.0
    if shapes and len(numbers) > 1:
        used = [letters for many in shapes.values() for letters in many]
        for what, shares in (("nearness", question.near), ("same unit", question.counted)):
            lead = max(_lead(letters, shares) for letters in used)
            yield what, lead
            if spare:
                yield f"{what}, numbers to spare", lead
        yield "all numbers", float(any(len(letters) == len(numbers) for letters in used))


def _lead(letters: Sequence[str], near: dict[str, float]) -> float:
    """How much nearer to what is asked the used numbers stand than the others."""
    used = [near[letter] for letter in letters]
    rest = [share for letter, share in near.items() if letter not in letters]
    return sum(used) / len(used) - (sum(rest) / len(rest) if rest else 0.0)


def _share(group: Group, channel: str, tried: int) -> float:
    return sum(item.channel == channel for item in group.derivations) / tried


def _content(text: str) -> frozenset[str]:
    words = (word[:-1] if word.endswith("s") and len(word) > 3 else word for word in _WORD.findall(text))
    return frozenset(words) - _STOP


def _close(first: float, second: float) -> bool:
    return math.isclose(first, second, rel_tol=1e-6, abs_tol=1e-9)
