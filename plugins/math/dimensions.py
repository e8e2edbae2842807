"""Units as a check of formulas: people times kids are neither, and pencils plus boxes are odd.

Word problems leave most units out ("5 dollars" is a price of one meal), so nothing is refused here: what is found are
marks, and a vote learns from development problems what they are worth.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from plugins.math.quantities import money
from plugins.math.types import Program, Template
from plugins.units import SPELLINGS

_PEOPLE = """
people person kid child student boy girl man woman adult friend guest member worker player teacher customer grader
visitor passenger brother sister cousin children men women classmate neighbor
"""
_PERSON = frozenset(_PEOPLE.split())
_PRONOUNS = ("them", "those", "these")
_PART = r"(?:\s+of\s+(?:them|those|these))?(?:\s+(?:were|are|was|is|of)\b)"
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Marks:
    """What units say about one formula.

    like_product: two quantities of one kind are multiplied; unlike_sum: two of different kinds are added or
    subtracted; asked: the kind that is asked for is in the result (None where it is not known).
    """

    like_product: bool
    unlike_sum: bool
    asked: bool | None


def kind(unit: str) -> str:
    """The kind of a unit: money, person, a physical kind, or its last noun; empty for none and for pure numbers."""
    unit = unit.strip().lower()
    if not unit or unit in ("percent", "times"):
        return ""
    if money(unit):
        return "money"
    if unit in SPELLINGS:
        return str(SPELLINGS[unit].kind)
    words: list[str] = _WORD.findall(unit)
    if not words:
        return ""
    if any(word in _PERSON or word.removesuffix("s") in _PERSON for word in words):
        return "person"
    last = words[-1]
    return last[:-1] if last.endswith("s") and len(last) > 3 else last


def kinds_of(template: Template) -> dict[str, str]:
    """The kind of each letter. A part ("8 were kids", "5 of them") is of the kind that was counted before it."""
    found: dict[str, str] = {}
    counted = ""
    for letter in template.values:
        found[letter] = kind(template.units.get(letter, ""))
        if found[letter] in ("", *_PRONOUNS) and re.search(rf"\b{letter}{_PART}", template.text):
            found[letter] = counted
        elif found[letter] != "money":
            counted = found[letter] or counted
    return found


def marks(program: Program, template: Template) -> Marks:
    """What the units of a formula over a template's letters say. Branches and loops say nothing."""
    kinds = kinds_of(template)
    found = {"like": False, "unlike": False}
    result: frozenset[str] = frozenset()
    for statement in program.body:
        value = getattr(statement, "value", None)
        if isinstance(value, ast.expr):
            result = _of(value, kinds, found)
    asked = kind(template.unit)
    return Marks(found["like"], found["unlike"], asked in result if asked and result else None)


def _of(node: ast.expr, kinds: Mapping[str, str], found: dict[str, bool]) -> frozenset[str]:
    """The kinds that an expression carries in its numerator."""
    if isinstance(node, ast.Name):
        return frozenset({kinds[node.id]}) if kinds.get(node.id) else frozenset()
    if isinstance(node, ast.UnaryOp):
        return _of(node.operand, kinds, found)
    if not isinstance(node, ast.BinOp):
        return frozenset()
    left, right = _of(node.left, kinds, found), _of(node.right, kinds, found)
    if isinstance(node.op, ast.Mult):
        found["like"] |= bool(left & right)
        return left | right
    if isinstance(node.op, ast.Add | ast.Sub):
        found["unlike"] |= bool(left and right and not left & right)
        return left or right
    return left - right
