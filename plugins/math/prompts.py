"""What a language model is asked about a template, and how a program is found in its answer.

Two kinds of question, as in MathPrompter (section 2.1, step II): one for an equation, one for a Python function, both
over the letters, so that a model cannot calculate by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from plugins.math.program import program_of
from plugins.math.types import Program, ProgramError, Template

SYSTEM = "You turn word problems into formulas. The numbers of the problem have been replaced by letters."
MAX_TEXT = 8000
# None of these may look at a run of blanks or lines more than once: the time would grow with the square of its length,
# and no other thread runs while an expression is matched.
_FENCE = re.compile(r"```[ \t]*(?:[a-zA-Z0-9]+[ \t]*)?\r?\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_ANSWER = re.compile(
    r"(?im)^[ \t>*$`\\[(]*(?:the[ \t]+)?(?:final[ \t]+)?answer[ \t]*(?:\*\*[ \t]*)?(?:=|:|is:?)\s*(\S.*)$"
)
_BOXED = re.compile(r"\\boxed\{(.{1,300})\}")
_DEF = re.compile(r"(?m)^def[ \t]+\w+[ \t]*\(")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One kind of question: its `name` is the channel's."""

    name: str
    instruction: str

    def text(self, template: Template) -> str:
        """The whole message for a template."""
        known = ", ".join(
            f"{letter} ({template.units[letter]})" if template.units.get(letter) else letter
            for letter in template.letters
        )
        letters = f"\nKnown: {known}." if known else ""
        return f"Problem: {template.text.strip()}{letters}\n\n" + self.instruction.format(
            letters=", ".join(template.letters)
        )


ALGEBRAIC = Prompt(
    "algebraic",
    "Give one equation that computes what is asked from the letters {letters} alone. Leave the letters as they are; not"
    " every letter has to be needed. Think it through briefly if you like, then end with a single line of this form:\n"
    "Answer = <expression>",
)
PYTHONIC = Prompt(
    "python",
    "Write one Python function solution({letters}) that returns what is asked as a number. Use plain arithmetic, `if`"
    " and the letters as parameters; not every parameter has to be needed. No imports, no printing, no explanation:"
    " only the function.",
)
PROMPTS = (ALGEBRAIC, PYTHONIC)


def candidates(text: str) -> list[str]:
    """The program texts that a model's answer may hold, the likeliest first."""
    text = text[:MAX_TEXT].replace("\r\n", "\n")
    blocks = [block.strip("\n") for block in _FENCE.findall(text)]
    found = [block for block in blocks if _DEF.search(block)]
    found += [_function(text[match.start() :]) for match in _DEF.finditer(text)]
    lines = [_plain(match) for match in _ANSWER.findall(text)]
    found += [f"Answer = {line}" for line in reversed(lines) if line]
    found += [f"Answer = {_plain(match)}" for match in reversed(_BOXED.findall(text))]
    found += blocks
    if not found and "\n" not in text.strip():
        found.append(text.strip())
    return list(dict.fromkeys(found))


def read(text: str, template: Template) -> Program:
    """The first program in a model's answer that passes the checks. Raises ProgramError with the first refusal."""
    refusal: ProgramError | None = None
    for source in candidates(text)[:8]:
        try:
            return program_of(source, template.letters)
        except ProgramError as error:
            refusal = refusal or error
    raise refusal or ProgramError("there is no program in the answer")


def _function(text: str) -> str:
    """The function at the beginning of a text, without the prose after it."""
    lines = text.split("\n")
    kept = [lines[0]]
    for line in lines[1:]:
        if line.strip() and not line[0].isspace():
            break
        kept.append(line)
    return "\n".join(kept).rstrip()


def _plain(formula: str) -> str:
    """A formula without the mark-up of chat: `\\(A \\times B\\)`, `**A*B**`, a full stop, a chain of equations."""
    plain = formula.strip().strip("`")
    for old, new in (("\\times", "*"), ("\\cdot", "*"), ("\\div", "/"), ("\\left", ""), ("\\right", ""), ("**.", "")):
        plain = plain.replace(old, new)
    plain = re.sub(r"\\d?frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", plain)
    plain = re.sub(r"^\\[(\[]|\\[)\]]\.?$", "", plain.strip()).strip("$")
    plain = re.sub(r"^\*\*|\*\*$", "", plain.strip()).rstrip(". ")
    if "==" not in plain and "=" in plain:
        plain = plain.rsplit("=", 1)[1]
    return plain.strip()
