"""A request in the plain form that the readers of the symbolic path match: no politeness, numbers in digits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from plugins import numbers
from plugins.units import CURRENCIES, SPELLINGS

#: Longer texts are stories.
MAX_TEXT = 300
_GLYPHS = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "’": "'", "²": "^2", "³": "^3", "…": "...", "≤": "<="}
_GLYPHS |= {"≥": ">=", "**": "^"}
_LEAD = re.compile(
    r"(?:please|hey|hi|hello|ok|okay|so|and|now|well|um|uh|olly|alexa|siri|computer|can you|could you|would you|"
    r"will you|tell me|give me|show me|let me know|help me|i(?:'d like| want| need) to know|do you"
    r" know|calculate|compute|"
    r"work out|figure out|evaluate|determine|find out|find|get|just|the (?:answer|result|solution|value) (?:to|of|for)|"
    r"what(?:'s| is| are| was| were| would be| will be)|whats|how much (?:is|are|would be|does)|the)\b[\s,:]*"
)
_TRAIL = re.compile(r"[\s,]*(?:\b(?:please|for me|equals?(?: to)?|is|in total|altogether|thanks|thank you)|=)\s*\Z")
_EMBEDDED = re.compile(r"what (?!number|percent|date|day|weekday|year)(\S*\d.*|(?:the|an?) .+) (?:is|are|makes?)\Z")
_PERCENT = re.compile(r"\s*(?:\b(?:percent(?:age)?|per cent|pct)\b|%)")
_BROKEN = re.compile(r"[^\W\d_]%")

#: A number in the form that `numbers.digits` gives it.
NUMBER = r"(?:(?:-|minus |negative )\s?)?(?:\d+(?:\.\d+)?|\(\d+/\d+\))"
WHOLE = r"\d{1,40}"
#: Several numbers: commas, `and` or spaces between them.
NUMBERS = rf"{NUMBER}(?:(?:\s*,\s*(?:and |or )?| and | or | ){NUMBER})+"
_UNITS = sorted(
    {*SPELLINGS, *CURRENCIES, "people", "students", "points"} - {"'", '"', "°c", "°f"}, key=len, reverse=True
)
_UNIT = "|".join(re.escape(unit) for unit in _UNITS if len(unit) > 1 or unit in "gml")
#: Signs of the currencies that are said with a sign; pounds are weights unless their sign was typed.
MONEY = {"dollar": "$", "dollars": "$", "usd": "$", "buck": "$", "bucks": "$", "euro": "€", "euros": "€", "eur": "€"}
UNIT = f"(?:{_UNIT})"
_KNOWN = frozenset(_UNITS)
_NUMBERS = re.compile(NUMBER)
_SIGN = re.compile(r"(?:minus |negative |-)\s?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    `raw` is the whole text in lower case with plain signs, `body` without politeness and `what is`, `digits` the body
    with numbers in digits (3/4 stays a division), `exact` the same with fractions as numbers and `%` for percent.
    """

    raw: str
    body: str
    digits: str
    exact: str


@lru_cache(maxsize=256)  # proposing and answering read the same text
def asked(text: str) -> Asked | None:
    """The plain form of a request, or None for a text that is too long or empty."""
    if not 3 <= len(text) <= MAX_TEXT:
        return None
    raw = text.lower()
    for glyph, sign in _GLYPHS.items():
        raw = raw.replace(glyph, sign)
    raw = " ".join(raw.split()).rstrip("?!. ")
    body = re.sub(r"\b(?:1|one) half\b", "half", raw)
    while (lead := _LEAD.match(body)) and lead.end() < len(body):
        body = body[lead.end() :]
    if embedded := _EMBEDDED.match(body):  # tell me what 30% off 279 is
        body = embedded[1]
    while trail := _TRAIL.search(body):
        body = body[: trail.start()]
    exact = _PERCENT.sub("%", numbers.digits(body))
    exact = _BROKEN.sub(lambda found: f"{found[0][0]} %", exact)
    return Asked(raw, body, numbers.digits(body, slash=False), exact)


def value(said: str) -> Fraction:
    """The value of a text that `NUMBER` matched. Raises ValueError or ZeroDivisionError for any other."""
    sign = _SIGN.match(said)
    found = Fraction((said[sign.end() :] if sign else said).strip("() "))
    return -found if sign else found


def values(said: str) -> list[Fraction]:
    """The values of a text that `NUMBERS` matched."""
    return [value(found) for found in _NUMBERS.findall(said)]


def quantity(name: str) -> str:
    """A pattern of a number with an optional unit: groups `name`, `name_sign` ($) and `name_unit` (dollars)."""
    return rf"(?:(?P<{name}_sign>[$€£])\s?)?(?P<{name}>{NUMBER})(?: ?(?P<{name}_unit>[a-z]+))?"


def known(match: re.Match[str]) -> bool:
    """Whether all units in a match of `quantity` patterns are units (the patterns take any word, to stay small)."""
    return all(word in _KNOWN for name, word in match.groupdict().items() if name.endswith("_unit") and word)


def unit(match: re.Match[str], name: str) -> str:
    """The sign (of money) or word of a quantity's unit; empty where it has none."""
    word = match[f"{name}_sign"] or match[f"{name}_unit"] or ""
    return MONEY.get(word, word)
