"""Rasa NLU YAML: what it holds, where it is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.formats import Corpus, DataError, Mention, Place, Sample, read, write_rasa
from nlu.formats.checks import inside_word
from nlu.formats.markup import parse_markup, write_markup

EVERYTHING = """\
version: "3.1"
responses:
  utter_greet:
  - text: hello
nlu:
- intent: book_flight
  metadata: {any: json}
  examples: |
    - fly to [Berlin](city)
    - from [SFO]{"entity": "city", "role": "from", "value": "San Francisco"} to [LA]{"entity":"city", "group":"1"}
    - two entities on one span [Paris][{"entity":"city"},{"entity":"person"}]
    - legacy synonym form [SF](city:San Francisco)
- intent: faq/ask_price
  examples:
  - text: |
      how much is it
    metadata: {sentiment: neutral}
  - text: what does [it] (really) cost
- synonym: San Francisco
  examples: |
    - SF
    - Frisco
- regex: account_number
  examples: |
    - \\d{10,12}
- lookup: city
  examples: |
    - Austria
    - Rome
"""


def write(folder: Path, text: str, name: str = "nlu.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_of_the_format(tmp_path: Path) -> None:
    corpus = read(write(tmp_path, EVERYTHING))
    texts = [sample.text for sample in corpus]
    assert texts == [
        "fly to Berlin",
        "from SFO to LA",
        "two entities on one span Paris",
        "legacy synonym form SF",
        "how much is it",
        "what does [it] (really) cost",
    ]
    assert corpus.intents == ("book_flight", "faq/ask_price")
    first, second, third, fourth = (sample.mentions or () for sample in corpus.samples[:4])
    assert first == (Mention("city", 7, 13),)
    assert second == (
        Mention("city", 5, 8, "San Francisco", "from"),
        Mention("city", 12, 14, group="1"),
    )
    assert [(m.name, m.start, m.end) for m in third] == [("city", 25, 30), ("person", 25, 30)]
    assert fourth[0].value == "San Francisco"
    assert [sample.place.line for sample in corpus] == [9, 10, 11, 12, 16, 18]
    assert corpus.synonyms == {"San Francisco": ("SF", "Frisco")}
    assert corpus.regexes == {"account_number": ("\\d{10,12}",)}
    assert corpus.gazetteer() == {"city": ("Austria", "Frisco", "Rome", "SF", "San Francisco")}
    assert any("roles and groups" in note.message for note in corpus.notes)
    # Of two entities on one stretch the first is what a tagger can learn.
    assert [span.name for span in corpus.rows[2].spans or ()] == ["city"]


def test_files_and_folders_merge(tmp_path: Path) -> None:
    data = tmp_path / "data" / "nlu"
    data.mkdir(parents=True)
    write(data, "nlu:\n- intent: greet\n  examples: |\n    - hi\n- lookup: x\n  examples: |\n    - a\n", "a.yml")
    write(data, "nlu:\n- intent: greet\n  examples: |\n    - hey\n- lookup: x\n  examples: |\n    - b\n", "b.yaml")
    write(tmp_path / "data", "stories:\n- story: s\n  steps: []\n", "stories.yml")
    other = write(tmp_path, '{"text": "bye", "intent": "leave"}\n', "more.jsonl")
    corpus = read([tmp_path / "data", other])
    assert [(sample.text, sample.intent) for sample in corpus] == [("hi", "greet"), ("hey", "greet"), ("bye", "leave")]
    assert corpus.lookups == {"x": ("a", "b")}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "", "the file is empty"),
        ("# only a comment\n", "", "nothing but comments"),
        ("nlu: []\n", ":1:6", "the list 'nlu' is empty"),
        ("nlu:\n- intent: a\n  examples: []\n", ":3:13", "are an empty list"),
        ("nlu:\n- intent: a\n  examples: |\n", ":3:13", "has no examples"),
        ("nlu:\n- intent: a\n", ":2:3", "has no examples"),
        ("nlu:\n- intent: a\n  examples: |\n    - fine\n    missing dash\n", ":5", "must begin with '- '"),
        ("nlu:\n- intent: a\n  examples: |\n    - fine\n    -\n", ":5", "is empty"),
        ("nlu:\n- intent: a\n  exampels: |\n    - x\n", ":3:3", "unknown key 'exampels'"),
        ("nlu:\n- intent: a\n  regex: b\n  examples: |\n    - x\n", ":2:3", "exactly one of"),
        ("nlu:\n- intent: a\n  examples: >\n    - x\n    - y\n", ":3:13", "write the examples as a block"),
        ('nlu:\n- intent: a\n  examples: |\n    - [x]{"entity": }\n', ":4", "not JSON"),
        ('nlu:\n- intent: a\n  examples: |\n    - [x]{"role": "r"}\n', ":4", 'needs an "entity"'),
        ('nlu:\n- intent: a\n  examples: |\n    - [x]{"entity": "r", "rolle": 1}\n', ":4", "unknown key 'rolle'"),
        ("nlu:\n- intent: a\n  examples: |\n    - ok\n    - [pla](x)ying\n", ":5", "word borders"),
        ("nlu:\n- intent: a\n  examples: |\n    - [ab ](x)cd\n", ":4", "white space"),
        ("nlu:\n- intent: a\n   examples: b\n", ":3:12", "broken YAML"),
        ("nlu:\n\t- intent: a\n", ":2:1", "broken YAML"),
        ("nlu: {a: b}\n", ":1:6", "must be a list"),
        ("stories: []\n", "", "no 'nlu:' section"),
    ],
)
def test_what_is_wrong_and_where(tmp_path: Path, text: str, place: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}{place}: "), str(error.value)
    assert message in str(error.value)


def test_a_text_under_two_intents_is_noted(tmp_path: Path) -> None:
    path = write(
        tmp_path, "nlu:\n- intent: a\n  examples: |\n    - Hi  there\n- intent: b\n  examples: |\n    - hi there\n"
    )
    assert [str(note) for note in read(path).notes] == [f"{path}:7: 'hi there' is 'b' here and 'a' at {path}:4"]


def test_ten_thousand_words_are_cut_as_serving_cuts(tmp_path: Path) -> None:
    words = "word " * 10_000
    path = write(tmp_path, f"nlu:\n- intent: a\n  examples: |\n    - [one](n) {words}[two](n)\n")
    corpus = read(path)
    assert len(corpus.samples[0].text) == 4096
    assert corpus.samples[0].mentions == (Mention("n", 0, 3),)
    assert str(corpus.notes[0]).startswith(f"{path}:4: 50007 characters: cut to 4096")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("a [b] c", "a [b] c"),
        ("a [b](", "a [b]("),
        ("[a [b](x)", "[a b"),
        ("a](x) [", "a](x) ["),
        ("[b] [c](x)", "[b] c"),
        ("[b][c](x)", "[b]c"),
    ],
)
def test_brackets_that_are_only_brackets(line: str, text: str) -> None:
    assert parse_markup(line)[0] == text


WORD = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
NAME = st.from_regex(r"[a-z][a-z_.:()-]{0,8}", fullmatch=True)
EXTRA = st.none() | WORD


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    words = draw(st.lists(WORD, min_size=1, max_size=8))
    text, mentions, at = " ".join(words), list[Mention](), 0
    for word in words:
        start, end = at, at + len(word)
        at = end + 1
        if draw(st.booleans()) and not inside_word(text, start) and not inside_word(text, end):
            for name in draw(st.lists(NAME, min_size=1, max_size=2, unique=True)):
                mentions.append(Mention(name, start, end, draw(EXTRA), draw(EXTRA), draw(EXTRA)))
    return Sample(text, draw(NAME), tuple(mentions), Place(Path()))


@settings(max_examples=80)
@given(st.lists(samples(), min_size=1, max_size=5))
def test_written_and_read_again(tmp_path_factory: pytest.TempPathFactory, found: list[Sample]) -> None:
    kept = []
    for sample in found:
        try:
            write_markup(sample.text, sample.mentions or ())
        except ValueError as error:
            assert "cannot be written" in str(error)  # brackets that would read as an entity
        else:
            kept.append(sample)
    if not kept:
        return
    path = tmp_path_factory.mktemp("written") / "nlu.yml"
    path.write_text(write_rasa(Corpus(tuple(kept))), encoding="utf-8")
    again = read(path)
    assert [(s.text, s.intent, s.mentions) for s in again] == [(s.text, s.intent, s.mentions) for s in kept]


@settings(max_examples=80)
@given(samples())
def test_offsets_select_the_value(sample: Sample) -> None:
    try:
        line = write_markup(sample.text, sample.mentions or ())
    except ValueError:
        return
    text, mentions = parse_markup(line)
    for found in mentions:
        value = text[found.start : found.end]
        assert value and f"[{value}]" in line
        assert json.dumps(found.name, ensure_ascii=False) in line or f"]({found.name})" in line
