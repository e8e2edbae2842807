"""The allowed subset of Python's syntax tree: every node is on the list, or the program is refused with the reason."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection
from typing import NoReturn

from plugins.math.functions import CALLABLE
from plugins.math.types import ProgramError

MAX_NODES, MAX_DEPTH = 1500, 60
MODULES = frozenset({"math", "np", "numpy"})
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_UNSUPPORTED = frozenset({"solve", "solve_it", "Symbol", "symbols", "Eq", "simplify", "linsolve", "nsolve"})
#: What Python calls its numeric functions elsewhere.
_SAME = {"power": "pow", "absolute": "abs", "ceiling": "ceil", "average": "mean", "fsum": "sum", "amax": "max"}


def refuse(reason: str, node: ast.AST | None = None) -> NoReturn:
    """Raises `ProgramError` at the node's line."""
    raise ProgramError(reason, getattr(node, "lineno", 0))


class Grammar:
    """Checks and simplifies a tree: `math.floor` becomes `floor`, and in a formula `A(B - C)` a product."""

    def __init__(self, letters: Collection[str], formula: bool) -> None:
        self.letters, self.formula = letters, formula
        self.nodes = 0

    def _count(self, node: ast.AST, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            refuse("the program is too long", node)
        if depth > MAX_DEPTH:
            refuse("the program is nested too deeply", node)

    def block(self, body: list[ast.stmt], depth: int = 0) -> list[ast.stmt]:
        """The statements of a block; what does nothing (docstrings, prints, `pass`) is left out."""
        return [kept for statement in body if (kept := self.statement(statement, depth)) is not None]

    def statement(self, node: ast.stmt, depth: int) -> ast.stmt | None:
        """One statement, or None where it does nothing. Raises `ProgramError`."""
        self._count(node, depth)
        inner = depth + 1
        match node:
            case ast.Pass():
                return None
            case ast.Break() | ast.Continue():
                return node
            case ast.Expr(ast.Constant(value=str())):
                return None
            case ast.Expr(ast.Call(func=ast.Name(id="print")) as call):
                self.printed(call, inner)
                return None
            case ast.Expr(value):
                node.value = self.expression(value, inner)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.target(target)
                node.value = self.expression(value, inner)
            case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
                self.target(target)
                return ast.copy_location(ast.Assign([target], self.expression(value, inner)), node)
            case ast.AugAssign(target=ast.Name() as target, op=operator, value=value) if isinstance(
                operator, _OPERATORS
            ):
                self.target(target)
                node.value = self.expression(value, inner)
            case ast.If(test=test, body=body, orelse=other):
                node.test = self.expression(test, inner)
                node.body, node.orelse = self.block(body, inner), self.block(other, inner)
            case ast.While(test=test, body=body, orelse=[]):
                node.test, node.body = self.expression(test, inner), self.block(body, inner)
            case ast.For(target=target, iter=source, body=body, orelse=[]):
                self.target(target)
                node.iter, node.body = self.expression(source, inner), self.block(body, inner)
            case ast.Return(value=ast.expr() as value):
                node.value = self.expression(value, inner)
            case _:
                refuse(f"{_called(node)} is not allowed", node)
        return node

    def target(self, node: ast.expr) -> None:
        """What may be assigned to: a name, or names in a row."""
        match node:
            case ast.Name(id=name):
                if name == "print":  # a variable called `sum` hides nothing: calls go by their name alone
                    refuse(f"{name!r} is a function", node)
            case ast.Tuple(elts=names) if names and all(isinstance(each, ast.Name) for each in names):
                for each in names:
                    self.target(each)
            case _:
                refuse(f"assigning to {_called(node)} is not allowed", node)

    def printed(self, node: ast.Call, depth: int) -> None:
        """A print does nothing, but what stands in it must be harmless all the same."""
        for word in node.keywords:
            if word.arg not in ("sep", "end"):
                refuse("print with that argument is not allowed", node)
        for argument in [*node.args, *(word.value for word in node.keywords)]:
            self.text(argument, depth)

    def text(self, node: ast.expr, depth: int) -> None:
        """A text that is put together to be printed. It never is; its strings came in empty."""
        self._count(node, depth)
        match node:
            case ast.Constant(value=str()) | ast.JoinedStr(values=[]) | ast.JoinedStr(values=[ast.Constant()]):
                return
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                parts = [left, right]
            case ast.Call(func=ast.Name(id="str"), args=parts, keywords=[]):
                pass
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="format"), args=parts, keywords=[]):
                pass
            case _:
                self.expression(node, depth)
                return
        for part in parts:
            self.text(part, depth + 1)

    def expression(self, node: ast.expr, depth: int) -> ast.expr:
        """An expression of allowed nodes. Raises `ProgramError`."""
        self._count(node, depth)
        inner = depth + 1
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                if not math.isfinite(value):
                    refuse("a number is too large", node)
                return node
            case ast.Name():
                return node
            case ast.BinOp(left=left, op=operator, right=right) if isinstance(operator, _OPERATORS):
                node.left, node.right = self.expression(left, inner), self.expression(right, inner)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() | ast.Not(), operand=operand):
                node.operand = self.expression(operand, inner)
            case ast.BoolOp(values=values):
                node.values = [self.expression(value, inner) for value in values]
            case ast.Compare(left=left, ops=operators, comparators=others) if all(
                isinstance(operator, _COMPARISONS) for operator in operators
            ):
                node.left = self.expression(left, inner)
                node.comparators = [self.expression(other, inner) for other in others]
            case ast.IfExp(test=test, body=body, orelse=other):
                node.test = self.expression(test, inner)
                node.body, node.orelse = self.expression(body, inner), self.expression(other, inner)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                node.elts = [self.expression(item, inner) for item in items]
            case ast.Subscript(value=value, slice=place) if not isinstance(place, ast.Slice | ast.Tuple):
                node.value, node.slice = self.expression(value, inner), self.expression(place, inner)
            case ast.Attribute(value=ast.Name(id=module), attr="pi" as name) if module in MODULES:
                return ast.copy_location(ast.Name(name, ast.Load()), node)
            case ast.Call(keywords=[]):
                return self.call(node, inner)
            case _:
                refuse(f"{_called(node)} is not allowed", node)
        return node

    def call(self, node: ast.Call, depth: int) -> ast.expr:
        """A call of an allowed function by its bare name; `math.` and `np.` before it are dropped."""
        arguments = [self.expression(argument, depth) for argument in node.args]
        match node.func:
            case ast.Name(id=name):
                pass
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in MODULES:
                pass
            case _ if self.formula and len(arguments) == 1 and not isinstance(node.func, ast.Attribute):
                left = self.expression(node.func, depth)
                return ast.copy_location(ast.BinOp(left, ast.Mult(), arguments[0]), node)
            case _:
                refuse(f"calling {_called(node.func)} is not allowed", node)
        if self.formula and len(arguments) == 1 and name in self.letters and isinstance(node.func, ast.Name):
            return ast.copy_location(ast.BinOp(node.func, ast.Mult(), arguments[0]), node)
        name = _SAME.get(name, name)
        if name in _UNSUPPORTED:
            refuse(f"{name!r}: equations to solve are not supported", node)
        if name not in CALLABLE:
            refuse(f"calling {name!r} is not allowed", node)
        function = ast.copy_location(ast.Name(name, ast.Load()), node)
        return ast.copy_location(ast.Call(function, arguments, []), node)


_NAMES = {"Attribute": "an attribute", "Constant": "a constant of that kind", "JoinedStr": "a format string"}
_NAMES |= {"NamedExpr": "':='", "GeneratorExp": "a generator", "FunctionDef": "a function inside", "Call": "that call"}
_NAMES |= {"Starred": "'*'", "ClassDef": "a class", "Return": "an empty return", "BinOp": "that operator"}


def _called(node: ast.AST) -> str:
    name = type(node).__name__
    return _NAMES.get(name, name)
