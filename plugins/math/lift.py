"""Programs written with the numbers of a question, lifted to its letters, so that they can be compared and re-used."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from fractions import Fraction

from plugins.math.program import parse, program_of
from plugins.math.types import Program, Template


class _Lift(ast.NodeTransformer):
    def __init__(self, names: Mapping[Fraction, str], hundredths: Mapping[Fraction, str]) -> None:
        self.names, self.hundredths = names, hundredths

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            return node
        value = Fraction(repr(node.value))
        if value in self.names:
            return ast.Name(self.names[value], ast.Load())
        if value in self.hundredths:
            return ast.BinOp(ast.Name(self.hundredths[value], ast.Load()), ast.Div(), ast.Constant(100))
        return node


def lifted(source: str, template: Template) -> Program:
    """The program of a text, with each number that is exactly one of the template's values replaced by its letter.

    A percentage is also found as a hundredth. A number that two letters stand for stays, and so does one that merely
    happens to be a value (the 60 of an hour beside a 60 in the question cannot be told apart, and becomes the letter).
    Raises `ProgramError`.
    """
    program_of(source, template.letters)  # refused before anything walks the tree
    names: dict[Fraction, str] = {}
    hundredths: dict[Fraction, str] = {}
    values = list(template.values.values())
    for letter, value in template.values.items():
        if values.count(value) == 1:
            names[value] = letter
            if template.units.get(letter) == "percent":
                hundredths[value / 100] = letter
    tree = _Lift(names, hundredths).visit(parse(source, template.letters))
    return program_of(ast.unparse(ast.fix_missing_locations(tree)), template.letters)
