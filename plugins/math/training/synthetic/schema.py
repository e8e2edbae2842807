"""A schema of word problems: its formula, the range of its numbers, and the many ways its story is told.

Texts are alternatives in brackets, "[has|owns]", with slots in braces that a scene fills (see `scene`). Sentences are
parted by " // "; the last is the question. Numbers are drawn until every part of the formula is sensible.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

from plugins.math.solver.symbols import OPERATORS, Prefix, value
from plugins.math.training.synthetic.things import Kind

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_ATTEMPTS = 4000
_FRACTIONS = tuple(
    Fraction(*pair) for pair in ((1, 2), (1, 2), (1, 3), (1, 4), (2, 3), (3, 4), (1, 5), (2, 5), (1, 6), (1, 10))
)
_PERCENTS = (5, 10, 10, 15, 20, 20, 25, 25, 30, 40, 50, 60, 75, 80)


def prefix_of(formula: str) -> Prefix:
    """The prefix form of a formula over names and whole numbers, "(x+y)*2". Raises ValueError for anything else."""
    return _prefix(ast.parse(formula, mode="eval").body)


def _prefix(node: ast.expr) -> Prefix:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return (_OPERATORS[type(node.op)], *_prefix(node.left), *_prefix(node.right))
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return (str(node.value),)
    raise ValueError(f"not a formula: {ast.unparse(node)}")


def parts(prefix: Prefix) -> list[Prefix]:
    """Every sub-formula that has an operator, the whole one first."""
    found = []
    for start, token in enumerate(prefix):
        if token not in OPERATORS:
            continue
        end, missing = start, 1
        while missing:
            missing += 1 if prefix[end] in OPERATORS else -1
            end += 1
        found.append(prefix[start:end])
    return found


@dataclass(frozen=True)
class Schema:
    """One schema.

    `numbers` gives the range of each variable: "2-60" whole, "$" a price of the scene's thing, "$5-40" dollars, "~2-60"
    measures that may have a decimal, "frac", "percent", "times" (two, three ... times). `story` and `ask` are joined by
    " // ". `whole` demands whole numbers of every part of the formula, otherwise cents suffice. `distract` says which
    irrelevant sentences are harmless: "any", "other" (not about more of the same things), or "none". `checks` are
    differences that must be positive too.
    """

    name: str
    family: str
    formula: str
    numbers: Mapping[str, str]
    story: str
    ask: str
    whole: bool = True
    distract: str = "other"
    kinds: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    prefix: Prefix = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "prefix", prefix_of(self.formula))

    def draw(self, rng: Random, kind: Kind) -> dict[str, Fraction]:
        """Values for which every part of the formula makes sense. Raises ValueError where none are found."""
        demanded = [*parts(self.prefix), *(prefix_of(check) for check in self.checks)]
        cents = rng.random() < 0.35
        for _ in range(_ATTEMPTS):
            values = {name: _drawn(spec, rng, kind, cents) for name, spec in self.numbers.items()}
            if all(self._sensible(part, values) for part in demanded):
                return values
        raise ValueError(f"schema {self.name}: no sensible numbers in {_ATTEMPTS} draws")

    def _sensible(self, part: Prefix, values: Mapping[str, Fraction]) -> bool:
        result = value(part, dict(values))
        if part[0] == "/" and result == 1:
            return False
        if self.whole:
            return result > 0 and result.denominator == 1
        return result > 0 and result <= 10**6 and (result * 100).denominator == 1


def _drawn(spec: str, rng: Random, kind: Kind, cents: bool) -> Fraction:
    if spec == "frac":
        return rng.choice(_FRACTIONS)
    if spec == "percent":
        return Fraction(rng.choice(_PERCENTS))
    if spec == "times":
        return Fraction(rng.choice((2, 2, 2, 3, 3, 4, 5, 6)))
    if spec.startswith("$"):
        low, high = (int(end) for end in spec[1:].split("-")) if len(spec) > 1 else (kind.low, kind.high)
        price = Fraction(_between(low, high, rng))
        return price + Fraction(rng.choice((0, 50, 50, 25, 75, 99, 20, 80, 10)), 100) if cents else price
    if spec.startswith("~"):
        low, high = (int(end) for end in spec[1:].split("-"))
        return Fraction(_between(low, high, rng)) + (Fraction(rng.randint(1, 9), 10) if cents else 0)
    low, high = (int(end) for end in spec.split("-"))
    if high >= 60 and rng.random() < 0.04:
        high *= 10
    return Fraction(_between(low, high, rng))


def _between(low: int, high: int, rng: Random) -> int:
    # children's problems have small numbers more often than large ones
    return rng.randint(low, high if rng.random() < 0.5 else min(high, low + max(4, (high - low) // 3)))
