"""Sentences for attributes learned from pairs of data and text: values become slots, the most typical wording wins.

Data-to-text by delexicalised templates, for the pairs of semiPQA (Shen et al. 2022, ECNLP, section 5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from plugins.product_qa.answer.scores import rouge_l
from plugins.product_qa.answer.structure import Leaf, leaves, split
from plugins.product_qa.answer.words import FRAME, UNITS, content, negations, straight, tokens
from plugins.product_qa.types import CatalogueError

FILE = Path(__file__).with_name("templates.json")
FORMAT = 1
#: Fewer pairs of a signature than this are no evidence of how it is usually said.
SUPPORT = 2
_GAP = re.compile(r"\s*(?:,|;|and|or|&|\s)*\s*", re.IGNORECASE)
_SLOT = re.compile(r"\{(\d)(#|\+)?\}")
_WORDS = {str(place): word for place, word in enumerate(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
)}  # fmt: skip
_ARTICLE = re.compile(r"\b([Aa])n? (?=(\W*)([A-Za-z0-9]))")
_VOWEL = re.compile(r"(?:[aefhilmnorsx](?=[A-Z0-9]\b)|[aeio]|u(?!ni|s[ebu])|8|11\b|18\b|hour|honest)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Group:
    """The values at one path, in order."""

    path: tuple[str, ...]
    items: tuple[Leaf, ...]

    @property
    def shape(self) -> str:
        """Path and kinds, as a template is looked up by."""
        kind = self.items[0].kind if len({leaf.kind for leaf in self.items}) == 1 else "text"
        value = self.items[0].text if kind == "bool" else ""
        return f"{'.'.join(self.path)}:{kind}{value}{'+' if len(self.items) > 1 else ''}"


def grouped(found: Sequence[Leaf]) -> list[Group]:
    """Leaves by path, in the order of the first of each."""
    paths: dict[tuple[str, ...], list[Leaf]] = {}
    for leaf in found:
        paths.setdefault(leaf.path, []).append(leaf)
    return [Group(path, tuple(items)) for path, items in paths.items()]


def signature(name: str, groups: Sequence[Group]) -> str:
    """What a template is for: attribute name and shapes."""
    return f"{name.strip().lower().replace(' ', '_')}|{'|'.join(group.shape for group in groups)}"


def measured(leaf: Leaf, unit: bool = True) -> str:
    """A value as it is written in a sentence, with its unit."""
    if leaf.kind == "bool":
        return "yes" if leaf.text == "true" else "no"
    if not leaf.unit or not unit:
        return leaf.text
    name = leaf.unit
    if leaf.kind == "number" and leaf.text == "1" and name.endswith("s") and name not in ("celsius", "gross"):
        name = "inch" if name == "inches" else "foot" if name == "feet" else name.removesuffix("s")
    return f"{leaf.text} {name}"


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    several = list(dict.fromkeys(parts))
    return several[0] if len(several) == 1 else f"{', '.join(several[:-1])} and {several[-1]}"


def articles(text: str) -> str:
    """The indefinite article that the next word wants."""
    return _ARTICLE.sub(lambda m: f"{m[1]}{'n' if _VOWEL.match(text[m.end(2) :][:12]) else ''} ", text)


def _value_pattern(leaf: Leaf) -> str:
    if leaf.kind != "number":
        return r"\W{1,2}".join(re.escape(part) for part in straight(leaf.text).split())
    whole = rf"{re.escape(leaf.text)}(?:\.0*)?(?!\d)"
    return rf"(?<![\d.])(?:{whole}{'|' + _WORDS[leaf.text] if leaf.text in _WORDS else ''})(?![a-z])" if (
        leaf.text in _WORDS
    ) else rf"(?<![\d.]){whole}"  # fmt: skip


def _unit_pattern(unit: str) -> str:
    name = UNITS.get(unit.lower().split(" ")[0])
    spellings = {unit, unit.removesuffix("s")} | {one for one, canonical in UNITS.items() if canonical == name and name}
    return "|".join(re.escape(one) for one in sorted(spellings, key=len, reverse=True))


def delexicalised(text: str, groups: Sequence[Group]) -> str | None:
    """The text with a slot for every group's values, or None where some value does not stand in it."""
    text = straight(text).strip()
    for place, group in enumerate(groups):
        if group.shape.split(":")[1].startswith("bool"):
            continue
        spans = []
        at = 0
        for leaf in group.items:
            found = re.compile(_value_pattern(leaf), re.IGNORECASE).search(text, at)
            if found is None or not leaf.text:
                return None
            spans.append(found.span())
            at = found.end()
        if any(not _GAP.fullmatch(text[a[1] : b[0]]) for a, b in pairwise(spans)):
            return None
        start, end, mark = spans[0][0], spans[-1][1], ""
        if group.items[-1].unit:
            unit = re.compile(rf"[\s-]*(?:{_unit_pattern(group.items[-1].unit)})(?![a-z])", re.IGNORECASE)
            behind = unit.match(text, end)
            mark, end = ("#", end) if behind is None else ("", behind.end())
        text = f"{text[:start]}{{{place}{mark}}}{text[end:]}"
    bare = _SLOT.sub("", text)
    if re.search(r"[\w-]\{|\}[\w-]", text):
        return None
    if re.search(r"\d", bare) or len(bare) < 5 or "{" in bare or '"' in bare:
        return None
    return text if text.endswith(".") else f"{text.rstrip('.,! ')}."


def learn(rows: Iterable[tuple[str, str]]) -> dict[str, list[tuple[str, int]]]:
    """Templates by signature from (data, text) pairs: the one most like all others of its signature, and its support.

    A wording with words that come neither from the attribute's name nor from the closed list `FRAME` is not learned: it
    could say more than the data. Typicality is the mean ROUGE-L to the other templates of the signature.
    """
    seen: dict[str, list[str]] = {}
    for data, text in rows:
        name, value = split(data)
        groups = grouped(leaves(value))
        if not groups or len(groups) > 9:
            continue
        template = delexicalised(text, groups)
        own = set(content(f"{name} {' '.join(step for group in groups for step in group.path)}"))
        if template is not None and _faithful(template, name, groups, own):
            seen.setdefault(signature(name, groups), []).append(template[:1].upper() + template[1:])
    out = {}
    for key, texts in sorted(seen.items()):
        best = max(sorted(set(texts)), key=lambda one: (sum(rouge_l(one, other) for other in texts), -len(one)))
        if len(texts) >= SUPPORT:
            out[key] = [(best, len(texts))]
    return out


def _faithful(template: str, name: str, groups: Sequence[Group], own: set[str]) -> bool:
    """Whether a wording says no more than the data, names the part it is about, and denies what the data denies."""
    said = set(content(_SLOT.sub("", template)))
    if not said <= own | FRAME or (any(group.path for group in groups) and not said & set(content(name))):
        return False
    denies = bool(negations(tokens(template)))
    return denies == any(group.shape.endswith("boolfalse") for group in groups)


def save(templates: Mapping[str, Sequence[tuple[str, int]]], path: Path = FILE) -> None:
    """Write what `learn` found."""
    body = {"format": FORMAT, "templates": {key: [list(one) for one in found] for key, found in templates.items()}}
    path.write_text(json.dumps(body, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")


@cache
def load(path: Path = FILE) -> Mapping[str, str]:
    """The template of each signature. Raises CatalogueError where the file is missing or damaged."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["format"] != FORMAT:
            raise CatalogueError(f"{path}: format {body['format']}, this version reads {FORMAT}")
        return {str(key): str(found[0][0]) for key, found in body["templates"].items()}
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise CatalogueError(f"{path}: not a file of templates: {error}") from error


def filled(template: str, groups: Sequence[Group]) -> str:
    """A template with the values of these groups."""

    def value(found: re.Match[str]) -> str:
        group = groups[int(found[1])]
        return listed([measured(leaf, unit=found[2] != "#") for leaf in group.items])

    return articles(_SLOT.sub(value, template))
