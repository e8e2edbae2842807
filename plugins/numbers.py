"""Numbers as people say and type them: `twenty five hundred`, `three point five`, `two and a half`, `2 1/2`, `a dozen`.

Exact (`Fraction`) in both directions. Only the shape of a number is read here; units and arithmetic are their skills'.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ONES += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = {word: value for value, word in enumerate(_ONES)} | {word: 20 + 10 * place for place, word in enumerate(_TENS)}
_SMALL |= {"fourty": 40, "nought": 0, "naught": 0}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "quadrillion": 10**15}
_DENOMINATORS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8}
_DENOMINATORS |= {"ninth": 9, "tenth": 10, "twelfth": 12, "sixteenth": 16, "twentieth": 20, "hundredth": 100}
_DENOMINATORS |= {f"{word}s": value for word, value in _DENOMINATORS.items()} | {"halves": 2, "thousandth": 1000}
_GLYPHS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅛": "1/8"}
_PLAIN_DIGITS = re.compile(r"\d+(?:\.\d+)?\Z", re.ASCII)
#: Longer digit strings are not read: nobody says them, and exact arithmetic on them costs time.
MAX_DIGITS = 60
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_TOKEN = re.compile(rf"[½⅓⅔¼¾⅛]|(?:{_DIGITS})(?![\d,.]*\d)|[a-z]+|/", re.ASCII)


@dataclass(frozen=True, slots=True)
class Number:
    """A number found in a text: its value and its character offsets, `end` exclusive."""

    value: Fraction
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int

    @property
    def digits(self) -> Fraction | None:
        """The value of a token that is written in digits."""
        if self.text in _GLYPHS:
            return Fraction(_GLYPHS[self.text])
        if not (self.text[0].isdigit() or self.text[0] == ".") or len(self.text) > MAX_DIGITS:
            return None
        return Fraction(self.text.replace(",", ""))


class _Reader:
    """Reads one number from a list of tokens, as long as they belong together (spaces and hyphens between)."""

    def __init__(self, text: str, tokens: list[_Token], slash: bool) -> None:
        self.text, self.tokens, self.slash, self.start = text, tokens, slash, 0

    def word(self, place: int) -> str:
        """The token at `place`, or nothing when it is not joined to the one before."""
        if place >= len(self.tokens):
            return ""
        if place > self.start and (self.text[self.tokens[place - 1].end : self.tokens[place].start].strip(" -\u00a0")):
            return ""
        return self.tokens[place].text

    def read(self, place: int) -> tuple[Fraction, int] | None:
        """The number that starts at `place` and the place after it."""
        self.start = place
        first = self.tokens[place].text
        article = first in ("a", "an")
        if first == "half":
            return self._half(place)
        if article:
            follower = self.word(place + 1)
            if follower in _DENOMINATORS and not follower.endswith(("s", "hundredth")):
                return Fraction(1, _DENOMINATORS[follower]), place + 2
            if follower not in ("hundred", "dozen") and follower not in _SCALES:
                return None
        found = self._cardinal(place)
        return self._fraction(*found) if found else None

    def _half(self, place: int) -> tuple[Fraction, int]:
        after = place + 1
        if self.word(after) in ("a", "an"):
            if self.word(after + 1) == "dozen":
                return Fraction(6), after + 2
            if self.word(after + 1) in _SCALES:
                return Fraction(_SCALES[self.word(after + 1)], 2), after + 2
            return Fraction(1, 2), after + 1
        return Fraction(1, 2), after

    def _cardinal(self, place: int) -> tuple[Fraction, int] | None:
        """A whole or decimal number: groups of up to three digits, each followed by a falling scale."""
        total, group, began, scale = Fraction(0), Fraction(0), place, 10**18
        last: int | None = None  # the worth of the last small word, to stop at "seven thirty"
        while word := self.word(place):
            digits = self.tokens[place].digits
            if word == "and":
                if place == began or last not in (100, 1000) or self.word(place + 1) not in _SMALL:
                    break
                place += 1
                continue
            if digits is not None:
                if place > began:
                    break
                group, last = digits, 0
            elif word in _SMALL:
                value = _SMALL[word]
                if last is not None and not (last in (100, 1000) or (last == 20 and 0 < value < 10)):
                    break
                group, last = group + value, (20 if value >= 20 else 1)
            elif word == "hundred" and (last in (1, 20) or place == began):
                group, last = (group or Fraction(1)) * 100, 100
            elif word == "dozen" and (last in (0, 1) or place == began):
                return (group or Fraction(1)) * 12, place + 1
            elif word in _SCALES and _SCALES[word] < scale and (group or place == began or total == 0):
                scale = _SCALES[word]
                total, group, last = total + (group or Fraction(1)) * scale, Fraction(0), 1000
            elif word in ("a", "an") and place == began:
                began += 1
            else:
                break
            place += 1
        while place > began and self.word(place - 1) == "and":
            place -= 1
        if place == began and self.word(place) != "point":
            return None
        return self._decimals(total + group, began, place)

    def _decimals(self, value: Fraction, began: int, place: int) -> tuple[Fraction, int] | None:
        """The digits after a spoken `point`: `three point one four`."""
        if self.word(place) != "point":
            return value, place
        after, decimals = place + 1, ""
        while (word := self.word(after)) and len(decimals) < MAX_DIGITS:
            if word in _SMALL and (_SMALL[word] < 10 or not decimals):
                decimals += str(_SMALL[word])
            elif word == "oh":
                decimals += "0"
            elif word.isdigit() and not decimals:
                decimals += word
            else:
                break
            after += 1
        if not decimals:
            return (value, place) if place > began else None
        value += Fraction(int(decimals), 10 ** len(decimals))
        if (scale := _SCALES.get(self.word(after))) is not None:
            return value * scale, after + 1
        return value, after

    def _fraction(self, value: Fraction, place: int) -> tuple[Fraction, int]:
        """What may follow a whole number: `/4`, `1/2`, `thirds`, `and a half`, `and three quarters`."""
        word = self.word(place)
        if word == "/" and self.slash and (below := self._plain(place + 1)):
            return value / below, place + 2
        if word in _GLYPHS:
            return value + Fraction(_GLYPHS[word]), place + 1
        above = self._plain(place) if self.slash else None
        if above and self.word(place + 1) == "/" and (below := self._plain(place + 2)):
            return value + above / below, place + 3
        if word in _DENOMINATORS and value == int(value) and word not in ("half",):
            return value / _DENOMINATORS[word], place + 1
        if word == "and":
            after = self.word(place + 1)
            if after in ("a", "an", "one") and self.word(place + 2) in _DENOMINATORS:
                return value + Fraction(1, _DENOMINATORS[self.word(place + 2)]), place + 3
            if after == "half":
                return value + Fraction(1, 2), place + 2
            if after in _SMALL and self.word(place + 2) in _DENOMINATORS:
                return value + Fraction(_SMALL[after], _DENOMINATORS[self.word(place + 2)]), place + 3
        return value, place

    def _plain(self, place: int) -> Fraction | None:
        if not self.word(place):
            return None
        value = self.tokens[place].digits
        return value if value and value == int(value) else None


#: Words that a number can begin with; at all others the reader need not even try.
_STARTS = frozenset({"half", "a", "an", "point", *_SMALL, *_SCALES, *_GLYPHS, *_DENOMINATORS, "hundred", "dozen", "oh"})


def find_numbers(text: str, slash: bool = True) -> list[Number]:
    """All numbers of a text, from left to right; `a` and `an` alone are none. Signs are left to the caller.

    slash: whether `1/2` is one number; arithmetic, where it is a division, says False.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters change length: offsets matter more than those letters
        lowered = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    tokens = [_Token(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(lowered)]
    reader, numbers, place = _Reader(lowered, tokens, slash), [], 0
    while place < len(tokens):
        text_here = tokens[place].text
        if text_here not in _STARTS and not (text_here[0].isdigit() or text_here[0] == "."):
            place += 1
            continue
        found = reader.read(place)
        if found is None or found[1] <= place:
            place += 1
            continue
        value, after = found
        numbers.append(Number(value, tokens[place].start, tokens[after - 1].end))
        place = after
    return numbers


def parse_number(text: str) -> Fraction | None:
    """The value of a text that is one number and nothing else (a sign may stand before it), or None."""
    stripped = text.strip()
    sign = re.match(r"(?:-|−|minus |negative )\s*", stripped.lower())
    body = stripped[sign.end() :] if sign else stripped
    numbers = find_numbers(body)
    if len(numbers) != 1 or (numbers[0].start, numbers[0].end) != (0, len(body)):
        return None
    return -numbers[0].value if sign else numbers[0].value


def digits(text: str, slash: bool = True) -> str:
    """The text with every number written in digits: `three point five miles` becomes `3.5 miles`."""
    out: list[str] = []
    end = 0
    for number in find_numbers(text, slash):
        said = text[number.start : number.end]
        out += [text[end : number.start], said if _PLAIN_DIGITS.match(said) else exact(number.value)]
        end = number.end
    return "".join([*out, text[end:]])


def exact(value: Fraction) -> str:
    """A number as plain digits: a decimal where it ends, else a bracketed fraction."""
    below = value.denominator
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    if below != 1:
        return f"({value.numerator}/{value.denominator})"
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    whole = f"{abs(int(value * 10**places)):0{places + 1}d}"
    sign = "-" if value < 0 else ""
    return sign + (f"{whole[:-places]}.{whole[-places:]}" if places else whole)


_SHORT = 10**2


def say(value: Fraction | float, significant: int = 6) -> str:
    """A number fit to be read out: thousands separated, rounded to `significant` figures, `1.5 × 10^20` when huge."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return "not a number" if math.isnan(value) else "infinity" if value > 0 else "minus infinity"
        value = Fraction(value)
    if value == 0:
        return "0"
    size = len(str(abs(value.numerator))) - len(str(value.denominator))  # decimal exponent, or one more
    if abs(value) < Fraction(10) ** size:
        size -= 1
    if size >= 15 or size < -6:
        mantissa = round(value / Fraction(10) ** size, 4)
        return f"{_plain(mantissa)} × 10^{size}" if abs(mantissa) < 10 else f"{_plain(mantissa / 10)} × 10^{size + 1}"
    if value.denominator == 1:
        return f"{value.numerator:,}"
    if size < 9 and (value * _SHORT).denominator == 1:  # a short decimal is said in full
        return _plain(value)
    return _plain(round(value, max(significant - 1 - size, 0)))


def is_exact(said: str, value: Fraction | float) -> bool:
    """Whether a text made by `say` is the whole value (of a float: to twelve figures)."""
    mantissa, _, power = said.partition(" × 10^")
    shown = parse_number(mantissa)
    if shown is None:
        return False
    shown *= Fraction(10) ** int(power or 0)
    return abs(shown - Fraction(value)) <= (abs(shown) / 10**12 if isinstance(value, float) else 0)


def _plain(value: Fraction) -> str:
    """A fraction that has at most twelve decimals, digit by digit (a float would add noise to the last ones)."""
    text = f"{Decimal(round(value * 10**12)).scaleb(-12):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
