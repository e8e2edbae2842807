"""Rational functions of several letters over the rationals, in expanded form: the closed form of a straight program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from plugins.math.types import ProgramError

#: A product of letters: (letter, exponent) in the order of the letters.
Monomial = tuple[tuple[str, int], ...]
Polynomial = Mapping[Monomial, Fraction]
#: Beyond these a form is no longer expanded; only its degrees are kept.
MAX_TERMS, MAX_BITS, MAX_DEGREE = 400, 512, 10_000


def _joined(first: Monomial, second: Monomial) -> Monomial:
    if not first or not second:
        return first or second
    powers = dict(first)
    for letter, exponent in second:
        powers[letter] = powers.get(letter, 0) + exponent
    return tuple(sorted(powers.items()))


def _add(first: Polynomial | None, second: Polynomial | None, sign: int) -> Polynomial | None:
    if first is None or second is None:
        return None
    out = dict(first)
    for monomial, factor in second.items():
        total = out.get(monomial, Fraction(0)) + sign * factor
        if total:
            out[monomial] = total
        else:
            out.pop(monomial, None)
    return _bounded(out)


def _multiply(first: Polynomial | None, second: Polynomial | None) -> Polynomial | None:
    if first is None or second is None or len(first) * len(second) > MAX_TERMS * 10:
        return None
    out: dict[Monomial, Fraction] = {}
    for left, one in first.items():
        for right, other in second.items():
            monomial = _joined(left, right)
            out[monomial] = out.get(monomial, Fraction(0)) + one * other
    return _bounded({monomial: factor for monomial, factor in out.items() if factor})


def _bounded(polynomial: Polynomial) -> Polynomial | None:
    if len(polynomial) > MAX_TERMS:
        return None
    for factor in polynomial.values():
        if factor.numerator.bit_length() + factor.denominator.bit_length() > MAX_BITS:
            return None
    return polynomial


def _degree(polynomial: Polynomial | None, fallback: int) -> int:
    if polynomial is None:
        return fallback
    return max((sum(exponent for _, exponent in monomial) for monomial in polynomial), default=0)


@dataclass(frozen=True, slots=True)
class Ratio:
    """`above / below`; each is None once it is too large to expand, and only its total degree stays known."""

    above: Polynomial | None
    below: Polynomial | None
    degree_above: int
    degree_below: int

    @classmethod
    def constant(cls, value: Fraction) -> Ratio:
        """A number as a form."""
        return cls._of({(): value} if value else {}, {(): Fraction(1)})

    @classmethod
    def letter(cls, name: str) -> Ratio:
        """A letter as a form."""
        return cls._of({((name, 1),): Fraction(1)}, {(): Fraction(1)})

    @classmethod
    def _of(cls, above: Polynomial | None, below: Polynomial | None, most: tuple[int, int] = (0, 0)) -> Ratio:
        degrees = _degree(above, most[0]), _degree(below, most[1])
        if max(degrees) > MAX_DEGREE:
            raise ProgramError("too high a power")
        return cls(above, below, *degrees)

    def plus(self, other: Ratio, sign: int) -> Ratio:
        """The sum, or the difference where `sign` is -1."""
        if self.below is not None and self.below == other.below:
            most = max(self.degree_above, other.degree_above), self.degree_below
            return self._of(_add(self.above, other.above, sign), self.below, most)
        above = _add(_multiply(self.above, other.below), _multiply(other.above, self.below), sign)
        highest = max(self.degree_above + other.degree_below, other.degree_above + self.degree_below)
        return self._of(above, _multiply(self.below, other.below), (highest, self.degree_below + other.degree_below))

    def times(self, other: Ratio) -> Ratio:
        """The product."""
        most = self.degree_above + other.degree_above, self.degree_below + other.degree_below
        return self._of(_multiply(self.above, other.above), _multiply(self.below, other.below), most)

    def over(self, other: Ratio) -> Ratio:
        """The quotient. Raises `ProgramError` when the divisor is zero everywhere."""
        if other.above is not None and not other.above:
            raise ProgramError("division by zero")
        return self.times(Ratio(other.below, other.above, other.degree_below, other.degree_above))

    def power(self, exponent: int) -> Ratio:
        """The power with a whole exponent."""
        base = self if exponent >= 0 else Ratio.constant(Fraction(1)).over(self)
        if abs(exponent) > MAX_DEGREE:
            raise ProgramError("too high a power")
        out = Ratio.constant(Fraction(1))
        for bit in bin(abs(exponent))[2:]:
            out = out.times(out)
            if bit == "1":
                out = out.times(base)
        return out

    def difference(self, other: Ratio) -> tuple[Polynomial | None, int]:
        """What stands above in `self - other` over one denominator (None: too large), and a bound of its degree."""
        above = _add(_multiply(self.above, other.below), _multiply(other.above, self.below), -1)
        return above, max(self.degree_above + other.degree_below, other.degree_above + self.degree_below)
