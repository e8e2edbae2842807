"""Reading a conversion: `six foot two in centimeters`, `how many feet are in two miles`, `convert 10 miles`.

The whole text must be numbers, units and the small words of a conversion; anything else is not one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from plugins import numbers
from plugins.units import CURRENCIES, SPELLINGS, UNITS, Unit

MAX_TEXT = 200
_LONGEST = max(len(spelling.split()) for spelling in SPELLINGS)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?\Z|-?\(-?\d+/\d+\)\Z", re.ASCII)
_SMALL_WORDS = """
how many much is are there in into to as convert conversion what what's whats please can could would you tell me the a
an equal equals equivalent make makes made up i want need know do does be from for change express give number have has
contain contains olly alexa hey ok okay it turn translate of and units unit system exactly about minus negative worth
rate exchange current today by us or per tall long heavy far hot cold warm wide high deep big large fast quick
"""
_FILLERS = frozenset(_SMALL_WORDS.split())
_TRIGGERS = frozenset({"convert", "conversion", "many", "much", "change", "express", "turn", "translate"})
_PREPOSITIONS = frozenset({"to", "in", "into", "as", "equals", "equal", "from"})
#: What a bare number after a unit counts: six foot two, eleven stone four.
_SUBUNITS = {"foot": "inch", "pound": "ounce", "stone": "pound", "hour": "minute", "minute": "second"}


@dataclass(frozen=True, slots=True)
class Conversion:
    """What to convert: the parts of the quantity, and the target (None: whatever the user's system calls for)."""

    parts: tuple[tuple[Fraction, Unit], ...] = ()
    target: Unit | None = None
    system: str | None = None
    currency: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # number, unit, degrees, currency, system, word
    word: str = ""
    value: Fraction = Fraction(0)
    unit: Unit | None = None


@lru_cache(maxsize=256)  # proposing and answering read the same text
def read(text: str) -> Conversion | None:
    """The conversion that a text asks for, or None where it says anything else."""
    if len(text) > MAX_TEXT:
        return None
    tokens = _scan(text)
    if tokens is None:
        return None
    words = {token.word for token in tokens if token.kind == "word"}
    trigger, preposition = bool(words & _TRIGGERS), bool(words & _PREPOSITIONS)
    money = sum(token.kind == "currency" for token in tokens)
    pounds = sum(token.unit is not None and token.unit.name == "pound" for token in tokens)
    if money:
        enough = money + pounds > 1 or bool(words & {"exchange", "rate", "worth"})
        return Conversion(currency=True) if enough and (trigger or preposition or "rate" in words) else None
    parts, bare = _quantities(_degrees(tokens))
    system = next((token.word for token in tokens if token.kind == "system"), None)
    if parts and len(bare) == 1 and (trigger or preposition):
        return Conversion(tuple(parts), bare[0])
    if parts and not bare and (system or words & {"convert", "conversion"}):
        return Conversion(tuple(parts), None, system)
    if not parts and len(bare) == 2 and (trigger or preposition):
        target, source = bare if words & {"many", "much"} else bare[::-1]
        return Conversion(((Fraction(1), source),), target)
    return None


def _scan(text: str) -> list[_Token] | None:
    """Tokens of a text, or None as soon as one has no place in a conversion."""
    body = text.lower().replace("\u2019", "'").replace("''", '"').strip().rstrip("?!. ")
    body = re.sub(r"(\d)\s*'\s*(\d+(?:\.\d+)?)\s*\"?", r"\1 foot \2 inches", body)
    body = re.sub(r"(\d)\s*in\b(?=\s+(?:to|in|into|as)\b)", r"\1 inches", body)
    for sign, name in (("$", " dollars "), ("€", " euros "), ("£", " pounds sterling "), ("¥", " yen ")):
        body = body.replace(sign, name)
    body = numbers.digits(re.sub(r"(?<=[a-z]),|,(?=\s)|;", " ", body))
    body = re.sub(r"(?<=[\d)]) of an? ", " ", body)  # a third of a cup
    words = re.sub(r"(?<=\d)(?=[a-z°\"'])", " ", body).split()
    tokens: list[_Token] = []
    place = 0
    while place < len(words):
        token, length = _token(words, place, tokens)
        if token is None:
            return None
        tokens.append(token)
        place += length
    return tokens


def _token(words: list[str], place: int, before: list[_Token]) -> tuple[_Token | None, int]:
    word = words[place]
    if _NUMBER.match(word):
        value = Fraction(word.replace("(", "").replace(")", ""))
        if before and before[-1].word in ("minus", "negative"):
            value = -value
        return _Token("number", value=value), 1
    follows = before[-1].kind == "number" if before else False
    for length in range(min(_LONGEST, len(words) - place), 0, -1):
        spelling = " ".join(words[place : place + length])
        unit = SPELLINGS.get(spelling) if spelling not in ("degree", "degrees") else None
        if unit is not None and not (len(spelling) == 1 and not follows and place + 1 < len(words)):
            return _Token("unit", spelling, unit=unit), length
    if word in ("degrees", "degree"):
        return _Token("degrees", word), 1
    if word in CURRENCIES:
        return _Token("currency", word), 1
    if word in ("metric", "imperial", "customary"):
        return _Token("system", "metric" if word == "metric" else "imperial"), 1
    if word in ("a", "an", "one") and place + 1 < len(words):
        ahead = _token(words, place + 1, [])[0]
        if ahead is not None and ahead.kind in ("unit", "degrees"):
            return _Token("number", word, Fraction(1)), 1
    if word == "of" and before and before[-1].kind == "unit" and place + 1 < len(words):
        return _Token("word", "of"), 1 if words[place + 1] in _FILLERS else 2  # two cups of flour
    return (_Token("word", word), 1) if word in _FILLERS else (None, 1)


def _degrees(tokens: list[_Token]) -> list[_Token]:
    """Plain degrees are of the temperature scale that the other unit is not, or of an angle."""
    other = next((token.unit for token in tokens if token.unit is not None), None)
    if other is None or other.kind not in ("temperature", "angle"):
        return [token for token in tokens if token.kind != "degrees"]
    name = other.counterpart
    return [_Token("unit", token.word, unit=UNITS[name]) if token.kind == "degrees" else token for token in tokens]


def _quantities(tokens: list[_Token]) -> tuple[list[tuple[Fraction, Unit]], list[Unit]]:
    """The parts of the one quantity in the text, and the units without a number."""
    parts: list[tuple[Fraction, Unit]] = []
    bare: list[Unit] = []
    number: Fraction | None = None
    for token in tokens:
        if token.kind == "number":
            number = token.value
            if parts and (sub := _SUBUNITS.get(parts[-1][1].name)) and _next_is_not_unit(tokens, token):
                parts.append((number, UNITS[sub]))
                number = None
        elif token.unit is not None:
            if number is not None and (not parts or parts[-1][1].kind == token.unit.kind):
                parts.append((number, token.unit))
            else:
                bare.append(token.unit)
            number = None
    return parts, bare


def _next_is_not_unit(tokens: list[_Token], token: _Token) -> bool:
    place = next(index for index, other in enumerate(tokens) if other is token)
    return place + 1 == len(tokens) or tokens[place + 1].unit is None
