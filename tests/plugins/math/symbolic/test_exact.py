"""The answers against Python's own arithmetic: fractions, math, statistics, decimal, datetime, brute force."""

from __future__ import annotations

import math
import statistics
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plugins.math import symbolic
from plugins.math.symbolic import primes
from plugins.math.symbolic.polynomials import CONSTANT, Polynomial
from plugins.math.symbolic.systems import solutions
from plugins.numbers import exact
from plugins.when.speech import MONTH_NAMES

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
AMOUNTS = st.integers(1, 10**6).map(lambda cents: Fraction(cents, 100))
RATES = st.integers(1, 2000).map(lambda tenths: Fraction(tenths, 10))
WHOLES = st.integers(1, 10**6)


def answer(text: str) -> object:
    found = symbolic.read(text, NOW)
    assert found is not None, text
    return found.answer


@given(RATES, AMOUNTS)
def test_percentages_agree_in_all_directions(rate: Fraction, whole: Fraction) -> None:
    p, w, part = exact(rate), exact(whole), rate * whole / 100
    assert answer(f"{p}% of {w} dollars") == part
    assert answer(f"what percent of {w} is {exact(part)}") == rate
    assert answer(f"{exact(part)} is {p}% of what number") == whole
    assert answer(f"increase {w} by {p}%") == whole + part
    assert answer(f"{p}% off {w} dollars") == whole - part
    assert answer(f"percent change from {w} to {exact(whole + part)}") == rate


@given(st.lists(st.integers(-9999, 9999).map(lambda hundredths: Fraction(hundredths, 100)), min_size=2, max_size=8))
def test_lists(items: list[Fraction]) -> None:
    said = ", ".join(map(exact, items))
    assert answer(f"average of {said}") == statistics.mean(items)
    assert answer(f"median of {said}") == statistics.median(items)
    assert answer(f"sum of {said}") == sum(items)
    assert answer(f"largest of {said}") == max(items)


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=5))
def test_common_divisors_and_multiples(items: list[int]) -> None:
    said = " and ".join(map(str, items))
    assert answer(f"gcd of {said}") == math.gcd(*items)
    assert answer(f"least common multiple of {said}") == math.lcm(*items)


@settings(deadline=None)  # the first example makes the sieve
@given(st.integers(0, 3000), st.integers(0, 300), st.sampled_from(["", "even ", "odd ", "prime "]))
def test_sums_of_runs(low: int, length: int, kind: str) -> None:
    tests = {"": lambda n: True, "even ": lambda n: n % 2 == 0, "odd ": lambda n: n % 2 == 1, "prime ": _prime}
    expected = sum(n for n in range(low, low + length + 1) if tests[kind](n))
    assert answer(f"sum of the {kind}numbers from {low} to {low + length}") == expected


def _prime(number: int) -> bool:
    return number > 1 and all(number % by for by in range(2, math.isqrt(number) + 1))


@given(st.integers(1, 20000))
def test_primes_by_trial_division(number: int) -> None:
    assert primes.is_prime(number) == _prime(number)


@given(st.integers(1, primes.MAX_NUMBER))
def test_factors_multiply_to_the_number_and_are_prime(number: int) -> None:
    found = primes.factors(number)
    assert math.prod(prime**exponent for prime, exponent in found.items()) == number
    assert all(map(primes.is_prime, found))


def test_hard_factors_are_found() -> None:
    assert primes.factors(999999937 * 999999929) == {999999929: 1, 999999937: 1}
    assert not primes.is_prime(3215031751)  # a strong pseudoprime to the bases 2, 3, 5 and 7
    assert len(primes.sieve()) == 78498


@given(st.decimals(-(10**6), 10**6, places=5), st.integers(0, 4))
def test_rounding_is_half_up(number: Decimal, places: int) -> None:
    expected = abs(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP).copy_sign(number)
    assert answer(f"round {number:f} to {places} decimal places") == Fraction(expected)


@given(st.lists(st.integers(-30, 30), min_size=6, max_size=6), st.integers(-50, 50), st.integers(-50, 50))
def test_two_equations_give_back_what_they_were_made_of(factors: list[int], x: int, y: int) -> None:
    a, b, _, c, d, _ = factors
    assume(a * d != b * c)
    lines: list[Polynomial] = [
        {(("x", 1),): Fraction(p), (("y", 1),): Fraction(q), CONSTANT: -Fraction(p * x + q * y)}
        for p, q in ((a, b), (c, d))
    ]
    assert solutions(lines) == [{"x": x, "y": y}]


@given(st.integers(-100, 100), st.integers(-100, 100))
def test_two_numbers_by_sum_and_difference_and_by_product(one: int, other: int) -> None:
    high, low = max(one, other), min(one, other)
    said = f"the sum of two numbers is {one + other} and their"
    assert answer(f"{said} difference is {high - low}") == (high, low)
    assert answer(f"{said} product is {one * other}") == (high, low)


@given(st.integers(2, 9), st.integers(-200, 200))
def test_consecutive_numbers(count: int, start: int) -> None:
    run = tuple(Fraction(start + place) for place in range(count))
    assert answer(f"{count} consecutive integers add up to {sum(range(start, start + count))}") == run


DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))


def _said(day: date) -> str:
    return f"{MONTH_NAMES[day.month - 1]} {day.day} {day.year}"


@given(DAYS, DAYS)
def test_days_between_dates(one: date, other: date) -> None:
    assert answer(f"how many days between {_said(one)} and {_said(other)}") == abs((other - one).days)


@given(DAYS, st.integers(1, 5000))
def test_a_date_some_days_on(day: date, count: int) -> None:
    assert answer(f"what date is {count} days after {_said(day)}") == day + timedelta(days=count)
    assert answer(f"what date is {count} days before {_said(day)}") == day - timedelta(days=count)
    assert answer(f"what weekday is {_said(day)}") == f"{day:%A}"


@given(st.dates(date(1900, 1, 1), date(2026, 11, 20)))
def test_ages(born: date) -> None:
    birthdays = sum(1 for year in range(born.year + 1, 2027) if (year, born.month, born.day) <= (2026, 11, 20))
    assert answer(f"how old is someone born on {_said(born)}") == birthdays


@settings(deadline=None)  # the first example builds the table of units
@given(WHOLES, WHOLES, st.sampled_from(["plus", "minus"]))
def test_quantities_are_added_exactly(meters: int, centimeters: int, sign: str) -> None:
    expected = meters + Fraction(centimeters, 100) * (1 if sign == "plus" else -1)
    assert answer(f"{meters} meters {sign} {centimeters} centimeters") == expected


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 300))
def test_distance_speed_and_time_belong_together(speed: int, hours: int) -> None:
    way = speed * hours
    assert answer(f"how far do i get in {hours} hours at {speed} miles per hour") == way
    assert answer(f"how long does it take to go {way} miles at {speed} miles per hour") == hours
    assert answer(f"how fast is {way} miles in {hours} hours") == speed


@given(st.integers(-500, 500), st.integers(1, 500), st.integers(-500, 500), st.integers(1, 500))
def test_sums_of_fractions(a: int, b: int, c: int, d: int) -> None:
    assert answer(f"{a}/{b} plus {c}/{d}") == Fraction(a, b) + Fraction(c, d)
