"""Unit conversions with Pint. Exact fractions; the registry is built once, on first use, off the event loop.

Exchange rates are not available offline, and the skill says so.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Candidate
from plugins import numbers
from plugins.measure import Conversion, read
from plugins.proposals import proposals
from plugins.units import UNITS, Unit

#: Seconds that a conversion may take; only the first one, which builds the registry, takes noticeable time.
SECONDS = 10.0
MONEY = "I have no exchange rates offline, so I cannot convert currencies."
UNREAD = 'I could not read that as a conversion. Try "how many feet are in two miles".'
_lock = threading.Lock()


class Incompatible(ValueError):
    """Two units that measure different things."""


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(non_int_type=Fraction)


def convert(parts: Sequence[tuple[Fraction, Unit]], target: Unit) -> Fraction:
    """The sum of `parts` in units of `target`. Blocks on first use. Raises `Incompatible`."""
    import pint

    with _lock:  # two first conversions at once build one registry
        registry = _registry()
    total = Fraction(0)
    for value, unit in parts:
        try:
            converted = registry.Quantity(value, registry.Unit(unit.name)).to(registry.Unit(target.name))
        except pint.DimensionalityError:
            raise Incompatible(f"{unit.name} to {target.name}") from None
        total += Fraction(converted.magnitude)
    return total


def target_of(asked: Conversion, system: str) -> Unit:
    """The unit to convert to: the one that was named, or one of the user's system."""
    source = asked.parts[0][1]
    target = asked.target or UNITS[source.counterpart]
    if asked.target is None and target.system != (asked.system or system) and source.system != target.system:
        return source if len(asked.parts) > 1 else target
    if target.name == "ounce" and source.kind == "volume":
        return UNITS["fluid_ounce"]
    return target


def named(value: Fraction, unit: Unit, figures: int = 5) -> str:
    """A quantity in words: exact up to seven figures, else rounded to `figures` and with `about`."""
    text, about = numbers.say(value, 7), ""
    if 0 < value < 1 and value.denominator in (3, 6, 9, 12):
        return f"{value.numerator}/{value.denominator} {unit.singular}"
    if not numbers.is_exact(text, value):
        text, about = numbers.say(value, figures), "about "
    return f"{about}{text} {unit.singular if value == 1 else unit.plural}"


def sentence(asked: Conversion, target: Unit) -> str:
    """The answer. Blocks on first use."""
    parts, figures = list(asked.parts), 5 if target.kind != "temperature" else 4
    source = parts[0][1]
    if source.name == "ounce" and target.kind == "volume":
        parts[0] = parts[0][0], UNITS["fluid_ounce"]
    try:
        value = convert(parts, target)
    except Incompatible:
        kinds = f"{source.plural} measure {source.kind}, {target.plural} measure {target.kind}"
        hint = ", which depends on the ingredient" if {source.kind, target.kind} == {"volume", "mass"} else ""
        return f"I cannot convert that: {kinds}{hint}."
    said = " ".join(named(amount, unit) for amount, unit in parts)
    return f"{said[0].upper()}{said[1:]} is {named(value, target, figures)}."


class Convert(Skill):
    """Converts lengths, weights, volumes, temperatures and other units."""

    name, domain = "convert", "qa"
    description = "I convert units, from cups to liters and miles to feet."

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Also proposes when the NLU saw another intent in a text that is a conversion."""
        asked = read(turn.text)
        return proposals(self, turn, "qa_currency" if asked and asked.currency else "unit_convert", asked is not None)

    @intent(
        "unit_convert",
        deadline=SECONDS + 2,
        examples=[
            "how many feet are in two miles",
            "convert 70 fahrenheit to celsius",
            "six foot two in centimeters",
            "what is ten kilometers in miles",
            "how many cups are in a liter",
            "5 kg to pounds",
            "convert three tablespoons to milliliters",
            "how much is twelve stone in kilos",
            "what's a hundred degrees celsius in fahrenheit",
            "how many ounces in a pound",
            "how many minutes are there in a week",
            "turn 60 miles per hour into kilometers per hour",
            "how many teaspoons make a tablespoon",
            "250 grams in ounces",
            "how many square feet are in an acre",
        ],
    )
    async def convert(self, turn: TurnContext) -> str:
        """The converted quantity, or a clear reason why there is none."""
        asked = read(turn.text)
        if asked is None:
            return UNREAD
        if asked.currency:
            return MONEY
        target = target_of(asked, str(await turn.setting("units") or "metric"))
        return await asyncio.wait_for(asyncio.to_thread(sentence, asked, target), SECONDS)

    @intent("qa_currency")
    async def currency(self, turn: TurnContext) -> str:
        """Says honestly that there are no rates."""
        return MONEY


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The conversion skill; it has no options."""
    return [Convert()]
