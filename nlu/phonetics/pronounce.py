"""Pronunciations of words and sentences in ARPAbet without stress: CMU dictionary, else letter-to-sound."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from nlu.phonetics.letters import letter_to_sound
from nlu.phonetics.numbers import spell_numbers

Sound = tuple[str, ...]
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*'?")
_DETACHED = re.compile(r"\s+(?='(?:s|m|d|t|re|ve|ll)\b)")
_NEGATION = re.compile(r"\b(\w+) n't\b")
_LETTERS = dict(
    a="EY", b="B IY", c="S IY", d="D IY", e="IY", f="EH F", g="JH IY", h="EY CH", i="AY", j="JH EY", k="K EY",
    l="EH L", m="EH M", n="EH N", o="OW", p="P IY", q="K Y UW", r="AA R", s="EH S", t="T IY", u="Y UW", v="V IY",
    w="D AH B AH L Y UW", x="EH K S", y="W AY", z="Z IY",
)  # fmt: skip


@lru_cache(maxsize=1)
def dictionary() -> dict[str, tuple[Sound, ...]]:
    """The CMU dictionary: word -> its pronunciations, stress left out (0.5 s at first use)."""
    import pronouncing

    pronouncing.init_cmu()

    def plain(said: str) -> Sound:
        return tuple(phone.rstrip("012") for phone in said.partition("#")[0].split())  # a remark may follow

    return {word: tuple(dict.fromkeys(map(plain, known))) for word, known in pronouncing.lookup.items()}


def spoken_words(text: str) -> list[str]:
    """The words of `text` as they are said: lower case, numbers spelled out, detached endings joined (`nixon 's`)."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("’", "'").replace("`", "'"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = _NEGATION.sub(r"\1n't", _DETACHED.sub("", plain))
    plain = plain.replace("&", " and ").replace("%", " percent ").replace("$", " dollars ")
    return [word.strip("'") if word not in dictionary() else word for word in _WORD.findall(spell_numbers(plain))]


@lru_cache(maxsize=65536)
def pronunciations(word: str) -> tuple[Sound, ...]:
    """All known pronunciations of a word of `spoken_words`, at least one.

    Not in the dictionary: a possessive is said as its word with S, Z or IH Z; a word without a vowel letter is
    spelled; the rest is read letter by letter (`letters`).
    """
    known = dictionary().get(word) or dictionary().get(word.rstrip("'"))
    if known:
        return known
    if word.endswith("'s"):
        return tuple((*said, *_plural(said)) for said in pronunciations(word[:-2]))
    bare = "".join(char for char in word if char.isalpha())
    if not any(char in "aeiouy" for char in bare):
        return (tuple(" ".join(_LETTERS.get(char, "") for char in bare).split()),)
    said = letter_to_sound(bare)
    return (said or tuple(" ".join(_LETTERS.get(char, "") for char in bare).split()),)


def _plural(said: Sound) -> Sound:
    if said and said[-1] in ("S", "Z", "SH", "ZH", "CH", "JH"):
        return ("IH", "Z")
    return ("S",) if said and said[-1] in ("P", "T", "K", "F", "TH") else ("Z",)


def pronounce(word: str) -> Sound:
    """The first pronunciation of a word; () for what has no letters."""
    return pronunciations(word)[0]


def pronounce_text(text: str) -> list[Sound]:
    """Pronunciation of each word of `text`."""
    return [pronounce(word) for word in spoken_words(text)]
