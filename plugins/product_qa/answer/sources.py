"""Sources as they are named in an answer, strangers' text made safe, and answers as they are spoken."""

from __future__ import annotations

import re
from fractions import Fraction

from plugins.math.phrasing import in_words
from plugins.product_qa.answer.words import UNITS, number, straight
from plugins.product_qa.catalogue.clean import plain
from plugins.product_qa.types import Passage, Source

#: Behind a statement, and before a quotation.
BEHIND: dict[Source, str] = {
    "title": "according to its title", "attribute": "according to the product details",
    "bullet": "according to the product page", "description": "according to the product description",
    "review": "according to a customer review", "answer": "according to a customer's answer",
    "faq": "according to the shop's answers", "policy": "according to the shop's policy",
}  # fmt: skip
BEFORE: dict[Source, str] = {
    "title": "Its title says", "attribute": "The product details say", "bullet": "The product page says",
    "description": "The product description says", "review": "A customer says in a review",
    "answer": "A customer answered", "faq": "The shop says", "policy": "The shop's policy says",
}  # fmt: skip
LONGEST = 600
LINK = "a link"
_URL = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,15}://|\bwww\.)\S+|\b[\w-]+\.(?:com|net|org|io|co|shop|info|biz|ru|xyz)(?:/\S*)?\b",
    re.IGNORECASE,
)
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instruction|prompt|previous|above|earlier|rule"
        r"|context|everything)s?\b"
    r"|\b(?:system|developer) (?:prompt|message)\b|\byou are (?:now )?(?:an? )?(?:ai|assistant|chatgpt"
        r"|language model|dan\b)"
    r"|\bas an ai\b|\b(?:assistant|system|user)\s*:|</?(?:system|assistant|user|s|inst)\b|\[/?inst\]|<\|"
    r"|\b(?:print|reveal|repeat|output) (?:your|the) (?:prompt|instructions?|key|password|secret)",
    re.IGNORECASE,
)  # fmt: skip
_SPEAK_UNITS = {
    "mm": "millimeters", "cm": "centimeters", "km": "kilometers", "kg": "kilograms", "kgs": "kilograms",
    "mg": "milligrams",
    "lb": "pounds", "lbs": "pounds", "oz": "ounces", "ml": "milliliters", "ft": "feet", "yd": "yards",
    "mah": "milliamp hours",
    "hz": "hertz", "khz": "kilohertz", "ghz": "gigahertz", "gb": "gigabytes", "mb": "megabytes", "tb": "terabytes",
    "kw": "kilowatts", "db": "decibels", "lm": "lumens", "hr": "hours", "hrs": "hours", "min": "minutes",
    "mins": "minutes",
    "sec": "seconds", "w": "watts", "v": "volts", "g": "grams", "l": "liters", "m": "meters", "h": "hours", "a": "amps",
    "mp": "megapixels", '"': "inches", "'": "feet", "%": "percent", "°c": "degrees Celsius", "°f": "degrees Fahrenheit",
    "°": "degrees", "in.": "inches",
}  # fmt: skip
_MEASURED = re.compile(
    r"(?<![\w.])(\d[\d,]*(?:\.\d+)?)(\s?-?)("
    + "|".join(sorted(map(re.escape, _SPEAK_UNITS), key=len, reverse=True))
    + r")(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?<=\d)\s*[xX×]\s*(?=\d)|(?<=inches)\s+[xX×]\s+(?=\d)")
_RANGE = re.compile(r"(?<=\d)\s?[-–]\s?(?=\d)")
_ALONE = re.compile(r"(?<![\w.,/#-])(\d[\d,]{0,12}(?:\.\d{1,6})?)(?![\w/#-]|[.,]\d)")
_RATING = re.compile(r"\bIP([X\d])(\d)\b", re.IGNORECASE)
_MARKS = re.compile(r"[*_`#<>|~^\[\]{}\\]+")


def suspicious(text: str) -> bool:
    """Whether a text talks to a machine instead of about a product: "ignore previous instructions"."""
    return _ORDERS.search(straight(text)) is not None


def safe(text: str) -> str:
    """A stranger's text fit to be shown: no markup, no control characters, no addresses, bounded in length."""
    clean, _ = plain(text, LONGEST)
    clean = _URL.sub(LINK, clean)
    clean = " ".join(re.sub(r"[<>`|\\^~]+|\*\*|__", " ", clean).split())
    return re.sub(r"\s+([,.;:!?])(?!\w)", r"\1", clean)


def usable(passages: list[Passage]) -> list[Passage]:
    """Passages without those that talk to a machine."""
    return [one for one in passages if not suspicious(f"{one.question} {one.text}")]


def links(text: str) -> list[str]:
    """The addresses in a text."""
    return [found.group().rstrip(".,;:)!?") for found in _URL.finditer(text)]


def spoken(text: str) -> str:
    """An answer as it is said: units and signs in words, numbers in words, no marks."""
    out = straight(text).replace("&", " and ").replace("≥", "at least ").replace("≤", "at most ")
    out = _RATING.sub(lambda found: f"I P {found[1].upper()} {found[2]}", out)
    out = _MEASURED.sub(_measured, out)
    out = _TIMES.sub(" by ", out)
    out = _RANGE.sub(" to ", out)
    out = _ALONE.sub(_number, out)
    out = (
        _MARKS.sub(" ", out)
        .replace('"', "")
        .replace(" '", " ")
        .replace("'.", ".")
        .replace("(", ", ")
        .replace(")", ",")
        .replace("/", " or ")
    )
    out = re.sub(r"\s+([,.;:!?])", r"\1", " ".join(out.split()))
    out = re.sub(r",(?=[,.;])", "", out).strip(" ,")
    return out[:1].upper() + out[1:]


def _measured(found: re.Match[str]) -> str:
    value, unit = found[1], _SPEAK_UNITS[found[3].lower()]
    if found[3] in ("a", "A", "m", "M") and not found[2].strip() and found[2]:
        return found.group()  # "5 A grade", "2 M of": too short a unit to be sure behind a blank
    if number(value) == "1":
        unit = {"inches": "inch", "feet": "foot", "hertz": "hertz", "percent": "percent"}.get(
            unit, unit.removesuffix("s")
        )
    return f"{value} {unit}"


def _number(found: re.Match[str]) -> str:
    value = number(found[1])
    if value is None or len(value) > 9 or (found[1].startswith("0") and "." not in found[1] and len(found[1]) > 1):
        return found[1]
    return in_words(Fraction(value)) if len(value.partition(".")[2]) <= 2 else found[1]


def named_unit(spelling: str) -> str:
    """The canonical name of a unit, "" for no unit."""
    return UNITS.get(spelling.lower(), "")
