from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.math import symbolic
from plugins.math.symbolic import Refused, Symbolic
from tests.plugins.math.symbolic.everyday import EVERYDAY, STORIES

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def read(text: str) -> Symbolic:
    found = symbolic.read(text, NOW)
    assert found is not None, text
    return found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # percentages
        ("what's 15% of 80", "15% of 80 is 12."),
        ("what is 15 percent of 80 dollars", "15% of $80 is $12."),
        ("twelve is what percentage of forty eight", "12 is 25% of 48."),
        ("what percent of 48 is 12", "12 is 25% of 48."),
        ("what percentage is 30 of 120", "30 is 25% of 120."),
        ("increase 80 by 15 percent", "80 increased by 15% is 92."),
        ("what is 20 percent more than 150", "150 increased by 20% is 180."),
        ("10 percent less than 90", "90 decreased by 10% is 81."),
        ("a 20 percent tip on 45 dollars", "A 20% tip on $45 is $9, $54 in all."),
        ("how much should i tip on 80 dollars at 18 percent", "An 18% tip on $80 is $14.40, $94.40 in all."),
        ("what's 30% off $80", "30% off $80 is $56; $24 less."),
        ("can you tell me what 30% off 279 is", "30% off 279 is 195.3; 83.7 less."),
        ("one hundred dollars plus seven percent tax", "$100 plus 7% tax is $107."),
        ("percent change from 50 to 65", "From 50 to 65 is an increase of 30%."),
        ("by what percent did it go from 40 to 30", "From 40 to 30 is a decrease of 25%."),
        ("12 is 25% of what", "12 is 25% of 48."),
        ("20 percent of what is 15", "15 is 20% of 75."),
        # equations
        ("solve 3x plus 7 equals 22", "x is 5."),
        ("x squared equals 2", "x is about -1.41421 or about 1.41421."),
        ("x plus y equals 10 and x minus y equals 2", "x is 6 and y is 4."),
        ("solve for x and y: 2x + 3y = 12, x - y = 1", "x is 3 and y is 2."),
        ("x + y + z = 6, x - y = 0, z = 2", "x is 2, y is 2 and z is 2."),
        ("the sum of x and y is 10 and x minus y is 2", "x is 6 and y is 4."),
        ("x + y = 10, x * y = 24", "x is 6 and y is 4, or x is 4 and y is 6."),
        ("solve 2x + 3 < 11", "x is less than 4."),
        ("3x is at least 12 plus x", "x is at least 6."),
        ("x^2 >= 4", "x is at most -2 or at least 2."),
        ("x^2 <= 0", "x is 0."),
        # puzzles
        ("find a number such that twice it plus 3 is 11", "The number is 4."),
        ("what number plus seven is fifteen", "The number is 8."),
        ("7 times what is 56", "The number is 8."),
        ("seven less than twice a number is 13", "The number is 10."),
        ("if you add 9 to a number you get 30", "The number is 21."),
        ("a number squared is 49", "The number is -7 or 7."),
        ("the sum of two numbers is 20 and their difference is 4", "The numbers are 12 and 8."),
        ("the sum of two numbers is 10 and their product is 24", "The numbers are 6 and 4."),
        (
            "The difference of two numbers is 6 and their sum is 30. What is the larger number?",
            "The larger number is 18.",
        ),
        ("one number is 3 times another and their sum is 48", "The numbers are 36 and 12."),
        ("two consecutive integers add up to 27", "The numbers are 13 and 14."),
        ("the sum of three consecutive even numbers is 48", "The numbers are 14, 16 and 18."),
        # lists and runs
        ("what is the mean of three five and ten", "The average of 3, 5 and 10 is 6."),
        ("median of 3, 9, 4 and 12", "The median of 3, 9, 4 and 12 is 6.5."),
        ("mode of 1 2 2 3", "The mode of 1, 2, 2 and 3 is 2."),
        (
            "standard deviation of 2, 4, 4, 4, 5, 5, 7 and 9",
            "The standard deviation of 2, 4, 4, 4, 5, 5, 7 and 9 is 2.",
        ),
        ("which is bigger, 1/3 or 2/3", "The larger of 1/3 and 2/3 is 2/3."),
        ("gcd of 12 and 18", "The greatest common divisor of 12 and 18 is 6."),
        ("what is the sum of the numbers from 1 to 100", "The sum of the numbers from 1 to 100 is 5,050."),
        ("sum of the first 20 odd numbers", "The sum of the first 20 odd numbers is 400."),
        ("1 + 2 + ... + 10", "1 + 2 + … + 10 is 55."),
        ("how many primes are there below 100", "There are 25 primes from 1 to 99."),
        ("what is the 10th fibonacci number", "The 10th fibonacci number is 55."),
        # whole numbers and fractions
        ("is 91 prime", "No, 91 is not prime: it is 7 × 13."),
        ("prime factors of 84", "84 = 2^2 × 3 × 7."),
        ("what are the factors of 36", "The divisors of 36 are 1, 2, 3, 4, 6, 9, 12, 18 and 36."),
        ("is 84 divisible by 7", "Yes, 84 ÷ 7 is 12."),
        ("round 3.14159 to 2 decimal places", "3.14159 rounded is 3.14."),
        ("3/4 plus 2/3", "3 ÷ 4 + 2 ÷ 3 is 17/12, about 1.41667."),
        ("simplify 18/24", "18/24 is 3/4."),
        ("3/8 as a percent", "3/8 is 37.5%."),
        ("convert 0.375 to a fraction", "0.375 is 3/8."),
        # quantities
        ("how many feet are 3 meters plus 20 centimeters", "3 meters + 20 centimeters is about 10.499 feet."),
        ("3 hours 20 minutes plus 50 minutes", "3 hours 20 minutes + 50 minutes is 4 hours and 10 minutes."),
        ("10 feet minus 2 feet 6 inches", "10 feet − 2 feet 6 inches is 7 feet 6 inches."),
        ("60 miles per hour for 2.5 hours", "60 miles per hour for 2.5 hours is 150 miles."),
        ("how long does it take to drive 180 miles at 60 mph", "180 miles at 60 miles per hour is 3 hours."),
        ("split 90 dollars among 4 people", "$90 ÷ 4 is $22.50."),
        ("is 5 kilometers longer than 3 miles", "Yes, 5 kilometers is more than 3 miles (4.828032 kilometers)."),
        ("5 feet 7 inches in cm", "5 feet 7 inches is 170.18 centimeters."),
        # dates
        (
            "how many days from march 3 to june 10",
            "From Wednesday, March 3, 2027 to Thursday, June 10, 2027 it's 99 days.",
        ),
        (
            "days between february 28 and march 1 2028",
            "From Monday, February 28, 2028 to Wednesday, March 1, 2028 it's 2 days.",
        ),
        ("what date is 45 days after may 5", "That is Saturday, June 19, 2027."),
        ("how many days until christmas", "It's 35 days until Friday, December 25, 2026."),
        ("what weekday is july 4 2027", "That is Sunday, July 4, 2027."),
        ("how old is someone born 5 may 1990", "Someone born on Saturday, May 5, 1990 is 36 years old."),
        (
            "how old am i if i was born on may 5 nineteen ninety",
            "Someone born on Saturday, May 5, 1990 is 36 years old.",
        ),
        ("is 2028 a leap year", "Yes, 2028 has 366 days."),
    ],
)
def test_answers(text: str, said: str) -> None:
    assert read(text).text == said


@pytest.mark.parametrize(
    ("text", "kind", "answer", "unit"),
    [
        ("30 percent off 80 dollars", "percent", Fraction(56), "dollars"),
        ("12 is what percent of 48", "percent", Fraction(25), "percent"),
        ("x + y = 10, x - y = 2", "equation", (Fraction(6), Fraction(4)), ""),
        ("what is 2 kg plus 300 grams", "measure", Fraction(23, 10), "kilograms"),
        ("what date is 3 weeks from today", "date", date(2026, 12, 11), ""),
        ("is 97 a prime number", "whole number", True, ""),
        ("twelve times seven", "calculation", Fraction(84), ""),
    ],
)
def test_answers_are_exact_values(text: str, kind: str, answer: object, unit: str) -> None:
    found = read(text)
    assert (found.kind, found.answer, found.unit) == (kind, answer, unit)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("a 15 percent tip on 62 dollars", "A 15 percent tip on 62 dollars is 9 dollars and 30 cents, 71 dollars and "
         "30 cents in all."),
        ("prime factors of 84", "84 is 2 squared times 3 times 7."),
        ("x squared equals 49", "x is minus 7 or 7."),
        ("3/4 plus 2/3", "3 divided by 4 plus 2 divided by 3 is 17 over 12, about 1.41667."),
        ("10 feet minus 4 feet", "10 feet minus 4 feet is 6 feet."),
    ],
)  # fmt: skip
def test_answers_are_said_without_symbols(text: str, spoken: str) -> None:
    assert read(text).spoken == spoken


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3 meters plus 2 kilograms", "Those do not go together: meters measure length, kilograms measure mass."),
        ("x + y = 10, x + y = 12", "No numbers x and y make all of that true."),
        ("x + y = 10, 2x + 2y = 20", "That does not say enough to find x and y."),
        ("x * y = 4, x^2 + y^2 = 9", "I can only solve such equations where one unknown follows from the others."),
        ("12 is what percent of 0", "Nothing can be a percentage of zero."),
        ("percent change from 0 to 5", "A change from zero has no percentage."),
        ("the sum of three consecutive even numbers is 47", "No 3 consecutive even numbers add up to 47."),
        ("x^2 < 0", "No x makes that true."),
        ("is 12 divisible by 0", "Nothing can be divided by zero."),
        ("sum of the numbers from 1 to 99999999999999999999", "Those are too many numbers for me."),
        ("is 99999999999999999999999 prime", "That number is too large for me."),
        ("2^99999", "That number is too large for me."),
        ("3 meters times 2 kilograms", "I cannot multiply meters by kilograms."),
        ("how many days until may 5 9999 plus 1", ""),
        ("how old is someone born in 1600", "Nobody who lives was born then."),
    ],
)
def test_what_has_no_answer_is_refused_with_a_reason(text: str, reason: str) -> None:
    if not reason:
        assert symbolic.read(text, NOW) is None
        return
    with pytest.raises(Refused) as refused:
        symbolic.read(text, NOW)
    assert str(refused.value) == reason


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_requests_are_none_of_these(text: str) -> None:
    assert symbolic.recognise(text, NOW) is None


@pytest.mark.parametrize("text", STORIES)
def test_stories_are_left_to_the_solvers(text: str) -> None:
    assert symbolic.recognise(text, NOW) is None


def test_other_languages_are_not_read() -> None:
    assert symbolic.recognise("15% of 80", NOW, "de-DE") is None
    assert symbolic.recognise("15% of 80", NOW, "en-GB") is not None


_VOCABULARY = """
what is the sum of and plus minus 5 12 3/4 percent % a number two twice from to between march 5th years days after how
many feet , x y = < than it consecutive prime born ( ^ ! $ half next 1
"""
_WORDS = st.sampled_from(_VOCABULARY.split())


@settings(deadline=None)  # some examples import SymPy or Pint
@given(st.lists(_WORDS, max_size=60).map(" ".join) | st.text(max_size=200))
def test_any_text_is_answered_refused_or_left_alone(text: str) -> None:
    try:
        found = symbolic.read(text, NOW)
    except Refused as reason:
        assert str(reason)
    else:
        assert found is None or (found.text and found.spoken)


def test_recognising_imports_neither_sympy_nor_pint() -> None:
    code = (
        "import sys; from datetime import datetime, UTC; from plugins.math import symbolic; now = datetime.now(UTC);"
        "symbolic.recognise('x^3 = 2', now); symbolic.recognise('5 feet plus 1 meter', now);"
        "sys.exit(bool({'sympy', 'pint'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
