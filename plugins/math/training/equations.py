"""Equations as data sets write them: read into trees, and solved for their one unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from plugins.math.training.problem import number

_TOKEN = re.compile(r"\s*(?:(\d[\d,]*\.?\d*|\.\d+)(%?)|([A-Za-z_]+)|([-+*/()÷×]))")
_SIGNS = {"÷": "/", "×": "*"}
_MOST_TOKENS = 120


class EquationError(ValueError):
    """An equation that cannot be read or solved; the text says why in a few words."""


@dataclass(frozen=True, eq=False, slots=True)
class Literal:
    """A number as it stands in an equation; each place is an object of its own."""

    value: Fraction


@dataclass(frozen=True, eq=False, slots=True)
class Unknown:
    """A name in an equation."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """An operator (one of + - * /) on two trees."""

    operator: str
    left: Tree
    right: Tree


Tree = Literal | Unknown | Node


def leaves(tree: Tree) -> Iterator[Literal | Unknown]:
    """The leaves of a tree from left to right; one that is shared comes as often as it stands there."""
    if isinstance(tree, Node):
        yield from leaves(tree.left)
        yield from leaves(tree.right)
    else:
        yield tree


def evaluate(tree: Tree) -> Fraction:
    """The value of a tree without unknowns. Raises EquationError (division by zero, an unknown)."""
    if isinstance(tree, Literal):
        return tree.value
    if isinstance(tree, Unknown):
        raise EquationError(f"unknown {tree.name!r}")
    left, right = evaluate(tree.left), evaluate(tree.right)
    match tree.operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if right == 0:
        raise EquationError("division by zero")
    return left / right


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[Tree | str] = []
        place, text = 0, text.strip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None or len(self.tokens) > _MOST_TOKENS:
                raise EquationError("not an arithmetic expression")
            place = match.end()
            digits, percent, name, sign = match.groups()
            if digits:
                self.tokens.append(Literal(number(digits) / (100 if percent else 1)))
            elif name:
                self.tokens.append(Unknown(name.lower()))
            else:
                self.tokens.append(_SIGNS.get(sign, sign))
        self.place = 0

    def next(self) -> Tree | str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def sum(self) -> Tree:
        tree = self.product()
        while (sign := self.next()) in ("+", "-"):
            self.place += 1
            tree = Node(str(sign), tree, self.product())
        return tree

    def product(self) -> Tree:
        tree = self.atom()
        while True:
            following = self.next()
            if following in ("*", "/"):
                self.place += 1
                tree = Node(str(following), tree, self.atom())
            elif following == "(" or isinstance(following, Unknown):
                tree = Node("*", tree, self.atom())
            else:
                return tree

    def atom(self) -> Tree:
        token = self.next()
        self.place += 1
        if token == "(":
            tree = self.sum()
            if self.next() != ")":
                raise EquationError("brackets do not match")
            self.place += 1
            return tree
        if token == "-":
            inner = self.atom()
            return Literal(-inner.value) if isinstance(inner, Literal) else Node("-", Literal(Fraction(0)), inner)
        if token == "+":
            return self.atom()
        if token is None or isinstance(token, str):
            raise EquationError("not an arithmetic expression")
        return token


def read(text: str) -> Tree:
    """The tree of an expression. Raises EquationError."""
    reader = _Reader(text)
    tree = reader.sum()
    if reader.next() is not None:
        raise EquationError("not an arithmetic expression")
    return tree


def solved(equation: str) -> Tree:
    """The closed expression for the unknown of a linear equation ("70-x=27"), or the expression itself.

    An unknown that stands in one place is freed by undoing the operations around it, so that the expression keeps the
    steps a person would take; one that stands in several is collected as (d - b)/(a - c) of a*x + b = c*x + d.
    Raises EquationError.
    """
    sides = [read(side) for side in equation.split("=")]
    if len(sides) > 2:
        raise EquationError("more than one equals sign")
    if len(sides) == 1:
        sides.append(Unknown("answer"))
    unknowns = [[leaf for leaf in leaves(side) if isinstance(leaf, Unknown)] for side in sides]
    names = {leaf.name for side in unknowns for leaf in side}
    if len(names) > 1:
        raise EquationError("more than one unknown")
    if not names:
        constants = [side for side in sides if isinstance(side, Node)]
        if len(constants) != 1:
            raise EquationError("no unknown")
        return tidy(constants[0])
    if len(unknowns[0]) + len(unknowns[1]) == 1:
        inside, other = (sides[0], sides[1]) if unknowns[0] else (sides[1], sides[0])
        return tidy(_freed(inside, other))
    (a, b), (c, d) = _linear(sides[0]), _linear(sides[1])
    if a is None and c is None:
        raise EquationError("not linear")
    quotients = [(_minus(d, b), _minus(a, c)), (_minus(b, d), _minus(c, a))]
    # the way round that needs no negative number, where there is one
    for above, below in sorted(quotients, key=lambda pair: sum(_negated(part) for part in pair)):
        if above is not None and below is not None and evaluate(below) > 0:
            return tidy(Node("/", above, below))
    raise EquationError("the unknown falls out")


def _freed(tree: Tree, other: Tree) -> Tree:
    """`other` with the operations undone that stand around the unknown in `tree`."""
    while isinstance(tree, Node):
        at_left = any(isinstance(leaf, Unknown) for leaf in leaves(tree.left))
        rest = tree.right if at_left else tree.left
        match tree.operator, at_left:
            case "+", _:
                other = Node("-", other, rest)
            case "*", _:
                other = Node("/", other, rest)
            case "-", True:
                other = Node("+", other, rest)
            case "/", True:
                other = Node("*", other, rest)
            case "-", False:
                other = Node("-", rest, other)
            case _:
                other = Node("/", rest, other)
        tree = tree.left if at_left else tree.right
    return other


def _negated(tree: Tree | None) -> bool:
    return isinstance(tree, Node) and tree.operator == "-" and _zero(tree.left)


def _plus(first: Tree | None, second: Tree | None) -> Tree | None:
    return Node("+", first, second) if first and second else first or second


def _minus(first: Tree | None, second: Tree | None) -> Tree | None:
    if second is None:
        return first
    if first is None and isinstance(second, Literal):
        return Literal(-second.value)
    return Node("-", first if first else Literal(Fraction(0)), second)


def _linear(tree: Tree) -> tuple[Tree | None, Tree | None]:
    """(a, b) of a*x + b, None for zero. Raises EquationError where the tree is not linear."""
    if isinstance(tree, Unknown):
        return Literal(Fraction(1)), None
    if isinstance(tree, Literal):
        return None, tree
    (a, b), (c, d) = _linear(tree.left), _linear(tree.right)
    if tree.operator in "+-":
        join = _plus if tree.operator == "+" else _minus
        return join(a, c), join(b, d)
    if tree.operator == "/":
        if c is not None or d is None:
            raise EquationError("not linear")
        return (Node("/", a, d) if a else None), (Node("/", b, d) if b else None)
    if a is not None and c is not None:
        raise EquationError("not linear")
    if a is None:
        a, b, c, d = c, d, a, b
    if d is None:
        return None, None
    return (Node("*", a, d) if a else None), (Node("*", b, d) if b else None)


def tidy(tree: Tree) -> Tree:
    """The tree without steps that change nothing (times one, plus zero) and without double negatives."""
    if not isinstance(tree, Node):
        return tree
    left, right = tidy(tree.left), tidy(tree.right)
    below = right.value if isinstance(right, Literal) else None
    above = left.value if isinstance(left, Literal) else None
    if (tree.operator in "*/" and below == 1) or (tree.operator in "+-" and below == 0):
        return left
    if (tree.operator == "*" and above == 1) or (tree.operator == "+" and above == 0):
        return right
    if tree.operator in "+-" and below is not None and below < 0:
        return Node("-" if tree.operator == "+" else "+", left, Literal(-below))
    if tree.operator == "+" and above is not None and above < 0:
        return Node("-", right, Literal(-above))
    if tree.operator == "-" and above == 0 and isinstance(right, Node) and right.operator == "-":
        return Node("-", right.right, right.left)
    if tree.operator in "+-" and isinstance(right, Node) and _negated(right):
        return Node("-" if tree.operator == "+" else "+", left, right.right)
    if tree.operator == "+" and isinstance(left, Node) and _negated(left):
        return Node("-", right, left.right)
    return Node(tree.operator, left, right)


def _zero(tree: Tree) -> bool:
    return isinstance(tree, Literal) and tree.value == 0
