"""Numbers with units as products state them: "1.2 kg", "6 ft 2 in", "9-12 hours", "IPX7", "$39.99"; Pint converts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from plugins import numbers
from plugins.convert import Incompatible, convert, named
from plugins.units import SPELLINGS, Unit

MAX_TEXT = 2000
#: Units of product pages that kitchen and travel conversions lack. Pint's name (or, under `fixed`, a name of its own
#: that converts into nothing else) | what it measures | singular | plural | further spellings.
_MORE = """
milliampere_hour | charge | milliampere hour | milliampere hours | mah
ampere_hour | charge | ampere hour | ampere hours | ah
watt_hour | energy | watt hour | watt hours | wh
volt | voltage | volt | volts | v vdc vac
ampere | current | ampere | amperes | amp amps
milliampere | current | milliampere | milliamperes | ma milliamp milliamps
hertz | frequency | hertz | hertz | hz
kilohertz | frequency | kilohertz | kilohertz | khz
megahertz | frequency | megahertz | megahertz | mhz
gigahertz | frequency | gigahertz | gigahertz | ghz
revolutions_per_minute | rotation | revolution per minute | revolutions per minute | rpm
milliwatt | power | milliwatt | milliwatts | mw
decibel | loudness | decibel | decibels | db dba
lumen | light | lumen | lumens | lm
megapixel | pixels | megapixel | megapixels | mp
percent | share | percent | percent | %
dpi | print resolution | dot per inch | dots per inch | dpi
dollar | money | dollar | dollars | $ usd buck bucks
euro | money | euro | euros | € eur
sterling | money | pound | pounds | £ gbp quid pounds-sterling
"""
#: Names that Pint does not convert for us: they compare with themselves alone.
FIXED = frozenset({"", "decibel", "lumen", "megapixel", "percent", "dpi", "dollar", "euro", "sterling", "ingress"})
#: Spellings of one letter (and "in", "a") are units only right after a number.
_NOT_HERE = frozenset({"c", "f", "j", "'", "k.m.", "bar", "cal"})
_SIGNS = {"$": "dollar", "€": "euro", "£": "sterling"}
_SUB = {("foot", "inch"), ("pound", "ounce"), ("hour", "minute"), ("minute", "second"), ("yard", "foot")}
_HEDGES = {
    "up to": "up to", "max": "up to", "maximum": "up to", "about": "about", "approx": "about", "around": "about",
    "approximately": "about", "~": "about", "at least": "at least", "min": "at least", "minimum": "at least",
}  # fmt: skip


def _table() -> dict[str, Unit]:
    table = {spelling: unit for spelling, unit in SPELLINGS.items() if spelling not in _NOT_HERE}
    for line in _MORE.strip().splitlines():
        name, kind, singular, plural, more = (field.strip() for field in line.split("|"))
        unit = Unit(name, kind, singular, plural, "")
        for spelling in (singular, plural, *(word.replace("-", " ") for word in more.split())):
            table.setdefault(spelling, unit)
    table |= {"in": SPELLINGS["inch"], "in.": SPELLINGS["inch"], "''": SPELLINGS["inch"], "”": SPELLINGS["inch"]}
    table |= {"″": SPELLINGS["inch"], "cu ft": SPELLINGS["cubic feet"], "cu. ft.": SPELLINGS["cubic feet"]}
    table |= {"lb.": SPELLINGS["pound"], "lbs.": SPELLINGS["pound"], "oz.": SPELLINGS["ounce"]}
    table |= {"fl oz": SPELLINGS["fluid ounce"], "fl. oz.": SPELLINGS["fluid ounce"], "a": table["ampere"]}
    table |= {"fl. oz": SPELLINGS["fluid ounce"], "us fl oz": SPELLINGS["fluid ounce"], "ft.": SPELLINGS["foot"]}
    table |= {name.replace("_", " "): unit for name, unit in list(_named(table).items())}
    return table | {"degrees celsius": SPELLINGS["celsius"], "degrees fahrenheit": SPELLINGS["fahrenheit"]}


def _named(table: dict[str, Unit]) -> dict[str, Unit]:
    return {unit.name: unit for unit in table.values()}


UNITS = _table()
NAMES = _named(UNITS) | {"": Unit("", "count", "", "", ""), "ingress": Unit("ingress", "ingress", "", "", "")}
_UNIT = "|".join(re.escape(spelling) for spelling in sorted(UNITS, key=len, reverse=True))
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+|\(\d+/\d+\)"
_QUANTITY = re.compile(
    rf"(?:(?P<hedge>up to|at least|approximately|approx|around|about|maximum|minimum|max|min|~)\.?\s*)?"
    rf"(?P<sign>[$€£])?\s?(?<![\w.,/])(?P<minus>[-−](?=\d))?(?P<low>{_DIGITS})(?!\d)\.?(?![\d])"
    rf"(?:\s*(?:-|–|—|to)\s*(?P<high>{_DIGITS}))?"
    rf"(?:\s?-?\s?(?P<unit>[\"”″%]|(?:{_UNIT})(?![a-z0-9])))?",
    re.IGNORECASE,
)
#: "one in the box", "5 a day": no inches, no amperes.
_NO_UNIT = re.compile(r"in\s+(?:the|an?|my|your|stock|total|each|this|that|it|one)\b|a\s", re.IGNORECASE)
_HALF = re.compile(r"(?:(?<=\.\d)|(?<=\.\d\d)|(?<=\)))\s+(?:of\s+)?an?\s+(?=[a-z])")
_ARTICLE = re.compile(
    rf"(?<!\d )\b(?:an?|one|1)\s+(?=(?:{_UNIT})\b)(?!(?:in|second|degree|l|g|m|s|c|f|v|w)\b)", re.IGNORECASE
)
_BETWEEN = re.compile(rf"\bbetween\s+({_DIGITS})\s*(?:{_UNIT})?\s+and\s+({_DIGITS})(?=\s*[a-z\"%])")
_INGRESS = re.compile(r"\bip\s?(?P<solid>[0-6x])[\s-]?(?P<liquid>[0-9x])\s?k?\b", re.IGNORECASE)
_CROSS = re.compile(r"(?<=[\d\"”″'a-z).])\s*(?:[x×*]|\bby\b)\s*(?=[\d.])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of `unit` (Pint's name; "" for a bare number) that measures `kind`.

    `high` is the upper end of a range; `hedge` says how the text softens the number ("up to", "about", "at least").
    An ingress protection code (IEC 60529) has unit "ingress"; its number is the second digit, protection from water.
    """

    number: Fraction
    unit: str
    kind: str
    high: Fraction | None = None
    hedge: str = ""

    @property
    def top(self) -> Fraction:
        """The upper end, the number itself where there is no range."""
        return self.number if self.high is None else self.high

    def comparable(self, other: Quantity) -> bool:
        """Whether the two measure the same thing in units that convert into each other."""
        if self.unit in FIXED or other.unit in FIXED:
            return self.unit == other.unit
        return self.kind == other.kind

    def to(self, unit: str) -> Quantity:
        """The same quantity in another unit; the first call builds Pint's registry (blocks).

        Raises plugins.convert.Incompatible where the units measure different things.
        """
        if unit == self.unit:
            return self
        target = NAMES[unit]
        if not self.comparable(Quantity(Fraction(0), unit, target.kind)):
            raise Incompatible(f"{self.unit or 'number'} to {unit or 'number'}")
        source = NAMES[self.unit]
        low = convert(((self.number, source),), target)
        high = None if self.high is None else convert(((self.high, source),), target)
        return replace(self, number=low, high=high, unit=unit)

    def say(self) -> str:
        """The quantity in words: "1.2 kilograms", "9 to 12 hours", "up to 10 meters"."""
        unit = NAMES[self.unit]
        front = f"{self.hedge} " if self.hedge else ""
        if self.unit == "ingress":
            return f"{front}IPX{self.number}"
        if self.kind == "count":
            end = "" if self.high is None else f" to {numbers.say(self.high)}"
            return f"{front}{numbers.say(self.number)}{end}"
        if self.high is not None:
            return f"{front}{numbers.say(self.number)} to {named(self.high, unit)}"
        return front + named(self.number, unit)


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Text with number words in digits, "half a litre" as "0.5 litre", "a kilo" as "1 kilo"; lower case, bounded."""
    body = numbers.digits(text[:MAX_TEXT].lower().replace("’", "'"))
    body = _BETWEEN.sub(r"\1-\2", _HALF.sub(" ", body))
    return _ARTICLE.sub("1 ", body)


@dataclass(frozen=True, slots=True)
class Found:
    """A quantity in a text and where it stands in `plain(text)`."""

    quantity: Quantity
    start: int
    end: int


def _value(digits: str) -> Fraction:
    """The value of digits as `_DIGITS` matches them; division by zero is the caller's (see `_read`)."""
    return Fraction(digits.strip("()").replace(",", ""))


def find(text: str) -> list[Found]:
    """All quantities of a text, from left to right; parts such as "6 ft 2 in" are one. Offsets are in `plain(text)`."""
    merged: list[Found] = []
    body = plain(text)
    for found in _read(body):
        last = merged[-1] if merged else None
        if last is not None and (last.quantity.unit, found.quantity.unit) in _SUB:
            between = body[last.end : found.start].strip()
            if between in ("", "and", ",") and last.quantity.high is None:
                whole = found.quantity.to(last.quantity.unit).number + last.quantity.number
                merged[-1] = Found(replace(last.quantity, number=whole), last.start, found.end)
                continue
        merged.append(found)
    return merged


def _read(body: str) -> Iterator[Found]:
    taken: list[tuple[int, int]] = []
    found: list[Found] = []
    for match in _INGRESS.finditer(body):
        liquid = match["liquid"].lower()
        if liquid != "x":
            found.append(Found(Quantity(Fraction(int(liquid)), "ingress", "ingress"), match.start(), match.end()))
        taken.append(match.span())
    for match in _QUANTITY.finditer(body):
        if any(match.start("low") < end and start < match.end() for start, end in taken):
            continue
        try:
            low = _value(match["low"]) * (-1 if match["minus"] else 1)
            high = _value(match["high"]) if match["high"] else None
        except ZeroDivisionError:
            continue
        unit = NAMES[_SIGNS[match["sign"]]] if match["sign"] else None
        if match["unit"] and not _NO_UNIT.match(body, match.start("unit")):
            unit = unit or UNITS[match["unit"].lower()]
        hedge = _HEDGES.get((match["hedge"] or "").lower(), "")
        quantity = Quantity(low, unit.name if unit else "", unit.kind if unit else "count", high, hedge)
        start = match.end() - len(match[0].lstrip())
        found.append(Found(quantity, start, match.end()))
    yield from sorted(found, key=lambda one: one.start)


def quantities(text: str) -> list[Quantity]:
    """The quantities of a text; see `find`."""
    return [found.quantity for found in find(text)]


_LABELS = {"l": "length", "w": "width", "h": "height", "d": "depth", "length": "length", "width": "width"}
_LABELS |= {"height": "height", "depth": "depth", "long": "length", "wide": "width", "high": "height", "deep": "depth"}
_SIDE = re.compile(
    rf"\s*(?P<before>[lwhd])?\s*(?P<number>{_DIGITS})\s*(?P<unit>{_UNIT})?\.?\s*[-(]?"
    r"(?P<after>length|width|height|depth|long|wide|high|deep|[lwhd])?\)?\s*",
    re.IGNORECASE,
)


def dimensions(text: str) -> list[tuple[str, Quantity]]:
    """The sides of "12 x 30 x 4 inches" or '10"L x 5"W': (name or "", quantity); empty where the text is none.

    A unit that stands only once counts for every side. Without a unit there are no dimensions ("1366 x 768").
    """
    parts = _CROSS.split(plain(text).strip().rstrip("."))
    if not 2 <= len(parts) <= 4:
        return []
    sides: list[tuple[str, Fraction, Unit | None]] = []
    for index, part in enumerate(parts):
        match = _SIDE.fullmatch(part) if index < len(parts) - 1 else _SIDE.match(part)
        if match is None or "/0)" in match["number"]:
            return []
        label = _LABELS.get((match["before"] or match["after"] or "").lower(), "")
        sides.append((label, _value(match["number"]), UNITS[match["unit"].lower()] if match["unit"] else None))
    last = next((unit for _, _, unit in reversed(sides) if unit is not None), None)
    if last is None or last.kind != "length":
        return []
    units = [unit or last for _, _, unit in sides]
    if any(unit.kind != "length" for unit in units):
        return []
    return [
        (label, Quantity(number, unit.name, "length")) for (label, number, _), unit in zip(sides, units, strict=True)
    ]
