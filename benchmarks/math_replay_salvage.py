"""Programs that do not run, read as the equations they state.

Models often write a problem down as equations in any order: `tuesday = ?`, `x + y = 32`, `Eq(x * 3, 12)`, a name used
before it is given. Lines that can be computed are kept in an order that works; an equation with one unknown left is
solved for it where it is linear. Nothing is guessed: what the program returns must come out.
"""

from __future__ import annotations

import re
from fractions import Fraction

from plugins.math.interpreter import run
from plugins.math.program import program_of
from plugins.math.types import ProgramError

_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGN = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)\s*(.+)\Z")
_EQ = re.compile(r"(?:\w+\s*=\s*)?(?:sympy\.)?Eq\((.+),\s*([^,]+)\)\Z")
_SOLVE = re.compile(r"([A-Za-z_]\w*)\s*=\s*(?:sympy\.)?solve\(.*?,\s*\[?([A-Za-z_]\w*)\]?\)(?:\[0\])?\Z")
_UNKNOWN = re.compile(r"\?|None\b|Symbol|symbols|\bVar\b|['\"]")
_EXPRESSION = re.compile(r"[\w\s.+\-*/()%]+\Z")
_FREE = frozenset("int float round abs max min math sqrt ceil floor".split())  # noqa: SIM905
MAX_LINES = 60


def salvage(source: str) -> str | None:
    """A straight-line program for what the source returns, or None where its equations do not give it."""
    body = source.split("def ", 1)[-1].split("\n", 1)[-1] if "def " in source else source
    lines = [line.split("#", 1)[0].strip().rstrip(";") for line in body.split("\n")]
    lines = [line for line in lines if line and not line.startswith(("import", "from", "print"))][:MAX_LINES]
    wanted = next((line[6:].strip(" ()") for line in lines if line.startswith("return")), None)
    if wanted is None:
        wanted = next(
            (name for name in ("ans", "answer") if any(re.match(rf"{name}\s*=", line) for line in lines)), None
        )
    if wanted is None or wanted == "solver":
        return None
    kept = _Kept()
    for line in lines:
        if not line.startswith(("return", "ans = solver")):
            kept.read(line)
    kept.close()
    wanted = kept.alias.get(wanted, wanted)
    if not _EXPRESSION.match(wanted) or not kept.knows(wanted):
        return None
    return "\n".join([*kept.lines, f"ans = {wanted}"])


class _Kept:
    """The lines that can be computed so far, and the equations that wait."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.known: set[str] = set()
        self.waiting: list[tuple[str, str]] = []
        self.alias: dict[str, str] = {}

    def knows(self, expression: str) -> bool:
        return not self.unknown(expression)

    def unknown(self, expression: str) -> set[str]:
        return {self.alias.get(name, name) for name in _NAME.findall(expression)} - self.known - _FREE

    def read(self, line: str) -> None:
        """Keep a line, let it wait as an equation, or leave it out."""
        if found := _SOLVE.match(line):
            self.alias[found[1]] = found[2]
            return
        if found := _EQ.match(line):
            self.equation(found[1], found[2])
            return
        if _UNKNOWN.search(line) or line.count("=") != 1:
            return
        assigned = _ASSIGN.match(line)
        if assigned and _EXPRESSION.match(assigned[2]) and self.knows(assigned[2]):
            if self._computes([*self.lines, line], assigned[1]) is not None:
                self.lines.append(line)
                self.known.add(assigned[1])
            return
        left, right = line.split("=")
        self.equation(left.strip(), right.strip())

    def equation(self, left: str, right: str) -> None:
        if _EXPRESSION.match(left) and _EXPRESSION.match(right):
            self.waiting.append((left, right))

    def close(self) -> None:
        """Solve waiting equations as long as one has a single unknown."""
        again = True
        while again:
            again = False
            for equation in self.waiting:
                names = self.unknown(f"{equation[0]} {equation[1]}")
                if len(names) == 1 and self._solve(equation, names.pop()):
                    self.waiting.remove(equation)
                    again = True
                    break

    def _solve(self, equation: tuple[str, str], name: str) -> bool:
        """Add the line that gives the one unknown of a linear equation: u = f(0) / (f(0) - f(1))."""

        def residual(value: str) -> str:
            left, right = (re.sub(rf"\b{name}\b", value, side) for side in equation)
            return f"(({left}) - ({right}))"

        line = f"{name} = {residual('0')} / ({residual('0')} - {residual('1')})"
        if self._computes([*self.lines, line, f"{name}_check = {residual(name)}"], f"{name}_check") != 0:
            return False
        self.lines.append(line)
        self.known.add(name)
        return True

    def _computes(self, lines: list[str], name: str) -> Fraction | float | None:
        try:
            return run(program_of("\n".join([*lines, f"ans = {name}"]), ()), {})
        except ProgramError:
            return None
