"""Whole numbers: primes, factors, divisibility, parity, choices; and rounding."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from functools import partial

from plugins.expression import Refused
from plugins.math.symbolic import primes
from plugins.math.symbolic.asked import NUMBER, WHOLE, Asked, known, quantity, unit, value
from plugins.math.symbolic.types import Reading, Symbolic
from plugins.math.symbolic.wording import amount, given, listed, symbolic

MAX_CHOICE = 1000
_N = rf"(?P<n>{WHOLE})"
_Make = Callable[[re.Match[str]], Symbolic]
_PLACES = {"tenth": -1, "hundredth": -2, "thousandth": -3, "10": 1, "100": 2, "1000": 3, "10000": 4, "1000000": 6}
_PLACES |= {"ten": 1, "hundred": 2, "thousand": 3, "million": 6, "cent": -2, "cents": -2, "tens": 1, "hundreds": 2}
_PLACES |= {"thousands": 3, "tenths": -1, "hundredths": -2, "(1/1000)": -3, "0.1": -1, "0.01": -2}


def _number(match: re.Match[str], name: str = "n") -> int:
    found = int(match[name])
    if found > primes.MAX_NUMBER:
        raise Refused("That number is too large for me.")
    return found


def _power(prime: int, exponent: int) -> str:
    return f"{prime:,}" if exponent == 1 else f"{prime:,}^{exponent}"


def _product(parts: dict[int, int]) -> str:
    return " × ".join(_power(prime, exponent) for prime, exponent in parts.items())


def _prime(match: re.Match[str]) -> Symbolic:
    found = _number(match)
    if primes.is_prime(found):
        return symbolic("whole number", True, f"yes, {found:,} is prime.")
    why = f" it is {_product(primes.factors(found))}." if found > 1 else " primes begin at 2."
    return symbolic("whole number", False, f"no, {found:,} is not prime:{why}")


def _factors(match: re.Match[str]) -> Symbolic:
    found = _number(match)
    if found < 2:
        raise Refused(f"{found} has no prime factors.")
    parts = primes.factors(found)
    if primes.is_prime(found):
        return symbolic("whole number", (Fraction(found),), f"{found:,} is prime, so it has no other prime factors.")
    answer = tuple(Fraction(prime) for prime in parts)
    return symbolic("whole number", answer, f"{found:,} = {_product(parts)}.")


def _divisors(match: re.Match[str]) -> Symbolic:
    found = _number(match)
    if not found:
        raise Refused("Every number divides zero.")
    parts = primes.divisors(found)
    if len(parts) > 100:
        return symbolic(
            "whole number", Fraction(len(parts)), f"{found:,} has {len(parts):,} divisors, too many to list."
        )
    answer = tuple(Fraction(part) for part in parts)
    return symbolic("whole number", answer, f"the divisors of {found:,} are {listed([f'{part:,}' for part in parts])}.")


def _next(match: re.Match[str]) -> Symbolic:
    found = _number(match)
    step = 1 if match["way"] in ("after", "above", "greater than", "larger than") else -1
    other = found + step
    while other > 1 and not primes.is_prime(other):
        other += step
    if other < 2:
        raise Refused(f"There is no prime below {found}.")
    way = "after" if step > 0 else "before"
    return symbolic("whole number", Fraction(other), f"the prime {way} {found:,} is {other:,}.")


def _divisible(match: re.Match[str]) -> Symbolic:
    found, by = _number(match), _number(match, "m")
    if not by:
        raise Refused("Nothing can be divided by zero.")
    whole, rest = divmod(found, by)
    if rest:
        return symbolic("whole number", False, f"no, {found:,} divided by {by:,} leaves a remainder of {rest:,}.")
    return symbolic("whole number", True, f"yes, {found:,} ÷ {by:,} is {whole:,}.")


def _parity(match: re.Match[str]) -> Symbolic:
    found, asked = int(match["n"]), match["parity"]
    parity = "odd" if found % 2 else "even"
    said = "" if match["or"] else "yes, " if parity == asked else "no, "
    answer: str | bool = parity if match["or"] else parity == asked
    return symbolic("whole number", answer, f"{said}{found:,} is {parity}.")


def _square(match: re.Match[str]) -> Symbolic:
    found = int(match["n"])
    root = math.isqrt(found)
    if root * root == found:
        return symbolic("whole number", True, f"yes, {found:,} is {root:,} squared.")
    low, high = root**2, (root + 1) ** 2
    return symbolic("whole number", False, f"no, {found:,} lies between {low:,} and {high:,}, which are squares.")


def _choose(match: re.Match[str]) -> Symbolic:
    total, chosen = int(match["n"]), int(match["k"])
    if total > MAX_CHOICE:
        raise Refused("That number is too large for me.")
    ways = math.comb(total, chosen)
    shown = f"{ways:,}" if ways < 10**15 else f"about {ways:.4g}".replace("e+", " × 10^")
    return symbolic("whole number", Fraction(ways), f"there are {shown} ways to choose {chosen:,} out of {total:,}.")


def rounded(number: Fraction, places: int) -> Fraction:
    """A number rounded to `places` decimals (negative: tens, hundreds), halves away from zero as taught in school."""
    scaled = abs(number) * Fraction(10) ** places
    whole = math.floor(scaled + Fraction(1, 2)) / Fraction(10) ** places
    return -whole if number < 0 else whole


def _round(match: re.Match[str]) -> Symbolic:
    found, kind = value(match["a"]), unit(match, "a")
    groups = match.groupdict()
    if groups.get("places") is not None:
        places = int(groups["places"])
    else:
        to = groups.get("to") or ""
        places = -_PLACES.get(to, 0)
    if not -12 <= places <= 12:
        raise Refused("I round to at most twelve places.")
    result = rounded(found, places)
    digits = f"{given(result)}"
    if places > 0 and result.denominator != 1:
        digits = digits + "0" * max(0, places - len(digits.partition(".")[2]))
    shown = amount(result, kind) if kind else digits
    return symbolic(
        "whole number", result, f"{amount(found, kind) if kind else given(found)} rounded is {shown}.", kind
    )


_BASES = {"binary": ("b", 2), "hexadecimal": ("X", 16), "hex": ("X", 16), "octal": ("o", 8)}


def _base(match: re.Match[str]) -> Symbolic:
    found = _number(match)
    said = format(found, _BASES[match["base"]][0])
    return Symbolic(
        "whole number",
        said,
        f"{found:,} in {match['base']} is {said}.",
        f"{found:,} in {match['base']} is {' '.join(said)}.",
    )


_A = quantity("a")
_DECIMALS = r"(?P<places>\d{1,2}) (?:decimals?(?: places?)?|places|digits after the (?:decimal )?point)"
_NEAREST = (
    r"(?:the )?(?:nearest|closest|next) (?:(?P<to>"
    + "|".join(map(re.escape, sorted(_PLACES, key=len, reverse=True)))
    + ")"
    r"|whole number|integer|dollar|euro|pound|one|1|unit)(?:s? place)?"
)
_RULES: tuple[tuple[re.Pattern[str], _Make], ...] = tuple(
    (re.compile(pattern + r"\Z"), make)
    for pattern, make in (
        (rf"(?:is )?(?:the number )?{_N} (?:is )?(?:a )?prime(?: number)?(?: or (?:not|composite))?", _prime),
        (rf"prime (?:factors|factori[sz]ation|decomposition) (?:of|for) {_N}", _factors),
        (rf"(?:which|what) (?:are the )?prime factors (?:does|of) {_N}(?: have)?", _factors),
        (rf"(?:prime )?(?:factor|factori[sz]e|decompose) {_N}(?: into primes?(?: factors)?)?", _factors),
        (rf"(?:factors|divisors|all (?:the )?(?:factors|divisors)) of {_N}", _divisors),
        (rf"(?:which|what) (?:whole )?numbers (?:divide|go into) {_N}(?: evenly)?", _divisors),
        (
            rf"(?:next|first|smallest|largest|last) prime(?: number)? (?P<way>after|above|greater than"
            rf"|larger than|before|below) {_N}",
            _next,
        ),
        (rf"is {_N} (?:evenly )?divisible by (?P<m>{WHOLE})", _divisible),
        (rf"is {_N} a multiple of (?P<m>{WHOLE})", _divisible),
        (rf"is (?P<m>{WHOLE}) a (?:factor|divisor) of {_N}", _divisible),
        (rf"does (?P<m>{WHOLE}) (?:divide|go into) {_N}(?: evenly)?", _divisible),
        (rf"is {_N} (?:an )?(?P<parity>even|odd)(?P<or> or (?:even|odd))?(?: number)?", _parity),
        (rf"is {_N} a (?:perfect )?square(?: number)?", _square),
        (rf"{_N} choose (?P<k>\d{{1,6}})", _choose),
        (
            rf"how many ways (?:are there |can (?:i|you|we) )?(?:to )?(?:choose|pick|select)"
            rf" (?P<k>\d{{1,6}}) (?:of|from|out of) {_N}",
            _choose,
        ),
        (rf"combinations of {_N} (?:things )?(?:taken )?(?P<k>\d{{1,6}})(?: at a time)?", _choose),
        (rf"(?:convert |write |turn )?{_N} (?:in|to|into|as) (?P<base>{'|'.join(_BASES)})(?: number| code)?", _base),
        (rf"round {_A} (?:up or down )?to {_DECIMALS}", _round),
        (rf"{_A} rounded (?:off )?to {_DECIMALS}", _round),
        (rf"round (?:off )?{_A} to {_NEAREST}", _round),
        (rf"{_A} rounded (?:off )?to {_NEAREST}", _round),
        (rf"round (?:off )?(?P<a_sign>[$€£])?(?P<a>{NUMBER})(?P<a_unit>)", _round),
    )
)


def read(request: Asked, now: datetime) -> Reading | None:
    """A question about whole numbers, or a number to round; None for anything else."""
    for pattern, make in _RULES:
        if (match := pattern.match(request.exact)) and known(match):
            return Reading("whole number", partial(make, match))
    return None
