"""How an answer reads and sounds: numbers in words, money, units in singular and plural, the sentences around them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from plugins import numbers
from plugins.math.quantities import money
from plugins.math.types import Answer, Template
from plugins.units import SPELLINGS

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_SMALL = [*_ONES.split(), "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**15, "quadrillion"), (10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_LARGEST = 10**18
_PRICED = re.compile(r"£|\b(?:pence|sterling|costs?|prices?|pays?|paid|spends?|spent|earn\w*)\b", re.IGNORECASE)
#: Fractions that have names of their own: after a whole number, and alone.
_PARTS = {
    Fraction(1, 2): ("a half", "half"),
    Fraction(1, 3): ("a third", "a third"),
    Fraction(2, 3): ("two thirds", "two thirds"),
    Fraction(1, 4): ("a quarter", "a quarter"),
    Fraction(3, 4): ("three quarters", "three quarters"),
}
_SIGNS = {"dollar": "$", "euro": "€", "pound": "£"}
_IRREGULAR = {"person": "people", "child": "children", "man": "men", "woman": "women", "foot": "feet"}
_IRREGULAR |= {"mouse": "mice", "goose": "geese", "tooth": "teeth", "half": "halves", "leaf": "leaves"}
_IRREGULAR |= {"shelf": "shelves", "loaf": "loaves", "knife": "knives", "penny": "pennies", "movie": "movies"}
_IRREGULAR |= {"cookie": "cookies", "pie": "pies", "tie": "ties", "shoe": "shoes", "glass": "glasses", "bus": "buses"}
_SINGULAR = {plural: one for one, plural in _IRREGULAR.items()}
_UNCHANGED = "sheep fish deer dozen percent times money fruit homework work series species"
_SAME = frozenset(_UNCHANGED.split())


@dataclass(frozen=True, slots=True)
class Said:
    """A phrase to read and the same to say."""

    text: str
    spoken: str


def whole_in_words(value: int) -> str:
    """A whole number in words; beyond 10^18 in figures, as `plugins.numbers.say` puts it."""
    if value < 0:
        return f"minus {whole_in_words(-value)}"
    if value >= _LARGEST:
        return numbers.say(Fraction(value)).replace(" × 10^", " times 10 to the power of ")
    if value < 20:
        return _SMALL[value]
    if value < 100:
        return _TENS[value // 10 - 2] + (f" {_SMALL[value % 10]}" if value % 10 else "")
    if value < 1000:
        return f"{_SMALL[value // 100]} hundred" + (f" {whole_in_words(value % 100)}" if value % 100 else "")
    worth, scale = next((worth, scale) for worth, scale in _SCALES if value >= worth)
    rest = f" {whole_in_words(value % worth)}" if value % worth else ""
    return f"{whole_in_words(value // worth)} {scale}{rest}"


def in_words(value: Fraction) -> str:
    """A number in words: halves, thirds and quarters as such, else rounded to two decimals (digit by digit)."""
    if value < 0:
        return f"minus {in_words(-value)}"
    whole, rest = divmod(value, 1)
    if rest == 0 or whole >= _LARGEST:
        return whole_in_words(int(whole))
    if rest in _PARTS:
        after, alone = _PARTS[rest]
        if whole == 0:
            return alone
        # "one hundred and three quarters" would be heard as a hundred and three of them
        if after.startswith("a ") or whole % 100:
            return f"{whole_in_words(int(whole))} and {after}"
    cents = round(value * 100)
    if cents % 100 == 0:
        return whole_in_words(cents // 100)
    digits = f"{cents % 100:02d}".rstrip("0")
    return f"{whole_in_words(cents // 100)} point {' '.join(_SMALL[int(digit)] for digit in digits)}"


def figures(value: Fraction) -> str:
    """A number in figures: thirds as fractions, everything else rounded to two decimals."""
    if value < 0:
        return f"−{figures(-value)}"
    whole, rest = divmod(value, 1)
    if rest and rest.denominator == 3:
        return f"{f'{int(whole):,} ' if whole else ''}{rest.numerator}/3"
    return numbers.say(value if abs(value) >= _LARGEST else Fraction(round(value * 100), 100))


def number_said(value: Fraction) -> Said:
    """A number to read and to say."""
    return Said(figures(value), in_words(value))


def _exactly(value: Fraction) -> bool:
    """Whether figures and words say all of a value."""
    return value.denominator in (1, 3) or (value * 100).denominator == 1 or abs(value) >= _LARGEST


def singular(unit: str) -> str:
    """One of what a unit names: `apples` -> `apple`, `square feet` -> `square foot`."""
    if unit in SPELLINGS and len(unit) > 2:
        return SPELLINGS[unit].singular
    head, _, noun = unit.rpartition(" ")
    before = f"{head} " if head else ""
    if noun in _SAME or noun in _IRREGULAR:
        return unit
    if noun in _SINGULAR:
        return before + _SINGULAR[noun]
    for ending, instead in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("zzes", "zz")):
        if noun.endswith(ending) and len(noun) > len(ending) + 1:
            return before + noun.removesuffix(ending) + instead
    if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) and len(noun) > 2:
        return before + noun[:-1]
    return unit


def plural(unit: str) -> str:
    """More than one of what a unit names; a unit that is plural already stays."""
    if unit in SPELLINGS and len(unit) > 2:
        return SPELLINGS[unit].plural
    head, _, noun = unit.rpartition(" ")
    before = f"{head} " if head else ""
    if not noun or noun in _SAME or noun in _SINGULAR or singular(unit) != unit:
        return unit
    if noun in _IRREGULAR:
        return before + _IRREGULAR[noun]
    if re.search(r"[^aeiou]y\Z", noun):
        return f"{before}{noun[:-1]}ies"
    return f"{before}{noun}{'es' if noun.endswith(('s', 'x', 'z', 'ch', 'sh')) else 's'}"


def quantity(answer: Answer, template: Template) -> Said:
    """An answer with its unit, in the style of the question: `$35` where that wrote dollars so."""
    if isinstance(answer, bool):
        return Said("yes", "yes") if answer else Said("no", "no")
    value = Fraction(answer) if isinstance(answer, Fraction) else Fraction(answer).limit_denominator(10**12)
    unit = template.unit
    if _amount(unit, template.question):
        return _money(value, unit, template.question)
    exact = _exactly(value)
    about = "" if exact else "about "
    text, said = figures(value), in_words(value)
    if not unit:
        return Said(about + text, about + said)
    if unit == "percent":
        sign = "%" if "%" in template.question else " percent"
        return Said(f"{about}{text}{sign}", f"{about}{said} percent")
    one = abs(value) == 1
    named = singular(unit) if one else plural(unit)
    if 0 < value < 1 and exact and value in _PARTS:
        return Said(f"{text} {plural(unit)}", _part_of(value, singular(unit)))
    return Said(f"{about}{text} {named}", f"{about}{said} {named}")


def _amount(unit: str, question: str) -> bool:
    """Whether an answer is money in notes and coins; pounds are a weight unless the question speaks of money."""
    if singular(unit) == "pound":
        return _PRICED.search(question) is not None
    return money(unit) and singular(unit) not in ("cent", "penny")


def _part_of(value: Fraction, unit: str) -> str:
    article = "an" if re.match(r"[aeio]|hour|u(?!ni)", unit) else "a"
    return f"{_PARTS[value][1]} {'' if value == Fraction(1, 2) else 'of '}{article} {unit}"


def _money(value: Fraction, unit: str, question: str) -> Said:
    """An amount: whole or with two decimals to read; to say, halves as such and other cents as cents."""
    exact = (value * 100).denominator == 1
    about = "" if exact else "about "
    cents = round(value * 100)
    minus, cents = ("−" if cents < 0 else ""), abs(cents)
    whole, rest = divmod(cents, 100)
    amount = f"{minus}{whole:,}" + (f".{rest:02d}" if rest else "")
    one, many = singular(unit), plural(unit)
    sign = _SIGNS.get(one, "")
    if sign and f"{sign}" in question:
        text = f"{minus}{sign}{amount.removeprefix(minus)}"
    else:
        text = f"{amount} {one if cents == 100 else many}"
    coins = f"{whole_in_words(rest)} {('penny' if rest == 1 else 'pence') if one == 'pound' else 'cent'}"
    coins += "s" if rest != 1 and one != "pound" else ""
    notes = f"{whole_in_words(whole)} {one if whole == 1 else many}"
    if rest == 50 and whole:
        spoken = f"{whole_in_words(whole)} and a half {many}"
    elif rest and one not in ("dollar", "euro", "pound"):
        spoken = f"{in_words(Fraction(cents, 100))} {many}"
    elif rest:
        spoken = f"{notes} and {coins}" if whole else coins
    else:
        spoken = notes
    return Said(about + text, about + ("minus " if minus else "") + spoken)


def agreement(agreeing: int, tried: int) -> Said:
    """How many independent derivations agree."""
    if tried == 1:
        return Said(
            "There is only one derivation, and nothing to compare it with.", "I have only one derivation for it."
        )
    if agreeing == tried:
        number = "Both" if tried == 2 else f"All {tried}"
        said = "Both" if tried == 2 else f"All {whole_in_words(tried)}"
        return Said(f"{number} derivations agree.", f"{said} derivations agree.")
    verb = "says so" if agreeing == 1 else "agree"
    return Said(
        f"{agreeing} of {tried} derivations {verb}.",
        f"{whole_in_words(agreeing).capitalize()} of {whole_in_words(tried)} derivations {verb}.",
    )
