"""How a number is written in a story: digits, words, dozens, dollars, percent."""

from __future__ import annotations

from fractions import Fraction
from random import Random

_SMALL = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen
"""
_LARGE = "zero ten twenty thirty forty fifty sixty seventy eighty ninety"
_ONES, _TENS = tuple(_SMALL.split()), tuple(_LARGE.split())
_FRACTIONS = {
    Fraction(1, 2): ("half", "one half", "1/2"),
    Fraction(1, 3): ("a third", "one third", "1/3"),
    Fraction(1, 4): ("a quarter", "one fourth", "1/4"),
    Fraction(2, 3): ("two thirds", "2/3"),
    Fraction(3, 4): ("three quarters", "3/4", "three fourths"),
    Fraction(1, 5): ("a fifth", "one fifth", "1/5"),
    Fraction(2, 5): ("two fifths", "2/5"),
    Fraction(1, 6): ("a sixth", "one sixth", "1/6"),
    Fraction(1, 10): ("a tenth", "one tenth", "1/10"),
}
STYLES = ("digits", "digits", "digits", "digits", "digits", "digits", "words", "small", "small")


def words(number: int) -> str:
    """A whole number below a thousand in words."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    hundreds, rest = divmod(number, 100)
    return f"{_ONES[hundreds]} hundred" + (f" {words(rest)}" if rest else "")


def written(value: Fraction, style: str, rng: Random) -> str:
    """A number in the style of its problem: "digits", "words", or "small" (words up to twelve)."""
    if value in _FRACTIONS:
        return rng.choice(_FRACTIONS[value])
    if value.denominator != 1:
        return decimal(value)
    number = int(value)
    if (style == "words" and number <= 100) or (style == "small" and number <= 12):
        return words(number)
    return f"{number:,}" if number >= 1000 and rng.random() < 0.6 else str(number)


def decimal(value: Fraction) -> str:
    """A number with at most two decimals, without zeros at its end."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


def dollars(value: Fraction, rng: Random, style: str) -> str:
    """A price."""
    whole = value.denominator == 1
    if rng.random() < 0.72 and style != "words":
        text = decimal(value) if whole else f"{float(value):.2f}"
        return f"${int(value):,}" if whole and value >= 1000 else f"${text}"
    number = written(value, style, rng) if whole else f"{float(value):.2f}"
    return f"{number} {'dollar' if value == 1 else 'dollars'}"


def counted(value: Fraction, style: str, rng: Random) -> str:
    """A number right before its noun, where a dozen or a couple may stand for it."""
    chance = rng.random()
    if value == 12 and chance < 0.2:
        return "a dozen"
    if value in (24, 36, 48, 60) and chance < 0.12:
        return f"{words(int(value) // 12)} dozen"
    if value == 6 and chance < 0.03:
        return "half a dozen"
    if value == 2 and chance < 0.04:
        return "a couple of"
    return written(value, style, rng)


def times(value: Fraction, style: str, rng: Random) -> str:
    """A factor: "twice", "three times"."""
    if value == 2 and rng.random() < 0.75:
        return "twice"
    return f"{written(value, style, rng)} times"
