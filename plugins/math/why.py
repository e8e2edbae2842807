"""Why an answer is what it is: formulas as people write them, their steps, and every derivation as a table.

The table rides on the slot event of the turn, in `metadata["explanation"]` (`title`, `columns`, `rows` of texts, and
`notes`): any skill may say so why it answered as it did, and `/why` shows it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from plugins.math.channels import Derivation
from plugins.math.groups import alike
from plugins.math.interpreter import run
from plugins.math.phrasing import Said, figures, in_words
from plugins.math.program import program_of
from plugins.math.solving import Solved, independent
from plugins.math.types import Answer, Program, ProgramError, Template

MAX_ROWS, MAX_NODES, MAX_SHOWN = 40, 60, 80
_SIGNS: Mapping[type[ast.operator], tuple[str, str, int]] = {
    ast.Add: ("+", "plus", 1),
    ast.Sub: ("−", "minus", 1),
    ast.Mult: ("×", "times", 2),
    ast.Div: ("÷", "divided by", 2),
    ast.FloorDiv: ("÷", "divided by", 2),
    ast.Mod: ("mod", "modulo", 2),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a calculation with what it gives."""

    left: Fraction
    sign: str
    right: Fraction
    result: Fraction

    def said(self) -> Said:
        """`15 − 8 = 7` to read, `fifteen minus eight is seven` to say."""
        word = next(word for sign, word, _ in _SIGNS.values() if sign == self.sign)
        text = f"{figures(self.left)} {self.sign} {figures(self.right)} = {figures(self.result)}"
        return Said(text, f"{in_words(self.left)} {word} {in_words(self.right)} is {in_words(self.result)}")


class _Unshown(Exception):
    """A program that has no formula short enough to be shown."""


class _Inline(ast.NodeTransformer):
    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self.known, self.nodes = known, 0

    def visit(self, node: ast.AST) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Unshown
        if isinstance(node, ast.Name) and node.id in self.known:
            inner = self.known[node.id]
            self.nodes += sum(1 for _ in ast.walk(inner))
            return inner
        return self.generic_visit(node)


def closed(program: Program) -> ast.expr | None:
    """The answer of a program as one expression over letters, None where it branches, loops or is too long."""
    known: dict[str, ast.expr] = {name: ast.Name(letter) for name, letter in program.parameters.items()}
    try:
        for statement in program.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    known[name] = _inlined(value, known)
                case ast.Return(value=ast.expr() as value):
                    return _inlined(value, known)
                case _:
                    return None
    except _Unshown:
        return None
    return known.get(program.answer)


def _inlined(value: ast.expr, known: Mapping[str, ast.expr]) -> ast.expr:
    copied = ast.parse(ast.unparse(value), mode="eval").body
    found: ast.expr = _Inline(known).visit(copied)
    if sum(1 for _ in ast.walk(found)) > 3 * MAX_NODES:
        raise _Unshown
    return found


def formula(program: Program, values: Mapping[str, Fraction] | None = None) -> str:
    """A program as a formula with as few brackets as it needs, over its letters or over numbers; empty without one."""
    tree = closed(program)
    if tree is None:
        return ""
    try:
        text = _render(tree, values or {}, 0)
    except _Unshown:
        return ""
    return text if len(text) <= MAX_SHOWN else ""


def _render(node: ast.expr, values: Mapping[str, Fraction], binding: int) -> str:
    match node:
        case ast.Name(id=name):
            return _number(values[name], binding) if name in values else name
        case ast.Constant(value=bool()):
            raise _Unshown
        case ast.Constant(value=int() | float() as number):
            return _number(Fraction(str(number)), binding)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            text = f"−{_render(operand, values, 3)}"
            return f"({text})" if binding else text
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _SIGNS:
            sign, _, own = _SIGNS[type(operator)]
            plain = sign in "+×"
            text = f"{_render(left, values, own)} {sign} {_render(right, values, own if plain else own + 1)}"
            return f"({text})" if own < binding else text
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"{_render(left, values, 4)}^{_render(right, values, 4)}"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"{name}({', '.join(_render(each, values, 0) for each in arguments)})"
    raise _Unshown


def _number(value: Fraction, binding: int) -> str:
    text = figures(value)
    return f"({text})" if binding and (value < 0 or "/" in text) else text


def steps(program: Program, template: Template) -> list[Step]:
    """The operations of a formula, the innermost first; empty where it is no plain formula or cannot be computed."""
    tree, found = closed(program), list[Step]()

    def work(node: ast.expr) -> Fraction:
        match node:
            case ast.Name(id=name) if name in template.values:
                return template.values[name]
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return Fraction(str(number))
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _SIGNS:
                first, second = work(left), work(right)
                result = _of(ast.BinOp(ast.Name("A"), operator, ast.Name("B")), first, second)
                found.append(Step(first, _SIGNS[type(operator)][0], second, result))
                return result
        raise _Unshown

    try:
        if tree is not None:
            work(tree)
    except (_Unshown, ProgramError):
        return []
    return found


def _of(node: ast.expr, first: Fraction, second: Fraction) -> Fraction:
    answer = run(program_of(ast.unparse(node), ("A", "B")), {"A": first, "B": second})
    if not isinstance(answer, Fraction):
        raise _Unshown
    return answer


def shown(item: Derivation, template: Template) -> str:
    """The formula of a derivation with the numbers in it; empty where it has none."""
    return formula(item.program, template.values) if item.program is not None else ""


def best(solved: Solved, place: int = 0) -> Derivation | None:
    """The derivation that speaks for a reading: the weightiest one with a formula that can be shown."""
    if place >= len(solved.verdict.groups):
        return None
    items = sorted(solved.verdict.groups[place].derivations, key=lambda item: -item.weight)
    return next((item for item in items if shown(item, solved.template)), items[0] if items else None)


def explanation(solved: Solved, floor: float) -> dict[str, Any]:
    """Every derivation as a table of texts: readings from the likeliest on, then what failed."""
    verdict, template = solved.verdict, solved.template
    agreeing, tried = independent(verdict)
    rows = [row for place, group in enumerate(verdict.groups) for row in _rows(solved, place, group.derivations)]
    failures = [item for item in solved.derivations if item.answer is None]
    rows += [["-", "", *_row(item, template)] for item in failures]
    known = ", ".join(
        " ".join(filter(None, (f"{letter} = {figures(value)}", template.units.get(letter, ""))))
        for letter, value in template.values.items()
    )
    least = f", least to answer {floor:.3f}" if floor <= 1 else ""
    notes = [f"template: {template.text}", f"letters: {known}"]
    if len(rows) > MAX_ROWS:
        notes.append(f"{len(rows) - MAX_ROWS} more are left out")
    return {
        "title": f"derivations: {agreeing} of {tried} independent ones agree; "
        f"{verdict.why} at {verdict.probability:.3f}{least}",
        "columns": ["reading", ">probability", "channel", "formula", "in numbers", ">answer", ">weight", "checks"],
        "rows": rows[:MAX_ROWS],
        "notes": notes,
    }


def _rows(solved: Solved, place: int, items: Sequence[Derivation]) -> list[list[str]]:
    chances = solved.verdict.probabilities
    chance = f"{chances[place]:.3f}" if place < len(chances) else ""
    ordered = sorted(items, key=lambda item: -item.weight)
    return [[str(place + 1), chance, *_row(item, solved.template)] for item in ordered]


def _row(item: Derivation, template: Template) -> list[str]:
    letters = formula(item.program) if item.program is not None else ""
    text = letters or " ".join(item.text.split())[:MAX_SHOWN]
    checks = [f"{name}={mark:g}" for name, mark in item.checks.items()]
    if item.program is not None:
        checks += [f"{finding.kind} {finding.name}".strip() for finding in item.program.findings]
        unused = sorted(item.program.unused - template.excused)
        checks += [f"unused {' '.join(unused)}"] if unused else []
    checks += [f"failed: {item.failure}"] if item.failure else []
    answer = "" if item.answer is None else _figures(item.answer)
    return [item.channel, text, shown(item, template), answer, f"{item.weight:.3f}", ", ".join(checks)]


def _figures(answer: Answer) -> str:
    return str(answer).lower() if isinstance(answer, bool) else figures(Fraction(answer))


def others(solved: Solved) -> list[Derivation]:
    """The best derivation of each further reading that a channel puts first."""
    verdict, found = solved.verdict, list[Derivation]()
    tops: dict[str, float] = {}
    for group in verdict.groups:
        for item in group.derivations:
            tops[item.channel] = max(tops.get(item.channel, 0.0), item.weight)
    for place, group in enumerate(verdict.groups[1:], 1):
        first = best(solved, place)
        if first is not None and any(item.weight >= tops[item.channel] for item in group.derivations):
            found.append(first)
    return [item for item in found if item.answer is not None and not alike(item.answer, verdict.groups[0].answer)]
