"""The sets that are measured on and never trained on: MultiArith, AddSub, SingleEq, SVAMP, ASDiv."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from plugins.math.solver.symbols import Prefix
from plugins.math.template import template_of
from plugins.math.training.align import align
from plugins.math.training.archive import rows, text
from plugins.math.training.equations import EquationError, solved
from plugins.math.training.mawps import plain
from plugins.math.training.problem import DataError, Question, flaw, number

NAMES = ("multiarith", "addsub", "singleeq", "svamp", "asdiv")
#: SVAMP without its questions: a solver that is right here guesses from the story alone.
CONTROLS = ("svamp_questionless",)
_FILES = {"multiarith": "MultiArith/MultiArith.json", "addsub": "AddSub/AddSub.json"}
_FILES |= {"singleeq": "SingleEq/questions.json", "svamp": "SVAMP/SVAMP.json"}
_ASDIV_ANSWER = re.compile(r"\s*(-?[\d,]*\.?\d+(?:/\d+)?)\s*(?:\([^()]*\))?\s*\Z")


def test_set(data: Path, name: str) -> list[Question]:
    """The questions of a set with numeric answers. Raises DataError naming the file, and for an unknown name.

    `prefix` is there where the annotated equation could be laid against the question; it is for analysis alone. Tags:
    SVAMP rows carry "mwptoolkit-test" and "mwptoolkit-valid" where that toolkit's split holds them out, ASDiv rows
    "asdiv-a" where they belong to its commonly used arithmetic part.
    """
    if name == "asdiv":
        return [question for question in _asdiv(data) if question is not None]
    if name not in (*NAMES, *CONTROLS):
        raise DataError(f"no test set is called {name!r}; there are {', '.join((*NAMES, *CONTROLS))}")
    path = f"dataset/{_FILES[name.removesuffix('_questionless')]}"
    tags = _split(data) if name.startswith("svamp") else {}
    found: list[Question] = []
    for place, row in enumerate(rows(data, "math_cot", path)):
        try:
            if name.startswith("svamp"):
                question, equation, told = svamp_text(row), row["Equation"], row["Answer"]
                question = row["Body"].strip() if name.endswith("questionless") else question
                key = str(row["ID"])
            else:
                question, equation, told = plain(row["sQuestion"]), row["lEquations"][0], row["lSolutions"][0]
                key = f"{name}-{row['iIndex']}"
            answer = number(told)
        except (KeyError, IndexError, ValueError) as error:
            raise DataError(f"{data}/math_cot/{path}, row {place}: {error!r}") from error
        held = frozenset({tags[key]} if key in tags else ())
        prefix = None if name.endswith("questionless") else _prefix(question, equation, answer)
        found.append(Question(question, answer, key, prefix, held))
    return found


test_set.__test__ = False  # type: ignore[attr-defined]


def svamp_text(row: dict[str, Any]) -> str:
    """Body and question of an SVAMP row as one text, joined as in zero-shot-CoT's evaluation."""
    body = plain(row["Body"])
    return f"{body if body[-1:] in '.?!,' else body + '.'} {plain(row['Question'])}"


def _split(data: Path) -> dict[str, str]:
    """Which SVAMP rows the MWPToolkit split holds out; empty where the toolkit's files are not there."""
    found: dict[str, str] = {}
    for part, name in (("test", "mwptoolkit-test"), ("valid", "mwptoolkit-valid")):
        for row in rows(data, "math_mwptoolkit", f"dataset/SVAMP/{part}set.json"):
            found[str(row["ID"])] = name
    return found


def _prefix(question: str, equation: str, answer: Any) -> Prefix | None:
    try:
        tree = solved(equation)
    except EquationError:
        return None
    template = template_of(question)
    aligned = align(tree, template)
    if aligned.missing or flaw(template, aligned.prefix, answer):
        return None
    return aligned.prefix


def _asdiv_rows(data: Path) -> list[tuple[str, str, str, str]]:
    """(id, text, formula, answer) of every ASDiv problem."""
    content = text(data, "math_asdiv", "dataset/ASDiv.xml")
    try:
        root = ET.fromstring(content)
    except ET.ParseError as error:
        raise DataError(f"{data}/math_asdiv/dataset/ASDiv.xml: {error}") from error
    found: list[tuple[str, str, str, str]] = []
    for problem in root.iter("Problem"):
        said = {child.tag: (child.text or "").strip() for child in problem}
        whole = f"{said.get('Body', '')} {said.get('Question', '')}".strip()
        found.append((problem.get("ID", ""), plain(whole), said.get("Formula", ""), said.get("Answer", "")))
    return found


def _asdiv(data: Path) -> list[Question | None]:
    arithmetic: set[str] = set()
    for fold in range(5):
        arithmetic |= set(text(data, "math_asdiv", f"dataset/nfolds/asdiv-a/fold{fold}.txt").split())
    found: list[Question | None] = []
    for key, question, written, told in _asdiv_rows(data):
        match = _ASDIV_ANSWER.match(told)
        if match is None:
            found.append(None)
            continue
        answer = number(match[1])
        tags = frozenset({"asdiv-a"} if key in arithmetic else ())
        found.append(Question(question, answer, key, _prefix(question, written.split("=")[0], answer), tags))
    return found


def all_texts(data: Path) -> dict[str, list[str]]:
    """Every text of every test set by name, ASDiv's without numeric answers too: what training must not hold."""
    found = {name: [question.question for question in test_set(data, name)] for name in NAMES if name != "asdiv"}
    for part in ("train", "valid", "test"):
        found["svamp"] += [svamp_text(row) for row in rows(data, "math_mwptoolkit", f"dataset/SVAMP/{part}set.json")]
    found["asdiv"] = [question for _, question, _, _ in _asdiv_rows(data)]
    found["asdiv"] += [plain(f"{row['Body']} {row['Question']}") for row in _toolkit_asdiv(data)]
    return found


def _toolkit_asdiv(data: Path) -> list[dict[str, Any]]:
    parts = ("train", "valid", "test")
    return [row for part in parts for row in rows(data, "math_mwptoolkit", f"dataset/asdiv-a/{part}set.json")]
