"""Polynomials in several unknowns with exact coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from plugins.expression import MAX_BITS, MAX_DEGREE, Node, Refused, evaluate, variables

#: Powers by unknown, in alphabetical order; the empty tuple is the constant term.
Monomial = tuple[tuple[str, int], ...]
Polynomial = dict[Monomial, Fraction]
MAX_TERMS = 200
CONSTANT: Monomial = ()


def polynomial(node: Node) -> Polynomial:
    """An expression as a polynomial of total degree at most `MAX_DEGREE`. Raises `Refused`."""
    if node.op == "variable":
        return {((node.name, 1),): Fraction(1)}
    if not variables(node):
        value = evaluate(node)
        return _clean({CONSTANT: value if isinstance(value, Fraction) else Fraction(value).limit_denominator(10**12)})
    parts = [polynomial(child) for child in node.args]
    match node.op:
        case "+":
            return add(parts[0], parts[1])
        case "-":
            return add(parts[0], parts[1], Fraction(-1))
        case "neg":
            return add({}, parts[0], Fraction(-1))
        case "*":
            return multiply(parts[0], parts[1])
        case "%":
            return multiply(parts[0], {CONSTANT: Fraction(1, 100)})
        case "/" if set(parts[1]) == {CONSTANT}:
            return multiply(parts[0], {CONSTANT: 1 / parts[1][CONSTANT]})
        case "^" if set(parts[1]) <= {CONSTANT} and (exponent := parts[1].get(CONSTANT, Fraction(0))) in range(7):
            return power(parts[0], int(exponent))
    raise Refused("I can only solve equations with powers and products of the unknowns.")


def _clean(terms: Polynomial) -> Polynomial:
    found = {monomial: value for monomial, value in terms.items() if value}
    if len(found) > MAX_TERMS:
        raise Refused("That is too long for me to work out.")
    if any(max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS for value in found.values()):
        raise Refused("The numbers in that equation are too large for me.")
    return found


def add(left: Polynomial, right: Polynomial, factor: Fraction = Fraction(1)) -> Polynomial:
    """left + factor * right."""
    keys = left.keys() | right.keys()
    return _clean({key: left.get(key, Fraction(0)) + factor * right.get(key, Fraction(0)) for key in keys})


def multiply(left: Polynomial, right: Polynomial) -> Polynomial:
    """left * right. Raises `Refused` beyond `MAX_DEGREE`."""
    out: Polynomial = {}
    for first, one in left.items():
        for second, other in right.items():
            powers = dict(first)
            for name, exponent in second:
                powers[name] = powers.get(name, 0) + exponent
            if sum(powers.values()) > MAX_DEGREE:
                raise Refused("I can only solve equations up to the sixth power.")
            key = tuple(sorted(powers.items()))
            out[key] = out.get(key, Fraction(0)) + one * other
    return _clean(out)


def power(base: Polynomial, exponent: int) -> Polynomial:
    """base ** exponent."""
    out: Polynomial = {CONSTANT: Fraction(1)}
    for _ in range(exponent):
        out = multiply(out, base)
    return out


def substitute(terms: Polynomial, name: str, by: Polynomial) -> Polynomial:
    """The polynomial with an unknown replaced by another polynomial."""
    out: Polynomial = {}
    for monomial, value in terms.items():
        exponent = dict(monomial).get(name, 0)
        rest = tuple(pair for pair in monomial if pair[0] != name)
        out = add(out, multiply({rest: value}, power(by, exponent)))
    return out


def unknowns(terms: Mapping[Monomial, Fraction]) -> set[str]:
    """The names in a polynomial."""
    return {name for monomial in terms for name, _ in monomial}


def degree(terms: Mapping[Monomial, Fraction]) -> int:
    """The total degree; 0 for constants."""
    return max((sum(exponent for _, exponent in monomial) for monomial in terms), default=0)


def by_degree(terms: Mapping[Monomial, Fraction]) -> dict[int, Fraction]:
    """The coefficients of a polynomial in one unknown (or none) by degree."""
    return {sum(exponent for _, exponent in monomial): value for monomial, value in terms.items()}
