"""Recorded answers as derivations: programs run by the interpreter, prose read, its equations turned into a formula."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from benchmarks.math_replay_data import Problem, Record, number
from benchmarks.math_replay_salvage import salvage
from plugins.math.channels import Derivation
from plugins.math.interpreter import run
from plugins.math.program import program_of
from plugins.math.types import Answer, Program, ProgramError, Template

_LITERAL = re.compile(r"(?<![\w.])(\d[\d_]*(?:\.\d+)?)(?![\w.])")
_UNITS = re.compile(r"(?<=[\d)])\s*%?\s+(?:[a-zA-Z]+[ -]?){1,4}(?=\s*[-+*/x×÷=])(?!x\b)")
_EQUATION = re.compile(r"([-\d.,()\s+*/x×÷]*\d[\d.,)\s]*[-+*/x×÷][-\d.,()\s+*/x×÷]*)=\s*(-?[\d,]*\.?\d+)")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_HEDGE = re.compile(r"\?|assum|cannot|can't|not enough|unknown|impossible|unclear|does not say|doesn't say|not given")
_SHADOWED = re.compile(r"\b(round|sum|min|max|int|len|abs|float)\b(?!\s*\()")
_SEVERAL = re.compile(r"(?m)^(\s*return [\w.]+),\s*[\w., ]+$")
_OPERATOR = re.compile(r"[-+*/]")
MAX_STEPS = 12


def read(problem: Problem, template: Template, channels: Sequence[str]) -> list[Derivation]:
    """One derivation for each channel that has a record, failures included."""
    found = []
    for channel in channels:
        record = problem.records.get(channel)
        if record is not None:
            reader = _program if channel.startswith("pot") else _prose
            found.append(reader(channel, record, template))
    return found


def _program(channel: str, record: Record, template: Template) -> Derivation:
    """A program of a model, over the letters where its numbers are those of the question.

    As its authors did, the first of several returned values counts, and a negative answer without its sign; what that
    was done to is marked, and a program that does not run is read as the equations it states.
    """
    text = record.text
    code = text.split("# Answer this question by", 1)[-1].split("\n", 1)[-1] if "def " in text else text
    code = "\n".join(line.split("#", 1)[0].rstrip() for line in code.split("\n"))
    code = _SHADOWED.sub(r"\1_", code)
    checks: dict[str, float] = {}
    first = _SEVERAL.sub(r"\1", code)
    if first != code:
        code, checks["several"] = first, 1.0
    answer, failure = _answered(code)
    if answer is None and (repaired := salvage(code)) is not None:
        code = repaired
        answer, _ = _answered(code)
        checks["repaired"] = 1.0
    if answer is None:
        return Derivation(channel, text, failure=failure)
    program = program_of(code, ())
    checks |= _numbers_used(code, template)
    checks["steps"] = min(8, len(_OPERATOR.findall(code))) / 4
    checks["findings"] = float(bool(program.findings))
    lifted = _lifted(code, template, answer)
    if answer < 0:
        checks["sign dropped"] = 1.0
        return Derivation(channel, text, None, -Fraction(answer), checks=checks)
    return Derivation(channel, text, lifted or program, answer, checks=checks)


def _answered(code: str) -> tuple[Answer | None, str]:
    """What a program answers, or why it does not."""
    try:
        return run(program_of(code, ()), {}), ""
    except ProgramError as error:
        return None, error.reason


def _prose(channel: str, record: Record, template: Template) -> Derivation:
    """An answer in prose: the number its authors read, the formula behind it, and what its equations are worth."""
    if record.recorded is None:
        return Derivation(channel, record.text, failure="no number in it")
    answer = Fraction(str(record.recorded))
    text = record.text.rsplit("Therefore, the answer (arabic", 1)[0]
    checks: dict[str, float] = {}
    program = None
    if channel != "zero-shot":
        steps, slips = chain(text)
        checks["equations"] = min(4, len(steps)) / 2
        checks["slip"] = float(slips > 0)
        checks["hedged"] = float(bool(_HEDGE.search(text)))
        checks["cut off"] = float(text.rstrip()[-1:] not in tuple(".!?)"))
        checks["length"] = len(text) / 400
        told = _NUMBER.findall(text)
        checks["ends otherwise"] = float(bool(told) and number(told[-1]) != float(answer))
        checks["nowhere"] = float(all(number(one) != float(answer) for one in told))
        checks |= _numbers_used(text, template)
        formula = lift(steps, template, answer)
        checks["formula"] = float(formula is not None)
        if formula is not None:
            program = formula
    return Derivation(channel, record.text, program, answer, checks=checks)


def _numbers_used(text: str, template: Template) -> Mapping[str, float]:
    """Whether numbers of the question are missing in a text, and whether it brings others."""
    told = {number(one) for one in _NUMBER.findall(text)}
    own = {float(value) for value in template.values.values()}
    return {"leaves out": float(not own <= told), "brings in": float(bool(told - own))}


def _lifted(code: str, template: Template, answer: Answer) -> Program | None:
    """A program with letters for the question's numbers, where it still gives the same answer."""
    letters = _by_value(template)
    used: dict[Fraction, int] = {}

    def letter(match: re.Match[str]) -> str:
        value = Fraction(match[1].replace("_", ""))
        names = letters.get(value)
        if not names:
            return match[1]
        used[value] = used.get(value, -1) + 1
        return names[min(used[value], len(names) - 1)]

    return _checked(_LITERAL.sub(letter, code), template, answer)


def chain(text: str) -> tuple[list[tuple[str, Fraction]], int]:
    """The equations of a text that hold, in order, as (expression, value); and how many do not."""
    plain = _UNITS.sub("", text.replace("$", "").replace("%", ""))
    steps, slips = [], 0
    for left, right in _EQUATION.findall(plain):
        expression = re.sub(r"[x×]", "*", left.replace(",", "").replace("÷", "/")).strip()
        if expression.count("(") != expression.count(")") or not _OPERATOR.search(expression[1:]):
            continue
        try:
            value = run(program_of(f"Answer = {expression}", ()), {})
        except ProgramError:
            continue
        told = Fraction(right.replace(",", ""))
        if abs(Fraction(value) - told) <= Fraction(1, 100):
            steps.append((expression, told))
        else:
            slips += 1
    return steps[-MAX_STEPS:], slips


def lift(steps: Sequence[tuple[str, Fraction]], template: Template, answer: Fraction) -> Program | None:
    """A formula over the letters from a chain of equations, by putting each into those after it."""
    letters = _by_value(template)
    made: dict[Fraction, str] = {}
    last = None
    for expression, value in steps:
        used: dict[Fraction, int] = {}

        def term(match: re.Match[str], used: dict[Fraction, int] = used) -> str:
            one = Fraction(match[1])
            if one in made:
                return made[one]
            if one in letters:
                used[one] = used.get(one, -1) + 1
                return letters[one][min(used[one], len(letters[one]) - 1)]
            return match[1]

        formula = f"({_LITERAL.sub(term, expression)})"
        if len(formula) > 400:
            return None
        made[value] = formula
        if value == answer:
            last = formula
    return _checked(f"Answer = {last}", template, answer) if last else None


def _by_value(template: Template) -> dict[Fraction, list[str]]:
    letters: dict[Fraction, list[str]] = {}
    for letter, value in template.values.items():
        letters.setdefault(value, []).append(letter)
    return letters


def _checked(source: str, template: Template, answer: Answer) -> Program | None:
    """A program that gives this answer on the template's own numbers, or None."""
    try:
        program = program_of(source, template.letters)
        found = run(program, template.values)
    except ProgramError:
        return None
    return program if program.variables and abs(float(found) - float(answer)) < 1e-2 else None
