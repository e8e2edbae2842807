"""The numbers of an equation laid against the numbers of its question: a tree becomes a formula over letters."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from plugins.math.solver.symbols import CONSTANTS, OPERATORS, Prefix
from plugins.math.training.equations import EquationError, Literal, Node, Tree, Unknown, evaluate, leaves
from plugins.math.types import Template

_CONSTANTS = {Fraction(constant): constant for constant in CONSTANTS}


@dataclass(frozen=True, slots=True)
class Alignment:
    """`prefix` over letters and constants; `constants` it needed; `unsure` numbers that more than one letter fits.

    `missing` are numbers that are neither in the question nor constants (then `prefix` is empty).
    """

    prefix: Prefix
    constants: tuple[str, ...] = ()
    unsure: int = 0
    missing: tuple[Fraction, ...] = ()
    unused: int = 0


def align(tree: Tree, template: Template) -> Alignment:
    """Lays a tree of literals against a template.

    Equal numbers are told apart by the order of use. A number that is no letter may be a letter in disguise: the share
    of a percentage (.2 or .8 of "20 %"), cents of a dollar, the division that a fraction in the question stands for.
    """
    return _Aligner(template).run(tree)


class _Aligner:
    def __init__(self, template: Template) -> None:
        self.template = template
        self.letters: dict[Fraction, list[str]] = {}
        for letter, value in template.values.items():
            self.letters.setdefault(value, []).append(letter)
        self.chosen: dict[int, str] = {}
        self.fixed: set[int] = set()
        self.missing: list[Fraction] = []

    def run(self, tree: Tree) -> Alignment:
        tree = self._gathered(tree)
        unsure = self._choose(tree)
        prefix = self._written(tree)
        if self.missing:
            return Alignment((), missing=tuple(self.missing))
        constants = tuple(token for token in prefix if token not in OPERATORS and token not in self.template.values)
        unused = sum(letter not in prefix and letter not in self.template.excused for letter in self.template.values)
        return Alignment(ordered(prefix, self.template.letters), constants, unsure, (), unused)

    def _named(self, tree: Tree) -> bool:
        return isinstance(tree, Literal) and tree.value in self.letters

    def _gathered(self, tree: Tree) -> Tree:
        """Divisions and products that the question says as one number ("three quarters of", "two dozen") as one."""
        if not isinstance(tree, Node):
            return tree
        found = list(leaves(tree))
        if all(isinstance(leaf, Literal) for leaf in found) and not all(self._named(leaf) for leaf in found):
            try:
                whole = evaluate(tree)
            except EquationError:
                return tree
            if whole in self.letters and len(found) <= 3:
                return Literal(whole)
        left, right = self._gathered(tree.left), self._gathered(tree.right)
        if tree.operator == "/" and isinstance(right, Literal) and right.value:
            if right.value == 100 and "percent" in self.template.units.values():
                # the hundred of "per cent", whatever else is a hundred in the question
                right = Literal(right.value)
                self.fixed.add(id(right))
                return Node("/", left, right)
            if not self._named(right) and (inverse := 1 / right.value) in self.letters:
                return Node("*", left, Literal(inverse))
            if isinstance(left, Node) and left.operator == "*":
                for factor, other in ((left.right, left.left), (left.left, left.right)):
                    if isinstance(factor, Literal) and not (self._named(factor) and self._named(right)):
                        share = factor.value / right.value
                        if share in self.letters and share.denominator > 1:
                            return Node("*", other, Literal(share))
        if tree.operator == "*":
            for part, other in ((left, right), (right, left)):
                if isinstance(other, Literal) and other.value > 1 and not self._named(other):
                    inverse = 1 / other.value
                    if inverse in self.letters:
                        return Node("/", part, Literal(inverse))
                if isinstance(part, Node) and part.operator == "/" and isinstance(part.right, Literal):
                    if not isinstance(other, Literal) or not part.right.value:
                        continue
                    if not (self._named(other) and self._named(part.right)):
                        share = other.value / part.right.value
                        if share in self.letters and share.denominator > 1:
                            return Node("*", part.left, Literal(share))
        return Node(tree.operator, left, right)

    def _choose(self, tree: Tree) -> int:
        """Gives every literal that has a letter its letter; how many were a guess."""
        wanted: dict[Fraction, list[Literal]] = {}
        for leaf in leaves(tree):
            if isinstance(leaf, Literal) and leaf.value in self.letters and id(leaf) not in self.fixed:
                places = wanted.setdefault(leaf.value, [])
                if all(place is not leaf for place in places):
                    places.append(leaf)
        unsure = 0
        for number, places in wanted.items():
            letters = self.letters[number]
            if len(letters) > len(places):
                letters = sorted(letters, key=lambda letter: letter in self.template.excused)
                sure = len(letters) - sum(letter in self.template.excused for letter in letters)
                unsure += sure != len(places)
                letters = letters[: len(places)]
                letters.sort(key=self.template.letters.index)
            elif 1 < len(letters) < len(places):
                unsure += 1
            for index, leaf in enumerate(places):
                self.chosen[id(leaf)] = letters[min(index, len(letters) - 1)]
        return unsure

    def _written(self, tree: Tree) -> Prefix:
        if isinstance(tree, Node):
            left, right = self._written(tree.left), self._written(tree.right)
            if tree.operator == "*":
                # "times .01" says percent
                for part, other in ((tree.left, right), (tree.right, left)):
                    if isinstance(part, Literal) and part.value == Fraction(1, 100) and not self._named(part):
                        return ("/", *other, "100")
            return (tree.operator, *left, *right)
        if isinstance(tree, Unknown):
            raise EquationError(f"unknown {tree.name!r}")
        if (letter := self.chosen.get(id(tree))) is not None:
            return (letter,)
        if tree.value in _CONSTANTS and tree.value.denominator == 1 and tree.value > 1:
            return (_CONSTANTS[tree.value],)
        if (disguised := self._disguised(tree.value)) is not None:
            return disguised
        if tree.value in _CONSTANTS:
            return (_CONSTANTS[tree.value],)
        if tree.value == Fraction(1, 100):
            return ("/", "1", "100")
        if tree.value.numerator == 1 and (below := Fraction(tree.value.denominator)) in _CONSTANTS:
            return ("/", "1", _CONSTANTS[below])
        self.missing.append(tree.value)
        return ("1",)

    def _disguised(self, value: Fraction) -> Prefix | None:
        for letter, given in self.template.values.items():
            if self.template.units.get(letter) in ("percent", "cents") and 100 * value == given:
                return ("/", letter, "100")
        for letter, given in self.template.values.items():
            if self.template.units.get(letter) == "percent":
                if value == 1 - given / 100:
                    return ("-", "1", "/", letter, "100")
                if value == 1 + given / 100:
                    return ("+", "1", "/", letter, "100")
        for letter, given in self.template.values.items():
            if 0 < given < 1:
                if value == 1 - given:
                    return ("-", "1", letter)
                if value == 1 + given:
                    return ("+", "1", letter)
        return None


def ordered(prefix: Prefix, letters: tuple[str, ...]) -> Prefix:
    """A formula in one order of its own: sums and products as left-leaning chains in the order of the question.

    A - (B + C) becomes A - B - C; nothing else is rearranged, so that every step stays one a person would take.
    """
    rank = {letter: place for place, letter in enumerate(letters)}

    def parts(tree: Prefix) -> tuple[Prefix, Prefix]:
        depth, place = 1, 1
        while depth:
            depth += 1 if tree[place] in OPERATORS else -1
            place += 1
        return tree[1:place], tree[place:]

    def key(tree: Prefix) -> tuple[int, str]:
        return min((rank[token] for token in tree if token in rank), default=len(rank)), " ".join(tree)

    def terms(tree: Prefix, operator: str) -> list[Prefix]:
        if tree[0] != operator:
            return [tree]
        left, right = parts(tree)
        return [*terms(left, operator), *terms(right, operator)]

    def run(tree: Prefix) -> Prefix:
        if tree[0] not in OPERATORS:
            return tree
        left, right = (run(part) for part in parts(tree))
        operator = tree[0]
        if operator == "-":
            for term in terms(right, "+"):
                left = ("-", *left, *term)
            return left
        if operator == "/":
            return (operator, *left, *right)
        first, *rest = sorted([*terms(left, operator), *terms(right, operator)], key=key)
        for term in rest:
            first = (operator, *first, *term)
        return first

    return run(prefix)
