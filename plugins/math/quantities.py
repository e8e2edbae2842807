"""The quantities of a question: numbers in digits and words, with units; what only looks like a number is left alone.

The shape of a number is `plugins.numbers`' business. Here belongs what a question makes of it: "5 sixth graders" are
five, "seven quarters" are coins where there are dimes, "3:30" is a time, "iphone 12" a name, "one" often a pronoun, and
"costs for dollars" was four before a recogniser heard it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from plugins.numbers import find_numbers
from plugins.units import CURRENCIES, SPELLINGS

_CALENDAR = frozenset({"day", "week", "month", "year", "fortnight", "century"})
_SIGNS = {"$": "dollars", "€": "euros", "£": "pounds"}
_COUNTLESS = frozenset({"percent", "times"})
_STOP = """
a an the this that these those his her its their our my your and or but if then than of in on at to for from with by
per each every apiece into onto over under between during after before as is are was were be been do does did has have
had will would can could should must left he she it they we you i who which what how when where while so there not no
all both left more altogether total together only also just away too remaining off out up down back about around
"""
STOP = frozenset(_STOP.split())
_SKIP = frozenset({"more", "other", "different", "additional", "fewer", "extra", "whole", "new", "total", "of", "less"})
_PLURALS = frozenset({"people", "children", "men", "women", "feet", "mice", "sheep", "fish", "geese", "teeth", "deer"})
_PLURALS |= {"percent", "money", "boys", "kids"}
_NAMES = frozenset({"iphone", "ipad", "galaxy", "windows", "playstation", "ps", "xbox", "boeing", "route", "highway"})
_NAMES |= {"interstate", "covid", "formula", "flight", "apollo"}
_BEFORE_PRONOUN = "this that each every which the another no any other only first last next second third old new"
_PRONOUN_BEFORE = frozenset(_BEFORE_PRONOUN.split())
_AFTER_PRONOUN = "another who that by day morning evening night thing should can"
_PRONOUN_AFTER = frozenset(_AFTER_PRONOUN.split())
_COINS = re.compile(r"\b(?:dimes?|nickels?|penn(?:y|ies)|coins?|cents?)\b", re.IGNORECASE)
_FACTORS = re.compile(
    r"\b(?:(?P<two>twice|double(?=\s+(?:the|that|his|her|their|as|what)\b))"
    r"|(?P<three>thrice|triple(?=\s+(?:the|that|his|her|their|as|what)\b))"
    r"|(?P<couple>a\s+couple(?:\s+of)?)|(?P<both>both))\b",
    re.IGNORECASE,
)
_SCALED = re.compile(r"\s+(dozens?|hundred|thousand|million|billion)\b", re.IGNORECASE)
_SCALES = {"dozen": 12, "dozens": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_ORDINAL = re.compile(
    r"[\s-]+(?P<word>third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|twelfth|quarters?)\Z", re.IGNORECASE
)
_SOUNDS = {"for": 4, "fore": 4, "to": 2, "too": 2, "tu": 2, "won": 1, "ate": 8}
_HEARD = re.compile(
    r"\b(?:has|have|had|costs?|are|were|weighs?|was|is)\s+(?P<number>for|fore|to|too|tu|won|ate)\s+(?P<noun>[a-z]+)\b",
    re.IGNORECASE,
)
_EACH = re.compile(r"\b(?P<number>for|fore|to|too|tu|ate)\s+(?P<noun>[a-z]+)\s+(?:each|apiece)\b", re.IGNORECASE)
_WORD = re.compile(r"[ \t\n-]*([A-Za-z][A-Za-z']*)")
_LAST_WORD = re.compile(r"([A-Za-z']+)\s*\Z")
_OF = re.compile(r"\s+of\s+(?:(?:the|his|her|their|its|my|your|these|those)\b)?\s*")
_PER_CENT = re.compile(r"\s+per\s?cent\b")
_ALWAYS = re.compile(r"24/7\b")
#: Characters before a number that are looked at for a word: searched to the beginning of a long text for each of many
#: numbers, the time would grow with the square of its length.
_NEAR = 64


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a question: its value, its unit, its offsets, and what is put beside its letter in a template.

    `count` says that it counts things (a positive whole number), `excused` that an answer need not use it.
    """

    value: Fraction
    start: int
    end: int
    unit: str = ""
    count: bool = False
    excused: bool = False
    before: str = ""
    after: str = ""


def noun_phrase(text: str, place: int, most: int = 3) -> str:
    """The noun phrase that begins at `place`: up to its first plural, or one word where there is none."""
    words: list[str] = []
    while len(words) < most and (found := _WORD.match(text, place)):
        word = found[1].lower()
        place = found.end()
        if not words and word in _SKIP:
            continue
        if word in STOP:
            break
        words.append(word)
        if word in _PLURALS or word in CURRENCIES or word in SPELLINGS or re.fullmatch(r".{2,}[^s'u]s", word):
            return " ".join(words)
        if text[place : place + 1] in tuple(".,;:?!"):
            break
    return words[0] if words else ""


def money(unit: str) -> bool:
    """Whether a unit is a currency."""
    return unit in CURRENCIES


def measured(unit: str) -> bool:
    """Whether a unit is of something that need not come in whole numbers."""
    known = SPELLINGS.get(unit)
    return money(unit) or unit in _COUNTLESS or (known is not None and known.name not in _CALENDAR)


def _unit(text: str, start: int, end: int) -> str:
    before = _ahead(text, start).rstrip(" ")
    for sign, unit in _SIGNS.items():
        if before.endswith(sign):
            return unit
    after = text[end : end + 8].lstrip(" ")
    if after.startswith("%"):
        return "percent"
    if after.startswith("¢"):
        return "cents"
    if of := _OF.match(text, end):
        return noun_phrase(text, of.end())
    phrase = noun_phrase(text, end)
    return "percent" if phrase in ("per", "percent") or _PER_CENT.match(text, end) else phrase


def _ahead(text: str, start: int, most: int = _NEAR) -> str:
    return text[max(0, start - most) : start]


def _word_before(text: str, start: int) -> str:
    found = _LAST_WORD.search(_ahead(text, start))
    return found[1].lower() if found else ""


def _word_after(text: str, end: int) -> str:
    found = _WORD.match(text, end)
    return found[1].lower() if found else ""


def _left_alone(text: str, start: int, end: int) -> bool:
    """Whether the digits are part of a time, a date, a name or an ordinal."""
    before, after = _ahead(text, start, 3), text[end : end + 3]
    if (re.search(r"[A-Za-z_][-]?\Z|\d[:/]\Z", before) and not before.endswith("-")) or re.match(r"[:/]\d", after):
        return True
    if re.search(r"[A-Za-z]-\Z", before) and text[start].isdigit():
        return True
    if text[start].isdigit() and _word_before(text, start) in _NAMES:
        return True
    return _ALWAYS.match(text, start) is not None


def _glued(text: str, end: int) -> str | None:
    """The unit written onto a number ("5kg"), nothing where there is none, None where the letters are no unit."""
    letters = re.compile(r"[A-Za-z]+").match(text, end)
    if letters is None:
        return ""
    word = letters.group().lower()
    if word in ("x", "am", "pm") or (word in SPELLINGS and word not in ("s",)):
        return word
    return None


def _fraction(text: str, value: Fraction, start: int, end: int, coins: bool) -> tuple[Fraction, int] | None:
    """A fraction in words as it is meant: "two thirds of" is one, "five sixth graders" are five. None: no number."""
    said = text[start:end]
    ordinal = _ORDINAL.search(said)
    following = _word_after(text, end)
    if ordinal is None:
        return value, end
    word, ahead = ordinal["word"].lower(), said[: ordinal.start()]
    whole = find_numbers(ahead)
    plural = word == "quarters"
    coins = coins or ahead[:1].isdigit() or bool(whole and whole[-1].value > 3)
    if plural and (following == "of" or not coins):
        return value, end
    if whole and (plural or whole[-1].value > 1):
        return (value, end) if following == "of" else (whole[-1].value, start + ordinal.start())
    if plural or (word in ("quarter", "quarters") and coins and following != "of"):
        return None
    if following in STOP | {""} or following in SPELLINGS or word == "quarter":
        return value, end
    return (whole[-1].value, start + ordinal.start()) if whole else None


def _pronoun(text: str, start: int, end: int) -> bool:
    """Whether the word "one" stands for a thing instead of a number."""
    before, after = _word_before(text, start), _word_after(text, end)
    return before in _PRONOUN_BEFORE or after in _PRONOUN_AFTER or text[end : end + 1] in ("'", "’")


def _written(text: str) -> list[Quantity]:
    """Numbers in digits and words."""
    coins = bool(_COINS.search(text))
    found: list[Quantity] = []
    for number in find_numbers(text):
        value, start, end = number.value, number.start, number.end
        if found and start < found[-1].end:
            continue
        said = text[start:end].lower()
        if _left_alone(text, start, end):
            continue
        if said == "half" and (
            _word_before(text, start) in ("first", "second", "other", "better") or _word_after(text, end) == "past"
        ):
            continue
        if said == "one" and _pronoun(text, start, end):
            continue
        fraction = _fraction(text, value, start, end, coins)
        if fraction is None:
            continue
        value, end = fraction
        if scaled := _SCALED.match(text, end):
            value, end = value * _SCALES[scaled[1].lower()], scaled.end()
        glued = _glued(text, end)
        if glued is None:
            continue
        if re.search(r"(?:^|[\s(])[-−]\Z", _ahead(text, start, 2)) and text[start].isdigit():
            value, start = -value, start - 1
        quantity = Quantity(value, start, end, excused=said == "one")
        if glued:
            unit = {"x": "times"}.get(glued, glued)
            quantity = replace(quantity, unit=unit, after=" ")
        found.append(quantity)
    return found


def _implied(text: str) -> list[Quantity]:
    """Words that hide a number: twice, double the, a couple, both."""
    found = []
    for match in _FACTORS.finditer(text):
        if match["couple"]:
            found.append(Quantity(Fraction(2), match.start(), match.end()))
        elif match["both"]:
            found.append(Quantity(Fraction(2), match.start(), match.end(), excused=True, before=match.group() + " "))
        else:
            value = Fraction(2 if match["two"] else 3)
            found.append(Quantity(value, match.start(), match.end(), unit="times", after=" times"))
    return found


def _misheard(text: str, known: frozenset[str]) -> list[Quantity]:
    """Numbers a recogniser wrote as other words, only where nothing else could stand: before a unit, after a verb."""
    found = []
    for pattern in (_HEARD, _EACH):
        for match in pattern.finditer(text):
            noun = match["noun"].lower()
            if noun in CURRENCIES or (noun in SPELLINGS and len(noun) > 3) or noun in known:
                value = Fraction(_SOUNDS[match["number"].lower()])
                found.append(Quantity(value, match.start("number"), match.end("number")))
    return found


def find(text: str) -> list[Quantity]:
    """All quantities of a question, from left to right, none over another."""
    written = _written(text)
    counted = {noun_phrase(text, quantity.end) for quantity in written}
    counted |= {noun_phrase(text, match.end()) for match in re.finditer(r"\bhow many\b", text, re.IGNORECASE)}
    counted = {noun for noun in counted if noun.endswith("s") or noun in _PLURALS}
    found: list[Quantity] = []
    for quantity in sorted([*written, *_implied(text), *_misheard(text, frozenset(counted))], key=lambda q: q.start):
        if found and quantity.start < found[-1].end:
            continue
        unit = quantity.unit or _unit(text, quantity.start, quantity.end)
        whole = quantity.value.denominator == 1 and quantity.value > 0
        found.append(replace(quantity, unit=unit, count=whole and (unit == "times" or not measured(unit))))
    return found
