"""Programs as language models write them: formulas, straight-line scripts and one function, parsed and checked.

Nothing is compiled or run here. `ast.parse` sees only what `source.clean` lets through, and the tree is refused unless
every node of it is on the list of `grammar`. The static checks follow the idea of judging generated code by what a
linter finds in it: undefined names are errors, unused variables and unreachable lines are findings.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

from plugins.math import source as text
from plugins.math.flow import check
from plugins.math.functions import CALLABLE, CONSTANTS
from plugins.math.grammar import MODULES, Grammar, refuse
from plugins.math.types import Kind, Program, ProgramError

#: Names whose last value is the answer of a script, best first, and others that are where nothing is shown either;
#: without any it is the last variable assigned.
_ANSWERS, _OTHERS = ("ans", "answer", "Answer", "result"), ("final_answer", "total")
_EQUATION = re.compile(r"[A-Z]\d*\Z")


def parse(source: str, letters: Collection[str]) -> ast.Module:
    """The raw syntax tree of a text that passed the scanner. Raises `ProgramError`."""
    cleaned = text.clean(source, letters)
    try:
        return ast.parse(cleaned, filename="")  # where there is an error, CPython looks for a file of that name
    except SyntaxError as error:
        raise ProgramError(f"not a program: {error.msg}", error.lineno or 0) from None
    except (ValueError, RecursionError, MemoryError, OverflowError):
        raise ProgramError("not a program that can be parsed") from None


@dataclass
class _Parts:
    """What a module consists of: one function at most, a script around it, and how the function is called."""

    script: list[ast.stmt] = field(default_factory=list)
    function: ast.FunctionDef | None = None
    arguments: list[ast.expr] | None = None
    shown: ast.expr | None = None


def _imports(node: ast.Import | ast.ImportFrom) -> None:
    """A bare import of a numeric module is tolerated and ignored; every other one is refused."""
    match node:
        case ast.Import(names=[ast.alias(name="math", asname=None)]):
            return
        case ast.Import(names=[ast.alias(name="numpy", asname=None | "np")]):
            return
        case ast.ImportFrom(module="math" | "fractions" | "statistics", names=names, level=0):
            if all(name.asname is None and (name.name in CALLABLE or name.name in CONSTANTS) for name in names):
                return
    if isinstance(node, ast.ImportFrom) and node.module == "sympy":
        refuse("equations to solve are not supported", node)
    refuse("imports are not allowed", node)


def _calls(node: ast.stmt, name: str) -> ast.Call | None:
    """The call of the function at the end of a script: `ans = solver()`, `print(solver())`, `solver()`."""
    match node:
        case ast.Assign(targets=[ast.Name()], value=ast.Call() as call):
            pass
        case ast.Expr(ast.Call(func=ast.Name(id="print"), args=[ast.Call() as call], keywords=[])):
            pass
        case ast.Expr(ast.Call() as call):
            pass
        case _:
            return None
    return call if isinstance(call.func, ast.Name) and call.func.id == name else None


def _parts(module: ast.Module) -> _Parts:
    parts = _Parts()
    for node in module.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            _imports(node)
        elif isinstance(node, ast.FunctionDef):
            if parts.function is not None:
                refuse("only one function is allowed", node)
            parts.function = node
        elif parts.function is not None and (call := _calls(node, parts.function.name)):
            if parts.arguments is not None or call.keywords:
                refuse("that call is not allowed", node)
            parts.arguments = call.args
        else:
            match node:
                case ast.Expr(ast.Call(func=ast.Name(id="print"), args=[*_, last], keywords=[])):
                    parts.shown = None if isinstance(last, ast.JoinedStr | ast.Constant) else last
            parts.script.append(node)
    return parts


def _parameters(parts: _Parts, letters: Collection[str], grammar: Grammar) -> tuple[dict[str, str], list[ast.stmt]]:
    """Which letter each parameter stands for, and assignments for those that are given a number."""
    function = parts.function
    if function is None:
        return {}, []
    given = function.args
    if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs or function.decorator_list:
        refuse("the function may have plain parameters only", function)
    names = [argument.arg for argument in given.args]
    for argument in given.args:
        grammar.target(ast.copy_location(ast.Name(argument.arg, ast.Store()), argument))
        if not (argument.annotation is None or isinstance(argument.annotation, ast.Name)):
            refuse("that annotation is not allowed", argument)
    if not (function.returns is None or isinstance(function.returns, ast.Name)):
        refuse("that annotation is not allowed", function)
    values = dict(zip(reversed(names), reversed(given.defaults), strict=False))
    if parts.arguments:
        if len(parts.arguments) > len(names):
            refuse("the function is called with too many arguments", function)
        values |= dict(zip(names, parts.arguments, strict=False))
    mapped = {name: name for name in names if name in letters}
    free = [name for name in names if name not in letters and name not in values]
    if free and not mapped and len(free) == len(letters):
        mapped = dict(zip(free, letters, strict=True))
    assigned: list[ast.stmt] = []
    for name in names:
        if name in mapped:
            continue
        if name not in values:
            refuse(f"the parameter {name!r} stands for nothing", function)
        target = ast.Name(name, ast.Store())
        assignment = ast.Assign([target], grammar.expression(values[name], 1))
        assigned.append(ast.fix_missing_locations(ast.copy_location(assignment, function)))
    return mapped, assigned


def _given(node: ast.stmt, letters: Collection[str]) -> bool:
    """Whether a statement gives a letter the number it stands for: the letter's own value counts, not this one."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant()):
            return name in letters
    return False


def _targets(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _answer(body: list[ast.stmt], parts: _Parts, grammar: Grammar) -> tuple[list[ast.stmt], str]:
    """The script with a variable that holds its answer, and the name of it. Raises `ProgramError` where none does."""
    assigned = list(_targets(body))
    for name in _ANSWERS:
        if name in assigned:
            return body, name
    last = body[-1] if body else None
    shown = last.value if isinstance(last, ast.Expr) else parts.shown
    if shown is not None:
        if isinstance(last, ast.Expr):
            body = body[:-1]
        else:
            shown = grammar.expression(shown, 1)
        result = ast.Assign([ast.Name("answer", ast.Store())], shown)
        return [*body, ast.fix_missing_locations(ast.copy_location(result, shown))], "answer"
    for name in _OTHERS:
        if name in assigned:
            return body, name
    if not assigned:
        raise ProgramError("there is no answer in it")
    return body, assigned[-1]


def _statements(body: list[ast.stmt], grammar: Grammar, formula: bool) -> list[ast.stmt]:
    return grammar.block([node for node in body if formula or not _given(node, grammar.letters)])


def program_of(source: str, letters: Collection[str]) -> Program:
    """A checked program over `letters` (in the order of the question) from its text. Raises `ProgramError`.

    Read are a formula (`A*(B-C)`, `Answer = ...`), a script that assigns its answer, and one function, with or without
    parameters, called or not. Parameters are letters, or as many other names as there are letters, in their order.
    """
    module = parse(source, letters)
    parts = _parts(module)
    formula = len(module.body) == 1 and isinstance(module.body[0], ast.Expr | ast.Assign)
    grammar = Grammar(letters, formula)
    mapped, body = _parameters(parts, letters, grammar)
    answer = ""
    if parts.function is not None:
        body = [
            *_statements(parts.script, grammar, formula),
            *body,
            *_statements(parts.function.body, grammar, formula),
        ]
        if not any(isinstance(node, ast.Return) for statement in body for node in ast.walk(statement)):
            refuse("the function returns nothing", parts.function)
    else:
        body = _statements(parts.script, grammar, formula)
        if any(isinstance(node, ast.Return) for statement in body for node in ast.walk(statement)):
            raise ProgramError("'return' outside a function")
        body, answer = _answer(body, parts, grammar)
        if formula and answer in letters and _EQUATION.match(answer):
            raise ProgramError(f"{answer!r} is given, not asked for")
    known = {*mapped, *(letter for letter in letters if letter not in mapped.values())}
    facts = check(body, answer, known, {*CALLABLE, *CONSTANTS, *MODULES}, mapped)
    kind: Kind = "expression" if formula else "function"
    reached = frozenset(mapped.get(name, name) for name in facts.reached if name in known)
    return Program(
        kind,
        source,
        frozenset(letters),
        reached,
        frozenset(letters) - reached,
        MappingProxyType(mapped),
        facts.findings,
        answer,
        tuple(body),
    )
