"""Sentences of the symbolic path: numbers as text, money, and the same sentence as it is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from plugins import numbers
from plugins.expression import Value
from plugins.math.symbolic.types import Kind, Result, Symbolic
from plugins.units import SPELLINGS

_SIGNS = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny")}
_COINS = {"$": "dollars", "€": "euros", "£": "pounds"}
_MONEY = re.compile(r"(−|-)?([$€£])(\d[\d,]*)(?:\.(\d\d))?")
_POWER = re.compile(r"\^(-?\d+)")
_WORDS = (
    (re.compile(r"%"), " percent"),
    (re.compile(r" × 10\^"), " times 10 to the power of "),
    (re.compile(r" × "), " times "),
    (re.compile(r" ÷ "), " divided by "),
    (re.compile(r" \+ "), " plus "),
    (re.compile(r" − "), " minus "),
    (re.compile(r" = "), " is "),
    (re.compile(r"(?<![\w)])[−-](?=[\d$])"), "minus "),
    (re.compile(r"(?<=\d)/(?=\d)"), " over "),
    (re.compile(r"√(?=\d)"), "the square root of "),
    (re.compile(r"[()]"), ""),
)
_POWERS = {"2": " squared", "3": " cubed"}


def phrase(value: Value) -> tuple[str, str]:
    """A value as text to read and to say, with `about` before it when it is rounded."""
    text = numbers.say(value)
    about = "" if numbers.is_exact(text, value) else "about "
    return about + text, about + text.replace(" × 10^", " times 10 to the power of ")


def number(value: Value) -> str:
    """A value as text to read, with `about` before it when it is rounded."""
    return phrase(value)[0]


def given(value: Fraction) -> str:
    """A number as the user gave it: exact digits or a fraction, never rounded."""
    return numbers.exact(value).strip("()").replace("-", "−")


def amount(value: Fraction, unit: str) -> str:
    """A value with its unit, which is a sign of money or a word: `$9.50`, `12 kilograms`, `12`."""
    if unit in _SIGNS:
        cents = round(abs(value) * 100)
        about = "" if cents == abs(value) * 100 else "about "
        whole = f"{cents // 100:,}" + (f".{cents % 100:02d}" if cents % 100 else "")
        return f"{about}{'−' if value < 0 else ''}{unit}{whole}"
    if unit in SPELLINGS:
        unit = SPELLINGS[unit].singular if abs(value) == 1 else SPELLINGS[unit].plural
    return f"{number(value)} {unit}".rstrip()


def speech(text: str) -> str:
    """A sentence as it is said: no symbols, money in dollars and cents."""
    said = _POWER.sub(lambda found: _POWERS.get(found[1], f" to the power of {found[1]}"), _MONEY.sub(_money, text))
    for pattern, words in _WORDS:
        said = pattern.sub(words, said)
    return re.sub(r" {2,}", " ", said)


def _money(found: re.Match[str]) -> str:
    coin, small = _SIGNS[found[2]]
    said = f"{found[3]} {coin}{'' if found[3] == '1' else 's'}"
    cents = int(found[4] or 0)
    if cents:
        pieces = "pence" if small == "penny" else small + ("" if cents == 1 else "s")
        said = f"{said} and {cents} {pieces}" if found[3] != "0" else f"{cents} {pieces}"
    return ("minus " if found[1] else "") + said


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def symbolic(
    kind: Kind, answer: Result, text: str, unit: str = "", expression: str = "", steps: Sequence[str] = ()
) -> Symbolic:
    """An answer whose spoken sentence follows from the written one; the first letter becomes a capital."""
    shown = text[:1].upper() + text[1:]
    if re.match(r"[a-z]\b(?! )|[a-z] (?:is|=)", text):  # the name of an unknown stays as it is
        shown = text
    return Symbolic(kind, answer, shown, speech(shown), _COINS.get(unit, unit), expression, tuple(steps))
