"""Quantities with units: sums, differences, multiples and ratios, and distance, speed and time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from plugins import measure
from plugins.convert import Incompatible, convert, named, sentence, target_of
from plugins.expression import Refused
from plugins.math.symbolic.asked import MONEY, NUMBER, UNIT, Asked, value
from plugins.math.symbolic.types import Reading, Symbolic
from plugins.math.symbolic.wording import amount, given, number, speech, symbolic
from plugins.numbers import digits
from plugins.units import SPELLINGS, UNITS, Unit
from plugins.when.speech import nice_duration

MAX_TERMS = 12
_ONE = re.compile(rf"(?P<sign>[$€£])?(?P<n>{NUMBER})(?: ?(?P<unit>{UNIT}|cents?)(?![a-z]))?(?:,? and |, ?| )?")
_OPERATOR = re.compile(r" (plus|\+|minus|less|-|times|multiplied by|\*|x|divided by|/|over) ")
_SIGNS = {"plus": "+", "minus": "-", "less": "-", "-": "-", "times": "*", "multiplied by": "*", "x": "*", "*": "*"}
_TARGET = re.compile(rf" (?:in|to|into|as) (?P<target>{UNIT})\Z")
_MANY = re.compile(
    rf"how (?:many|much) (?P<target>{UNIT}) (?:(?:are|is|is it|are there|make|makes|equals?|do you get"
    rf"|will be|would be)"
    r"(?: in| from| for| if you have)?|in|for) (?P<rest>.+)\Z"
)
_PAIRS = (
    (re.compile(r"(?:add(?: up)?|(?:the )?sum of) (?P<a>.+?) (?:and|to) (?P<b>.+)\Z"), "+"),
    (re.compile(r"(?:subtract|take) (?P<b>.+?) from (?P<a>.+)\Z"), "-"),
    (re.compile(r"(?:the )?difference (?:between|of) (?P<a>.+?) and (?P<b>.+)\Z"), "-"),
    (
        re.compile(
            r"(?:split|divide|share) (?P<a>.+?) (?:(?:evenly|equally|up) )?(?:among|between|amongst"
            r"|by|into|in|with|to)? ?"
            r"(?P<b>\d+)(?: people| persons| friends| ways| of us|(?: equal)? parts)?(?: evenly| equally)?\Z"
        ),
        "/",
    ),
)
_COMPARED = re.compile(
    r"(?:is|are) (?P<a>.+?) (?P<how>more|longer|heavier|bigger|larger|greater|higher|taller|faster"
    r"|warmer|hotter|farther"
    r"|further|less|shorter|lighter|smaller|lower|slower|colder) than (?P<b>.+)\Z"
)
_DOWN = frozenset({"less", "shorter", "lighter", "smaller", "lower", "slower", "colder"})
_FILLERS = """
how far long fast do does did can could will would i you we it a an the to at in for if is be get go goes going travel
travels drive driving walk run cover covers take takes car train plane bike moving moves move average speed of what's
what your my distance time need needs with constant rate by and traveling travelling cycling cycle fly flying
"""
_RATE_WORDS = frozenset(_FILLERS.split())


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value in a unit; `kind` is what it measures, "money", or empty for a plain number."""

    value: Fraction
    unit: Unit | None = None
    sign: str = ""

    @property
    def kind(self) -> str:
        """What it measures."""
        return "money" if self.sign else self.unit.kind if self.unit else ""

    def __str__(self) -> str:
        if self.sign:
            return amount(self.value, self.sign)
        return named(self.value, self.unit) if self.unit else given(self.value)


@dataclass(frozen=True, slots=True)
class Term:
    """A quantity as it was said: its parts (`3 hours 20 minutes`) as one."""

    parts: tuple[Quantity, ...]

    @property
    def kind(self) -> str:
        """What it measures."""
        return self.parts[0].kind

    def __str__(self) -> str:
        return " ".join(map(str, self.parts))


def term(said: str) -> Term | None:
    """One quantity, possibly of several parts of the same kind, or a plain number; None for anything else."""
    text = re.sub(r"(?<=[\d)]) (?:of )?an? ", " ", said.strip())
    text = re.sub(rf"\ban? (?={UNIT}\b)", "1 ", text)
    parts: list[Quantity] = []
    place = 0
    while place < len(text):
        match = _ONE.match(text, place)
        if match is None or match.end() == place:
            return None
        found, word = value(match["n"]), match["unit"] or ""
        sign = match["sign"] or MONEY.get(word, "")
        if word in ("cent", "cents"):
            found, sign = found / 100, (parts[-1].sign if parts else "$")
        unit = SPELLINGS.get(word) if word and not sign else None
        if word and not sign and unit is None:
            return None
        parts.append(Quantity(found, unit, sign))
        place = match.end()
    if not parts or re.search(r"(?:and|,)\s*\Z", text) or len({part.kind for part in parts}) > 1:
        return None
    if len(parts) > 1 and parts[0].kind in ("", "temperature", "speed"):
        return None
    return Term(tuple(parts))


def _terms(said: str) -> tuple[list[Term], list[str]] | None:
    pieces = _OPERATOR.split(said)
    if not 3 <= len(pieces) <= 2 * MAX_TERMS:
        return None
    found = [term(piece) for piece in pieces[::2]]
    if any(one is None for one in found):
        return None
    whole = [one for one in found if one]
    if not any(one.kind for one in whole) or any(one.kind == "temperature" for one in whole):
        return None
    return whole, [_SIGNS.get(sign, "/" if sign in ("divided by", "/", "over") else sign) for sign in pieces[1::2]]


def _to(parts: Sequence[Quantity], target: Unit) -> Fraction:
    """The sum of parts in a unit. Raises `Refused`."""
    pairs = [(part.value, part.unit) for part in parts if part.unit is not None]
    if all(unit == target for _, unit in pairs):
        return sum((value for value, _ in pairs), Fraction(0))
    try:
        return convert(pairs, target)
    except Incompatible:
        raise _mismatch(pairs[0][1], target) from None


def _mismatch(one: Unit, other: Unit) -> Refused:
    return Refused(f"Those do not go together: {one.plural} measure {one.kind}, {other.plural} measure {other.kind}.")


def _single(one: Term) -> Quantity:
    first = one.parts[0]
    if first.unit is None:
        return Quantity(sum((part.value for part in one.parts), Fraction(0)), None, first.sign)
    smallest = one.parts[-1].unit or first.unit
    return Quantity(
        _to(one.parts, smallest if first.kind == "time" else first.unit),
        smallest if first.kind == "time" else first.unit,
    )


def _add(one: Quantity, other: Quantity, factor: int) -> Quantity:
    if one.kind != other.kind or one.sign != other.sign:
        if one.unit and other.unit:
            raise _mismatch(one.unit, other.unit)
        raise Refused("Those do not go together: one of them has another unit, or none.")
    if one.unit is None or other.unit is None:
        return Quantity(one.value + factor * other.value, None, one.sign)
    return Quantity(one.value + factor * _to([other], one.unit), one.unit)


def _times(one: Quantity, other: Quantity) -> Quantity:
    if not one.kind or not other.kind:
        whole, plain = (one, other) if one.kind else (other, one)
        return Quantity(whole.value * plain.value, whole.unit, whole.sign)
    if {one.kind, other.kind} == {"speed", "time"}:
        return distance(one, other) if one.kind == "speed" else distance(other, one)
    if one.kind == other.kind == "length" and one.unit and (area := UNITS.get(f"{one.unit.name} ** 2")):
        return Quantity(one.value * _to([other], one.unit), area)
    raise Refused(f"I cannot multiply {_name(one)} by {_name(other)}.")


def _over(one: Quantity, other: Quantity) -> Quantity:
    if not other.value:
        raise Refused("Nothing can be divided by zero.")
    if not other.kind:
        return Quantity(one.value / other.value, one.unit, one.sign)
    if one.kind == other.kind and one.sign == other.sign:
        return Quantity(one.value / (_to([other], one.unit) if one.unit else other.value))
    if (one.kind, other.kind) == ("length", "time"):
        return speed(one, other)
    if (one.kind, other.kind) == ("length", "speed"):
        return duration(one, other)
    raise Refused(f"I cannot divide {_name(one)} by {_name(other)}.")


def _name(one: Quantity) -> str:
    return one.unit.plural if one.unit else "money" if one.sign else "a number"


def _of_speed(unit: Unit) -> tuple[Unit, Unit]:
    length, _, time = ("nautical_mile / hour" if unit.name == "knot" else unit.name).partition(" / ")
    return UNITS[length], UNITS[time]


def distance(rate: Quantity, time: Quantity) -> Quantity:
    """Speed times time, in the length of the speed."""
    assert rate.unit is not None
    length, per = _of_speed(rate.unit)
    return Quantity(rate.value * _to([time], per), length)


def duration(way: Quantity, rate: Quantity) -> Quantity:
    """Length over speed, in the time of the speed."""
    assert rate.unit is not None
    length, per = _of_speed(rate.unit)
    if not rate.value:
        raise Refused("At that speed it never gets there.")
    return Quantity(_to([way], length) / rate.value, per)


def speed(way: Quantity, time: Quantity) -> Quantity:
    """Length over time, in a unit that is said: per hour, or per second for meters and feet."""
    assert way.unit is not None
    for per in (time.unit.name if time.unit else "", "hour", "second"):
        unit = UNITS.get(f"{way.unit.name} / {per}")
        if unit is not None:
            hours = _to([time], UNITS[per])
            if not hours:
                raise Refused("Nothing can be divided by zero.")
            return Quantity(way.value / hours, unit)
    kilometers = Quantity(_to([way], UNITS["kilometer"]), UNITS["kilometer"])
    return speed(kilometers, time)


def evaluate(terms: Sequence[Term], signs: Sequence[str]) -> Quantity:
    """The value of quantities joined by + - * /, products first. Raises `Refused`."""
    sums = [_single(terms[0])]
    pending: list[str] = []
    for sign, one in zip(signs, terms[1:], strict=True):
        if sign in "*/":
            sums[-1] = (_times if sign == "*" else _over)(sums[-1], _single(one))
        else:
            sums.append(_single(one))
            pending.append(sign)
    total = sums[0]
    for sign, one_more in zip(pending, sums[1:], strict=True):
        total = _add(total, one_more, 1 if sign == "+" else -1)
    return total


def shown(found: Quantity, units: Sequence[str] = ()) -> str:
    """A quantity in words; times in hours and minutes, feet and pounds with inches and ounces where those were used."""
    seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
    if found.unit is None:
        return str(found) if found.sign else number(found.value)
    if found.unit.name in seconds:
        length = found.value * seconds[found.unit.name]
        if (
            length.denominator == 1
            and abs(length) < 10**9
            and (length % 86400 or found.unit.name not in ("day", "week"))
        ):
            return ("minus " if length < 0 else "") + nice_duration(timedelta(seconds=int(length)))
    for large, small, count in (("foot", "inch", 12), ("pound", "ounce", 16), ("stone", "pound", 14)):
        if found.unit.name in (large, small) and {large, small} <= set(units) and found.value > 0:
            whole, rest = divmod(found.value * (count if found.unit.name == large else 1), count)
            parts = [named(Fraction(whole), UNITS[large])] * bool(whole) + [named(rest, UNITS[small])] * bool(rest)
            return " ".join(parts)
    return named(found.value, found.unit) if found.value >= 0 else f"−{named(-found.value, found.unit)}"


def _result(terms: Sequence[Term], signs: Sequence[str], target: Unit | None) -> Symbolic:
    found = evaluate(terms, signs)
    if target is not None:
        if found.unit is None:
            raise Refused(f"That is not a quantity that {target.plural} measure.")
        found = Quantity(_to([found], target), target)
    names = [part.unit.name for one in terms for part in one.parts if part.unit]
    marks = {"+": "+", "-": "−", "*": "×", "/": "÷"}
    said = str(terms[0]) + "".join(f" {marks[sign]} {one}" for sign, one in zip(signs, terms[1:], strict=True))
    answer = shown(found, names) if target is None else named(found.value, target)
    return symbolic("measure", found.value, f"{said} is {answer}.", _unit(found))


def _unit(found: Quantity) -> str:
    return found.sign or (found.unit.plural if found.unit else "")


def _rate(text: str) -> Callable[[], Symbolic] | None:
    """Two of distance, speed and time that ask for the third; every other word must be a small one."""
    if not re.match(r"how (?:far|long|fast)|.* for |(?:average )?speed|.* at ", text):
        return None
    pattern = rf"\b{NUMBER} ?{UNIT}(?:(?: and|,)? {NUMBER} ?{UNIT})*(?![a-z])"
    said = re.sub(r"(?<=[\d)]) an? ", " ", text)
    found = [term(match) for match in re.findall(pattern, said)]
    rest = re.sub(pattern, " ", said).replace(",", " ").split()
    if len(found) != 2 or not set(rest) <= _RATE_WORDS:
        return None
    by_kind = {one.kind: one for one in found if one}
    asked = text.split()[1] if text.startswith("how") else "fast" if "speed" in rest else "far"
    match asked, sorted(by_kind):
        case "far", ["speed", "time"]:
            work: Callable[[Quantity, Quantity], Quantity] = distance
            first, second = by_kind["speed"], by_kind["time"]
            joint = "for"
        case "long", ["length", "speed"]:
            work, first, second, joint = duration, by_kind["length"], by_kind["speed"], "at"
        case "fast", ["length", "time"]:
            work, first, second, joint = speed, by_kind["length"], by_kind["time"], "in"
        case _:
            return None

    def run() -> Symbolic:
        made = work(_single(first), _single(second))
        return symbolic("measure", made.value, f"{first} {joint} {second} is {shown(made)}.", _unit(made))

    return run


def _compare(match: re.Match[str]) -> Callable[[], Symbolic] | None:
    one, other = term(match["a"]), term(match["b"])
    if one is None or other is None or not one.kind or not other.kind:
        return None

    def run() -> Symbolic:
        left, right = _single(one), _single(other)
        unit = left.unit
        difference = _add(left, right, -1).value
        less = match["how"] in _DOWN
        true = difference < 0 if less else difference > 0
        in_unit = f" ({named(_to([right], unit), unit)})" if unit and right.unit != unit else ""
        word = "more than" if difference > 0 else "less than" if difference < 0 else "the same as"
        return symbolic("measure", true, f"{'yes' if true else 'no'}, {one} is {word} {other}{in_unit}.")

    return run


def _conversion(text: str) -> Callable[[], Symbolic] | None:
    asked = measure.read(text)
    if asked is None or asked.currency:
        return None

    def run() -> Symbolic:
        target = target_of(asked, "metric")
        said = sentence(asked, target)
        try:
            found = convert(asked.parts, target)
        except Incompatible:
            raise Refused(said) from None
        return Symbolic("conversion", found, said, speech(said), target.plural)

    return run


def read(request: Asked, now: datetime) -> Reading | None:
    """A calculation with quantities, or a conversion; None for anything else."""
    text = digits(request.body, slash=False)
    rate = _rate(text)
    if rate is not None:  # before conversions, for "how fast is 9 miles in 2 hours" looks like one
        return Reading("measure", rate)
    if work := _conversion(request.raw):
        return Reading("conversion", work)
    many = _MANY.match(text)
    body, target = (many["rest"], many["target"]) if many else (text, None)
    if target is None and (found := _TARGET.search(body)):
        body, target = body[: found.start()], found["target"]
    if target is not None and target not in SPELLINGS:
        return None
    unit = SPELLINGS[target] if target else None
    parts = _terms(body)
    for pattern, sign in _PAIRS:
        if parts is None and (pair := pattern.match(body)):
            parts = _terms(f"{pair['a']} {sign} {pair['b']}")
    if parts is not None:
        terms, signs = parts
        return Reading("measure", lambda: _result(terms, signs, unit))
    if target is None and (match := _COMPARED.match(text)):
        comparison = _compare(match)
        return Reading("measure", comparison) if comparison else None
    return None
