"""Words of questions and passages as the lexical index knows them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Counts up when texts would be parted otherwise than before: an index made with another version is made anew.
VERSION = 1
#: Further words of a text are not indexed, and longer words are cut: bounds on what one passage can cost.
MAX_TOKENS = 4000
MAX_LENGTH = 40
#: Units and the like are short; longer letters behind a digit are part of a model's number.
_LONGEST_UNIT = 4

_NUMBER = r"\d+(?:[.,]\d+)*"
_RUN = re.compile(rf"(?:{_NUMBER}|[^\W\d_])+(?:['’][^\W\d_]+)*")
_PART = re.compile(rf"{_NUMBER}|[^\W\d_]+")
_MEASURE = re.compile(rf"({_NUMBER})([^\W\d_]{{1,{_LONGEST_UNIT}}})")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_WORDS = """
    a about all also am an and any are as at be been being but by can could did do does doing for from get got had has
    have having he her hers him his how i if in into is it its just let may me might my of on or our ours please shall
    she should so some such than that the their theirs them then there these they this those to too us very was we were
    what whats when where which who whom whose why will with would you your yours dont doesnt didnt isnt arent wasnt
    cant wont im ive id ill youre youve weve theyre thats theres
"""
#: Not in the index. "not", "no" and "without" are, as they change what a passage says.
STOP_WORDS = frozenset(_WORDS.split())


def tokens(text: str) -> list[str]:
    """Words in order: small letters, no accents, plurals cut, stop words left out.

    Numbers and units stand alone ("1.2kg" is "1.2" and "kg", "1,000" is "1000", "2.0" is "2"); a model's number is
    there whole and in parts ("FRS20QRB" is "frs20qrb", "frs", "20", "qrb"). At most MAX_TOKENS words are looked at.
    """
    found: list[str] = []
    for match in _RUN.finditer(folded(text)):
        found.extend(_of_run(match.group()))
        if len(found) >= MAX_TOKENS:
            break
    return found[:MAX_TOKENS]


def folded(text: str) -> str:
    """Small letters without accents; text that is plain already is only made small."""
    if text.isascii():
        return text.lower()
    parted = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parted if not unicodedata.combining(letter))


@lru_cache(maxsize=1 << 16)
def _of_run(run: str) -> tuple[str, ...]:
    """The tokens of a run of letters and digits."""
    if run.isalpha():
        return () if run in STOP_WORDS else (stemmed(run[:MAX_LENGTH]),)
    word = run.replace("’", "'")
    if "'" in word:
        head, _, tail = word.rpartition("'")
        word = head if tail == "s" else word.replace("'", "")
        return _of_run(word)
    if _PART.fullmatch(word):
        return (number(word)[:MAX_LENGTH],)
    parts = tuple(number(part) if part[0].isdigit() else stemmed(part) for part in _PART.findall(word))
    if not _MEASURE.fullmatch(word):
        parts = (word, *parts)
    return tuple(part[:MAX_LENGTH] for part in parts)


def number(digits: str) -> str:
    """A number in one spelling: no commas between thousands, no zeros behind the point."""
    if _THOUSANDS.fullmatch(digits):
        digits = digits.replace(",", "")
    if digits.count(".") == 1 and "," not in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits


def stemmed(word: str) -> str:
    """The S-stemmer (Harman 1991, "How effective is suffixing?", table 1), with "es" cut after a sibilant."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word if word.endswith(("eies", "aies")) else word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1]
