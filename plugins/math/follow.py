"""Follow-ups to a word problem: other numbers for the same template ("and if it were twelve people?"), and "why?"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import takewhile

from plugins.math.phrasing import Said, number_said, plural, singular
from plugins.math.quantities import STOP, Quantity, find, measured, money
from plugins.math.story import counted
from plugins.math.types import Template

MAX_WORDS, MAX_CHANGES = 16, 3
_NEAR = 4
_WHY = re.compile(
    r"^(?:(?:and|but|so|ok|okay|hm+)[\s,]+)*(?:why(?: is that| so| that)?|how come|how so|are you sure(?: about that)?|"
    r"how (?:did|do) you (?:get|know|work|figure|calculate|come (?:up with|to))\b.{0,40}|how is that(?: calculated)?|"
    r"(?:please )?(?:explain|show)(?: me)?(?: (?:that|it|this|how|why|the (?:steps?|working|calculation|formula)|"
    r"your (?:work|working|steps?|calculation)))*(?: please)?|"
    r"what(?:'s| is| was) the (?:formula|calculation|equation))[?.! ]*\Z",
    re.IGNORECASE,
)
_AND = r"(?:(?:ok|okay|and|but|so|now|then|hmm?|well|alright)[\s,]+)"
#: What only a supposition begins with, and what other requests begin with too.
_SUPPOSES = re.compile(
    rf"^{_AND}*(?:(?:and )?what (?:if|happens if|would (?:it|that) (?:be|cost|come to) (?:if|with|for))\b|"
    r"suppose\b|imagine\b|"
    r"if (?:it|there|that|they|we|i|he|she|only|each|every|the)\b|and if\b|"
    r"how (?:much|many|long|far)\b[^,]{0,40}?\b(?:if (?:it|there|they)|for|with)\b)",
    re.IGNORECASE,
)
_ASKS_ABOUT = re.compile(
    rf"^(?:{_AND}*(?:what about|how about|what with|make (?:it|that)|and (?:for|with)|with|for|try)|{_AND}+)\b",
    re.IGNORECASE,
)
_CHANGE = re.compile(r"\s*(?:(?P<more>more|extra|additional)|(?P<less>fewer|less))\b", re.IGNORECASE)
_AS_MANY = re.compile(r"\s*(?:times\s+)?as (?:many|much)\s+(?P<noun>[a-z]+)", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]\d*(?![\w'])|[A-Za-z]+|[.?!,;]")
_ENDS = frozenset({".", "?", "!", ",", ";", "and", "but", "while"})
_LITTLE = "what if how were is make suppose say try instead many much would it there about"
_SMALL = STOP | frozenset(_LITTLE.split())
_NEITHER = re.compile(r"^(?:neither|none|no|nope|nothing|cancel|stop|never ?mind|forget it)\b", re.IGNORECASE)
_ORDINALS = {"first": 0, "former": 0, "1st": 0, "second": 1, "2nd": 1, "latter": 1, "third": 2, "3rd": 2, "last": -1}


@dataclass(frozen=True, slots=True)
class Change:
    """New values by letter. Where `letters` are named, it has to be asked which of them `value` is meant for."""

    values: Mapping[str, Fraction] = field(default_factory=dict)
    value: Fraction | None = None
    letters: tuple[str, ...] = ()


def asks_why(text: str) -> bool:
    """Whether the text asks how the last answer came about."""
    return len(text) <= 120 and _WHY.match(text.strip()) is not None


def read(text: str, template: Template, last: str = "") -> Change | None:
    """What a follow-up changes in the numbers of a template, None where the text is no follow-up.

    last: the letter that was changed before, which a bare number is then meant for.
    """
    text = text.strip()
    if len(text.split()) > MAX_WORDS:
        return None
    supposes = _SUPPOSES.match(text) is not None
    if not supposes and not _ASKS_ABOUT.match(text):
        return None
    numbers = counted(text)
    if not 1 <= len(numbers) <= MAX_CHANGES or len(numbers) != len(find(text)):
        return None
    values: dict[str, Fraction] = {}
    for number in numbers:
        letters = _meant(text, number, template, last)
        if not letters and (number.unit and not supposes):
            return None
        letters = letters or _free(template)
        if len(letters) != 1:
            return Change(values, number.value, tuple(letters)) if number is numbers[-1] and letters else None
        values[letters[0]] = _changed(text, number, template.values[letters[0]])
    return Change(values)


def chosen(text: str, template: Template, letters: Sequence[str]) -> str | None:
    """The letter that an answer names ("the people", "the first", "15"), empty for none of them, None for no answer."""
    answer = text.strip().lower().rstrip("?.! ")
    if len(answer.split()) > 6:
        return None
    if _NEITHER.match(answer):
        return ""
    values = {number.value for number in find(answer)}
    if named := [letter for letter in letters if template.values[letter] in values]:
        return named[0] if len(named) == 1 else None
    said = _words(answer)
    scores = [_belongs(said, template, letter) for letter in letters]
    if max(scores, default=0) > 0 and scores.count(max(scores)) == 1:
        return letters[scores.index(max(scores))]
    for word in answer.split():
        place = _ORDINALS.get(word)
        if place is not None and place < len(letters):
            return letters[place]
    return None


def named(template: Template, letter: str, hint: bool = False) -> Said:
    """A number of the question as it is called: `15 people`; with `hint`, one without a unit by the words beside it."""
    unit, number = template.units.get(letter, ""), number_said(template.values[letter])
    if unit:
        noun = singular(unit) if template.values[letter] == 1 else plural(unit)
        return Said(f"{number.text} {noun}", f"{number.spoken} {noun}")
    words = _beside(template, letter) if hint else ""
    return Said(words.replace("#", number.text), words.replace("#", number.spoken)) if words else number


def _beside(template: Template, letter: str) -> str:
    """The words of its clause that follow a number, else those before it, with # for the number itself."""
    tokens = _WORD.findall(template.text)
    if letter not in tokens:
        return ""
    place = tokens.index(letter)
    after = list(takewhile(lambda token: token not in _ENDS, tokens[place + 1 : place + 3]))
    before = list(takewhile(lambda token: token not in _ENDS, reversed(tokens[max(0, place - 2) : place])))
    return " ".join(["#", *after] if after else [*reversed(before), "#"])


def _free(template: Template) -> list[str]:
    return [letter for letter in template.letters if letter not in template.excused]


def _meant(text: str, number: Quantity, template: Template, last: str) -> list[str]:
    """The letters that a number may be meant for: by its unit, the words around it, or the change before."""
    unit, free = number.unit, _free(template)
    if (factor := _AS_MANY.match(text, number.end)) or unit == "times":
        unit = factor["noun"] if factor else unit
    elif (more := _CHANGE.match(text, number.end)) and (noun := re.match(r"\s+([a-z]+)", text[more.end() :])):
        unit = noun[1]
    if not unit:
        return [last] if last in free else free if len(free) == 1 else _best(text, free, template)
    same = [
        letter
        for letter in free
        if _words(unit) & _words(template.units.get(letter, ""))
        or (money(unit) and money(template.units.get(letter, "")))
    ]
    if not same and not measured(unit):
        of_things = [letter for letter in free if not measured(template.units.get(letter, ""))]
        same = _closest(_words(unit), of_things, template)
    if len(same) > 1:
        same = _best(text, same, template)
    return [last] if len(same) > 1 and last in same else same


def _best(text: str, letters: list[str], template: Template) -> list[str]:
    """Those of the letters around which most of the follow-up's own words stand in the question."""
    said = _words(text)
    scores = [_belongs(said, template, letter) for letter in letters]
    return [letter for letter, score in zip(letters, scores, strict=True) if score == max(scores)]


def _belongs(said: set[str], template: Template, letter: str) -> float:
    """How well words fit a letter: its unit counts most, other words by their nearness."""
    near = _near(template, letter)
    return 2.0 * len(said & _words(template.units.get(letter, ""))) + sum(1 / near[word] for word in said & near.keys())


def _closest(words: set[str], letters: list[str], template: Template) -> list[str]:
    """The letter that a word stands nearest to in the question."""
    places = {letter: _near(template, letter) for letter in letters}
    found = {
        letter: min(near[word] for word in words & near.keys())
        for letter, near in places.items()
        if words & near.keys()
    }
    return [letter for letter, distance in found.items() if distance == min(found.values())]


def _near(template: Template, letter: str) -> dict[str, int]:
    """Content words near a letter, nearest first, with their distance in words; no further than its clause."""
    tokens = _WORD.findall(template.text)
    if letter not in tokens:
        return {}
    place, found = tokens.index(letter), dict[str, int]()
    for step in (1, -1):
        for distance in range(1, _NEAR + 1):
            at = place + step * distance
            if not 0 <= at < len(tokens) or tokens[at] in _ENDS or tokens[at] in template.values:
                break
            for word in _words(tokens[at]):
                found[word] = min(found.get(word, distance), distance)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _changed(text: str, number: Quantity, old: Fraction) -> Fraction:
    """The new value: the number itself, or the old one more, fewer, or times it."""
    if _AS_MANY.match(text, number.end):
        return old * number.value
    change = _CHANGE.match(text, number.end)
    if change is None:
        return number.value
    return old + number.value if change["more"] else old - number.value


def _words(text: str) -> set[str]:
    return {singular(word) for word in re.findall(r"[a-z]+", text.lower())} - _SMALL
