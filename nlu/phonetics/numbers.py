"""Digits as English words, as a recogniser writes them and a speaker says them."""

from __future__ import annotations

import re

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(st|nd|rd|th|s)?")


def cardinal(number: int) -> str:
    """`number` in words, 0 to 10**12 - 1; longer ones digit by digit."""
    if number < 20:
        return _UNITS[number]
    if number < 100:
        tens, unit = divmod(number, 10)
        return _TENS[tens] + (f" {_UNITS[unit]}" if unit else "")
    if number >= 10**12:
        return " ".join(_UNITS[int(digit)] for digit in str(number))
    for scale, name in _SCALES:
        if number >= scale:
            head, rest = divmod(number, scale)
            return f"{cardinal(head)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError("every number from 100 on has a scale")


def ordinal(number: int) -> str:
    """`number` as a rank: 21 -> twenty first."""
    *head, last = cardinal(number).split()
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return " ".join([*head, _ORDINALS.get(last, regular)])


def year(number: int) -> str:
    """`number`, 1000 to 9999, as a year: 1898 -> eighteen ninety eight; 2005 -> two thousand five."""
    century, rest = divmod(number, 100)
    if century % 10 == 0:
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def spell_numbers(text: str) -> str:
    """`text` with every run of digits in words; 1100 to 1999 without a comma are read as years."""

    def spoken(match: re.Match[str]) -> str:
        digits, suffix = match.group(1), match.group(2) or ""
        number = int(digits.replace(",", ""))
        if suffix in ("st", "nd", "rd", "th"):
            words = ordinal(number)
        elif len(digits) == 4 and 1100 <= number <= 1999:
            words = year(number)
        else:
            words = cardinal(number)
        if suffix == "s":
            words = words[:-1] + "ies" if words.endswith("y") else words + "s"
        return f" {words} "

    return " ".join(_NUMBER.sub(spoken, text).split())
