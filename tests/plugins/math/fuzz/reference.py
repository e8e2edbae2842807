"""A second, independent evaluation of the allowed subset: programs as tuples, written as text and computed exactly.

Expressions: ("number", Fraction), ("name", str), ("neg", e), ("not", e), (operator, e, e) for arithmetic, comparison,
"and" and "or", ("if", test, yes, no), ("call", name, [e, ...]). Statements: ("set", name, e), ("change", name,
operator, e), ("if", test, body, other), ("for", count, body), ("while", count, body), ("leave",).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

Tree = Any
Value = Fraction | bool
NAMES = ("A", "B", "C", "x", "y", "i")
_PRECEDENCE = {"or": 1, "and": 2, "not": 3, "+": 5, "-": 5, "*": 6, "/": 6, "//": 6, "%": 6, "neg": 7, "**": 8}
_PRECEDENCE |= dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), 4)
MOST_BITS = 512


class Large(Exception):
    """A number too long to be sure that the interpreter keeps it exact."""


class _Leave(Exception):
    pass


def _floor(value: Fraction) -> Fraction:
    return Fraction(value.numerator // value.denominator)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    out = Fraction(1)
    for _ in range(int(exponent)):
        out *= base
    return out


_ARITHMETIC: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: _floor(a / b),
    "%": lambda a, b: a - b * _floor(a / b),
    "**": _power,
}
_COMPARED: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
_CALLS: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "abs": lambda values: values[0] if values[0] >= 0 else -values[0],
    "floor": lambda values: _floor(values[0]),
    "ceil": lambda values: -_floor(-values[0]),
    "int": lambda values: _floor(values[0]) if values[0] >= 0 else -_floor(-values[0]),
    "max": lambda values: sorted(values)[-1],
    "min": lambda values: sorted(values)[0],
}


def value(tree: Tree, names: dict[str, Value]) -> Value:
    """What an expression is worth. Raises ZeroDivisionError, and Large."""
    match tree:
        case ("number", number):
            return Fraction(number)
        case ("name", name):
            return names[name]
        case ("neg", inner):
            return -Fraction(value(inner, names))
        case ("not", inner):
            return not value(inner, names)
        case ("and", left, right):
            first = value(left, names)
            return value(right, names) if first else first
        case ("or", left, right):
            first = value(left, names)
            return first if first else value(right, names)
        case ("if", test, yes, no):
            return value(yes if value(test, names) else no, names)
        case ("call", name, arguments):
            return _CALLS[name]([Fraction(value(argument, names)) for argument in arguments])
        case (operator, left, right) if operator in _COMPARED:
            return _COMPARED[operator](Fraction(value(left, names)), Fraction(value(right, names)))
    operator, left, right = tree
    return _sized(_ARITHMETIC[operator](Fraction(value(left, names)), Fraction(value(right, names))))


def _sized(number: Fraction) -> Fraction:
    if max(number.numerator.bit_length(), number.denominator.bit_length()) > MOST_BITS:
        raise Large
    return number


def perform(body: Sequence[Tree], names: dict[str, Value]) -> None:
    """Runs statements on `names`. Raises as `value` does."""
    for statement in body:
        match statement:
            case ("set", name, tree):
                names[name] = value(tree, names)
            case ("change", name, operator, tree):
                names[name] = value((operator, ("name", name), tree), names)
            case ("if", test, yes, no):
                perform(yes if value(test, names) else no, names)
            case ("for", count, inner):
                for turn in range(count):
                    names["i"] = Fraction(turn)
                    if _left(inner, names):
                        break
            case ("while", count, inner):
                for _ in range(count):
                    if _left(inner, names):
                        break
            case ("leave",):
                raise _Leave


def _left(body: Sequence[Tree], names: dict[str, Value]) -> bool:
    try:
        perform(body, names)
    except _Leave:
        return True
    return False


def text(tree: Tree, above: int = 0) -> str:
    """An expression as text, with only the brackets it needs."""
    match tree:
        case ("number", number):
            return str(number)
        case ("name", name):
            return str(name)
        case ("call", name, arguments):
            return f"{name}({', '.join(text(argument) for argument in arguments)})"
        case ("if", test, yes, no):
            return f"({text(yes, 1)} if {text(test, 1)} else {text(no, 1)})"
        case ("neg" | "not" as sign, inner):
            rank = _PRECEDENCE[sign]
            out = f"{'-' if sign == 'neg' else 'not '}{text(inner, rank)}"
        case (operator, left, right):
            rank = _PRECEDENCE[operator]
            chained = operator in _COMPARED or operator == "**"  # a < b < c and a ** b ** c mean something else
            out = f"{text(left, rank + chained)} {operator} {text(right, rank + 1)}"
    return f"({out})" if rank < above else out


def lines(body: Sequence[Tree], indent: str = "", depth: int = 0) -> list[str]:
    """Statements as lines; a "while" counts down a name of its own."""
    out: list[str] = []
    inner = indent + "    "
    for statement in body:
        match statement:
            case ("set", name, tree):
                out.append(f"{indent}{name} = {text(tree)}")
            case ("change", name, operator, tree):
                out.append(f"{indent}{name} {operator}= {text(tree)}")
            case ("if", test, yes, no):
                out += [f"{indent}if {text(test)}:", *lines(yes, inner, depth)]
                out += [f"{indent}else:", *lines(no, inner, depth)] if no else []
            case ("for", count, body_):
                out += [f"{indent}for i in range({count}):", *lines(body_, inner, depth)]
            case ("while", count, body_):
                left = f"left{depth}"
                out += [f"{indent}{left} = {count}", f"{indent}while {left} > 0:", f"{inner}{left} -= 1"]
                out += lines(body_, inner, depth + 1)
            case ("leave",):
                out.append(f"{indent}break")
    return out


_numbers = st.builds(lambda number: ("number", Fraction(number)), st.integers(0, 30))
_leaves = _numbers | st.sampled_from(NAMES).map(lambda name: ("name", name))


def _grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    operator = st.sampled_from([*_ARITHMETIC.keys() - {"**"}, *_COMPARED, "and", "or"])
    exponent = st.integers(0, 3).map(lambda number: ("number", Fraction(number)))
    return st.one_of(
        st.tuples(operator, inner, inner),
        st.tuples(st.just("**"), inner, exponent),
        st.tuples(st.sampled_from(["neg", "not"]), inner),
        st.tuples(st.just("if"), inner, inner, inner),
        st.tuples(st.just("call"), st.sampled_from(["abs", "floor", "ceil", "int"]), inner.map(lambda tree: [tree])),
        st.tuples(st.just("call"), st.sampled_from(["max", "min"]), st.lists(inner, min_size=2, max_size=3)),
    )


expressions: st.SearchStrategy[Tree] = st.recursive(_leaves, _grown, max_leaves=10)


def _statements(inside: bool, depth: int) -> st.SearchStrategy[list[Tree]]:
    name = st.sampled_from(["x", "y"])
    kinds: list[st.SearchStrategy[Tree]] = [
        st.tuples(st.just("set"), name, expressions),
        st.tuples(st.just("change"), name, st.sampled_from(["+", "-", "*", "/", "//", "%"]), expressions),
    ]
    if inside:
        kinds.append(st.just(("leave",)))
    if depth < 2:
        again, loop = _statements(inside, depth + 1), _statements(True, depth + 1)
        kinds += [
            st.tuples(st.just("if"), expressions, again, again | st.just([])),
            st.tuples(st.sampled_from(["for", "while"]), st.integers(0, 4), loop),
        ]
    return st.lists(st.one_of(kinds), min_size=1, max_size=3)


programs: st.SearchStrategy[list[Tree]] = _statements(False, 0)
