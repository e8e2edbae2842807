"""Questions in other languages against English sources: the three strategies of xPQA (Shen et al. 2023, section 4).

Translate-test: the question becomes English, the answer is translated back. Multilingual: the question stays as it is
and a multilingual encoder finds the English evidence. Translate-train: the training data are translated, for models
that then read the language themselves.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from plugins.product_qa.answer.sources import spoken
from plugins.product_qa.language.detect import detect
from plugins.product_qa.language.translator import TranslationError, Translator, translated
from plugins.product_qa.types import Answer, CatalogueError

Strategy = Literal["translate-test", "multilingual", "translate-train"]
#: Answers a question that is in the language of the models.
Ask = Callable[[str], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Foreign:
    """An answer to a question in `language`; `english` is what was asked of the sources, `problem` why the text of the
    answer is still English ("" where it is not)."""

    answer: Answer
    language: str
    english: str
    problem: str = ""


async def translate_test(
    question: str, ask: Ask, translator: Translator, *, language: str = "", deadline: float = 2.0
) -> Foreign:
    """Question to English, answer, answer back. `language` is detected unless given; deadline in seconds each way.

    Raises TranslationError where the question cannot be translated. An answer that cannot be translated back is given
    in English, with the reason.
    """
    source = language or detect(question).language
    english = await translated(translator, question, source, "en", deadline)
    return await _back(await ask(english), source, english, translator, deadline)


async def multilingual(
    question: str, ask: Ask, translator: Translator | None = None, *, language: str = "", deadline: float = 2.0
) -> Foreign:
    """The question goes as it is to an `ask` whose encoder and ranker know its language; the evidence is English.

    The composed answer is English too; it is translated where there is a translator.
    """
    source = language or detect(question).language
    return await _back(await ask(question), source, question, translator, deadline)


async def _back(answer: Answer, language: str, english: str, translator: Translator | None, deadline: float) -> Foreign:
    if language == "en":
        return Foreign(answer, language, english)
    if translator is None:
        return Foreign(answer, language, english, "no translator is configured")
    try:
        text = await translated(translator, answer.text, "en", language, deadline)
    except TranslationError as error:
        return Foreign(answer, language, english, str(error))
    # the rules that put units and numbers into words are English; the voice of the language reads the text
    said = spoken(text) if language == "en" else text
    return Foreign(replace(answer, text=text, spoken=said), language, english)


def translate_train(
    rows: Iterable[tuple[str, str]], translator: Translator, language: str, path: Path,
    progress: Callable[[int], None] = lambda _: None,
) -> int:  # fmt: skip
    """Translate the questions of (id, question) rows into `language`, to train on them beside their English evidence.

    Appends `{"id", "language", "question"}` or `{"id", "language", "problem"}` lines to `path` as it goes; rows that
    stand in it already are not translated again, so an interrupted run goes on. Returns how many questions the file
    holds in the language. Raises CatalogueError naming the line of a damaged file.
    """
    done = _read(path, language)
    with path.open("a", encoding="utf-8") as file:
        for name, question in rows:
            if name not in done:
                line: dict[str, str] = {"id": name, "language": language}
                try:
                    text = translator.translate(question, "en", language)
                    done[name] = bool(text.strip())
                    line |= {"question": text} if text.strip() else {"problem": "the translation is empty"}
                except TranslationError as error:
                    done[name] = False
                    line["problem"] = str(error)
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                file.flush()
            progress(1)
    return sum(done.values())


def _read(path: Path, language: str) -> dict[str, bool]:
    """Rows that a file holds already, and whether each has a translation; a last line cut short is taken off."""
    if not path.exists():
        return {}
    body = path.read_bytes()
    whole, _, cut = body.rpartition(b"\n")
    if cut:
        path.write_bytes(whole + b"\n" if whole else b"")
    done: dict[str, bool] = {}
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            row = json.loads(line)
            if row["language"] == language:
                done[str(row["id"])] = "question" in row
        except (ValueError, KeyError, TypeError) as error:
            raise CatalogueError(f"{path}: line {number}: not a translated row: {error}") from error
    return done
