"""Arithmetic expressions, read by a closed grammar and evaluated exactly within fixed limits.

Nothing here reaches `eval`, `exec` or a parser of another language: the grammar below is the whole allow-list.

    sum      = product (("+" | "-") product)*
    product  = power (("*" | "/" | "mod") power | power)*        (3x, 2(4 + 1))
    power    = ("-" | "+") power | postfix ("^" power)?
    postfix  = primary ("!" | "%")*
    primary  = number | variable | constant | function primary | "(" sum ")"
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from dialog.errors import AssistantError

MAX_TEXT, MAX_TOKENS, MAX_DEPTH, MAX_BITS, MAX_FACTORIAL, MAX_DEGREE = 500, 200, 40, 4096, 500, 6
FUNCTIONS = ("sqrt", "cbrt", "abs", "factorial", "log", "ln", "sin", "cos", "tan")
CONSTANTS = {"pi": math.pi}
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?|\.\d+)|([a-z]+)|([-+*/^!%()=]))", re.ASCII)

#: Exact wherever the result is rational, a float where it is not.
Value = Fraction | float


class Refused(AssistantError):
    """An expression that is understood but has no answer here; the text tells the user why."""


class NotArithmetic(AssistantError):
    """The text is not an arithmetic expression."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node of an expression: an operator or function and its operands, a number, or a variable."""

    op: str
    args: tuple[Node, ...] = ()
    value: Fraction = Fraction(0)
    name: str = ""


def tokens(text: str) -> list[str]:
    """The symbols of an expression. Raises `NotArithmetic` for any other, `Refused` when there are too many."""
    if len(text) > MAX_TEXT:
        raise Refused("That is too long for me to work out.")
    found, place, text = [], 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise NotArithmetic(f"unexpected {text[place]!r}")
        found.append(match.group().strip())
        place = match.end()
    if len(found) > MAX_TOKENS:
        raise Refused("That is too long for me to work out.")
    return _times(found)


def _times(found: list[str]) -> list[str]:
    """Between two numbers the letter x is the sign of multiplication."""
    out = list(found)
    for place in range(1, len(out) - 1):
        before, after = out[place - 1], out[place + 1]
        if out[place] == "x" and (before[-1].isdigit() or before == ")") and (after[0].isdigit() or after == "("):
            out[place] = "*"
    return out


class _Parser:
    def __init__(self, symbols: list[str]) -> None:
        self.symbols, self.place, self.depth = symbols, 0, 0

    def peek(self) -> str:
        return self.symbols[self.place] if self.place < len(self.symbols) else ""

    def take(self) -> str:
        symbol = self.peek()
        self.place += 1
        return symbol

    def whole(self) -> Node:
        node = self.sum()
        if self.peek():
            raise NotArithmetic(f"unexpected {self.peek()!r}")
        return node

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused("That is nested too deeply for me.")
        node = self.product()
        while self.peek() in ("+", "-"):
            node = Node(self.take(), (node, self.product()))
        self.depth -= 1
        return node

    def product(self) -> Node:
        node = self.power()
        while True:
            if self.peek() in ("*", "/", "mod"):
                node = Node(self.take(), (node, self.power()))
            elif self.peek() == "(" or (self.peek().isalpha() and self.peek() != "mod"):
                node = Node("*", (node, self.power()))
            else:
                return node

    def power(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused("That is nested too deeply for me.")
        if self.peek() in ("-", "+"):
            sign = self.take()
            node = self.power()
            node = Node("neg", (node,)) if sign == "-" else node
        else:
            node = self.postfix()
            if self.peek() == "^":
                self.take()
                node = Node("^", (node, self.power()))
        self.depth -= 1
        return node

    def postfix(self) -> Node:
        node = self.primary()
        while self.peek() in ("!", "%"):
            after = self.symbols[self.place + 1] if self.place + 1 < len(self.symbols) else ""
            if self.peek() == "%" and (after[:1].isdigit() or after == "("):
                self.symbols[self.place] = "mod"
                break
            node = Node("factorial" if self.take() == "!" else "%", (node,))
        return node

    def primary(self) -> Node:
        symbol = self.take()
        if symbol[:1].isdigit() or symbol[:1] == ".":
            return Node("number", value=Fraction(symbol))
        if symbol == "(":
            node = self.sum()
            if self.take() != ")":
                raise NotArithmetic("a bracket is not closed")
            return node
        if symbol in FUNCTIONS:
            return Node(symbol, (self.power(),))
        if symbol in CONSTANTS:
            return Node("constant", name=symbol)
        if len(symbol) == 1 and symbol.isalpha():
            return Node("variable", name=symbol)
        raise NotArithmetic(f"unexpected {symbol!r}" if symbol else "something is missing at the end")


def parse(symbols: list[str]) -> Node:
    """The tree of an expression. Raises `NotArithmetic` or `Refused`."""
    return _Parser(list(symbols)).whole()


def variables(node: Node) -> set[str]:
    """The names of the unknowns in an expression."""
    found = {node.name} if node.op == "variable" else set()
    return found.union(*(variables(child) for child in node.args))


def evaluate(node: Node) -> Value:
    """The value of an expression without unknowns. Angles are in degrees. Raises `Refused`."""
    if node.op == "number":
        return node.value
    if node.op == "constant":
        return CONSTANTS[node.name]
    if node.op == "variable":
        raise Refused(f"I would need an equation to find {node.name}.")
    values = [evaluate(child) for child in node.args]
    try:
        return _checked(_apply(node, values))
    except ZeroDivisionError:
        raise Refused("Nothing can be divided by zero.") from None
    except OverflowError:
        raise Refused("That number is too large for me.") from None
    except ValueError:
        raise Refused("That has no real answer.") from None


def _apply(node: Node, values: list[Value]) -> Value:
    left, right = values[0], values[-1]
    match node.op:
        case "+" | "-":
            if node.args[1].op == "%" and node.args[0].op != "%":  # 80 + 10 % means 10 % of the 80
                right = left * right
            return left + right if node.op == "+" else left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case "mod":
            whole = isinstance(left, Fraction) and isinstance(right, Fraction)
            return left % right if whole else math.fmod(left, right)
        case "neg":
            return -left
        case "%":
            return left / 100
        case "^":
            return power(left, right)
    return _function(node.op, left)


def _function(name: str, value: Value) -> Value:
    match name:
        case "sqrt":
            return power(value, Fraction(1, 2))
        case "cbrt":
            return -power(-value, Fraction(1, 3)) if value < 0 else power(value, Fraction(1, 3))
        case "abs":
            return -value if value < 0 else value
        case "factorial":
            if value < 0 or value != int(value):
                raise Refused("Only whole numbers from zero up have a factorial.")
            if value > MAX_FACTORIAL:
                raise Refused("That number is too large for me.")
            return Fraction(math.factorial(int(value)))
        case "log":
            return math.log10(value)
        case "ln":
            return math.log(value)
        case "sin":
            return math.sin(math.radians(value % 360))
        case "cos":
            return math.cos(math.radians(value % 360))
    if value % 180 == 90:
        raise Refused("The tangent of that angle is not defined.")
    return math.tan(math.radians(value % 360))


def power(base: Value, exponent: Value) -> Value:
    """`base ** exponent`: exact where it is rational, within `MAX_BITS`. Raises `Refused`."""
    if isinstance(base, float) or isinstance(exponent, float):
        return math.pow(base, exponent)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if exponent.denominator == 1:
        if bits > 1 and bits * abs(exponent.numerator) > MAX_BITS:
            raise Refused("That number is too large for me.")
        return Fraction(1) if base == 1 else base ** (exponent.numerator if bits > 1 else _sign(exponent))
    if base < 0:
        raise Refused("That has no real answer.")
    top, below = _root(base.numerator, exponent.denominator), _root(base.denominator, exponent.denominator)
    if top is not None and below is not None:
        return power(Fraction(top, below), Fraction(exponent.numerator))
    return math.pow(base, exponent)


def _sign(exponent: Fraction) -> int:
    """For the bases 0 and -1 a small exponent of the same sign and parity gives the same power."""
    parity = exponent.numerator % 2
    return (2 - parity if exponent > 0 else parity - 2) if exponent else 0


def _root(value: int, degree: int) -> int | None:
    """The whole root, or None where there is none."""
    if degree == 2:
        root = math.isqrt(value)
        return root if root * root == value else None
    if degree > 64 or value.bit_length() > 1000:
        return None
    root = round(value ** (1 / degree))
    return root if root**degree == value else None


def _checked(value: Value) -> Value:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Refused("That number is too large for me.")
        return value
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise Refused("That number is too large for me.")
    return value


#: Coefficients by degree.
Polynomial = dict[int, Fraction]


def polynomial(node: Node) -> Polynomial:
    """An expression in one unknown as a polynomial of degree at most `MAX_DEGREE`. Raises `Refused`."""
    if node.op == "variable":
        return {1: Fraction(1)}
    if not variables(node):
        value = evaluate(node)
        return {0: value if isinstance(value, Fraction) else Fraction(value).limit_denominator(10**12)}
    parts = [polynomial(child) for child in node.args]
    match node.op:
        case "+":
            return _add(parts[0], parts[1], 1)
        case "-":
            return _add(parts[0], parts[1], -1)
        case "neg":
            return _add({}, parts[0], -1)
        case "*":
            return _multiply(parts[0], parts[1])
        case "/" if set(parts[1]) == {0} and parts[1][0]:
            return {degree: value / parts[1][0] for degree, value in parts[0].items()}
        case "^" if set(parts[1]) == {0} and parts[1][0] in range(MAX_DEGREE + 1):
            out: Polynomial = {0: Fraction(1)}
            for _ in range(int(parts[1][0])):
                out = _multiply(out, parts[0])
            return out
    raise Refused("I can only solve equations with powers of one unknown.")


def _add(left: Polynomial, right: Polynomial, sign: int) -> Polynomial:
    return {key: left.get(key, Fraction(0)) + sign * right.get(key, Fraction(0)) for key in left.keys() | right.keys()}


def _multiply(left: Polynomial, right: Polynomial) -> Polynomial:
    out: Polynomial = {}
    for high, first in left.items():
        for low, second in right.items():
            if high + low > MAX_DEGREE:
                raise Refused("I can only solve equations up to the sixth power.")
            out[high + low] = out.get(high + low, Fraction(0)) + first * second
            _checked(out[high + low])
    return out
