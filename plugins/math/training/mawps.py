"""MAWPS (Koncel-Kedziorski and others 2016; MIT): word problems with one equation each, as problems to train on."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from plugins.math.solver.symbols import value
from plugins.math.template import template_of
from plugins.math.training.align import Alignment, align
from plugins.math.training.archive import rows
from plugins.math.training.equations import EquationError, solved
from plugins.math.training.problem import WRONG, DataError, Problem, flaw, number, rounded

FOLDER, FILE = "math_mwptoolkit", "dataset/mawps-single/mawps_source.json"


def plain(question: str) -> str:
    """A question without the blanks that some rows have around their punctuation."""
    text = re.sub(r"\s+", " ", question).strip()
    text = re.sub(r" ([.,?!;])", r"\1", text)
    return re.sub(r"([$]) (?=\d)", r"\1", text)


def mended(question: str) -> str:
    """The question without marks that the numbering of MAWPS left in it ("2 twice a number")."""
    return re.sub(r"\b2 (?=twice\b)", "", question)


def read(data: Path, why: Counter[str], constants: Counter[str]) -> list[Problem]:
    """All problems that could be read; `why` counts the others by reason, `constants` what the formulas needed.

    Raises DataError where the file is missing or damaged.
    """
    found: list[Problem] = []
    for place, row in enumerate(rows(data, FOLDER, FILE)):
        try:
            question, equation, told = mended(plain(row["sQuestion"])), row["lEquations"][0], row["lSolutions"][0]
            answer = number(told)
        except (KeyError, IndexError, ValueError) as error:
            raise DataError(f"{data / FOLDER / FILE}, row {place}: {error!r}") from error
        try:
            tree = solved(equation)
        except EquationError as error:
            why[str(error)] += 1
            continue
        template = template_of(question)
        aligned: Alignment = align(tree, template)
        reason = unfit(aligned) or flaw(template, aligned.prefix, answer)
        if reason == WRONG and rounded(value(aligned.prefix, dict(template.values)), answer):
            reason = ""
        if reason:
            why[reason] += 1
            continue
        constants.update(aligned.constants)
        exact = value(aligned.prefix, dict(template.values))
        found.append(Problem(question, aligned.prefix, exact, "mawps", f"mawps-{row['iIndex']}"))
    return found


def unfit(aligned: Alignment) -> str:
    """Why an alignment cannot be trained on; empty where it can."""
    if aligned.missing:
        return "a number is neither in the question nor a constant"
    return "it is not known which of equal numbers is meant" if aligned.unsure else ""
