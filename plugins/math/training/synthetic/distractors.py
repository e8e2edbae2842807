"""Irrelevant numbers: sentences that a solver must learn to leave alone."""

from __future__ import annotations

import re
from fractions import Fraction
from random import Random

from plugins.math.training.synthetic.scene import Scene, expanded
from plugins.math.training.synthetic.schema import Schema

SHARE = 0.24
#: The name of the irrelevant number; those of a schema are single letters.
IDLE = "idle"
#: text, range of its number, and whether it speaks of more of the same things (only some schemas can bear that).
_TEXTS = (
    ("{A} [also|] {have} {idle others} [at home|in {his} room|]", "2-60", "other"),
    ("{A} also {have} {idle others}", "2-60", "other"),
    ("there {are} also {idle others} [on the table|nearby|there]", "2-60", "other"),
    ("{A} {be A} {idle year} old", "6-60", "other"),
    ("{A's} [brother|sister|best friend|neighbor] {own it} {idle others}", "2-60", "other"),
    ("there {are} {idle student} in {A's} class", "12-36", "other"),
    ("[the walk|the trip|the ride] {take it} {idle minute}", "5-60", "other"),
    ("{A} {live} {idle block} away from {place}", "2-15", "other"),
    ("{A} {pay} {$idle} for [lunch|the bus|a ticket|parking]", "2-30", "free"),
    ("{A} also {buy} {idle others}", "2-40", "other"),
    ("the [weather|temperature] {is} {idle degree} that day", "40-90", "other"),
    ("{A} {have} {idle sibling}", "2-6", "other"),
    ("{A} {start} at {idle} o'clock", "2-11", "other"),
    ("{C}, a friend of {A}, {have C} {idle things}", "2-90", "any"),
    ("{C} {have C} {idle things}", "2-90", "any"),
    ("last year {A} had {idle things}", "2-90", "any"),
)
_REFERS = re.compile(r"\b(?:them|they|it|rest|these|those|both|this|that|others|each|another|one)\b")


_MEASURED = re.compile("minute|block|o'clock|degree")
#: Sentences without numbers, to begin with.
_SETTINGS = (
    "{A} {love} {things}",
    "{A} {go} to {place} [with {his} family|]",
    "{A} {help} out at {place}",
    "{A} {like} to spend time at {place}",
    "{A} and {C} are [good friends|neighbors|in the same class]",
    "[it was a sunny day|the sun was shining|it was raining]",
    "there was a lot to do at {place}",
    "{A} {prepare} everything for a party",
)
_SCENIC = 0.06
_ELLIPTIC = re.compile(r"\{\w(?: more)?\}")


def inserted(sentences: list[str], schema: Schema, scene: Scene, rng: Random) -> tuple[list[str], dict[str, Fraction]]:
    """The sentences with, now and then, an irrelevant one that does no harm there, and the value of its number."""
    if schema.distract != "none" and rng.random() < _SCENIC and len(sentences) > 1:
        setting = expanded(rng.choice(_SETTINGS), rng)
        if "{C}" not in setting or "{C" not in " ".join(sentences):
            return [setting, *sentences], {}
    if schema.distract == "none" or rng.random() >= SHARE:
        return sentences, {}
    text = " ".join(sentences)
    allowed = [
        (skeleton, spec)
        for skeleton, spec, about in _TEXTS
        if not _counts(skeleton) & _counts(text)
        and not (schema.family == "measure" and _MEASURED.search(skeleton))
        and not ("{buy}" in skeleton and ("{$" in text or "{buy}" in text))
        and (
            (about == "other" and not ("others" in skeleton and "other" in text))
            or (about == "free" and "{$" not in text)
            or (about == "any" and schema.distract == "any" and "{C" not in text)
        )
    ]
    places = [index for index in range(len(sentences)) if index == 0 or not _refers(sentences[index])]
    skeleton, spec = rng.choice(allowed)
    low, high = (int(end) for end in spec.split("-"))
    if "{C" in skeleton:
        places = places[1:] or places
    sentence = expanded(skeleton, rng)
    if "also" in skeleton and places == [0]:
        return sentences, {}
    place = rng.choice(places[1:] or places)
    return [*sentences[:place], sentence, *sentences[place:]], {IDLE: Fraction(rng.randint(low, high))}


def _counts(text: str) -> set[str]:
    """The literal nouns that a text counts."""
    return set(re.findall(r"\{(?:\w|idle) (\w+)\}", text)) - {"things", "others", "more"}


def _refers(sentence: str) -> bool:
    """Whether a sentence leans on the one before it: by a pronoun, or by a number without its noun."""
    return bool(_ELLIPTIC.search(sentence) or _REFERS.search(re.sub(r"\{[^}]*\}", "", sentence)))
