"""Plain arithmetic and equations in one unknown: `fifteen percent of eighty`, `solve 3x plus 7 equals 22`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Candidate, Reply
from plugins import numbers
from plugins.calculation import Problem, read, render
from plugins.expression import Node, Refused, Value, evaluate, polynomial
from plugins.proposals import proposals

#: Seconds that the first use of SymPy (its import) and the search for roots may take.
SOLVE_SECONDS = 10.0
MAX_COEFFICIENT_BITS = 256
UNREAD = 'I could not read that as a calculation. Try "twelve times seven" or "solve 3x + 7 = 22".'


def phrase(value: Value) -> tuple[str, str]:
    """A value as text to read and to say, with `about` before it when it is rounded."""
    text = numbers.say(value)
    about = "" if numbers.is_exact(text, value) else "about "
    return about + text, about + text.replace(" × 10^", " times 10 to the power of ")


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


async def roots(problem: Problem) -> str:
    """The answer to an equation in one unknown, as a sentence. Raises `Refused` and `TimeoutError`."""
    name = min(problem.unknowns)
    if problem.right is None:
        raise Refused(f"I would need an equation to find {name}.")
    if len(problem.unknowns) > 1:
        raise Refused("I can only solve equations with one unknown.")
    whole = polynomial(Node("-", (problem.left, problem.right)))
    terms = {degree: value for degree, value in whole.items() if value}
    degree = max(terms, default=0)
    if degree == 0:
        return f"No {name} makes that true." if terms else f"That is true for every {name}."
    if degree == 1:
        found: list[Value] = [-terms.get(0, Fraction(0)) / terms[1]]
    else:
        sizes = (max(term.numerator.bit_length(), term.denominator.bit_length()) for term in terms.values())
        if max(sizes) > MAX_COEFFICIENT_BITS:
            raise Refused("The numbers in that equation are too large for me.")
        found = await asyncio.wait_for(asyncio.to_thread(solve, terms), SOLVE_SECONDS)
    if not found:
        return f"No real number {name} makes that true."
    return f"{name} is {' or '.join(phrase(value)[0] for value in found)}."


def answer(problem: Problem) -> Reply:
    """The value of a calculation, or whether both its sides agree. Raises `Refused`."""
    left = evaluate(problem.left)
    said = ""
    if problem.right is not None:
        right = evaluate(problem.right)
        said = "Yes, " if abs(float(left - right)) <= 1e-9 * max(1.0, abs(float(left))) else "No, "
    text, spoken = phrase(left)
    shown = f"{said}{render(problem.left, False)} is {text}."
    return Reply(shown, spoken=f"{said}{render(problem.left, True)} is {spoken}.")


def _reads(text: str) -> bool:
    """Whether the text is a calculation, also one that is refused."""
    try:
        return read(text) is not None
    except Refused:
        return True


class Arithmetic(Skill):
    """Works out calculations exactly and solves equations in one unknown."""

    name, domain = "arithmetic", "qa"
    description = "I do sums, percentages, roots and simple equations."

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Also proposes when the NLU saw another intent in a text that is a calculation."""
        return proposals(self, turn, "qa_maths", _reads(turn.text))

    @intent(
        "qa_maths",
        deadline=SOLVE_SECONDS + 2,
        examples=[
            "what is twelve times seven plus three",
            "what is fifteen percent of eighty",
            "square root of two",
            "three point five divided by two",
            "solve 3x plus 7 equals 22",
            "how much is 19 minus 4",
            "what is two plus two",
            "calculate 4.5 * 12",
            "add five and eighteen",
            "what is two to the power of ten",
            "subtract nine from forty",
            "what's a third of ninety",
            "work out 128 divided by 16",
            "multiply eleven by eleven",
        ],
    )
    async def compute(self, turn: TurnContext) -> str | Reply:
        """The answer, or a clear reason why there is none."""
        try:
            problem = read(turn.text)
            if problem is None:
                return UNREAD
            return await roots(problem) if problem.unknowns else answer(problem)
        except Refused as reason:
            return str(reason)
        except TimeoutError:
            return "That equation takes me too long to solve."


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The arithmetic skill; it has no options."""
    return [Arithmetic()]
