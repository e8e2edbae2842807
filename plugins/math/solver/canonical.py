"""One name for all formulas that say the same but for the order and the brackets of sums and products."""

from __future__ import annotations

from plugins.math.solver.symbols import OPERATORS, Prefix

Form = tuple[object, ...]


def canonical(prefix: Prefix) -> Form:
    """Equal for A+B and B+A, A-(B+C) and A-B-C, A*(B/C) and A*B/C. Raises ValueError where it is not one formula.

    A sum becomes its signed terms in order, a product its factors with exponent 1 or -1; factors of 1 drop out. Forms
    are equal only for formulas with equal values wherever both have one.
    """
    stack: list[Form] = []
    for token in reversed(prefix):
        if token not in OPERATORS:
            stack.append(("", token))
            continue
        if len(stack) < 2:
            raise ValueError(f"not a whole formula: {' '.join(prefix)}")
        left, right = stack.pop(), stack.pop()
        kind, turned = ("+", token == "-") if token in "+-" else ("*", token == "/")
        stack.append(_joined(kind, [*_parts(kind, left, 1), *_parts(kind, right, -1 if turned else 1)]))
    if len(stack) != 1:
        raise ValueError(f"not a whole formula: {' '.join(prefix)}")
    return stack[0]


def _parts(kind: str, form: Form, sign: int) -> list[tuple[int, Form]]:
    """Terms of a sum or factors of a product; anything else is one of them by itself."""
    if form[0] != kind:
        return [(sign, form)]
    return [(sign * own, part) for own, part in form[1:]]  # type: ignore[misc, has-type]


def _joined(kind: str, parts: list[tuple[int, Form]]) -> Form:
    if kind == "*":
        parts = [part for part in parts if part[1] != ("", "1")] or [(1, ("", "1"))]
    if len(parts) == 1 and parts[0][0] == 1:
        return parts[0][1]
    return (kind, *sorted(parts, key=repr))


def ordered(prefix: Prefix) -> Prefix:
    """The formula with the operands of sums and products in the order of the question: A/B+C, not C+A/B.

    Operands go by their first quantity, letters before constants. Raises ValueError where it is not one formula.
    """
    stack: list[tuple[tuple[int, int, str], Prefix]] = []
    for token in reversed(prefix):
        if token not in OPERATORS:
            stack.append((_place(token), (token,)))
            continue
        if len(stack) < 2:
            raise ValueError(f"not a whole formula: {' '.join(prefix)}")
        left, right = stack.pop(), stack.pop()
        if token in "+*" and right[0] < left[0]:
            left, right = right, left
        stack.append((min(left[0], right[0]), (token, *left[1], *right[1])))
    if len(stack) != 1:
        raise ValueError(f"not a whole formula: {' '.join(prefix)}")
    return stack[0][1]


def _place(token: str) -> tuple[int, int, str]:
    """Letters in the order templates give them out (A ... Z, A1 ... Z1), then constants."""
    return (0, int(token[1:] or 0), token[0]) if token[0].isalpha() else (1, len(token), token)
