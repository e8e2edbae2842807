"""Questions in German against English sources: detection, the lexicon behind the hook, the three strategies."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from dialog.errors import ConfigError
from plugins.product_qa.answer import compose
from plugins.product_qa.language import (
    TranslationError,
    detect,
    faithful,
    multilingual,
    named,
    translate_test,
    translate_train,
    translated,
)
from plugins.product_qa.language.lexicon import Lexicon
from plugins.product_qa.types import Answer, CatalogueError
from tests.plugins.product_qa.answer.shop import KETTLE, PASSAGES, about

LEXICON = Lexicon()


async def ask(question: str) -> Answer:
    return compose(question, about("weight"), KETTLE, passages=PASSAGES)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wie schwer ist der Wasserkocher?", "de"),
        ("how much does it weigh?", "en"),
        ("Est-ce que la batterie est incluse ?", "fr"),
        ("¿Cuánto pesa el hervidor?", "es"),
        ("Quanto pesa questo bollitore?", "it"),
        ("Quanto isso pesa? Não tem tampa?", "pt"),
        ("Czy to jest wodoodporne?", "pl"),
        ("これは防水ですか", "ja"),
        ("这个防水吗", "zh"),
        ("방수인가요", "ko"),
        ("क्या यह जलरोधक है", "hi"),
        ("இது நீர்ப்புகா", "ta"),
        ("هل هو مقاوم للماء", "ar"),
    ],
)
def test_detection(text: str, language: str) -> None:
    assert detect(text).language == language


def test_what_tells_nothing_is_the_default() -> None:
    assert (detect("12345 !!").share, detect("kettle xyz", "de").language) == (0.0, "de")


@pytest.mark.parametrize(
    ("german", "english"),
    [
        ("Wie schwer ist der Wasserkocher?", "How heavy is the kettle?"),
        ("Kann ich es draußen benutzen?", "Can i use it outside?"),
        ("Ist es unter 2,5 Kilo?", "Is it under 2.5 kilo?"),
        ("Kann man das Zelt im Regen verwenden?", "Can you use the tent in the rain?"),
    ],
)
def test_the_lexicon(german: str, english: str) -> None:
    assert LEXICON.translate(german, "de", "en") == english and faithful(german, english)


async def test_translate_test_there_and_back() -> None:
    got = await translate_test("Wie schwer ist der Wasserkocher?", ask, LEXICON)
    assert (got.language, got.english, got.problem) == ("de", "How heavy is the kettle?", "")
    assert got.answer.text == "Es wiegt 1.2 kilogramm, laut den produktdetails." and got.answer.evidence
    with pytest.raises(TranslationError, match="no translation from fr"):
        await translate_test("Est-ce que la batterie est incluse ?", ask, LEXICON)
    with pytest.raises(TranslationError, match="not in the lexicon"):
        await translate_test("Ist der Quarkstrudel von Oma bekömmlich?", ask, LEXICON)


async def test_an_answer_that_cannot_go_back_stays_english() -> None:
    async def strange(question: str) -> Answer:
        return Answer("Quixotic zebras frolic.", "", "statement", (), 0.9)

    got = await translate_test("Wie schwer ist es?", strange, LEXICON)
    assert got.answer.text == "Quixotic zebras frolic." and "not in the lexicon" in got.problem


async def test_multilingual_asks_the_question_as_it_is() -> None:
    seen: list[str] = []

    async def own(question: str) -> Answer:
        seen.append(question)
        return await ask("how heavy is it?")

    got = await multilingual("Wie schwer ist es?", own, LEXICON)
    assert seen == ["Wie schwer ist es?"] and got.answer.text.startswith("Es wiegt 1.2")
    assert (await multilingual("Wie schwer ist es?", own)).problem == "no translator is configured"
    assert (await multilingual("how heavy is it?", own)).answer.text.startswith("It weighs")


class Slow:
    def knows(self, source: str, target: str) -> bool:
        return True

    def translate(self, text: str, source: str, target: str) -> str:
        if text == "slow":
            time.sleep(0.3)
        return {"number": "it is 7", "link": "go to http://evil.example", "empty": " "}.get(text, text)


@pytest.mark.parametrize(
    ("text", "why"), [("slow", "longer than"), ("number", "number"), ("link", "address"), ("empty", "empty")]
)
async def test_a_translation_is_not_trusted_blindly(text: str, why: str) -> None:
    with pytest.raises(TranslationError, match=why):
        await translated(Slow(), text, "de", "en", deadline=0.05)
    assert await translated(Slow(), text, "en", "en", deadline=0.05) == text


def test_translators_by_name() -> None:
    assert isinstance(named("plugins.product_qa.language.lexicon:Lexicon"), Lexicon)
    for dotted in ("nothing", "no.such.module:x", "json:nothing", "builtins:dict"):
        with pytest.raises(ConfigError, match="translator"):
            named(dotted)


def test_training_questions_are_translated_once_and_resumed(tmp_path: Path) -> None:
    path = tmp_path / "de.jsonl"
    rows = [("1", "is it quiet?"), ("2", "frobnicate quux"), ("3", "how heavy is the tent?")]
    assert translate_train(rows[:2], LEXICON, "de", path) == 1
    with path.open("a", encoding="utf-8") as file:
        file.write('{"id": "3", "langu')  # a run that was killed
    ticks: list[int] = []
    assert translate_train(rows, LEXICON, "de", path, ticks.append) == 2 and len(ticks) == 3
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["1", "2", "3"] and "problem" in lines[1]
    assert lines[2]["question"].startswith("wie schwer ist das zelt") or "zelt" in lines[2]["question"]
    path.write_text("[]\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="line 1"):
        translate_train(rows, LEXICON, "de", path)


def test_a_damaged_lexicon_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("# words\nja\tyes\nkaputt\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"words.tsv: line 3"):
        Lexicon(path).translate("ja", "de", "en")
    with pytest.raises(CatalogueError, match=r"gone\.tsv"):
        Lexicon(tmp_path / "gone.tsv").translate("ja", "de", "en")
