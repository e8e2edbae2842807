"""What flows where in a checked program: names that are never bound, never used, and letters that reach the answer."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from plugins.math.types import Finding, ProgramError


@dataclass(frozen=True, slots=True)
class Facts:
    """`reached`: names the answer depends on (through values, tests and loops); `findings`: what a linter would say."""

    reached: frozenset[str]
    findings: tuple[Finding, ...]


def _loads(node: ast.AST) -> Iterator[ast.Name]:
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
            yield child


class _Flow:
    """Collects, flow-insensitively, which names each name is made of (its value and the tests it stands under)."""

    def __init__(self) -> None:
        self.sources: dict[str, set[str]] = {}
        self.bound: dict[str, int] = {}
        self.answer: set[str] = set()
        self.loops: set[str] = set()
        self.findings: list[Finding] = []

    def block(self, body: Iterable[ast.stmt], under: frozenset[str]) -> None:
        ended = False
        for node in body:
            if ended:
                self.findings.append(Finding("unreachable", type(node).__name__.lower(), node.lineno))
                ended = False
            self.statement(node, under)
            ended = isinstance(node, ast.Return | ast.Break | ast.Continue)

    def bind(self, target: ast.AST, made_of: Collection[str]) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self.bound.setdefault(node.id, node.lineno)
                self.sources.setdefault(node.id, set()).update(made_of)

    def statement(self, node: ast.stmt, under: frozenset[str]) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.bind(target, {name.id for name in _loads(value)} | under)
            case ast.AugAssign(target=ast.Name(id=name) as target, value=value):
                self.bind(target, {name, *(used.id for used in _loads(value))} | under)
            case ast.Return(value=ast.expr() as value):
                self.answer.update({name.id for name in _loads(value)} | under)
            case ast.If(test=test, body=body, orelse=other):
                inner = under | {name.id for name in _loads(test)}
                self.block(body, inner)
                self.block(other, inner)
                if any(isinstance(child, ast.Return | ast.Break) for child in ast.walk(node)):
                    self.answer.update(inner)
            case ast.While(test=test, body=body):
                inner = under | {name.id for name in _loads(test)}
                self.block(body, inner)
            case ast.For(target=target, iter=source, body=body):
                inner = under | {name.id for name in _loads(source)}
                self.bind(target, inner)
                self.loops.update(name.id for name in ast.walk(target) if isinstance(name, ast.Name))
                self.block(body, inner)
            case ast.Expr():
                self.findings.append(Finding("unused expression", "", node.lineno))

    def reached(self) -> frozenset[str]:
        found, open_ = set(), list(self.answer)
        while open_:
            name = open_.pop()
            if name not in found:
                found.add(name)
                open_ += self.sources.get(name, ())
        return frozenset(found)


def check(
    body: list[ast.stmt], answer: str, given: Collection[str], builtin: Collection[str], parameters: Mapping[str, str]
) -> Facts:
    """The facts about a program that starts with the names `given`. Raises `ProgramError` for undefined names."""
    flow = _Flow()
    if answer:
        flow.answer.add(answer)
    flow.block(body, frozenset())
    used: set[str] = {answer}
    for statement in body:
        for load in _loads(statement):
            used.add(load.id)
            if load.id not in flow.bound and load.id not in given and load.id not in builtin:
                raise ProgramError(f"undefined name {load.id!r}", load.lineno)
    for name, line in flow.bound.items():
        if name not in used and name not in flow.loops:
            flow.findings.append(Finding("unused variable", name, line))
    for name in parameters:
        if name not in used:
            flow.findings.append(Finding("unused parameter", name, 1))
    return Facts(flow.reached(), tuple(sorted(flow.findings, key=lambda finding: (finding.line, finding.kind))))
