"""What must hold whatever comes in, one function for each door that text enters by; each raises AssertionError."""

from __future__ import annotations

import ast
import json
import math
import random
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from benchmarks.math_fuzz_text import LETTERS, Choices, chat, program, question
from plugins.math import prompts
from plugins.math.equivalence import equivalent
from plugins.math.functions import CALLABLE, CONSTANTS, size
from plugins.math.interpreter import DEFAULT, Machine, bindings, run
from plugins.math.lift import lifted
from plugins.math.program import program_of
from plugins.math.template import filled, template_of
from plugins.math.types import Limits, Program, ProgramError, Template
from plugins.math.wire import Failure, completion

VALUES = {"A": Fraction(5), "B": Fraction(8), "C": Fraction(1, 2)}
TEMPLATE = Template(
    "A B C", VALUES, {"A": "", "B": "", "C": "percent"}, "", frozenset("AB"), "5 8 1/2", "", frozenset()
)
LIMITS = Limits(steps=2000, seconds=1.0)
_LETTER = re.compile(r"(?<![A-Za-z0-9'’])[A-Z][0-9]*(?![A-Za-z0-9'’])")
#: Events of the interpreter's audit that no reading or running of a program may cause.
_FORBIDDEN = ("exec", "import", "open", "os.", "subprocess.", "socket.", "ctypes.", "shutil.", "marshal.", "pickle.")
_watching = False
_seen: list[str] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching or (event == "open" and arguments[0] == ""):  # no file has that name: see `program.parse`
        return
    if event.startswith(_FORBIDDEN) or (event == "compile" and arguments[1] != ""):
        _seen.append(f"{event} {str(arguments)[:200]}")


@contextmanager
def watched() -> Iterator[None]:
    """Fails where anything inside imports, opens, executes or starts something; parsing alone is allowed."""
    global _watching
    if not getattr(watched, "hooked", False):
        sys.addaudithook(_audit)
        watched.hooked = True  # type: ignore[attr-defined]
    _seen.clear()
    _watching = True
    try:
        yield
    finally:
        _watching = False
    assert not _seen, f"a program caused {_seen}"


def harmless(found: Program) -> None:
    """The tree that will be run holds no attribute, no text, no import, and calls of listed functions alone."""
    for statement in found.body:
        for node in ast.walk(statement):
            assert not isinstance(
                node, ast.Attribute | ast.Import | ast.ImportFrom | ast.FunctionDef | ast.Lambda | ast.JoinedStr
            ), ast.dump(node)
            if isinstance(node, ast.Constant):
                assert isinstance(node.value, bool | int | float), node.value
            if isinstance(node, ast.Call):
                assert isinstance(node.func, ast.Name) and node.func.id in CALLABLE and not node.keywords
    assert found.variables | found.unused == found.letters


def outcome(source: str, limits: Limits = LIMITS) -> str:
    """How a program ends, in a word or the refusal's reason; everything about its answer is checked."""
    try:
        found = program_of(source, LETTERS)
    except ProgramError as error:
        assert error.reason
        return f"refused: {error.reason}"
    harmless(found)
    try:
        answer = run(found, VALUES, limits)
    except ProgramError as error:
        assert error.reason
        return f"failed: {error.reason}"
    if isinstance(answer, bool):
        return "a truth"
    if isinstance(answer, Fraction):
        assert size(answer) <= limits.bits, "a number larger than the limit"
        return "an exact number"
    assert isinstance(answer, float) and math.isfinite(answer), answer
    return "a float"


def check_source(source: str, limits: Limits = LIMITS) -> str:
    """Program text as it comes: read, run, compared with itself, lifted. Returns its `outcome`."""
    with watched():
        how = outcome(source, limits)
        if how in ("a truth", "an exact number", "a float"):
            found = program_of(source, LETTERS)
            same = equivalent(found, found, TEMPLATE, random.Random(0), 1, LIMITS)
            assert same.equal or same.draws == 0, "a program differs from itself"
            assert run(found, VALUES, limits) == run(found, VALUES, limits), "a program answers in two ways"
            machine = Machine(bindings(found, VALUES), DEFAULT)
            assert machine.names.keys() <= {*LETTERS, *found.parameters, *CONSTANTS}
        try:
            lifted(source, TEMPLATE)
        except ProgramError as error:
            assert error.reason
    return how


def _source(data: bytes) -> None:
    check_source(data.decode("utf-8", "replace"))


def _grammar(data: bytes) -> None:
    check_source(program(Choices(data)))


def _equivalent(data: bytes) -> None:
    choices = Choices(data)
    try:
        first, second = (program_of(program(choices, 0), LETTERS) for _ in range(2))
    except ProgramError:
        return
    with watched():
        there = equivalent(first, second, TEMPLATE, random.Random(1), 3, LIMITS)
        back = equivalent(second, first, TEMPLATE, random.Random(1), 3, LIMITS)
        assert there.bound is None or 0 <= there.bound <= 1
        if there.by == back.by == "symbolic":
            assert there.equal == back.equal, "comparing depends on the order"
        if there.equal and there.by == "symbolic":
            ours, theirs = outcome_of(first), outcome_of(second)
            assert ours is None or theirs is None or ours == theirs, "proved equal, and answers differ"


def outcome_of(found: Program) -> object:
    """A program's answer, or None where it has none."""
    try:
        return run(found, VALUES, LIMITS)
    except ProgramError:
        return None


def check_template(text: str) -> Template:
    """Any text has a template; its parts agree, and putting other numbers in does not fail."""
    with watched():
        template = template_of(text)
        assert template.question == text
        assert template.units.keys() == template.values.keys()
        assert template.integers | template.excused <= set(template.letters)
        assert all(isinstance(value, Fraction) for value in template.values.values())
        for letter in template.integers:
            assert template.values[letter] > 0 and template.values[letter].denominator == 1
        standing = [match.group() for match in _LETTER.finditer(template.text)]
        for letter in template.letters:
            assert standing.count(letter) == 1, f"{letter} stands {standing.count(letter)} times in the text"
        filled(template)
        filled(template, {letter: Fraction(7, 3) for letter in template.letters})
        for prompt in prompts.PROMPTS:
            assert prompt.text(template)
    return template


def _any_template(data: bytes) -> None:
    check_template(data.decode("utf-8", "surrogateescape" if len(data) % 2 else "replace"))


def _word_template(data: bytes) -> None:
    check_template(question(Choices(data)))


def check_reading(text: str) -> None:
    """A language model's answer gives a harmless program, or a reason why not."""
    with watched():
        try:
            harmless(prompts.read(text, TEMPLATE))
        except ProgramError as error:
            assert error.reason


def _any_reading(data: bytes) -> None:
    check_reading(data.decode("utf-8", "replace"))


def _chat_reading(data: bytes) -> None:
    check_reading(chat(Choices(data)))


def check_wire(raw: bytes) -> None:
    """Whatever a server sends is a text with its tokens, or a failure."""
    with watched():
        answer = completion(raw)
    if isinstance(answer, Failure):
        assert str(answer)
        return
    text, tokens = answer
    assert isinstance(text, str) and isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens < 10**9
    text[: prompts.MAX_TEXT].encode("utf-8", "surrogatepass")


def _wire(data: bytes) -> None:
    check_wire(data)
    message = {
        "choices": [{"message": {"content": data.decode("utf-8", "replace")}}],
        "usage": {"total_tokens": len(data)},
    }
    check_wire(json.dumps(message).encode())


#: Harness -> what it does with the bytes of one input.
HARNESSES: dict[str, Callable[[bytes], None]] = {
    "program text": _source,
    "program grammar": _grammar,
    "equivalence": _equivalent,
    "template text": _any_template,
    "template words": _word_template,
    "answer text": _any_reading,
    "answer grammar": _chat_reading,
    "wire": _wire,
}
