"""Files of word problems: the formats that are read, and what is said of files that are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plugins.math.questions import Question, QuestionsError, joined, read

ARITH = [{"iIndex": 7, "sQuestion": " Ann has 3 cards. How many? ", "lSolutions": [3.0], "lEquations": ["X=3"]}]
SVAMP = [{"ID": "chal-1", "Body": "Ann has 3 cards", "Question": "How many?", "Answer": 3.0}]
GSM = {"question": "Ann has 1,000 cards and 200 more. How many?", "answer": "<<1000+200=1200>>\n#### 1,200"}
ASDIV = """<?xml version="1.0"?><Machine-Reading-Corpus-File><ProblemSet>
<Problem ID="n-1"><Body>Seven apples.</Body><Question>How many?</Question><Answer>7 (apples)</Answer></Problem>
<Problem ID="n-2"><Body>Half.</Body><Question>How much?</Question><Answer>1/2</Answer></Problem>
<Problem ID="n-3"><Body>A clock.</Body><Question>When?</Question><Answer>3:45</Answer></Problem>
</ProblemSet></Machine-Reading-Corpus-File>"""


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_every_format_is_read(tmp_path: Path) -> None:
    (tmp_path / "SingleEq").mkdir()
    paths = {
        "MultiArith": written(tmp_path, "MultiArith.json", ARITH),
        "SingleEq": written(tmp_path, "SingleEq/questions.json", ARITH),
        "SVAMP": written(tmp_path, "SVAMP.json", SVAMP),
        "gsm": written(tmp_path, "gsm.jsonl", json.dumps(GSM) + "\n\n" + json.dumps({"question": "Q?", "answer": 2})),
    }
    found = {name: read(path)[0] for name, path in paths.items()}
    assert {one.name for one in found.values()} == set(paths)
    assert found["MultiArith"].questions == (Question("7", "Ann has 3 cards. How many?", 3.0),)
    assert found["SVAMP"].questions == (Question("chal-1", "Ann has 3 cards. How many?", 3.0),)
    assert [(one.id, one.answer) for one in found["gsm"].questions] == [("1", 1200.0), ("2", 2.0)]
    written(tmp_path, "ASDiv.xml", ASDIV)
    everything = read(tmp_path)
    asdiv = next(one for one in everything if one.name == "ASDiv")
    assert len(everything) == 5
    assert [(one.id, one.answer) for one in asdiv.questions] == [("n-1", 7.0), ("n-2", 0.5)] and asdiv.left_out == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "[1", "a.json: not JSON"),
        ("a.json", [3], "a.json: row 1: an object"),
        ("a.json", [*SVAMP, {"Body": "x", "Answer": 1}], r"a.json: row 2: keys 'question' and 'answer'.*Answer, Body"),
        ("a.jsonl", '{"question": "q", "answer": "1"}\n{"question"', "a.jsonl:2: not JSON"),
        ("a.jsonl", '{"question": "q", "answer": "many"}', "a.jsonl:1: the answer 'many' is not a number"),
        ("a.jsonl", '{"question": "q", "answer": true}', "a.jsonl:1: the answer 'True' is not a number"),
        ("a.jsonl", '{"question": " ", "answer": "1"}', "a.jsonl:1: the question is empty"),
        ("a.jsonl", '{"question": "q", "answer": "1/0"}', "not a number"),
        ("a.json", "[]", "there is no problem"),
        ("a.xml", "<a>", "a.xml: not XML"),
        ("a.xml", "<a><Problem ID='p1'><Body>b</Body></Problem></a>", "problem p1: <Question> is missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, name: str, content: object, message: str) -> None:
    with pytest.raises(QuestionsError, match=message):
        read(written(tmp_path, name, content))


def test_missing_and_empty_places_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match=r"none\.json: there is no such file"):
        read(tmp_path / "none.json")
    with pytest.raises(QuestionsError, match="no file of word problems"):
        read(tmp_path)
    path = tmp_path / "bytes.json"
    path.write_bytes(b"[\xff]")
    with pytest.raises(QuestionsError, match=r"bytes\.json"):
        read(path)


def test_a_story_and_its_question_are_one_text() -> None:
    assert joined(" A story ", " What? ") == "A story. What?"
    assert joined("Done!", "What?") == "Done! What?" and joined("", "What?") == "What?"
