from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.product_qa.facts import Condition, Quantity, condition, decide, facts
from tests.plugins.product_qa.facts.shop import PACK, SPEAKER, product


@pytest.mark.parametrize(
    ("question", "name", "operator", "bound", "verdict"),
    [
        ("is it under two kilos", "weight", "<", "2 kilograms", True),
        ("is it lighter than 1 kg", "weight", "<", "1 kilogram", False),
        ("does it weigh less than 3 pounds", "weight", "<", "3 pounds", True),
        ("does it weigh 1.2 kg", "weight", "==", "1.2 kilograms", True),
        ("is it about a kilo", "weight", "==", "about 1 kilogram", False),
        ("is it between 1 and 2 kilos", "weight", "==", "1 to 2 kilograms", True),
        ("is it heavier than 40 ounces", "weight", ">", "40 ounces", True),
        ("does it hold more than 5 litres", "capacity", ">", "5 liters", True),
        ("can it hold 50 litres", "capacity", ">=", "50 liters", False),
        ("does it have at least ten gallons capacity", "capacity", ">=", "10 gallons", True),
        ("will it fit a 15 inch laptop", "laptop size", ">=", "15 inches", True),
        ("will a 17-inch laptop fit", "laptop size", "==", "17 inches", False),
        ("at least IPX7", "water resistance", ">=", "IPX7", False),
        ("is it at least ipx4", "water resistance", ">=", "IPX4", True),
        ("is it IPX4 or better", "water resistance", ">=", "IPX4", True),
        ("is it less than 100 dollars", "price", "<", "100 dollars", True),
        ("is it cheaper than fifty bucks", "price", "<", "50 dollars", False),
        ("does it cost under $90", "price", "<", "90 dollars", True),
        ("can it carry 12 kilos", "load capacity", ">=", "12 kilograms", True),
        ("can it hold 150 kilos", "load capacity", ">=", "150 kilograms", False),
        ("is it taller than half a metre", "height", ">", "0.5 meters", True),
        ("is it no wider than 12 inches", "width", "<=", "12 inches", True),
        ("does it have a two year warranty", "warranty", "==", "2 years", True),
        ("does it have more than 10 pieces", "pieces", ">", "10", True),
    ],
)
def test_conditions_on_the_pack(question: str, name: str, operator: str, bound: str, verdict: bool) -> None:
    asked = condition(question)
    assert asked is not None
    assert (asked.name, asked.operator, asked.bound.say()) == (name, operator, bound)
    assert decide(asked, PACK).verdict is verdict


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("does it last more than 8 hours", True),
        ("does it last 10 hours", None),
        ("does the battery last 15 hours", False),
        ("is it quieter than 70 decibels", True),
        ("does it run on 110 volts", True),
        ("does it charge in under two hours", True),
        ("is the screen larger than 15 inches", True),
        ("is the battery bigger than 3000 mah", False),
        ("is it under half a kilo", False),
        ("is it over 500 grams", True),
        ("is it under 30 pounds", True),
        ("does it have 64 gigabytes of storage", None),
    ],
)
def test_conditions_on_the_speaker(question: str, verdict: bool | None) -> None:
    asked = condition(question)
    assert asked is not None
    assert decide(asked, SPEAKER).verdict is verdict


@pytest.mark.parametrize(
    "question", ["how much does it weigh", "is it waterproof", "which one is under two kilos", "the second one", ""]
)
def test_no_condition(question: str) -> None:
    assert condition(question) is None


def test_the_fact_and_the_margin_are_told() -> None:
    asked = condition("is it under two kilos")
    assert asked is not None
    decision = decide(asked, PACK)
    assert decision.fact is not None and decision.fact.name == "item weight"
    assert decision.value is not None and decision.value.say() == "1.2 kilograms"
    assert decision.margin == Fraction(-8, 10)


def test_at_least_decides_nothing_below() -> None:
    found = facts(product("p", battery_life="at least 10 hours"))
    asked = condition("does it last less than 20 hours")
    assert asked is not None and decide(asked, found).verdict is None


MASSES = st.sampled_from(["gram", "kilogram", "ounce", "pound"])
NUMBERS = st.fractions(min_value=Fraction(1, 10), max_value=1000, max_denominator=100)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, MASSES, NUMBERS, MASSES)
def test_less_and_at_least_exclude_each_other(a: Fraction, first: str, b: Fraction, second: str) -> None:
    found = facts(product("p", item_weight=f"{a.numerator / a.denominator} {first}"))
    bound = Quantity(b, second, "mass")
    less, more = (decide(Condition("weight", operator, bound), found).verdict for operator in ("<", ">="))
    assert {less, more} == {True, False}
