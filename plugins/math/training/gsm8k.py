"""GSM8K (Cobbe and others 2021; MIT), training part: the annotated steps of a solution joined into one formula."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from plugins.math.solver.symbols import MAX_LETTERS, Prefix, value
from plugins.math.template import template_of
from plugins.math.training.align import Alignment, align
from plugins.math.training.archive import rows
from plugins.math.training.echo import asked, story
from plugins.math.training.equations import EquationError, Literal, Node, Tree, evaluate, leaves, read, tidy
from plugins.math.training.mawps import unfit
from plugins.math.training.problem import DataError, Problem, close, flaw, number
from plugins.math.types import Template

FOLDER, FILE = "math_gsm8k", "grade_school_math/data/train.jsonl"
_STEP = re.compile(r"<<([^<>]*)>>")
_PLAIN = re.compile(r"((?:[$(]*\.?\d[\d,.]*[)%]*\s*[-+*/x×]\s*)+[$(]*\.?\d[\d,.]*[)%]*)\s*=\s*\$?(\.?\d[\d,.]*\d|\d)")
_MOST_READINGS = 128
_MOST_LEAVES = 14


@dataclass(frozen=True, slots=True)
class Step:
    """One annotated step: what is computed, its result, and the sentence around it."""

    tree: Tree
    result: Fraction
    sentence: str


@dataclass(frozen=True, slots=True)
class Solution:
    """A question with its steps and its answer."""

    question: str
    steps: tuple[Step, ...]
    answer: Fraction
    id: str


def steps_of(answer: str) -> tuple[Step, ...]:
    """The annotated steps of a solution. Raises EquationError where one cannot be read."""
    found: list[Step] = []
    for line in answer.splitlines():
        found += _unmarked(line) if "<<" not in line else ()
        for match in _STEP.finditer(line):
            left, _, right = match[1].rpartition("=")
            if not left:
                raise EquationError("a step without a result")
            try:
                result = evaluate(read(right))
            except EquationError:
                raise EquationError("a step without a result") from None
            plain = _STEP.sub("", line).strip()
            tree = read(left)
            if isinstance(tree, Literal):  # marked with its result alone: "<<30=30>>"
                tree = next((step.tree for step in _unmarked(plain) if close(step.result, result)), tree)
            found.append(Step(tree, result, plain))
    return tuple(found)


def _unmarked(line: str) -> Iterator[Step]:
    """Steps that a solution shows without marking them: "84 / 2 = 42"."""
    for match in _PLAIN.finditer(line):
        try:
            tree = read(re.sub(r"[x×]", "*", match[1]).replace("$", ""))
            result = evaluate(read(match[2]))
            if close(evaluate(tree), result):
                yield Step(tree, result, line.strip())
        except EquationError:
            continue


def solutions(data: Path, why: Counter[str]) -> list[Solution]:
    """All training questions whose steps can be read; `why` counts the others. Raises DataError."""
    found: list[Solution] = []
    for place, row in enumerate(rows(data, FOLDER, FILE), 1):
        try:
            worked, _, told = row["answer"].rpartition("####")
            question, answer = " ".join(row["question"].split()), number(told)
        except (KeyError, ValueError) as error:
            raise DataError(f"{data / FOLDER / FILE}, line {place}: {error!r}") from error
        try:
            steps = steps_of(worked)
        except EquationError as error:
            why[str(error)] += 1
            continue
        if not steps:
            why["no annotated step"] += 1
            continue
        found.append(Solution(question, steps, answer, f"gsm8k-{place}"))
    return found


def formula(solution: Solution, last: int, template: Template, answer: Fraction) -> tuple[Alignment, str]:
    """The formula of step `last` over the question's letters, and why it will not do (empty where it will).

    A number of a step is the result of an earlier one or a number of the question; where it may be either, all
    readings are tried, and the one that leaves fewest steps and numbers unused and is right is taken.
    """
    best: tuple[float, Alignment] | None = None
    reason = "the steps cannot be joined"
    for tree, unused in itertools.islice(_joined(solution.steps, last, template), _MOST_READINGS):
        if sum(1 for _ in leaves(tree)) > _MOST_LEAVES:
            reason = "too many operators"
            continue
        aligned = align(tidy(tree), template)
        if aligned.missing:
            reason = unfit(aligned)
            continue
        fault = flaw(template, aligned.prefix, answer)
        if fault:
            reason = fault
            continue
        cost = 3.0 * unused + 2.0 * aligned.unused + len(aligned.constants) + 0.5 * aligned.unsure
        if best is None or cost < best[0]:
            best = cost, aligned
    if best is None:
        return Alignment(()), reason
    return best[1], unfit(best[1])


def _joined(steps: tuple[Step, ...], last: int, template: Template) -> Iterator[tuple[Tree, int]]:
    """Step `last` with results of earlier steps put in, in every reading, and how many earlier steps it leaves out."""
    given = set(template.values.values())
    places: list[tuple[Literal, list[int | None]]] = []
    for index in range(last + 1):
        for leaf in leaves(steps[index].tree):
            if isinstance(leaf, Literal):
                earlier: list[int | None] = [
                    other for other in range(index - 1, -1, -1) if close(steps[other].result, leaf.value)
                ]
                options = [*earlier, None] if leaf.value in given or not earlier else earlier
                places.append((leaf, options))
    open_places = [place for place in places if len(place[1]) > 1]
    for choice in itertools.product(*(options for _, options in open_places)):
        meant: dict[int, int | None] = {id(leaf): options[0] for leaf, options in places}
        meant |= {id(leaf): option for (leaf, _), option in zip(open_places, choice, strict=True)}
        used: set[int] = set()
        made: dict[int, Tree] = {}

        def step(index: int, meant: dict[int, int | None], used: set[int], made: dict[int, Tree]) -> Tree:
            if index not in made:
                used.add(index)
                made[index] = put(steps[index].tree, meant, used, made)
            return made[index]

        def put(tree: Tree, meant: dict[int, int | None], used: set[int], made: dict[int, Tree]) -> Tree:
            if isinstance(tree, Node):
                return Node(tree.operator, put(tree.left, meant, used, made), put(tree.right, meant, used, made))
            earlier = meant.get(id(tree))
            return tree if earlier is None else step(earlier, meant, used, made)

        tree = step(last, meant, used, made)
        if _size(tree, _MOST_LEAVES + 1) <= _MOST_LEAVES:
            yield tree, last + 1 - len(used)


def _size(tree: Tree, most: int) -> int:
    """How many leaves a tree has; stops counting at `most` (shared parts can make it very large)."""
    waiting, count = [tree], 0
    while waiting and count < most:
        part = waiting.pop()
        if isinstance(part, Node):
            waiting += [part.left, part.right]
        else:
            count += 1
    return count


def problem(solution: Solution, why: Counter[str], constants: Counter[str]) -> Problem | None:
    """A solution as a problem to train on, or None with its reason counted."""
    lasts = [index for index, step in enumerate(solution.steps) if close(step.result, solution.answer)]
    if not lasts and "%" in solution.steps[-1].sentence and close(100 * solution.steps[-1].result, solution.answer):
        percent = Node("*", solution.steps[-1].tree, Literal(Fraction(100)))
        solution = replace(
            solution, steps=(*solution.steps[:-1], replace(solution.steps[-1], tree=percent, result=solution.answer))
        )
        lasts = [len(solution.steps) - 1]
    if not lasts:
        why["no step gives the answer"] += 1
        return None
    template = template_of(solution.question)
    if len(template.letters) > MAX_LETTERS:
        why["too many numbers in the question"] += 1
        return None
    aligned, reason = formula(solution, lasts[-1], template, solution.answer)
    if reason:
        why[reason] += 1
        return None
    constants.update(aligned.constants)
    exact = value(aligned.prefix, dict(template.values))
    return Problem(solution.question, aligned.prefix, exact, "gsm8k", solution.id)


def parts(solution: Solution, whole: Prefix | None, most: int = 2) -> list[Problem]:
    """Up to `most` further problems: the story with the result of one of its steps asked for.

    whole: the formula of the question itself, which no part repeats. A step whose sentence no rule turns into a
    question, or whose numbers are not all in the story, gives none.
    """
    background = story(solution.question)
    found: list[Problem] = []
    seen = {whole}
    dropped = {*template_of(solution.question).values.values()} - {*template_of(background).values.values()}
    for index, step in enumerate(solution.steps):
        question = asked(step.sentence)
        if len(found) == most or not question or not background:
            continue
        text = f"{background} {question}"
        template = template_of(text)
        if len(template.letters) != len(template_of(background).letters) or len(template.letters) > MAX_LETTERS:
            continue
        aligned, reason = formula(solution, index, template, step.result)
        if any(Fraction(constant) in dropped for constant in aligned.constants):
            continue  # a number of the question that was cut off
        if not reason and aligned.prefix not in seen:
            seen.add(aligned.prefix)
            exact = value(aligned.prefix, dict(template.values))
            found.append(Problem(text, aligned.prefix, exact, "step", f"{solution.id}-step{index + 1}"))
    return found
