"""Word-and-tag data (BIO): three parallel files, or one file in CoNLL's columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nlu.formats.checks import make_sample
from nlu.formats.corpus import Corpus, Mention, Sample
from nlu.formats.errors import DataError, Note, Place
from nlu.formats.text import read_lines

WORDS, TAGS, LABELS = "seq.in", "seq.out", "label"
_TAG = re.compile(r"O\Z|[BI]-\S+\Z")
_INTENT = re.compile(r"#\s*intent\s*[:=]\s*(\S.*?)\s*\Z")


def is_tag(word: str) -> bool:
    """Whether this is a BIO tag."""
    return _TAG.match(word) is not None


def mentions_of(words: Sequence[str], tags: Sequence[str], place: Place) -> tuple[str, tuple[Mention, ...]]:
    """The sentence, words joined by single spaces, and its entities.

    An I- that continues nothing begins an entity, as in the CoNLL-2000 evaluation. Raises `DataError` for a tag that
    is none.
    """
    text, out, open_name = "", list[Mention](), ""
    for word, tag in zip(words, tags, strict=True):
        if not is_tag(tag):
            raise DataError(place, f"{tag!r} is no BIO tag (O, B-name, I-name)")
        start = len(text) + bool(text)
        text = f"{text} {word}" if text else word
        name = tag[2:]
        if tag[0] == "I" and name == open_name:
            out[-1] = Mention(name, out[-1].start, len(text))
        elif name:
            out.append(Mention(name, start, len(text)))
        open_name = name
    return text, tuple(out)


def read_parallel_bio(folder: Path) -> Corpus:
    """`seq.in`, `seq.out` and `label` of a folder: a line each is a sentence. Raises `DataError`."""
    paths = [folder / name for name in (WORDS, TAGS, LABELS)]
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        raise DataError(folder, f"{' and '.join(missing)} missing beside {_there(paths)}")
    words, tags, labels = (read_lines(path) for path in paths)
    same_length(list(zip(paths, (words, tags, labels), strict=True)))
    samples: list[Sample] = []
    notes: list[Note] = []
    for number, (line, line_tags, label) in enumerate(zip(words, tags, labels, strict=True), 1):
        found, found_tags = line.split(), line_tags.split()
        if len(found) != len(found_tags):
            counts = f"{len(found)} words, but {paths[1]}:{number} has {len(found_tags)} tags"
            raise DataError(Place(paths[0], number), counts)
        if not label.strip():
            raise DataError(Place(paths[2], number), "the intent is empty")
        text, mentions = mentions_of(found, found_tags, Place(paths[1], number))
        sample, cut = make_sample(text, label.strip(), mentions, Place(paths[0], number))
        samples.append(sample)
        notes += cut
    return Corpus(tuple(samples), notes=tuple(notes))


def _there(paths: Sequence[Path]) -> str:
    return " and ".join(path.name for path in paths if path.exists()) or "nothing"


def same_length(files: Sequence[tuple[Path, Sequence[str]]]) -> None:
    """Raises `DataError` with names and counts where parallel files differ in length."""
    if len({len(lines) for _, lines in files}) > 1:
        counts = ", ".join(f"{path.name} {len(lines)}" for path, lines in files)
        shortest = min(files, key=lambda item: len(item[1]))
        place = Place(shortest[0], len(shortest[1]))
        raise DataError(place, f"parallel files must have equally many lines, but there are: {counts}")


def read_conll(path: Path) -> Corpus:
    """One file of `word tag` lines with blank lines between sentences. Raises `DataError`.

    The intent comes from a comment `# intent: name` before the sentence, or from a third column (the same, or `-`, in
    each line of a sentence).
    """
    samples: list[Sample] = []
    notes: list[Note] = []
    rows: list[tuple[int, list[str]]] = []
    comment = ""

    def close() -> None:
        nonlocal comment
        if rows:
            sample, cut = _sentence(path, rows, comment)
            samples.append(sample)
            notes.extend(cut)
            rows.clear()
            comment = ""

    for number, line in enumerate(read_lines(path), 1):
        fields = line.split()
        intent = _INTENT.match(line)
        if intent and not rows:
            comment = intent.group(1)
        elif not fields or fields[0] == "-DOCSTART-":
            close()
        elif rows or not line.startswith("# "):
            if len(fields) not in (2, 3):
                raise DataError(
                    Place(path, number), f"2 or 3 columns (word, tag, intent) are needed, not {len(fields)}"
                )
            rows.append((number, fields))
    close()
    if not samples:
        raise DataError(path, "the file holds no sentence")
    return Corpus(tuple(samples), notes=tuple(notes))


def _sentence(path: Path, rows: Sequence[tuple[int, list[str]]], comment: str) -> tuple[Sample, list[Note]]:
    place = Place(path, rows[0][0])
    named = {fields[2] for _, fields in rows if len(fields) > 2} - {"-", "_"}
    if len(named) > 1:
        raise DataError(place, f"a sentence has several intents: {', '.join(sorted(named))}")
    intent = comment or next(iter(named), "")
    if not intent:
        raise DataError(place, "a sentence has no intent: give `# intent: name` before it or a third column")
    for number, fields in rows:
        if not is_tag(fields[1]):
            raise DataError(Place(path, number), f"{fields[1]!r} is no BIO tag (O, B-name, I-name)")
    text, mentions = mentions_of([fields[0] for _, fields in rows], [fields[1] for _, fields in rows], place)
    return make_sample(text, intent, mentions, place)
