from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.convert import Incompatible
from plugins.product_qa.facts.quantity import NAMES, Quantity, dimensions, find, quantities


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.2 kg", ["1.2 kilograms"]),
        ("Li-ion, 2000mAh", ["2,000 milliampere hours"]),
        ("IPX4", ["IPX4"]),
        ("IP67 certified", ["IPX7"]),
        ("under two kilos", ["2 kilograms"]),
        ("half a kilo", ["0.5 kilograms"]),
        ("a litre", ["1 liter"]),
        ("6 ft 6 in", ["6.5 feet"]),
        ("5 pounds 8 ounces", ["5.5 pounds"]),
        ("9-12 hours", ["9 to 12 hours"]),
        ("up to 10 hours", ["up to 10 hours"]),
        ("$39.99", ["39.99 dollars"]),
        ('15.6" screen', ["15.6 inches"]),
        ("1,200 W", ["1,200 watts"]),
        ("two and a half pounds", ["2.5 pounds"]),
        ("between 1 and 2 kilos", ["1 to 2 kilograms"]),
        ("is there one in the box", ["1"]),
        ("take 5 a day", ["5"]),
        ("5/0 kg", ["5"]),
        ("-20 degrees celsius", ["-20 degrees Celsius"]),
        ("no number at all", []),
    ],
)
def test_quantities_in_text(text: str, said: list[str]) -> None:
    assert [quantity.say() for quantity in quantities(text)] == said


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("12 x 30 x 4 inches", [("", 12), ("", 30), ("", 4)]),
        ('10"L x 5"W x 3"H', [("length", 10), ("width", 5), ("height", 3)]),
        ("8x7.25x1.45inches", [("", 8), ("", Fraction("7.25")), ("", Fraction("1.45"))]),
        ("1366 x 768", []),
        ("3 kg x 4 kg", []),
        ("blue", []),
    ],
)
def test_dimensions(text: str, sides: list[tuple[str, Fraction]]) -> None:
    assert [(label, side.number) for label, side in dimensions(text)] == sides


def test_masses_and_lengths_do_not_convert() -> None:
    (mass,), (length,) = quantities("2 kg"), quantities("3 inches")
    assert not mass.comparable(length)
    with pytest.raises(Incompatible, match="kilogram to inch"):
        mass.to("inch")


def test_decibels_only_compare_with_decibels() -> None:
    (noise,), (share,) = quantities("60 dB"), quantities("60 %")
    assert noise.to("decibel") == noise and not noise.comparable(share)


KINDS = ("mass", "length", "volume", "time", "power", "data")
UNITS = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(*[st.sampled_from(sorted(n for n, unit in NAMES.items() if unit.kind == kind))] * 2)
)
NUMBERS = st.fractions(min_value=0, max_value=10**6, max_denominator=1000)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, UNITS)
def test_conversion_there_and_back_is_exact(number: Fraction, units: tuple[str, str]) -> None:
    first, second = units
    quantity = Quantity(number, first, NAMES[first].kind)
    assert quantity.to(second).to(first) == quantity


@settings(max_examples=60, deadline=None)
@given(NUMBERS, NUMBERS, UNITS)
def test_conversion_keeps_order(a: Fraction, b: Fraction, units: tuple[str, str]) -> None:
    first, second = units
    kind = NAMES[first].kind
    left, right = Quantity(a, first, kind).to(second), Quantity(b, first, kind).to(second)
    assert (left.number < right.number) == (a < b)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    for found in find(text):
        assert 0 <= found.start < found.end
        assert found.quantity.top >= found.quantity.number
    dimensions(text)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9999), st.sampled_from(["kg", "cm", "litres", "hours", "W", "GB", "V"]))
def test_what_is_written_is_read(number: int, unit: str) -> None:
    (found,) = quantities(f"it is {number} {unit} in all")
    assert found.number == number
