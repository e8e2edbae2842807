"""Real roots of a polynomial in one unknown: exact where they are rational, by SymPy where the degree is above one."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from plugins.expression import Refused, Value, power

MAX_COEFFICIENT_BITS = 256


class Contradiction(Refused):
    """An equation that no number satisfies, or that every number does; the text says which."""


def solve(coefficients: Mapping[int, Fraction]) -> list[Value]:
    """The real roots of a polynomial of degree two or more, in rising order, each once. Imports SymPy.

    Numerical (Durand-Kerner), for exact root isolation can take minutes; a root that is rational is found to be so by
    putting it in. Raises `Refused` when the iteration does not converge.
    """
    import sympy  # type: ignore[import-untyped]
    from mpmath.libmp import NoConvergence  # type: ignore[import-untyped]

    terms = {degree: sympy.Rational(value.numerator, value.denominator) for degree, value in coefficients.items()}
    poly = sympy.Poly.from_dict(terms, sympy.Symbol("x")).sqf_part()  # multiple roots would slow it down
    try:
        roots = poly.nroots(n=30, maxsteps=200)
    except NoConvergence:
        raise Refused("I cannot find the roots of that.") from None
    found = set()
    for root in roots:
        real, imaginary = root.as_real_imag()
        if abs(imaginary) <= abs(real) * 1e-20 + sympy.Float("1e-24"):
            value = Fraction(str(real))
            near = value.limit_denominator(10_000)
            exact = not sum(term * near**degree for degree, term in coefficients.items())
            found.add(near if exact and abs(near - value) < Fraction(1, 10**12) else value)
    return [value if value.denominator <= 10_000 else float(value) for value in sorted(found)]


def real_roots(coefficients: Mapping[int, Fraction], name: str) -> list[Value]:
    """The real roots of a polynomial of any degree, in rising order; `name` is the unknown's, for the sentences.

    Raises `Contradiction` for a constant, `Refused` for what is too large.
    """
    terms = {degree: value for degree, value in coefficients.items() if value}
    degree = max(terms, default=0)
    if degree == 0:
        raise Contradiction(f"No {name} makes that true." if terms else f"That is true for every {name}.")
    if degree == 1:
        return [-terms.get(0, Fraction(0)) / terms[1]]
    if max(max(term.numerator.bit_length(), term.denominator.bit_length()) for term in terms.values()) > (
        MAX_COEFFICIENT_BITS
    ):
        raise Refused("The numbers in that equation are too large for me.")
    found = _quadratic(terms) if degree == 2 else None
    return solve(terms) if found is None else found


def _quadratic(terms: Mapping[int, Fraction]) -> list[Value] | None:
    """The roots of a quadratic where they are rational (without SymPy), or none; None where they are not rational."""
    a, b, c = terms[2], terms.get(1, Fraction(0)), terms.get(0, Fraction(0))
    square = b * b - 4 * a * c
    if square < 0:
        return []
    try:
        root = power(square, Fraction(1, 2))
    except (Refused, OverflowError):
        return None
    if not isinstance(root, Fraction):
        return None
    return sorted({(-b - root) / (2 * a), (-b + root) / (2 * a)})
