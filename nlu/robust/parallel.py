"""Parallel clean and recognised text with intents: the `phonemebert` folders, and SLURP with recognised speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.data import banned_texts, normalise, read_jsonl, slurp_gold, slurp_train, slurp_transcripts, word_error_rate

#: Set -> folder in `phonemebert`.
FOLDERS = {"atis": "atis", "trec6": "trec6", "trec50": "trec50", "sst": "sst"}
SETS = (*FOLDERS, "slurp")
_FILES = {
    "clean": "text_original.txt",
    "heard": "en.classification.txt",
    "phones": "ph.classification.txt",
    "labels": "labels.classification.txt",
}


@dataclass(frozen=True)
class Pairs:
    """Utterances side by side: clean text, recognised text, phones ("" where there are none), intent, and the group
    (the sentence) that recordings of the same sentence share.
    """

    clean: tuple[str, ...]
    heard: tuple[str, ...]
    phones: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> Pairs:
        """The utterances at `indices`, in that order."""

        def part(column: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(column[int(index)] for index in indices)

        columns = (self.clean, self.heard, self.phones, self.labels, self.groups)
        return Pairs(*(part(column) for column in columns))

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(
            self.clean + other.clean, self.heard + other.heard, self.phones + other.phones,
            self.labels + other.labels, self.groups + other.groups,
        )  # fmt: skip


@dataclass(frozen=True)
class Corpus:
    """A set in three parts; `intents` are those of the training part, in alphabetical order."""

    name: str
    train: Pairs
    dev: Pairs
    test: Pairs

    @property
    def intents(self) -> tuple[str, ...]:
        """Classes a model of this set knows."""
        return tuple(sorted(set(self.train.labels)))

    def fold(self, number: int, folds: int, seed: int = 0) -> Corpus:
        """Cross-validation: part `number` of `folds` of all three parts together is the test, an eighth of the rest
        chooses the epoch. All utterances of a sentence are in one part. Raises ValueError for a number out of range.
        """
        if not 0 <= number < folds:
            raise ValueError(f"fold must be 0 to {folds - 1}, not {number}")
        everything = self.train + self.dev + self.test
        names = sorted(set(everything.groups))
        place = dict(zip(names, np.random.default_rng([seed, 7]).permutation(len(names)), strict=True))
        spot = np.array([place[group] for group in everything.groups])
        test = spot % folds == number
        dev = ~test & (spot // folds % 8 == 0)
        parts = [everything.take(np.flatnonzero(chosen)) for chosen in (~test & ~dev, dev, test)]
        return replace(self, train=parts[0], dev=parts[1], test=parts[2])

    def first(self, count: int) -> Corpus:
        """The first `count` training utterances, a quarter as many of dev and all of test."""
        train, dev = range(min(count, len(self.train))), range(min(-(-count // 4), len(self.dev)))
        return replace(self, train=self.train.take(train), dev=self.dev.take(dev))


def read(data: Path, name: str) -> Corpus:
    """A set by name (SETS). Raises ValueError for an unknown one, FileNotFoundError where its files are missing."""
    if name == "slurp":
        return _slurp(data)
    if name not in FOLDERS:
        raise ValueError(f"unknown set {name!r}: there are {', '.join(SETS)}")
    folder = data / "phonemebert" / FOLDERS[name]
    return Corpus(name, *(read_folder(folder / part) for part in ("train", "valid", "test")))


def read_folder(folder: Path) -> Pairs:
    """One part of a `phonemebert` set: four parallel files.

    Raises FileNotFoundError where one is missing; ValueError, naming both files and their counts, where they are not
    parallel, and naming file and line where a label or a clean text is empty.
    """
    columns: dict[str, list[str]] = {}
    for column, file in _FILES.items():
        path = folder / file
        if not path.exists():
            raise FileNotFoundError(f"data file is missing: {path} (give its folder with --data)")
        columns[column] = [line.strip() for line in path.read_text(encoding="utf-8").split("\n")]
        if columns[column] and not columns[column][-1]:  # after the last line feed
            columns[column].pop()
        first = columns["clean"]
        if len(columns[column]) != len(first):
            raise ValueError(
                f"not parallel: {folder / _FILES['clean']} has {len(first)} lines, {path} has {len(columns[column])}"
            )
    for column in ("clean", "labels"):
        for number, line in enumerate(columns[column], 1):
            if not line:
                raise ValueError(f"{folder / _FILES[column]}:{number}: empty line")
    groups = [normalise(text) for text in columns["clean"]]
    clean, heard, phones, labels = (tuple(columns[column]) for column in _FILES)
    return Pairs(clean, heard, phones, labels, tuple(groups))


def _slurp(data: Path) -> Corpus:
    """SLURP, scenario and action together: recognised synthetic speech trains and chooses, real transcripts test."""
    intents = [row.intent for row in slurp_train(data)]
    devel = {
        record["slurp_id"]: item["row"].intent
        for record, item in zip(
            read_jsonl(data / "slurp/dataset/slurp/devel.jsonl"), slurp_gold(data, "devel"), strict=True
        )
    }

    heard = [(row.text, text, "", row.intent, row.origin) for text, row in slurp_transcripts(data)]
    tested = {row[-1] for row in heard}
    # A sentence that chooses or tests trains nothing; the test keeps all its recordings.
    banned = {"train": banned_texts(data), "devel": tested}

    def spoken(part: str, gold: dict[int, str]) -> Pairs:
        path = data / f"slurp_synth_asr/{part}.jsonl"
        rows = []
        for number, record in enumerate(read_jsonl(path), 1):
            if record.get("in_slurp_devtest") or normalise(record["reference"]) in banned[part]:
                continue
            if record["id"] not in gold:
                raise ValueError(f"{path}:{number}: no intent is known for id {record['id']}")
            text = record["reference"]
            rows.append((text, record["hypothesis_spoken"], "", gold[record["id"]], normalise(text)))
        return _columns(rows)

    return Corpus("slurp", spoken("train", dict(enumerate(intents))), spoken("devel", devel), _columns(heard))


def _columns(rows: Sequence[tuple[str, ...]]) -> Pairs:
    clean, heard, phones, labels, groups = zip(*rows, strict=True)
    return Pairs(clean, heard, phones, labels, groups)


def word_errors(clean: str, heard: str) -> float:
    """Word error rate of `heard` against `clean`, both normalised; 0 or 1 where the clean text has no word."""
    if not normalise(clean):
        return float(bool(normalise(heard)))
    return word_error_rate(normalise(clean), normalise(heard))
