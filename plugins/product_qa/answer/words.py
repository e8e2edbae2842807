"""Words, numbers and units of a text in one canonical form, so that an answer can be compared with its evidence."""

from __future__ import annotations

import html
import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache


def series(text: str) -> list[str]:
    """The words of a list that is kept as one text."""
    return text.split()


_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "″": '"', "′": "'", "–": "-", "—": "-", "×": "x"})
_TOKEN = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d*\.\d+|\d+|[^\W\d_]+(?:'[^\W\d_]+)?|[\"%°$€£]")
_UNDER = re.compile(r"(?<=\w)_(?=\w)")
#: Words that carry no content of their own; none of them needs support by evidence.
FUNCTION = frozenset(
    series(
        """a an the this that these those it its it's they them their theirs he she his her him you your yours
        one ones i me my mine we us our ours there here who whom whose which what when where why how whether
        is are was were be been being am do does did done doing has have had having can could will would
        shall should may might must of in on at by for with from to into onto than then as so such and or
        but nor if because while also too very just only about up down out off over under again both each
        any some all more most other same own per s t re ve ll d m however though although yes no not never
        without none nothing neither nor cannot n't each every well much many few lot themselves yourself
        itself"""
    )
)
#: Reverse the meaning of what they stand before.
NEGATIONS = frozenset(
    series("""not no never without cannot none nothing neither nor hardly barely n't isn't non lacks false""")
)
_IRREGULAR = {
    "came": "come", "made": "make", "went": "go", "held": "hold", "said": "say", "got": "get", "gets": "get",
    "wore": "wear", "worn": "wear", "broke": "break", "broken": "break", "fitted": "fit", "stood": "stand",
    "ran": "run",
    "feet": "foot", "children": "child", "men": "man", "women": "woman", "people": "person", "built": "build",
    "bought": "buy", "took": "take", "taken": "take", "gave": "give", "given": "give", "kept": "keep", "left": "leave",
    "shelves": "shelf", "knives": "knife", "leaves": "leaf", "weight": "weigh", "died": "die", "dies": "die",
    "batteries": "battery", "heavier": "heavy", "lighter": "light", "lit": "light", "mice": "mouse",
    "includes": "include", "included": "include", "including": "include", "colour": "color", "colours": "color",
    "grey": "gray", "aluminium": "aluminum", "sewn": "sew", "uses": "use", "used": "use", "using": "use",
    "weighing": "weigh", "does": "do", "has": "have", "had": "have",
}  # fmt: skip
_UNITS = {
    "inch": "inch inches in. \"", "foot": "foot feet ft", "yard": "yard yards yd", "mile": "mile miles",
    "millimeter": "mm millimeter millimeters millimetre millimetres", "meter": "m meter meters metre metres",
    "centimeter": "cm cms centimeter centimeters centimetre centimetres", "kilometer": "km kilometer kilometers",
    "kilogram": "kg kgs kilo kilos kilogram kilograms", "gram": "g gram grams", "milligram": "mg milligram milligrams",
    "pound": "lb lbs pound pounds", "ounce": "oz ounce ounces", "liter": "l liter liters litre litres",
    "milliliter": "ml milliliter milliliters millilitre millilitres", "gallon": "gal gallon gallons",
    "quart": "qt quart quarts", "cup": "cup cups", "watt": "w watt watts", "kilowatt": "kw kilowatt kilowatts",
    "volt": "v volt volts", "amp": "amp amps ampere amperes", "mah": "mah milliampere_hour milliamp_hours",
    "second": "sec secs second seconds", "minute": "min mins minute minutes", "hour": "h hr hrs hour hours",
    "day": "day days", "week": "week weeks", "month": "month months", "year": "yr yrs year years",
    "gigabyte": "gb gigabyte gigabytes", "megabyte": "mb megabyte megabytes", "terabyte": "tb terabyte terabytes",
    "hertz": "hz hertz", "decibel": "db decibel decibels", "lumen": "lm lumen lumens", "percent": "% percent",
    "degree": "° degree degrees", "calorie": "calorie calories", "dollar": "$ dollar dollars usd",
    "megapixel": "mp megapixel megapixels",
}  # fmt: skip
#: Spelling of a unit -> its canonical name.
UNITS = {spelling: name for name, spellings in _UNITS.items() for spelling in spellings.split()}
#: Two letters or fewer are a unit only behind a number.
_SHORT_UNITS = frozenset(spelling for spelling in UNITS if len(spelling) <= 2 or spelling in ("in.", "min", "mins"))
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        series(
            """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
        sixteen seventeen eighteen nineteen twenty"""
        )
    )
    if word != "one"
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "hundred": "100", "dozen": "12"}


def straight(text: str) -> str:
    """The text with typographic quotes, dashes and the multiplication sign as plain characters, entities decoded."""
    return (html.unescape(text) if "&" in text else text).translate(_QUOTES)


def tokens(text: str) -> list[str]:
    """Lower-case words, numbers and signs in order; "2kg" is two tokens, "item_weight" too."""
    return _TOKEN.findall(_UNDER.sub(" ", straight(text).lower()))


@lru_cache(maxsize=16_384)
def number(token: str) -> str | None:
    """The canonical spelling of a number token ("1,000.50" -> "1000.5", "two" -> "2"), or None for another token."""
    if token in _NUMBER_WORDS:
        return _NUMBER_WORDS[token]
    if not token[:1].isdigit() and not (token[:1] == "." and token[1:2].isdigit()):
        return None
    try:
        value = Decimal(token.replace(",", ""))
    except InvalidOperation:
        return None
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text.lstrip("0") or "0"


@lru_cache(maxsize=32_768)
def stem(word: str) -> str:
    """A light stem of an English word: inflection off, derivation kept; units under one name."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in UNITS and word not in _SHORT_UNITS:
        return UNITS[word]
    word = word.removesuffix("'s")
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    if word.endswith("ly") and len(word) > 4:
        word = word[:-2]
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


#: Stems of words that answers are built with besides what they quote; they name no property of a product.
_FRAMES = """product item customer reviewer shop page detail description bullet point answer question guide
question article source customer review say says said according state list mention ask asked policy
title seller manufactur nearest thing found find tell told know sure whether information about
evidence part come go make made work fit hold contain includ require need weigh measur long wide
high tall deep thick across tak around suitable recommend compatible support run featur use call
name type value kind option piece set size together between least far exact opinion split agree
disagree compare same differ first second both than less more light heavy short small larg big cheap
expensive link against first other shown available unknown clear not positive negative"""
FRAME = frozenset(stem(word) for word in _FRAMES.split())


def content(text: str) -> list[str]:
    """Stems of the content words of a text, in order; numbers and units are not among them."""
    found = []
    for token in tokens(text):
        if token in FUNCTION or token in UNITS or number(token) is not None or not token[0].isalpha():
            continue
        if token.endswith("n't") or token.partition("'")[0] in FUNCTION:
            continue
        found.append(stem(token))
    return found


def quantities(text: str) -> list[tuple[str, str]]:
    """Every number of a text with the canonical unit right behind it ("" where none stands there)."""
    parts = tokens(text)
    found = []
    for place, token in enumerate(parts):
        value = number(token)
        if value is None:
            continue
        follow = parts[place + 1] if place + 1 < len(parts) else ""
        before = parts[place - 1] if place else ""
        found.append((value, UNITS.get(follow, "dollar" if before == "$" else "")))
    return found


def negations(parts: list[str]) -> list[int]:
    """The places of the words that negate."""
    return [place for place, token in enumerate(parts) if token in NEGATIONS or token.endswith("n't")]
