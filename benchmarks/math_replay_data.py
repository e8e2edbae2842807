"""Word problems and what large language models of 2022 and 2023 answered to them, as it was recorded and published."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETS = ("MultiArith", "SVAMP", "GSM8K", "AddSub", "SingleEq")
#: Channel -> model, year and how it was asked.
CHANNELS = {
    "zero-shot": "text-davinci-002 (recorded as gpt3-xl), 2022, asked for the number at once",
    "cot": 'text-davinci-002 (recorded as gpt3-xl), 2022, "Let\'s think step by step" (zero-shot-CoT)',
    "plan": "text-davinci-003, 2023, Plan-and-Solve prompt, zero-shot",
    "pot": "code-davinci-002, November 2022, Program-of-Thoughts, zero-shot",
    "pot-few": "code-davinci-002, November 2022, Program-of-Thoughts, few-shot",
}
ZERO_SHOT = ("zero-shot", "cot", "plan", "pot")
_POT = {
    ("MultiArith", "pot"): "multiarith_zs_s0_e-1_11_19_20_12.jsonl",
    ("SVAMP", "pot"): "svamp_zs_s0_e-1_11_18_20_12.jsonl",
    ("SVAMP", "pot-few"): "svamp_s0_e-1_11_24_14_38.jsonl",
    ("GSM8K", "pot"): "gsm8K_zs_s0_e-1_11_19_09_55.jsonl",
    ("GSM8K", "pot-few"): "gsm8K_s0_e-1_11_17_10_20.jsonl",
}
_PLAN = {
    "MultiArith": "MultiArith-zero_shot-302-text-davinci-003.json",
    "SVAMP": "SVAMP-zero_shot-307-text-davinci-003.json",
    "GSM8K": "gsm8k-zero_shot-305-text-davinci-003.json",
    "AddSub": "AddSub-zero_shot-301-text-davinci-003.json",
    "SingleEq": "SingleEq-zeri_shot-301-text-davinci-003.json",
}
_BLOCK = re.compile(
    r"^\d+_th_sampling\nQ: (.*?)\nA: ?(.*?)\npred_before : ?(.*?)\npred_after", re.DOTALL | re.MULTILINE
)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+")


class Missing(Exception):
    """A file of the data that is not there."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one channel answered: the text or the program, and the answer its authors read from it."""

    text: str
    recorded: float | None


@dataclass(frozen=True, slots=True)
class Problem:
    """A question with its true answer and the recorded answers by channel."""

    key: str
    question: str
    answer: float
    records: dict[str, Record] = field(default_factory=dict)


def key_of(question: str) -> str:
    """A question without case, blanks and punctuation: what joins the files, and what folds keep together."""
    return re.sub(r"[^a-z0-9]+", "", question.lower())


def masked(question: str) -> str:
    """The same without numbers: what two sets are compared by."""
    return re.sub(r"[^a-z#]+", "", re.sub(r"\d[\d,.]*", "#", question.lower()))


def problems(name: str, data: Path) -> list[Problem]:
    """The problems of one set with all that was recorded. Raises Missing naming the file."""
    found = [Problem(key_of(question), question, answer) for question, answer in _questions(name, data / "math_cot")]
    places: dict[str, list[Problem]] = {}
    for problem in found:
        places.setdefault(problem.key, []).append(problem)
    outputs = data / "math_llm_outputs"
    for channel in CHANNELS:
        for question, record in _records(name, channel, outputs):
            for problem in places.get(key_of(question), ()):
                problem.records.setdefault(channel, record)
    return found


def number(text: object) -> float | None:
    """The first number of a text, or None."""
    match = _NUMBER.search(str(text))
    return float(match.group().replace(",", "")) if match else None


def _load(path: Path, read: Callable[[str], Any] = json.loads) -> Any:
    try:
        return read(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Missing(f"{path} is missing") from None
    except ValueError as error:
        raise Missing(f"{path}: {error}") from None


def _lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _questions(name: str, folder: Path) -> Iterator[tuple[str, float]]:
    files = {"GSM8K": "grade-school-math/test.jsonl", "SingleEq": "SingleEq/questions.json"}
    path = folder / "dataset" / files.get(name, f"{name}/{name}.json")
    rows = _load(path, _lines if path.suffix == ".jsonl" else json.loads)
    for row in rows:
        match name:
            case "GSM8K":
                yield row["question"], float(row["answer"].rsplit("####", 1)[1].replace(",", ""))
            case "SVAMP":
                body = row["Body"].strip()
                yield f"{body if body[-1:] in '.?!,' else body + '.'} {row['Question'].strip()}", float(row["Answer"])
            case _:
                yield row["sQuestion"].strip(), float(row["lSolutions"][0])


def _records(name: str, channel: str, folder: Path) -> Iterator[tuple[str, Record]]:
    if channel in ("zero-shot", "cot"):
        file = f"{name.lower()}_{'zero_shot' if channel == 'zero-shot' else 'zero_shot_cot'}.log"
        log = _load(folder / "zero_shot_cot/log" / file, str)
        for question, answer, told in _BLOCK.findall(log):
            yield question, Record(answer.strip(), number(told))
    elif channel == "plan":
        for row in _load(folder / "plan_and_solve/generated_result" / _PLAN[name]):
            pred = row["pred"]
            yield row["question"], Record(row["chain-of-thought"].strip(), number(pred) if pred != "" else None)
    elif (name, channel) in _POT:
        for row in _load(folder / "pot/outputs" / _POT[name, channel], _lines):
            if "answer" in row:
                source = row["generated"][0] if isinstance(row["generated"], list) else row["generated"]
                executed = row["executed"] if isinstance(row["executed"], float) else None
                yield f"{row.get('passage', '').strip()} {row['question']}", Record(source, executed)
