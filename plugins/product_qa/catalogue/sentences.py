"""Sentences of shop texts: units and abbreviations do not end one, careless punctuation does."""

from __future__ import annotations

import re

#: The longest piece that is one passage, in characters.
LONGEST = 300

#: What a dot after never ends a sentence.
_NEVER_TEXT = "e.g i.e eg ie vs approx no nos incl excl dr mr mrs ms prof st fig vol ver art dia cf resp max min"
_NEVER = frozenset(_NEVER_TEXT.split())
#: What may end one: it does when something follows that starts like a sentence.
_PERHAPS_TEXT = (
    "oz fl lb lbs ft in yd sq cu gal qt pt tsp tbsp hr hrs sec secs mins kg g mm cm m km ml l w v a mah wh db hz pcs "
    "pkg ea ext wt qty temp etc inc ltd co corp u.s u.k a.m p.m jr sr dept est"
)
_PERHAPS = frozenset(_PERHAPS_TEXT.split())
#: Words that start a sentence of a writer without capitals.
_STARTERS_TEXT = (
    "i it it's its the this that these those we they he she you my our there if but however also and so very not no "
    "yes great good nice would"
)
_STARTERS = frozenset(_STARTERS_TEXT.split())
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|[.!?]+(?=[A-Z][a-z])")
_LAST_WORD = re.compile(r"([^\s(\"'“‘]+)$")
_CLAUSE = re.compile(r"[;:,] | [–—-] |\) ")


def sentences(text: str, longest: int = LONGEST) -> list[str]:
    """The sentences of a plain text in order, none longer than `longest` characters, each with a letter or digit.

    A line break always ends one. "1.5 l", "e.g. tea", "12 oz. cup" stay whole; longer ones are parted at a clause,
    else between words.
    """
    found: list[str] = []
    for line in text.split("\n"):
        start = 0
        for end in _ends(line):
            found += _parts(line[start:end].strip(), longest)
            start = end
        found += _parts(line[start:].strip(), longest)
    return [one for one in found if any(character.isalnum() for character in one)]


def _ends(line: str) -> list[int]:
    ends = []
    for mark in _END.finditer(line):
        before, after = line[max(0, mark.start() - 40) : mark.start()], line[mark.end() :].lstrip()
        if not after:
            continue
        if mark[0].startswith(".") and not mark[0].startswith("..") and not _full_stop(before, after[:40]):
            continue
        if mark[0].startswith(("..", "…")) and after[0].islower():
            continue
        ends.append(mark.end())
    return ends


def _full_stop(before: str, after: str) -> bool:
    """Whether the dot between the two ends a sentence."""
    found = _LAST_WORD.search(before)
    word = found[1].lower() if found else ""
    bare = word.lstrip("0123456789.,/-")
    starts_high = not after[0].islower()
    if word in _NEVER:
        return False
    preceding = before[: found.start()].rstrip() if found else ""
    if word.isdigit() and len(word) <= 2 and (not preceding or preceding[-1] in ".!?:;"):
        return False  # "1. Fill the tank"
    if len(word) == 1 and word.isalpha() and word != "i" and found is not None and found[1].isupper():
        return False  # an initial
    if bare in _PERHAPS:
        if after[0].isdigit():
            return False
        return starts_high or after.split()[0].strip(",").lower() in _STARTERS
    return True


def _parts(sentence: str, longest: int) -> list[str]:
    parts = []
    while len(sentence) > longest:
        clause = [mark.end() for mark in _CLAUSE.finditer(sentence, longest // 3, longest)]
        end = clause[-1] if clause else sentence.rfind(" ", 1, longest) + 1 or longest
        parts.append(sentence[:end].strip())
        sentence = sentence[end:].strip()
    return [*parts, sentence] if sentence else parts
