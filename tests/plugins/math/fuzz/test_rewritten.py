"""Formulas rewritten by the rules of algebra are equal; formulas that differ somewhere are not."""

from __future__ import annotations

import random
from fractions import Fraction

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from plugins.math.equivalence import equivalent
from plugins.math.program import program_of
from plugins.math.types import Equivalence, Template
from tests.plugins.math.fuzz.reference import Large, Tree, text, value

VALUES = {"A": Fraction(6), "B": Fraction(8), "C": Fraction(5)}
TEMPLATE = Template("", VALUES, dict.fromkeys(VALUES, ""), "", frozenset(VALUES), "")
ONE, TWO = ("number", Fraction(1)), ("number", Fraction(2))
_leaves = st.sampled_from("ABC").map(lambda name: ("name", name)) | st.sampled_from([ONE, TWO, ("number", Fraction(7))])
trees: st.SearchStrategy[Tree] = st.recursive(
    _leaves,
    lambda inner: st.tuples(st.sampled_from("+-*/"), inner, inner) | st.tuples(st.just("neg"), inner),
    max_leaves=8,
)


def rewritten(tree: Tree, rng: random.Random, most: int) -> Tree:
    """The same function in other words."""
    if tree[0] in "+-*/" and len(tree) == 3:
        operator, left, right = tree[0], rewritten(tree[1], rng, most), rewritten(tree[2], rng, most)
        tree = (operator, left, right)
    elif tree[0] == "neg":
        tree = ("neg", rewritten(tree[1], rng, most))
    if rng.random() > 0.5 or len(text(tree)) > most:
        return tree
    match tree:
        case ("+" | "*" as operator, left, right) if rng.random() < 0.5:
            return (operator, right, left)
        case ("+" | "*" as operator, left, (inner, middle, right)) if inner == operator:
            return (operator, (operator, left, middle), right)
        case ("*", left, ("+" | "-" as operator, first, second)):
            return (operator, ("*", left, first), ("*", left, second))
        case ("-", left, right):
            return ("+", ("neg", right), left) if rng.random() < 0.5 else ("neg", ("-", right, left))
        case ("/", left, right):
            return ("*", left, ("/", ONE, right))
        case ("neg", inner):
            return ("-", ("number", Fraction(0)), inner)
    return rng.choice(
        (("*", ONE, tree), ("/", ("*", tree, TWO), TWO), ("-", ("+", tree, TWO), TWO), ("neg", ("neg", tree)))
    )


def mutated(tree: Tree, rng: random.Random) -> Tree:
    """The same formula with one symbol changed."""
    match tree:
        case ("name" | "number", _):
            return rng.choice([("name", "A"), ("name", "B"), ("name", "C"), ONE, TWO])
        case ("neg", inner):
            return rng.choice((inner, ("neg", mutated(inner, rng))))
    operator, left, right = tree
    if rng.random() < 0.4:
        return (rng.choice("+-*/"), left, right)
    return (operator, mutated(left, rng), right) if rng.random() < 0.5 else (operator, left, mutated(right, rng))


def at(tree: Tree, numbers: dict[str, Fraction]) -> Fraction | None:
    try:
        return Fraction(value(tree, dict(numbers)))
    except (ZeroDivisionError, Large):
        return None


def compared(first: str, second: str, seed: int) -> Equivalence:
    letters = tuple(VALUES)
    return equivalent(program_of(first, letters), program_of(second, letters), TEMPLATE, random.Random(seed))


@settings(max_examples=150, deadline=None)
@given(trees, st.integers(0, 2**20))
def test_rewritten_formulas_are_equal(tree: Tree, seed: int) -> None:
    assume(at(tree, VALUES) is not None)
    other = rewritten(tree, random.Random(seed), 150)
    found = compared(text(tree), text(other), seed)
    event(found.by)
    assert found.equal, f"{text(tree)}   {text(other)}"


@settings(max_examples=60, deadline=None)
@given(trees, st.integers(0, 2**20))
def test_rewritten_programs_that_branch_are_equal(tree: Tree, seed: int) -> None:
    assume(at(tree, VALUES) is not None)
    first, other = (f"max({text(one)}, B)" for one in (tree, rewritten(tree, random.Random(seed), 80)))
    function = f"def solution(A, B, C):\n    found = {other}\n    return found if found > B else B"
    found = compared(first, function, seed)
    event(f"{found.by}, equal {found.equal}")
    assert found.equal or found.draws == 0, f"{first}   {other}"
    assert found.by == "numeric"


@settings(max_examples=200, deadline=None)
@given(trees, st.integers(0, 2**20))
def test_mutated_formulas_are_not(tree: Tree, seed: int) -> None:
    rng = random.Random(seed)
    other = mutated(tree, rng)
    points = [{name: Fraction(rng.randint(1, 10**6), rng.randint(1, 99)) for name in VALUES} for _ in range(4)]
    pairs = [(at(tree, point), at(other, point)) for point in points]
    answered = [(first, second) for first, second in pairs if first is not None and second is not None]
    assume(any(first != second for first, second in answered))
    found = compared(text(tree), text(other), seed)
    assert not found.equal, f"{text(tree)}   {text(other)}"
