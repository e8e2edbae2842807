"""An attribute as a sentence: a learned template where one fits, otherwise rules by the type of the attribute."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from plugins.math.phrasing import plural, singular
from plugins.product_qa.answer.structure import Leaf, leaves
from plugins.product_qa.answer.templates import (
    Group,
    articles,
    filled,
    grouped,
    listed,
    load,
    measured,
    signature,
)
from plugins.product_qa.answer.words import content, stem, tokens
from plugins.product_qa.types import Attribute

_SIDES = {"length": "long", "width": "wide", "height": "high", "depth": "deep", "thickness": "thick"}
#: Words of a question -> the field that it asks for.
_ASKED = {
    "height": "tall high height", "width": "wide width", "length": "long length", "depth": "deep depth",
    "diameter": "diameter across", "thickness": "thick thickness",
}  # fmt: skip
_FIELDS = {word: field for field, several in _ASKED.items() for word in several.split()}
_COUNT = re.compile(r"(?:number of|num|total|quantity of) (?P<a>.+)|(?P<b>.+) (?:count|quantity)")
_INCLUDED = re.compile(
    r"(?:includes?|has|contains|with) (?P<a>.+)|(?:are |is )?(?P<b>.+) (?P<how>included|required|needed)"
)
_ADJECTIVE = re.compile(r"is (?P<a>.+)")
_PLURAL_VERB = re.compile(r".*[^su]s\Z")
_SHOUT = re.compile(r"\b[A-Z]{4,}\b")
_VERB = (
    "is|isn't|has|can|does|doesn't|comes|works|weighs|includes|uses|requires|supports|contains|holds|fits|runs|needs"
)
_SUBJECT = re.compile(rf"\A(?:The (?:product|item)|This(?: product| item)?)(?= (?:{_VERB})\b)")
MAX_LISTED = 12


def readable(name: str) -> str:
    """An attribute's name in words: `item_weight` -> `weight`, `battery_type` -> `battery type`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("_", " ")).strip()
    words = words.lower() if not _SHOUT.search(words) else words
    words = re.sub(r"\Aitem (?!form\b)", "", words)
    return re.sub(r" description\Z", "", words) or "value"


def asked_for(question: str, groups: Sequence[Group]) -> list[Group]:
    """The groups that the question is about: "how tall" wants the height. All where none is asked for."""
    wanted = {_FIELDS[token] for token in tokens(question) if token in _FIELDS}
    picked = [group for group in groups if wanted & set(group.path)]
    if not picked:
        stems = set(content(question))
        picked = [group for group in groups if group.path and stems & set(content(" ".join(group.path)))]
    return picked or list(groups)


def sentence(
    attribute: Attribute, question: str = "", subject: str = "The item", templates: Mapping[str, str] | None = None
) -> str:
    """A full sentence on an attribute, "" where it has no value.

    subject: how the product is called at the beginning. templates: signature to template, the shipped ones unless
    given; an empty mapping leaves everything to the rules.
    """
    found = leaves(attribute.value, attribute.unit)
    everything = grouped(found)
    if not everything:
        return ""
    groups = asked_for(question, everything)
    known = load() if templates is None else templates
    name = attribute.name.strip().lower().replace(" ", "_")
    template = None if _COUNT.fullmatch(readable(name)) else known.get(signature(name, groups))
    if template is not None and subject == "The product":
        return filled(template, groups)
    if template is not None:
        return filled(_SUBJECT.sub(subject, template), groups)
    return articles(_ruled(readable(name), groups, subject))


def _ruled(name: str, groups: Sequence[Group], subject: str) -> str:
    sides = [group for group in groups if group.path and group.path[-1] in _SIDES and group.items[0].kind == "number"]
    if len(sides) == len(groups) and (len(sides) > 1 or "dimension" in name):
        what = "package" if "package" in name else ""
        parts = [f"{_value(group)} {_SIDES[group.path[-1]]}" for group in sides]
        return f"{'The package' if what else subject} is {listed(parts)}."
    if any(group.path for group in groups):
        parts = [_part(name, group) for group in groups]
        return ". ".join(part[:1].upper() + part[1:] for part in parts) + "."
    return _simple(name, groups[0], subject)


def _value(group: Group) -> str:
    items = list(group.items[:MAX_LISTED])
    text = listed([measured(leaf) for leaf in items])
    return text.rstrip(". ")


def _part(part: str, group: Group) -> str:
    """A field of a part: `handle: { material: metal }`."""
    field = readable(group.path[-1])
    middle = " ".join(readable(step) for step in group.path[:-1])
    part = f"{part} {middle}".strip()
    if field.split(" ")[-1] in _SIDES and group.items[0].kind == "number":
        return f"the {part} is {_value(group)} {_SIDES[field.split(' ')[-1]]}"
    if "material" in field:
        return f"the {part} is made of {_value(group)}"
    if field in ("color", "colour"):
        return f"the {part} is {_value(group)}"
    if field == "count" or field.startswith("number"):
        return f"the {part} count is {_value(group)}"
    if field.endswith(part) or part.endswith(field):
        return f"the {part} is {_value(group)}"
    return f"the {part} {field} is {_value(group)}"


def _simple(name: str, group: Group, subject: str) -> str:
    first = group.items[0]
    if first.kind == "bool" and len(group.items) == 1:
        return _boolean(name, first.text == "true", subject)
    value = _value(group)
    counted = _COUNT.fullmatch(name)
    if counted and first.kind == "number" and len(group.items) == 1:
        noun = counted["a"] or counted["b"]
        if "batter" in noun:
            size = f" {first.unit}" if first.unit else ""
            return f"{subject} uses {first.text}{size} {singular(noun) if first.text == '1' else plural(noun)}."
        return f"{subject} has {first.text} {singular(noun) if first.text == '1' else plural(noun)}."
    if name == "weight":
        return f"{subject} weighs {value}."
    if name == "package weight":
        return f"The package weighs {value}."
    if name in ("height", "width", "length", "depth", "thickness") and first.kind == "number":
        return f"{subject} is {value} {_SIDES[name]}."
    if name.endswith("material") or name in ("material type", "materials"):
        part = name.removesuffix("material").strip()
        return f"{'The ' + part if part and part != 'outer' else subject} is made of {value}."
    if name.startswith(("compatible", "compatibility")):
        return f"{subject} is compatible with {value}."
    if name in ("included components", "included", "components", "in the box", "box contents", "included accessories"):
        return f"{subject} includes {value.removeprefix('Includes ').removeprefix('includes ')}."
    if name.startswith("recommended use") or name in ("occasion", "specific uses"):
        return f"{subject} is recommended for {value}."
    if name.startswith("supported"):
        return f"{subject} supports {value}."
    if name in ("color", "colour"):
        return f"The {name} is {value}."
    if len(group.items) > 1:
        return f"The {plural(name)} are {value}."
    return f"The {name} {'are' if _is_plural(name) else 'is'} {value}."


def _is_plural(name: str) -> bool:
    last = name.split(" ")[-1]
    return _PLURAL_VERB.match(last) is not None and last not in ("glass", "lens", "thickness", "series")


def _boolean(name: str, truth: bool, subject: str) -> str:
    adjective = _ADJECTIVE.fullmatch(name)
    if adjective:
        return f"{subject} is {'' if truth else 'not '}{adjective['a']}."
    included = _INCLUDED.fullmatch(name)
    if included and included["a"]:
        verb = name.split(" ")[0]
        base = {"has": "have", "includes": "include", "contains": "contain", "with": "come with"}.get(verb, verb)
        positive = {"with": "comes with", "include": "includes"}.get(verb, verb)
        return f"{subject} {positive if truth else f'does not {base}'} {included['a']}."
    if included:
        noun = included["b"]
        return f"The {noun} {'are' if _is_plural(noun) else 'is'} {'' if truth else 'not '}{included['how']}."
    if stem(name) != name or name.endswith(("proof", "resistant", "safe", "free", "able", "ible", "less", "friendly")):
        return f"{subject} is {'' if truth else 'not '}{name}."
    return f"For {name}, the details say {'yes' if truth else 'no'}."


def written(attribute: Attribute) -> str:
    """The attribute as evidence shows it: `weight: 1.2 kg`."""
    found: list[Leaf] = leaves(attribute.value, attribute.unit)
    several = any(leaf.path for leaf in found)
    parts = [
        f"{readable(' '.join(leaf.path))} {measured(leaf)}" if several and leaf.path else measured(leaf)
        for leaf in found
    ]
    parts += [f"({leaf.also[0]} {leaf.also[1]})" for leaf in found if leaf.also]
    return f"{readable(attribute.name)}: {', '.join(parts)}"
