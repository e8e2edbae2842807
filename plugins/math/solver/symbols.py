"""What a solver's formula is made of: operators, constants, and prefix sequences over the letters of a template."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

#: A formula in prefix order: ("-", "A", "*", "B", "2") is A - B*2.
Prefix = tuple[str, ...]

OPERATORS = ("+", "-", "*", "/")
#: Operations on an ordered pair (i before j): the last letter R marks those with the operands exchanged.
PAIR_OPERATIONS = ("+", "-", "-R", "*", "/", "/R")
#: Numbers that a formula may hold though the question does not name them (a week's days, percent, half).
CONSTANTS = ("1", "2", "3", "4", "5", "7", "10", "12", "24", "30", "52", "60", "100", "1000")
#: Longer formulas are neither trained on nor searched for.
MAX_OPERATORS = 6
MAX_LETTERS = 12


def operators(prefix: Prefix) -> int:
    """How many operators a formula has."""
    return sum(token in OPERATORS for token in prefix)


def infix(prefix: Prefix) -> str:
    """A formula as text that `program_of` reads: `A-(B*2)`. Raises ValueError where it is not one whole formula."""
    text, end = _infix(prefix, 0, False)
    if end != len(prefix):
        raise ValueError(f"symbols are left over: {' '.join(prefix)}")
    return text


def _infix(prefix: Prefix, at: int, inner: bool) -> tuple[str, int]:
    if at >= len(prefix):
        raise ValueError(f"not a whole formula: {' '.join(prefix)}")
    token = prefix[at]
    if token not in OPERATORS:
        return token, at + 1
    left, middle = _infix(prefix, at + 1, True)
    right, end = _infix(prefix, middle, True)
    text = f"{left}{token}{right}"
    return (f"({text})" if inner else text), end


def value(prefix: Prefix, values: dict[str, Fraction]) -> Fraction:
    """The exact value of a formula. Raises ZeroDivisionError, and ValueError where it is not one whole formula."""
    stack: list[Fraction] = []
    for token in reversed(prefix):
        if token not in OPERATORS:
            stack.append(values[token] if token in values else Fraction(token))
            continue
        if len(stack) < 2:
            raise ValueError(f"not a whole formula: {' '.join(prefix)}")
        left, right = stack.pop(), stack.pop()
        stack.append(_apply(token, left, right))
    if len(stack) != 1:
        raise ValueError(f"not a whole formula: {' '.join(prefix)}")
    return stack[0]


def _apply(operator: str, left: Fraction, right: Fraction) -> Fraction:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right


def letters_of(prefix: Prefix) -> Sequence[str]:
    """The letters of a formula, each once, in the order they appear."""
    return list(dict.fromkeys(token for token in prefix if token not in OPERATORS and token not in CONSTANTS))
