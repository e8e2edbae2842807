"""Facts: the typed values of a product's attributes, each with the passage that states it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from plugins.product_qa.facts.quantity import Quantity, dimensions, find, plain
from plugins.product_qa.facts.values import Leaf, human, leaves
from plugins.product_qa.types import Attribute, Passage, Product

#: What an attribute's value is: a quantity, yes or no, words, or several quantities (the sides of a box, a pair).
Value = Quantity | bool | str | tuple[Quantity, ...]
_YES = frozenset({"yes", "true", "y", "✓", "✔"})
_NO = frozenset({"no", "false", "n", "✗", "✘"})
_NONE = frozenset({"n/a", "na", "none", "unknown", "-", "null", "not applicable", ""})
_SIDES = ("length", "width", "height")
_SEVERAL = re.compile(r"\s*(?:,|;|/|\band\b|\+)\s*")


@dataclass(frozen=True, slots=True)
class Fact:
    """One typed value: `name` in words ("display size"), `value`, `text` as the catalogue states it.

    `key` is the key of the attribute's passage ("" where no passages were given); `attribute` the one it comes from.
    """

    name: str
    value: Value
    text: str
    key: str
    attribute: Attribute

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities of the value, none for yes, no and words."""
        if isinstance(self.value, Quantity):
            return (self.value,)
        return self.value if isinstance(self.value, tuple) else ()


def facts(product: Product, passages: Iterable[Passage] = ()) -> list[Fact]:
    """The typed values of a product's attributes, in their order.

    `passages` are the product's own; a fact gets the key of the passage that has its attribute. Sides of a box become
    facts of their own ("item width") where the text labels them. Values that say nothing ("n/a") give no fact.
    """
    keys: dict[Attribute, str] = {one.attribute: one.key for one in passages if one.attribute is not None}
    return [fact for attribute in product.attributes for fact in _of(attribute, keys)]


def _of(attribute: Attribute, keys: Mapping[Attribute, str]) -> Iterator[Fact]:
    key, name = keys.get(attribute, ""), human(attribute.name)
    found: list[tuple[str, Leaf]] = []
    for leaf in leaves(attribute.value, attribute.unit):
        parts = [name, *leaf.path]
        # "item dimensions" + "width" is the item's width, "display" + "size" the display's size.
        if len(parts) > 1 and parts[-1] in (*_SIDES, "depth") and parts[-2].endswith("dimensions"):
            parts[-2] = parts[-2].removesuffix("dimensions").strip()
        found.append((" ".join(part for part in parts if part), leaf))
    words: dict[str, list[str]] = {}
    for called, leaf in found:
        whole = f"{leaf.text} {leaf.unit}".strip()
        sides = dimensions(whole)
        if sides:
            yield Fact(called, tuple(side for _, side in sides), whole, key, attribute)
            stem = re.sub(r"\b(?:dimensions?|size)\b", "", called).strip()
            for label, side in sides:
                if label:
                    yield Fact(f"{stem} {label}".strip(), side, whole, key, attribute)
            continue
        value = typed(leaf.text, leaf.unit)
        if isinstance(value, str):
            words.setdefault(called, []).append(value)
        elif value is not None:
            yield Fact(called, value, whole, key, attribute)
    for called, texts in words.items():
        unique = list(dict.fromkeys(texts))
        yield Fact(called, ", ".join(unique), ", ".join(unique), key, attribute)


def typed(text: str, unit: str = "") -> Value | None:
    """The value that a text states.

    One quantity where it is nothing else ("1.2 kg", "up to 9 hours"), several where it is a list of parts of which some
    are quantities ("Li-ion, 2000mAh"), yes or no, else words; None where it says nothing.
    """
    bare = " ".join(text.split())
    low = bare.lower().rstrip(".")
    if low in _NONE:
        return None
    if low in _YES or low in _NO:
        return low in _YES
    whole = f"{bare} {unit}".strip() if unit else bare
    found = find(whole)
    if not found:
        return bare
    if unit or len(found) == 1:
        one = found[0]
        around = plain(whole)
        rest = (around[: one.start] + around[one.end :]).strip(" .,()~+<>=")
        counted = one.quantity.kind == "count"
        if not rest or (not counted and len(rest.split()) <= 2):
            return one.quantity
        if counted and not around[: one.start].strip() and len(rest.split()) == 1 and rest.isalpha():
            return one.quantity  # "12 pieces"
    measured = [one.quantity for one in found if one.quantity.kind != "count"]
    if measured and len(_SEVERAL.split(bare)) > 1 and len(measured) <= 6:
        return measured[0] if len(measured) == 1 else tuple(measured)
    return bare
