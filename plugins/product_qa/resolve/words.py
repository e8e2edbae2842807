"""Words of titles and utterances in one form, and the letter and sound n-grams by which misheard ones are found."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nlu.phonetics.distance import INDEX, codes
from nlu.phonetics.pronounce import pronounce, spoken_words
from plugins import numbers

MAX_TEXT = 500
MAX_WORDS = 40
#: Longer sounds (model numbers read out) are cut: the distance of two sounds costs their product.
MAX_PHONES = 14
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_PLACE = {letter: index + 1 for index, letter in enumerate(_LETTERS)}
#: Numbers of letter trigrams (36 letters and the edge of a word) and of sound trigrams (classes and the edge).
GRAMS = (len(_LETTERS) + 1) ** 3
_TOKEN = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?")
_GLUED = re.compile(r"(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)")
#: "40l", "15in", "1.7 litre": a number and a unit are two words, whatever the spelling.
_MEASURE = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?)[\s-]?(l|litres?|liters?|ltr|ml|oz|ounces?|kg|kilos?|kilograms?|g|grams?|lbs?|pounds?"
    r"|inch|inches|in|\"|cm|mm|ft|feet|foot|gb|gigabytes?|gigs?|tb|terabytes?|mb|w|watts?|v|volts?|mah|hz|mp|megapixels?"
    r"|packs?|pk|ct|counts?)(?![\w])"
)
_UNITS = {
    "litre": "l", "liter": "l", "ltr": "l", "ounce": "oz", "kilo": "kg", "kilogram": "kg", "gram": "g", "lb": "lb",
    "pound": "lb", "inch": "inch", "in": "inch", '"': "inch", "inche": "inch", "feet": "ft", "foot": "ft", "gigabyte":
    "gb", "gig": "gb", "terabyte": "tb", "watt": "w", "volt": "v", "megapixel": "mp", "pk": "pack", "count": "ct",
}  # fmt: skip
_FUNCTION = """
a an the this that these those it its it's they them their is are was were be been am do does did don't doesn't has have
had having can could would should will shall may might must what what's which who whose when where why how i i'm you
your
you're we our us me my mine he she his her and or but if of in on at to for from with without by about as than then so
not no yes any some much many more most less least very too also just please tell show give let know want need looking
look find get got buy there here one ones other another same okay ok hey hi hello thanks thank well um uh er like say
said between versus vs better best compare compared difference
"""
#: Words that name no product by themselves.
FUNCTION = frozenset(_FUNCTION.split())
#: Classes of sounds that recognisers keep apart: the phones within one are its usual confusions.
_CLASSES = ("P B", "T D", "K G", "F V TH DH", "S Z", "SH ZH CH JH", "M", "N NG", "L", "R ER", "W", "Y", "HH",
            "IY IH EY", "EH AE", "AH UH", "AA AO", "OW UW", "AY OY", "AW")  # fmt: skip
_CLASS = np.zeros(len(INDEX), np.int64)
for _number, _phones in enumerate(_CLASSES):
    for _phone in _phones.split():
        _CLASS[INDEX[_phone]] = _number + 1
BASE = len(_CLASSES) + 1
SOUNDS = BASE**3


def folded(text: str) -> str:
    """Text in lower case without accents, as long as `text`, so that offsets hold."""
    out = []
    for letter in text.lower() if len(text.lower()) == len(text) else text:
        plain = unicodedata.normalize("NFKD", letter)[:1]
        out.append(plain if plain.isascii() and plain else letter)
    return "".join(out)


@dataclass(frozen=True, slots=True)
class Word:
    """A word in its one form, and where it stands in the text."""

    text: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """Words of an utterance, at most MAX_WORDS, number words in digits, plurals cut, units in one spelling."""
    body = folded(text[:MAX_TEXT])
    spans = [(found.start, found.end, found.value) for found in numbers.find_numbers(body)]
    out: list[Word] = []
    place = 0
    for match in _TOKEN.finditer(body):
        if match.start() < place:
            continue
        spoken = next((span for span in spans if span[0] == match.start()), None)
        if spoken is not None and not match[0][0].isdigit() and spoken[2].denominator == 1 and match[0] != "one":
            out.append(Word(str(spoken[2]), spoken[0], spoken[1]))
            place = spoken[1]
            continue
        out.append(Word(form(match[0]), match.start(), match.end()))
    return _units(out, body)[:MAX_WORDS]


def _units(found: list[Word], body: str) -> list[Word]:
    """Splits "40l" and names units alike."""
    out: list[Word] = []
    for word in found:
        match = _MEASURE.fullmatch(body[word.start : word.end])
        if match:
            out += [Word(match[1], word.start, word.start + len(match[1])), Word(unit(match[2]), word.start, word.end)]
        elif out and out[-1].text.replace(".", "").isdigit() and unit(word.text) in _UNITS.values():
            out.append(Word(unit(word.text), word.start, word.end))
        else:
            out.append(word)
    return out


def unit(text: str) -> str:
    """A unit in its one spelling; other words as they are."""
    bare = text.rstrip("s") if len(text) > 2 else text
    return _UNITS.get(bare, bare if bare in _UNITS.values() else text)


@lru_cache(maxsize=131072)
def form(word: str) -> str:
    """A word without possessive and plural ending."""
    word = word.replace("’", "'").removesuffix("'s").replace("'", "")
    if len(word) > 3 and word.isalpha() and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        if word.endswith("ies") and len(word) > 4:
            return word[:-3] + "y"
        if word.endswith(("ches", "shes", "xes", "sses")):
            return word[:-2]
        return word[:-1]
    return word


@lru_cache(maxsize=131072)
def grams(word: str) -> NDArray[np.int32]:
    """Codes of the letter trigrams of a word with its edges; 0 <= code < GRAMS."""
    letters = [0, *(_PLACE[letter] for letter in word if letter in _PLACE), 0]
    base = len(_LETTERS) + 1
    return np.array(
        [(a * base + b) * base + c for a, b, c in zip(letters, letters[1:], letters[2:], strict=False)], np.int32
    )


@lru_cache(maxsize=131072)
def sound(word: str) -> NDArray[np.int64]:
    """Phones of a word, digits as they are said ("40" -> forty), at most MAX_PHONES; codes of `nlu.phonetics`.

    Words that are joined ("back pack") sound like their parts.
    """
    if " " in word:
        return np.concatenate([sound(part) for part in word.split()])[:MAX_PHONES]
    said = [phone for part in spoken_words(_GLUED.sub(" ", word)) for phone in pronounce(part)]
    return codes(said[:MAX_PHONES])


@lru_cache(maxsize=131072)
def sound_grams(word: str) -> NDArray[np.int32]:
    """Codes of the trigrams of sound classes of a word with its edges; 0 <= code < SOUNDS."""
    classes = [0, *_CLASS[sound(word)].tolist(), 0]
    return np.array(
        [(a * BASE + b) * BASE + c for a, b, c in zip(classes, classes[1:], classes[2:], strict=False)], np.int32
    )
