"""Units people name, by how they say and write them. Pint knows what they are worth; this says what they are called.

A line holds: Pint's name | singular | plural | counterpart in the other system | further spellings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_TABLE = """
length
millimeter | millimeter | millimeters | inch | mm millimetre millimetres
centimeter | centimeter | centimeters | inch | cm centimetre centimetres
meter | meter | meters | foot | m metre metres
kilometer | kilometer | kilometers | mile | km kilometre kilometres kms k.m.
inch | inch | inches | centimeter | "
foot | foot | feet | meter | ft '
yard | yard | yards | meter | yd yds
mile | mile | miles | kilometer | mi
nautical_mile | nautical mile | nautical miles | kilometer | nmi
light_year | light year | light years | kilometer | lightyear lightyears
mass
milligram | milligram | milligrams | ounce | mg
gram | gram | grams | ounce | g gramme grammes gr
kilogram | kilogram | kilograms | pound | kg kilo kilos kgs kilogramme
metric_ton | tonne | tonnes | pound | metric-ton metric-tons
ounce | ounce | ounces | gram | oz
pound | pound | pounds | kilogram | lb lbs
stone | stone | stone | kilogram | stones
ton | ton | tons | kilogram | short-ton short-tons
volume
milliliter | milliliter | milliliters | fluid_ounce | ml millilitre millilitres
centiliter | centiliter | centiliters | fluid_ounce | cl centilitre centilitres
deciliter | deciliter | deciliters | cup | dl decilitre decilitres
liter | liter | liters | gallon | l litre litres
teaspoon | teaspoon | teaspoons | milliliter | tsp tsps
tablespoon | tablespoon | tablespoons | milliliter | tbsp tbsps
fluid_ounce | fluid ounce | fluid ounces | milliliter | fl-oz floz
cup | cup | cups | milliliter |
pint | pint | pints | milliliter | pt
quart | quart | quarts | liter | qt
gallon | gallon | gallons | liter | gal gals us-gallon us-gallons
imperial_gallon | imperial gallon | imperial gallons | liter | uk-gallon uk-gallons
imperial_pint | imperial pint | imperial pints | milliliter | uk-pint uk-pints
meter ** 3 | cubic meter | cubic meters | foot ** 3 | cubic-metre cubic-metres m3
foot ** 3 | cubic foot | cubic feet | meter ** 3 |
temperature
degree_Celsius | degree Celsius | degrees Celsius | degree_Fahrenheit | celsius c centigrade °c degrees-c celcius
degree_Fahrenheit | degree Fahrenheit | degrees Fahrenheit | degree_Celsius | fahrenheit f °f degrees-f farenheit
kelvin | kelvin | kelvin | degree_Fahrenheit | degrees-kelvin kelvins
time
millisecond | millisecond | milliseconds | second | ms
second | second | seconds | minute | sec secs s
minute | minute | minutes | hour | min mins
hour | hour | hours | minute | hr hrs
day | day | days | hour |
week | week | weeks | day |
fortnight | fortnight | fortnights | day |
month | month | months | day |
year | year | years | day | yr yrs
century | century | centuries | year |
speed
meter / second | meter per second | meters per second | mile / hour | m/s metres-per-second metre-per-second
kilometer / hour | kilometer per hour | kilometers per hour | mile / hour | km/h kph kmh kilometres-per-hour
mile / hour | mile per hour | miles per hour | kilometer / hour | mph
foot / second | foot per second | feet per second | meter / second |
knot | knot | knots | kilometer / hour |
area
meter ** 2 | square meter | square meters | foot ** 2 | square-metre square-metres m2 sqm
kilometer ** 2 | square kilometer | square kilometers | mile ** 2 | square-kilometre square-kilometres km2
foot ** 2 | square foot | square feet | meter ** 2 | sqft sq-ft
inch ** 2 | square inch | square inches | centimeter ** 2 |
centimeter ** 2 | square centimeter | square centimeters | inch ** 2 | square-centimetres cm2
yard ** 2 | square yard | square yards | meter ** 2 |
mile ** 2 | square mile | square miles | kilometer ** 2 |
hectare | hectare | hectares | acre | ha
acre | acre | acres | hectare |
energy
joule | joule | joules | calorie | j
kilojoule | kilojoule | kilojoules | kilocalorie | kj
calorie | calorie | calories | joule | cal
kilocalorie | kilocalorie | kilocalories | kilojoule | kcal kcals
kilowatt_hour | kilowatt hour | kilowatt hours | kilojoule | kwh
power
watt | watt | watts | horsepower | w
kilowatt | kilowatt | kilowatts | horsepower | kw
horsepower | horsepower | horsepower | kilowatt | hp
pressure
pascal | pascal | pascals | psi | pa
bar | bar | bar | psi | bars
psi | pound per square inch | pounds per square inch | bar |
data
bit | bit | bits | byte |
byte | byte | bytes | bit |
kilobyte | kilobyte | kilobytes | byte | kb
megabyte | megabyte | megabytes | kilobyte | mb
gigabyte | gigabyte | gigabytes | megabyte | gb
terabyte | terabyte | terabytes | gigabyte | tb
angle
degree | degree | degrees | radian |
radian | radian | radians | degree |
"""

_IMPERIAL = """
inch, foot, yard, mile, ounce, pound, stone, ton, teaspoon, tablespoon, fluid_ounce, cup, pint, quart, gallon,
imperial_gallon, imperial_pint, degree_Fahrenheit, acre, psi, horsepower, mile / hour, foot / second, foot ** 2,
foot ** 3, inch ** 2, yard ** 2, mile ** 2
"""
_CURRENCIES = """
dollar dollars usd buck bucks euro euros eur pound pounds gbp sterling yen jpy yuan cny rmb rupee rupees inr peso pesos
franc francs chf krona kronor sek krone nok dkk ruble rubles rouble roubles rub won krw real reais zloty pln lira rand
zar bitcoin bitcoins btc cad aud cent cents dirham dirhams baht shekel shekels
"""
#: What the imperial and customary systems use; everything else is counted as metric.
IMPERIAL = frozenset(name.strip() for name in _IMPERIAL.replace("\n", " ").split(","))
CURRENCIES = frozenset(_CURRENCIES.split())


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: Pint's name, what it measures, what it is called, and its counterpart in the other system."""

    name: str
    kind: str
    singular: str
    plural: str
    counterpart: str

    @property
    def system(self) -> str:
        """`imperial` or `metric`."""
        return "imperial" if self.name in IMPERIAL else "metric"


def _read(table: str) -> tuple[dict[str, Unit], dict[str, Unit]]:
    units: dict[str, Unit] = {}
    spellings: dict[str, Unit] = {}
    kind = ""
    for line in table.strip().splitlines():
        if "|" not in line:
            kind = line.strip()
            continue
        name, singular, plural, counterpart, more = (field.strip() for field in line.split("|"))
        unit = units[name] = Unit(name, kind, singular, plural, counterpart)
        for spelling in (singular, plural, *(word.replace("-", " ") for word in more.split())):
            spellings.setdefault(spelling.lower(), unit)
    return units, spellings


_units, _spellings = _read(_TABLE)
UNITS: Mapping[str, Unit] = MappingProxyType(_units)
SPELLINGS: Mapping[str, Unit] = MappingProxyType(_spellings)
