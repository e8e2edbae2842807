"""Files of word problems with their answers, in the formats that the public sets come in and in a plain one of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from dialog.errors import AssistantError

SUFFIXES = (".json", ".jsonl", ".xml")
MAX_FILE = 64 << 20
#: Names of files that say nothing: the set is called after its folder.
_PLAIN = ("questions", "test", "train", "valid", "dev")
_NUMBER = re.compile(r"-?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s*/\s*\d+)?")
#: A number, and the unit that ASDiv puts behind it.
_ANSWER = re.compile(rf"\s*[$#]?\s*({_NUMBER.pattern})\s*%?\s*(?:\([^()]*\))?\s*")


class QuestionsError(AssistantError):
    """A file of word problems that cannot be read; the text names file and line or row."""


@dataclass(frozen=True, slots=True)
class Question:
    """A word problem and its answer. `id` is the data's own name of it, else its row."""

    id: str
    text: str
    answer: float


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The problems of one file; `left_out` counts those whose answer is no single number."""

    name: str
    questions: tuple[Question, ...]
    left_out: int = 0


def read(path: Path) -> list[QuestionSet]:
    """The sets of a file, or of every file in a folder. Raises QuestionsError.

    Read are arrays or lines of objects with the keys `sQuestion` and `lSolutions` (MultiArith, AddSub, SingleEq),
    `Body`, `Question` and `Answer` (SVAMP) or `question` and `answer` (GSM8K, with its `####`, and ours), and the XML
    of ASDiv.
    """
    if path.is_file():
        return [_file(path)]
    if not path.is_dir():
        raise QuestionsError(f"{path}: there is no such file or folder")
    files = sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES and one.is_file())
    if not files:
        raise QuestionsError(f"{path}: there is no file of word problems in it ({', '.join(SUFFIXES)})")
    return [_file(one) for one in files]


def _file(path: Path) -> QuestionSet:
    try:
        if path.stat().st_size > MAX_FILE:
            raise QuestionsError(f"{path}: larger than {MAX_FILE} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsError(f"{path}: {error}") from None
    found: list[Question] = []
    left_out = 0
    for place, name, question, answer in _rows(path, text):
        number = _number(answer)
        if not question.strip():
            raise QuestionsError(f"{place}: the question is empty")
        if number is None:
            if path.suffix != ".xml":  # the sets in other formats promise a number; ASDiv holds times, ratios and lists
                raise QuestionsError(f"{place}: the answer {str(answer)[:60]!r} is not a number")
            left_out += 1
        else:
            found.append(Question(name, question.strip(), number))
    if not found:
        raise QuestionsError(f"{path}: there is no problem in it")
    return QuestionSet(path.resolve().parent.name if path.stem in _PLAIN else path.stem, tuple(found), left_out)


def _rows(path: Path, text: str) -> Iterator[tuple[str, str, str, object]]:
    """Place, id, question and answer as they stand."""
    if path.suffix == ".xml":
        yield from _asdiv(path, text)
        return
    rows: Sequence[tuple[str, Any]]
    if path.suffix == ".jsonl" or not text.lstrip().startswith("["):
        lines = [(f"{path}:{number}", line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        rows = [(place, _parsed(place, line)) for place, line in lines]
    else:
        rows = [(f"{path}: row {index}", row) for index, row in enumerate(_parsed(str(path), text), 1)]
    for index, (place, row) in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise QuestionsError(f"{place}: an object is expected")
        yield place, _id(row, index), *_fields(place, row)


def _parsed(place: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QuestionsError(f"{place}: not JSON: {error}") from None


def _id(row: Mapping[str, Any], index: int) -> str:
    return next((str(row[key]) for key in ("id", "ID", "iIndex") if key in row), str(index))


def _fields(place: str, row: Mapping[str, Any]) -> tuple[str, object]:
    match row:
        case {"sQuestion": str(question), "lSolutions": [answer, *_]}:
            return question, answer
        case {"Body": str(body), "Question": str(question), "Answer": answer}:
            return joined(body, question), answer
        case {"question": str(question), "answer": answer}:
            return question, answer.rsplit("####", 1)[-1] if isinstance(answer, str) else answer
    keys = ", ".join(sorted(map(str, row))[:8]) or "none"
    raise QuestionsError(f"{place}: keys 'question' and 'answer' are expected, with a text and a number (keys: {keys})")


def joined(body: str, question: str) -> str:
    """A story and its question as one text: SVAMP's bodies often lack their full stop."""
    body = body.strip()
    return f"{body if body[-1:] in ('.', '?', '!', ',', '') else body + '.'} {question.strip()}".strip()


def _asdiv(path: Path, text: str) -> Iterator[tuple[str, str, str, object]]:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise QuestionsError(f"{path}: not XML: {error}") from None
    for index, problem in enumerate(root.iter("Problem"), 1):
        place = f"{path}: problem {problem.get('ID', index)}"
        parts = {name: problem.findtext(name) for name in ("Body", "Question", "Answer")}
        if missing := [name for name, part in parts.items() if part is None]:
            raise QuestionsError(f"{place}: <{missing[0]}> is missing")
        question = joined(parts["Body"] or "", parts["Question"] or "")
        yield place, problem.get("ID", str(index)), question, parts["Answer"]


def _number(answer: object) -> float | None:
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        return float(answer) if abs(answer) < float("inf") else None
    match = _ANSWER.fullmatch(answer) if isinstance(answer, str) else None
    if match is None:
        return None
    above, _, below = match.group(1).replace(",", "").partition("/")
    if not below:
        return float(above)
    return float(above) / float(below) if float(below) else None
