"""The functions a program may call, on exact numbers, each within the size of a run; and powers beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from plugins import expression
from plugins.expression import Refused
from plugins.math.types import ProgramError

#: A number while a program runs. Whole numbers are fractions too; a truth counts as 0 or 1 in arithmetic, as in Python.
Number = Fraction | float
MAX_FACTORIAL = 170
#: Exponents beyond this are refused whatever the base.
MAX_EXPONENT = 100_000


def size(value: Number) -> int:
    """The bits of the longer of numerator and denominator; a float has 64."""
    if isinstance(value, float):
        return 64
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def settled(value: Number, bits: int) -> Number:
    """The value, as a float where it is a fraction of more than `bits`. Raises `ProgramError` if it is not finite."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ProgramError("a number is not finite")
        return value
    if size(value) <= bits:
        return value
    if value.denominator == 1:
        raise ProgramError("a number is too large")
    return float(value)


def power(base: Number, exponent: Number, bits: int) -> Number:
    """`base ** exponent`: exact where it is rational and short, a float where it is not. Raises `ProgramError`."""
    if isinstance(base, float) or isinstance(exponent, float):
        if base < 0 and not float(exponent).is_integer():
            raise ProgramError("a root of a negative number")
        return math.pow(base, exponent)
    if abs(exponent) > MAX_EXPONENT:
        raise ProgramError("an exponent is too large")
    if exponent.denominator == 1 and size(base) > 1 and size(base) * abs(exponent.numerator) > min(bits, 4096):
        if base.denominator == 1 and exponent > 0:
            raise ProgramError("a number is too large")
        return math.pow(base, exponent)
    try:
        return expression.power(base, exponent)
    except Refused as reason:
        raise ProgramError(str(reason)) from None


def whole(value: Number, what: str) -> int:
    """A whole number as an int. Raises `ProgramError` naming `what` needed one."""
    if isinstance(value, float) and not value.is_integer():
        raise ProgramError(f"{what} needs a whole number")
    exact = Fraction(value)
    if exact.denominator != 1:
        raise ProgramError(f"{what} needs a whole number")
    return exact.numerator


def _small(value: Number, what: str) -> int:
    count = whole(value, what)
    if not 0 <= count <= MAX_FACTORIAL:
        raise ProgramError(f"{what} of a number out of range")
    return count


def rounded(value: Number, places: Number = Fraction(0)) -> Number:
    """`round`: half to even, exactly, at up to twenty places."""
    digits = whole(places, "round")
    if abs(digits) > 20:
        raise ProgramError("round to too many places")
    return Fraction(round(Fraction(value), digits))


def _many(values: Sequence[Number], what: str) -> Sequence[Number]:
    if not values:
        raise ProgramError(f"{what} of nothing")
    return values


def _log(value: Number, base: Number | None = None) -> float:
    return math.log(value) if base is None else math.log(value, base)


def _ints(name: str, function: Callable[..., int]) -> Callable[..., Number]:
    def apply(*values: Number) -> Number:
        return Fraction(function(*(whole(value, name) for value in values)))

    return apply


#: Functions of numbers alone: name -> (fewest arguments, most arguments, function).
NUMERIC: dict[str, tuple[int, int, Callable[..., Number]]] = {
    "abs": (1, 1, abs),
    "fabs": (1, 1, abs),
    "round": (1, 2, rounded),
    "int": (1, 1, lambda value: Fraction(math.trunc(value))),
    "trunc": (1, 1, lambda value: Fraction(math.trunc(value))),
    "float": (1, 1, lambda value: value),
    "Fraction": (1, 2, lambda above, below=Fraction(1): above / below),
    "floor": (1, 1, lambda value: Fraction(math.floor(value))),
    "ceil": (1, 1, lambda value: Fraction(math.ceil(value))),
    "sqrt": (1, 1, lambda value: power(value, Fraction(1, 2), 4096)),
    "gcd": (1, 8, _ints("gcd", math.gcd)),
    "lcm": (1, 8, _ints("lcm", math.lcm)),
    "factorial": (1, 1, lambda value: Fraction(math.factorial(_small(value, "factorial")))),
    "comb": (2, 2, lambda n, k: Fraction(math.comb(_small(n, "comb"), _small(k, "comb")))),
    "perm": (2, 2, lambda n, k: Fraction(math.perm(_small(n, "perm"), _small(k, "perm")))),
    "log": (1, 2, _log),
    "log10": (1, 1, lambda value: math.log10(value)),
    "log2": (1, 1, lambda value: math.log2(value)),
    "exp": (1, 1, lambda value: math.exp(value)),
}
#: Functions of a list, or of several numbers.
LISTS: dict[str, Callable[[Sequence[Number]], Number]] = {
    "max": lambda values: max(_many(values, "max")),
    "min": lambda values: min(_many(values, "min")),
    "sum": lambda values: sum(values, Fraction(0)),
    "prod": lambda values: math.prod(values, start=Fraction(1)),
    "mean": lambda values: sum(_many(values, "mean"), Fraction(0)) / len(values),
    "len": lambda values: Fraction(len(values)),
}
#: Every name that may be called; the machine knows the last ones itself.
CALLABLE = frozenset({*NUMERIC, *LISTS, "pow", "divmod", "range", "list", "tuple", "sorted", "bool"})
CONSTANTS = {"pi": math.pi}
