"""BIO, CoNLL columns, JSON lines, parallel files, and telling them apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.formats import Corpus, DataError, Mention, Place, Sample, check_trainable, read, unknown_labels


def bio(folder: Path, words: str, tags: str, labels: str) -> Path:
    for name, text in (("seq.in", words), ("seq.out", tags), ("label", labels)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def spans(sample: Sample) -> list[tuple[str, str]]:
    return [(found.name, sample.text[found.start : found.end]) for found in sample.mentions or ()]


def test_parallel_bio(tmp_path: Path) -> None:
    bio(tmp_path, "play some blue jazz \nstop\n", "O O B-genre I-genre \nO\n", "play\nstop\n")
    corpus = read(tmp_path)
    assert [(s.text, s.intent, s.place.line) for s in corpus] == [
        ("play some blue jazz", "play", 1),
        ("stop", "stop", 2),
    ]
    assert spans(corpus.samples[0]) == [("genre", "blue jazz")]
    assert read(tmp_path / "seq.in").rows == corpus.rows
    loose = bio(tmp_path, "a b c d\nx\n", "I-p I-p I-q B-q\nO\n", "one\ntwo\n")
    assert spans(read(loose).samples[0]) == [("p", "a b"), ("q", "c"), ("q", "d")]


@pytest.mark.parametrize(
    ("words", "tags", "labels", "message"),
    [
        ("a\nb\nc\n", "O\nO\n", "x\ny\nz\n", "seq.out:2: parallel files must have equally many lines, but there are: "
         "seq.in 3, seq.out 2, label 3"),
        ("a b\n", "O\n", "x\n", "seq.in:1: 2 words, but "),
        ("a\n", "Q\n", "x\n", "seq.out:1: 'Q' is no BIO tag"),
        ("a\nb\n", "O\nO\n", "x\n \n", "label:2: the intent is empty"),
        ("a\n\nb\n", "O\n\nO\n", "x\nx\ny\n", "seq.in:2: the text is empty"),
        ("", "O\n", "x\n", "seq.in: the file is empty"),
    ],
)  # fmt: skip
def test_broken_bio(tmp_path: Path, words: str, tags: str, labels: str, message: str) -> None:
    with pytest.raises(DataError) as error:
        read(bio(tmp_path, words, tags, labels))
    assert str(error.value).startswith(f"{tmp_path}/{message}")


def test_a_missing_bio_file(tmp_path: Path) -> None:
    (tmp_path / "seq.in").write_text("a\n")
    with pytest.raises(DataError, match=r"seq.out and label missing beside seq.in"):
        read(tmp_path)


def test_conll_columns(tmp_path: Path) -> None:
    path = tmp_path / "data.conll"
    path.write_text("-DOCSTART- O\n\n# intent: play\nplay O\njazz B-genre\n\n\nstop\tO\tstop\nit\tO\tstop\n")
    corpus = read(path)
    assert [(s.text, s.intent, s.place.line) for s in corpus] == [("play jazz", "play", 4), ("stop it", "stop", 8)]
    assert spans(corpus.samples[0]) == [("genre", "jazz")]
    plain = tmp_path / "data.txt"  # told by its content
    plain.write_text(path.read_text().partition("\n\n")[2])
    assert [s.text for s in read(plain)] == ["play jazz", "stop it"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a O\nb O\n", ":1: a sentence has no intent"),
        ("# intent: x\na O\nb\n", ":3: 2 or 3 columns"),
        ("# intent: x\na O\nb Z-q\n", ":3: 'Z-q' is no BIO tag"),
        ("a O x\nb O y\n", ":1: a sentence has several intents: x, y"),
        ("# intent: x\n", ": the file holds no sentence"),
    ],
)
def test_broken_conll(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "data.conll"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}{message}")


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    records = [
        {"text": "wake me at seven", "intent": "alarm", "entities": [{"entity": "time", "start": 11, "end": 16}],
         "alternatives": [{"hypothesis": "wake me a seven", "logprob": -1.0}, "wake me at heaven"]},
        {"text": "stop", "intent": "stop", "entities": [], "id": 7},
        {"text": "go", "intent": "go"},
    ]  # fmt: skip
    path.write_text("".join(json.dumps(record) + "\n\n" for record in records))
    first, second, third = read(path).samples
    assert spans(first) == [("time", "seven")]
    assert [text for text, _ in first.alternatives] == ["wake me a seven", "wake me at heaven"]
    assert sum(weight for _, weight in first.alternatives) == pytest.approx(1)
    assert second.mentions == () and second.row.spans == ()
    assert third.mentions is None and third.row.spans is None and third.place.line == 5


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", "1:2: not JSON"),
        ("[]", "1: an object with"),
        ('{"intent": "x"}', "1: 'text' is missing"),
        ('{"text": 3, "intent": "x"}', "1: 'text' must be a text"),
        ('{"text": " ", "intent": "x"}', "1: the text is empty"),
        ('{"text": "a", "intent": ""}', "1: the intent is empty"),
        ('{"text": "a", "intent": "x", "entities": {}}', "1: 'entities' must be a list"),
        ('{"text": "a", "intent": "x", "entities": [{"entity": "e", "start": "0", "end": 1}]}', "1: an entity needs"),
        ('{"text": "a", "intent": "x", "entities": [{"start": 0, "end": 1}]}', '1: an annotation needs an "entity"'),
        ('{"text": "a", "intent": "x", "entities": [{"entity": "e", "start": 0, "end": 2}]}', "1: entity 'e' at 0-2"),
        ('{"text": "a", "intent": "x", "entities": [{"entity": "e", "start": -1, "end": 1}]}', "1: entity 'e' at -1-1"),
        ('{"text": "abc", "intent": "x", "entities": [{"entity": "e", "start": 1, "end": 3}]}', "1: entity 'e' at 1-3"),
        ('{"text": "a b c", "intent": "x", "entities": [{"entity": "e", "start": 0, "end": 3},'
         ' {"entity": "f", "start": 2, "end": 5}]}', "1: entities 'e' and 'f' overlap"),
        ('{"text": "a", "intent": "x", "alternatives": [{"text": "b", "confidence": 2}]}', "1: the confidence 2"),
    ],
)  # fmt: skip
def test_broken_json_lines(tmp_path: Path, record: str, message: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(record + "\n")
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}:{message}"), str(error.value)


PARTS = {
    "text_original.txt": "play jazz\nstop\n",
    "en.classification.txt": "play chess\n\n",
    "labels.classification.txt": "p\ns\n",
}


@pytest.mark.parametrize("missing", ["", *PARTS])
def test_parallel_recognised_files(tmp_path: Path, missing: str) -> None:
    for name, text in PARTS.items():
        if name != missing:
            (tmp_path / name).write_text(text)
    if not missing:
        corpus = read(tmp_path)
        assert corpus.samples[0].alternatives == (("play chess", 1.0),) and corpus.samples[1].alternatives == ()
        assert corpus.samples[0].mentions is None
    else:
        with pytest.raises(DataError, match=f"lines is missing .*{missing}"):
            read(tmp_path)


def test_recognised_files_of_different_length(tmp_path: Path) -> None:
    for name, text in (PARTS | {"en.classification.txt": "play chess\n"}).items():
        (tmp_path / name).write_text(text)
    message = r"text_original.txt 2, en.classification.txt 1, labels.classification.txt 2"
    with pytest.raises(DataError, match=message):
        read(tmp_path)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"text": "a", "intent": "b"}\n{"text": "caf\xe9"}\n', ":2:14: not UTF-8: byte 0xe9"),
        ("nlu:\n".encode("utf-16"), ":1:1: not UTF-8: byte 0xff (invalid start byte); it looks like UTF-16"),
    ],
)
def test_other_encodings(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(raw)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}{message}")


def test_a_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "nlu.yml"
    path.write_bytes(b"\xef\xbb\xbfnlu:\r\n- intent: a\r\n  examples: |\r\n    - one\r\n    - two\r\n")
    assert [(s.text, s.place.line) for s in read(path)] == [("one", 4), ("two", 5)]


def test_unknown_formats(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("just some words here now\n")
    for path in (tmp_path / "notes.txt", tmp_path):
        with pytest.raises(DataError, match="known are: Rasa NLU YAML"):
            read(path)
    with pytest.raises(DataError, match="there is no such file or folder"):
        read(tmp_path / "nothing")
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
    with pytest.raises(DataError, match="the folder is split into test, train"):
        read(tmp_path)


def corpus_of(*rows: tuple[str, str, str]) -> Corpus:
    return Corpus(
        tuple(
            Sample(text, intent, (Mention(entity, 0, len(text)),), Place(Path("d.yml"), line))
            for line, (text, intent, entity) in enumerate(rows, 1)
        )
    )


def test_one_class_and_unknown_labels() -> None:
    one = corpus_of(("a", "x", "e"), ("b", "x", "e"))
    with pytest.raises(DataError, match=r"^d.yml:1: all 2 sentences have the one intent 'x'"):
        check_trainable(one)
    other = corpus_of(("a", "x", "e"), ("b", "y", "f"), ("c", "y", "e"))
    notes = [str(note) for note in unknown_labels(other, one.intents, one.entities)]
    assert [note.partition(" is unknown")[0] for note in notes] == [
        "d.yml:2: intent 'y' (here and 1 times more)",
        "d.yml:2: entity 'f' (here and 0 times more)",
    ]


TAGS = st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"])
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=6)


@settings(max_examples=100)
@given(st.lists(st.tuples(WORDS, TAGS), min_size=1, max_size=10))
def test_bio_offsets_select_the_words(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("bio")
    words = " ".join(word for word, _ in pairs)
    try:
        sample = read(bio(folder, f"{words}\n", " ".join(tag for _, tag in pairs) + "\n", "x\n")).samples[0]
    except DataError as error:
        assert "word borders" in str(error)
        return
    covered = sum(len(value.split()) for _, value in spans(sample))
    assert covered == sum(tag != "O" for _, tag in pairs) and sample.text == words
