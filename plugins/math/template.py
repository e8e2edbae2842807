"""A question as a template: letters for its numbers, their values and units, and what is asked.

MathPrompter, section 2.1 step I: programs are asked for and compared over letters, so that a wrong formula cannot hide
behind one lucky number.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType

from plugins.math.quantities import Quantity, find, measured, money, noun_phrase
from plugins.math.types import Template
from plugins.numbers import exact
from plugins.units import SPELLINGS

_GLUE = r"[A-Za-z0-9'’]"
_ALONE = re.compile(rf"(?<!{_GLUE})[A-Z][0-9]*(?!{_GLUE})")
_ARTICLE = re.compile(r"(?<![A-Za-z0-9'’.])A(?=\s+[a-z$(\d])")
_ASKED = re.compile(
    r"\b(?:how (?:many|much|long|far|old|tall|high|wide|deep|heavy|fast|often|big)"
    r"|(?:what|which) (?:percent(?:age)?|fraction|number|amount)"
    r"|what(?:'s| is| are| was| were| will)|find|calculate)\b",
    re.IGNORECASE,
)
_GOES_ON = "do does did is are was were will would can could should must has have had in on at if when"
_AUXILIARIES = frozenset(_GOES_ON.split())
_VERB = re.compile(rf"\W*(?:{'|'.join(sorted(_AUXILIARIES))})\b", re.IGNORECASE)
#: What kinds of unit answer a question by its adjective; "" stands for money.
_KINDS = {
    "far": ("length",),
    "long": ("time", "length"),
    "tall": ("length",),
    "high": ("length",),
    "wide": ("length",),
    "deep": ("length",),
    "heavy": ("mass",),
    "fast": ("speed",),
    "big": ("area", "length"),
}


def _letters(taken: set[str]) -> Iterator[str]:
    """A, B, ... Z, A1, B1, ... without those the question uses itself."""
    suffix = 0
    while True:
        for letter in string.ascii_uppercase:
            name = f"{letter}{suffix or ''}"
            if name not in taken:
                yield name
        suffix += 1


def _phrase(text: str, start: int, end: int) -> str:
    """What is asked, as it was put: from the question word to where the sentence goes on with its verb."""
    words = [text[start:end]]
    for word in re.findall(r"[^\s]+", text[end:])[:5]:
        bare = word.rstrip("?.,!").lower()
        if bare in _AUXILIARIES:
            break
        words.append(word.rstrip("?.,!"))
        if bare != word.lower():
            break
    return " ".join(words).lower()


def _common(units: list[str]) -> str:
    return Counter(units).most_common(1)[0][0] if units else ""


def _asked(text: str, found: list[Quantity]) -> tuple[str, str]:
    """The asked quantity as it was put, and the unit of the answer; the last question of the text counts."""
    questions = list(_ASKED.finditer(text))
    if not questions:
        return "", ""
    best = next((match for match in reversed(questions) if match.group().lower().startswith("how")), questions[-1])
    asked = _phrase(text, best.start(), best.end())
    kind, units = best.group().lower(), [quantity.unit for quantity in found if quantity.unit]
    coins = _common([unit for unit in units if money(unit)])
    noun = "" if _VERB.match(text, best.end()) else noun_phrase(text, best.end())
    if kind == "how many":
        return asked, noun or _common([unit for unit in units if not measured(unit)]) or _common(units)
    if kind == "how much":
        if noun in ("", "money", "change", "profit", "cash") or money(noun):
            return asked, noun if money(noun) else coins or _common([unit for unit in units if measured(unit)])
        kinds = ("time",) if noun == "time" else ("volume", "mass", "length")
        return asked, _common(_of_kind(units, kinds)) or ("" if noun == "time" else noun)
    if kind == "how old":
        return asked, "years"
    if "percent" in kind:
        return asked, "percent"
    adjective = kind.removeprefix("how ")
    if adjective in _KINDS:
        return asked, _common(_of_kind(units, _KINDS[adjective]))
    rest = text[best.end() :].lower()
    if re.search(r"\b(?:cost|price|money|pay|bill|tip|profit)\b", rest):
        return asked, coins
    return asked, ""


def _of_kind(units: list[str], kinds: tuple[str, ...]) -> list[str]:
    for kind in kinds:
        if fitting := [unit for unit in units if unit in SPELLINGS and SPELLINGS[unit].kind == kind]:
            return fitting
    return []


def template_of(text: str) -> Template:
    """The template of a question; a text without numbers gives one without letters."""
    found = find(text)
    plain = _ARTICLE.sub("a", text)  # in small, so that it is not taken for a letter
    between = list(plain)
    for quantity in found:
        between[quantity.start : quantity.end] = " " * (quantity.end - quantity.start)
    names = _letters({match.group() for match in _ALONE.finditer("".join(between))} | {"I", "O"})
    values: dict[str, Fraction] = {}
    units: dict[str, str] = {}
    counts, excused, pieces, end = set[str](), set[str](), list[str](), 0
    for quantity in found:
        letter = next(names)
        values[letter], units[letter] = quantity.value, quantity.unit
        pieces.append(plain[end : quantity.start])
        pieces.append(_apart("".join(pieces[-2:])[-1:], quantity, letter, plain[quantity.end : quantity.end + 1]))
        end = quantity.end
        if quantity.count:
            counts.add(letter)
        if quantity.excused:
            excused.add(letter)
    pieces.append(plain[end:])
    asked, unit = _asked(text, found)
    return Template(
        "".join(pieces),
        MappingProxyType(values),
        MappingProxyType(units),
        asked,
        frozenset(counts),
        text,
        unit,
        frozenset(excused),
    )


def _apart(before: str, quantity: Quantity, letter: str, after: str) -> str:
    """The letter as it is put between two characters, apart from what its number was written onto ("100's", "½5")."""
    left = quantity.before or " " * bool(re.match(_GLUE, before))
    return f"{left}{letter}{quantity.after or ' ' * bool(re.match(_GLUE, after))}"


def filled(template: Template, values: Mapping[str, Fraction] | None = None) -> str:
    """The question with numbers for its letters: the template's own, or others ("and if it were twelve?")."""
    given = {**template.values, **(values or {})}
    return _ALONE.sub(
        lambda match: _shown(given[match.group()]) if match.group() in given else match.group(), template.text
    )


def _shown(value: Fraction) -> str:
    return exact(value).strip("()")
