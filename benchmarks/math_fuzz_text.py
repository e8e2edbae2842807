"""Random program texts in and just outside the allowed subset, made from a stream of choices: bytes or a generator."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import TypeVar

from plugins.math.functions import CALLABLE

T = TypeVar("T")
LETTERS = ("A", "B", "C")
_BINARY = ("+", "-", "*", "/", "//", "%", "**")
_COMPARED = ("==", "!=", "<", "<=", ">", ">=")
_LISTED = ("max", "min", "sum", "prod", "mean", "len", "list", "tuple", "sorted")
_FUNCTIONS = sorted(CALLABLE - {*_LISTED})
_TWO = frozenset({"comb", "perm", "pow", "divmod", "gcd", "lcm", "log", "Fraction", "round"})
_NUMBERS = ("0", "1", "2", "3", "7", "10", "100", "0.5", "1.25", "3_000", "1e3", "1e-9", "1e300", "9" * 55, "99999")
_NAMES = ("x", "y", "total", "ans", "i")
#: What has no business in arithmetic, put where an expression or a statement may stand.
_EXPRESSIONS = (
    "().__class__", "A.real", "__import__('os')", "f'{A}'", "lambda: A", "[x for x in A]", "(x := A)", "eval('1')",
    "print(A)", "A is B", "A in [B]", "'x' * 9", "A[0:1]", "*A", "{A: B}", "{A}", "...", "1j", "b'x'", "math.pi",
    "np.sqrt(A)", "math.inf", "abs(A)(B)", "range(10**9)", "x if A", "not_defined", "A @ B", "~A", "await A",
    "A if B else", "A\u00d7B", "\uff45val(1)", "len(A)", "max()", "float('inf')", "9**9**9", "factorial(170)",
    "comb(170, 85)",
)  # fmt: skip
_STATEMENTS = (
    "import os", "import math", "from os import system", "del x", "global x", "pass", "assert A", "raise A",
    "with A: pass", "try:\n    x = 1\nexcept: pass", "def g(): return 1", "class X: pass", "x.y = 1", "x[0] = 1",
    "while True: pass", "while 1: x = 1", "for i in range(10**12): x = i", "print(f'{A}')", "x: int = 2",
    "x, y = A, B", "exec('x')", "break", "continue", "return", "'''text'''", "# comment",
)  # fmt: skip


class Choices:
    """Numbers below a bound, taken from bytes (0 once they are used up) or from a random generator."""

    def __init__(self, source: bytes | random.Random) -> None:
        self._bytes = iter(source) if isinstance(source, bytes) else None
        self._random = source if isinstance(source, random.Random) else None

    def below(self, bound: int) -> int:
        """A number in [0, bound), bound <= 256."""
        if self._random is not None:
            return self._random.randrange(bound)
        assert self._bytes is not None
        return next(self._bytes, 0) % bound

    def one(self, items: Sequence[T]) -> T:
        """One of some items."""
        return items[self.below(len(items))]


class _Writer:
    def __init__(self, choices: Choices, odd: int) -> None:
        self.choices, self.odd = choices, odd
        self.left = 60  # nodes; keeps a text short whatever the choices are

    def expression(self, depth: int = 0) -> str:
        choices, self.left = self.choices, self.left - 1
        if self.odd and choices.below(100) < self.odd:
            return choices.one(_EXPRESSIONS)
        kind = choices.below(12) if depth < 5 and self.left > 0 else choices.below(3)
        inner = depth + 1
        match kind:
            case 0:
                return choices.one(LETTERS)
            case 1:
                return choices.one(_NUMBERS)
            case 2:
                return choices.one(_NAMES)
            case 3 | 4 | 5:
                operator = choices.one(_BINARY)
                return f"{self.expression(inner)} {operator} {self.expression(inner)}"
            case 6:
                return f"({self.expression(inner)})"
            case 7:
                return f"{choices.one(('-', '+', 'not '))}{self.expression(inner)}"
            case 8:
                return f"({self.expression(inner)} {choices.one(_COMPARED)} {self.expression(inner)})"
            case 9:
                joined = choices.one((" and ", " or "))
                return f"({self.expression(inner)}{joined}{self.expression(inner)})"
            case 10:
                function = choices.one(_FUNCTIONS)
                count = choices.below(4) if self.odd and choices.below(8) == 0 else 1 + (function in _TWO)
                return f"{function}({', '.join(self.expression(inner) for _ in range(count))})"
            case _:
                items = ", ".join(self.expression(inner) for _ in range(1 + choices.below(3)))
                if choices.below(3) == 0:
                    return f"[{items}][{choices.below(3)}]"
                return f"{choices.one(_LISTED)}([{items}])"

    def block(self, indent: str, depth: int, inside: bool) -> list[str]:
        lines = []
        for _ in range(1 + self.choices.below(4)):
            lines += self.statement(indent, depth, inside)
        return lines

    def statement(self, indent: str, depth: int, inside: bool) -> list[str]:
        choices, self.left = self.choices, self.left - 1
        if self.odd and choices.below(100) < self.odd:
            return [indent + line for line in choices.one(_STATEMENTS).split("\n")]
        kind = choices.below(10) if depth < 3 and self.left > 0 else choices.below(5)
        inner = indent + "    "
        match kind:
            case 0 | 1 | 2 | 3:
                return [f"{indent}{choices.one(_NAMES)} = {self.expression(1)}"]
            case 4:
                return [f"{indent}{choices.one(_NAMES)} {choices.one(_BINARY)}= {self.expression(2)}"]
            case 5 | 6:
                lines = [f"{indent}if {self.expression(2)}:", *self.block(inner, depth + 1, inside)]
                if choices.below(2):
                    lines += [f"{indent}else:", *self.block(inner, depth + 1, inside)]
                return lines
            case 7:
                source = choices.one((f"range({self.expression(3)})", f"[{self.expression(3)}, B]", "range(5)"))
                return [f"{indent}for i in {source}:", *self.block(inner, depth + 1, inside)]
            case 8:
                ends = [f"{inner}{choices.one(('break', 'continue', 'x += 1', 'y -= 1'))}"]
                return [f"{indent}while {self.expression(3)}:", *self.block(inner, depth + 1, inside), *ends]
            case _:
                return [f"{indent}{'return' if inside else 'ans ='} {self.expression(1)}"]


def program(choices: Choices, odd: int | None = None) -> str:
    """The text of a program. odd: per cent of places where something forbidden stands instead (None: by choice)."""
    writer = _Writer(choices, choices.one((0, 0, 0, 1, 5)) if odd is None else odd)
    setup = ["x = A", "y = B", "i = 1", "total = 0", "ans = 0"]
    match choices.below(3):
        case 0:
            text = choices.one(("", "Answer = ", "ans = ")) + writer.expression()
            for name, letter in (("total", "3"), ("ans", "C"), ("x", "A"), ("y", "B"), ("i", "2")):
                text = re.sub(rf"\b{name}\b(?! =)", letter, text)
            return text
        case 1:
            return "\n".join([*setup, *writer.block("", 0, False), f"ans = {writer.expression(2)}"])
        case _:
            head = f"def solution({', '.join(LETTERS[: 1 + choices.below(3)])}):"
            body = [*(f"    {line}" for line in setup), *writer.block("    ", 1, True)]
            return "\n".join([head, *body, f"    return {writer.expression(2)}"])


_WORDS = (
    "apples", "$", "dollars", "each", "how many", "How much", "?", ".", ",", "five", "twenty", "two and a half",
    "dozen", "a quarter", "quarters", "both", "twice", "half", "3,000", "1 1/2", "25%", "per cent", "for", "to",
    "ate", "A", "B", "I", "of", "the", "one", "3:30", "24/7", "12/25", "5kg", "x", "-4", "\u2212", "\u00bd",
    "point", "hundred", "million", "third", "sixth graders", "a couple of", "what is", "cost", "7x8", "0.5", "-",
    "and", "'s", "\n", "Aa", "A1", "n't", "100", "are left", "than", "miles", "hours", "\u00a3", "first",
    "iphone 12", "boys", "has", "costs", "nine",
)  # fmt: skip


def question(choices: Choices) -> str:
    """Words and numbers in any order, with blanks between most of them."""
    pieces = []
    for _ in range(1 + choices.below(25)):
        pieces += [choices.one(_WORDS), choices.one((" ", " ", " ", ""))]
    return "".join(pieces)


_CHAT = (
    "Answer = ", "```python\n", "```\n", "\n", "def solution(A, B, C):\n", "    return ", "**", "\\boxed{", "}",
    "\\frac{A}{B}", "\\times", "\\(", "\\)", "A * (B - C)", "A", "B", "Final answer: ", "> ", "# ", "=", ".",
    "Let me think. ", "$", "`", "```", "\\left(", "\\right)", "answer is", "\r\n", "{", "\"answer\": \"A + B\"",
    "import math\n", "    x = A\n",
)  # fmt: skip


def chat(choices: Choices) -> str:
    """Something like a language model's answer, with mark-up in any order and programs between."""
    pieces = []
    for _ in range(1 + choices.below(20)):
        pieces.append(program(choices, 5) if choices.below(8) == 0 else choices.one(_CHAT))
    return "".join(pieces)


_RUNS = (
    " ",
    "\n",
    "\t",
    "a",
    "A",
    "1",
    "'",
    "$",
    "`",
    "=",
    "(",
    "-",
    ".",
    "\n ",
    " \n",
    "5 ",
    "a 5",
    "\\",
    "{",
    "}",
    "*",
)


def long_text(choices: Choices, length: int) -> str:
    """One or two symbols or words over and over up to `length` characters, with a beginning and an end."""
    items = choices.one((_RUNS, _RUNS, _CHAT, _WORDS))
    unit = "".join(choices.one(items) for _ in range(1 + choices.below(2)))
    start, end = (choices.one(choices.one((_CHAT, _WORDS, _RUNS, ("",)))) for _ in range(2))
    return start + (unit * (length // len(unit)))[: length - len(start) - len(end)] + end
