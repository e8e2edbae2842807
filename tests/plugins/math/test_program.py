from __future__ import annotations

from fractions import Fraction

import pytest

from plugins.math.interpreter import run
from plugins.math.lift import lifted
from plugins.math.program import program_of
from plugins.math.template import template_of
from plugins.math.types import Finding, ProgramError

VALUES = {"A": Fraction(5), "B": Fraction(15), "C": Fraction(8)}
#: program, kind, the letters that reach its answer, its answer for A = 5, B = 15, C = 8
PROGRAMS = [
    ("A*(B-C)", "expression", "ABC", 35),
    ("Answer = A*(B-C)", "expression", "ABC", 35),
    ("answer: A * B", "expression", "AB", 75),
    ("The answer is = A + B", "expression", "AB", 20),
    ("A × (B − C) ÷ 2", "expression", "ABC", Fraction(35, 2)),
    ("A(B - C)", "expression", "ABC", 35),
    ("(A + B)(B - C)", "expression", "ABC", 140),
    ("2A + B", "expression", "AB", 25),
    ("A^2", "expression", "A", 25),
    ("B * A%", "expression", "AB", Fraction(3, 4)),
    ("B % C", "expression", "BC", 7),
    ("$A * B", "expression", "AB", 75),
    ("x = B - C; answer = x*A", "function", "ABC", 35),
    ("x = B - C; answer = x/2", "function", "BC", Fraction(7, 2)),
    ("```python\nans = A + 1\n```", "expression", "A", 6),
    ("# a comment with 5 € in it\nans = A", "expression", "A", 5),
    ("def solution(A, B, C):\n    '''Café \\x {'''\n    adults = B - C\n    return A * adults", "function", "ABC", 35),
    ("def solution(A: int, B: int, C: int) -> int:\n\treturn A\t* (B - C)", "function", "ABC", 35),
    ("def f(price, people, kids):\n    return price * (people - kids)", "function", "ABC", 35),
    ("def f(A, B, C):\n    return A\nprint(f(1, 2, 3))", "function", "A", 5),
    ("def f(A, rate=2):\n    return A * rate", "function", "A", 10),
    ("def f(x, y):\n    return x + y\nans = f(3, 4)", "function", "", 7),
    ("def solver():\n    A = 5\n    n = B - C\n    return n * A\nans = solver()", "function", "ABC", 35),
    ("import math\nimport numpy as np\nx = math.floor(B / 2)\nans = np.ceil(x / 2)", "function", "B", 4),
    ("from math import sqrt\nprint('let us', A)\nans = sqrt(A * 5)", "function", "A", 5),
    ("print(A + B)", "expression", "AB", 20),
    ("n = A + B\nprint(f'total {n}', n)", "function", "AB", 20),
    ("n = A + B\nprint('it is {} or '.format(n) + str(n))\nans = n", "function", "AB", 20),
    ("total = 0\nfor i in range(A):\n    total += B", "function", "AB", 75),
    ("ans = 0\nn = B\nwhile n > 0:\n    n -= A\n    ans += 1", "function", "AB", 3),
    ("if A > B:\n    ans = A\nelif A == B:\n    ans = 0\nelse:\n    ans = B", "function", "AB", 15),
    ("ans = B if A < C else C", "expression", "ABC", 15),
    ("a, b = divmod(B, A)\nans = a + b", "function", "AB", 3),
    ("sum = A + B\nround = sum / 2\nans = round", "function", "AB", 10),
    ("ans = max([A, B, C]) - min(A, B)", "expression", "ABC", 10),
    ("first = A\nsecond = B", "function", "B", 15),
]


@pytest.mark.parametrize(("source", "kind", "reached", "answer"), PROGRAMS)
def test_programs_are_read(source: str, kind: str, reached: str, answer: Fraction) -> None:
    program = program_of(source, VALUES)
    assert (program.kind, program.variables) == (kind, frozenset(reached))
    assert program.unused == frozenset("ABC") - frozenset(reached)
    assert run(program, VALUES) == answer


@pytest.mark.parametrize(
    ("source", "reason", "line"),
    [
        ("A + D", "undefined name 'D'", 1),
        ("x = 1\nans = x + missing", "undefined name 'missing'", 2),
        ("x = 1\n\ny = 'text'", "a constant of that kind is not allowed", 3),
        ("def f(A):\n    x = A", "the function returns nothing", 1),
        ("def f(A):\n    return f(A)", "calling 'f' is not allowed", 2),
        ("def f(A, x):\n    return A", "the parameter 'x' stands for nothing", 1),
        ("from sympy import Symbol\nans = 1", "equations to solve are not supported", 1),
        ("ans = solve(A)", "'solve': equations to solve are not supported", 1),
        ("A = B + 1", "'A' is given, not asked for", 0),
        ("", "there is no answer in it", 0),
        ("print('hello')", "there is no answer in it", 0),
        ("return A", "'return' outside a function", 0),
        ("A +* B", "not a program: invalid syntax", 1),
        ("ans = (A", "a bracket is not closed", 1),
        ("ans = 12x", "a number runs into 'x'", 1),
        ("ans = A ^ B\nans = ans", "'^' is not a power here", 1),
    ],
)
def test_refusals_name_reason_and_line(source: str, reason: str, line: int) -> None:
    with pytest.raises(ProgramError) as error:
        program_of(source, VALUES)
    assert (error.value.reason, error.value.line) == (reason, line)


def test_findings_are_what_a_linter_would_say() -> None:
    program = program_of(
        "def f(A, B, C):\n    x = A\n    for i in range(3):\n        B\n    return B\n    y = 1", VALUES
    )
    assert program.findings == (
        Finding("unused parameter", "C", 1),
        Finding("unused variable", "x", 2),
        Finding("unused expression", "", 4),
        Finding("unreachable", "assign", 6),
        Finding("unused variable", "y", 6),
    )
    assert program.variables == {"B"}


def test_a_test_reaches_the_answer() -> None:
    assert program_of("x = 1\nif A > B:\n    x = 2\nans = x", VALUES).variables == {"A", "B"}


def test_numbers_are_lifted_to_letters() -> None:
    template = template_of("A pen of 12 dollars is reduced by 25%. How much do 3 pens cost?")
    source = "price = 12\nrate = 0.25\nans = 3 * price * (1 - rate) + 0 * 100"
    program = lifted(source, template)
    assert program.variables == {"A", "B", "C"}
    assert run(program, template.values) == 27
    assert run(program, {**template.values, "B": Fraction(50)}) == 18
    same = template_of("4 boys with 4 balls lost 1 ball")
    assert lifted("ans = 4 * 4 - 1", same).variables == {"C"}
    with pytest.raises(ProgramError):
        lifted("import os", template)
