"""Sentences of ATIS and SNIPS for the comparison with peers: clean, as recognised (ATIS), as simulated (SNIPS)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlu.asr_noise import misrecognise
from nlu.data import Row, Span, align_words, clinc

BIO = "atis_snips_slots/data"
#: Recognised speech of ATIS sentences: real recogniser, synthetic speech.
ATIS_SPEECH = "phonemebert/atis"
#: Word error rates at which SNIPS sentences are damaged for testing; training copies draw one of them each.
RATES = (0.15, 0.3)
_TEST_SEED, _TRAIN_SEED, _MASH_SEED = 4101, 4202, 4303
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


@dataclass(frozen=True)
class Sentence:
    """Words with one BIO tag each, and the intent (ATIS: several joined by `#` are one label)."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    intent: str

    @property
    def text(self) -> str:
        """Words with single spaces."""
        return " ".join(self.words)

    @property
    def row(self) -> Row:
        """The same with character spans."""
        starts = word_starts(self.words)
        spans = [
            Span(name, starts[first], starts[last] + len(self.words[last])) for name, first, last in chunks(self.tags)
        ]
        return Row(self.text, self.intent, tuple(spans), "bio", self.text)


def word_starts(words: Sequence[str]) -> list[int]:
    """Character offset of each word in the text with single spaces."""
    starts, place = [], 0
    for word in words:
        starts.append(place)
        place += len(word) + 1
    return starts


def chunks(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """(type, first word, last word) of BIO tags as conlleval reads them: an I- after another type begins a chunk."""
    out: list[tuple[str, int, int]] = []
    previous = "O"
    for index, tag in enumerate(tags):
        if tag != "O":
            name = tag[2:]
            if tag[0] == "I" and previous[2:] == name and previous != "O":
                out[-1] = (name, out[-1][1], index)
            else:
                out.append((name, index, index))
        previous = tag
    return out


def tags_of(words: Sequence[str], spans: Sequence[tuple[str, int, int]]) -> list[str]:
    """BIO tags of words from (type, start, end) in characters of the text with single spaces; first span wins."""
    tags, owner = [], None
    for start, word in zip(word_starts(words), words, strict=True):
        found = next((span for span in spans if span[1] < start + len(word) and span[2] > start), None)
        tags.append("O" if found is None else ("I-" if found is owner else "B-") + found[0])
        owner = found
    return tags


def read_bio(data: Path, name: str, part: str) -> list[Sentence]:
    """`train`, `dev` or `test` of `atis` or `snips`; raises FileNotFoundError, ValueError with file and line."""
    folder = data / BIO / name / part
    columns = [_lines(folder / file) for file in ("seq.in", "seq.out", "label")]
    if len({len(column) for column in columns}) > 1:
        counts = [len(column) for column in columns]
        raise ValueError(f"{folder}: seq.in, seq.out and label have different numbers of lines: {counts}")
    out = []
    for number, (text, tags, intent) in enumerate(zip(*columns, strict=True), 1):
        sentence = Sentence(tuple(text.split()), tuple(tags.split()), intent.strip())
        if len(sentence.words) != len(sentence.tags):
            raise ValueError(
                f"{folder / 'seq.out'}:{number}: {len(sentence.tags)} tags for {len(sentence.words)} words"
            )
        out.append(sentence)
    return out


def _lines(path: Path) -> list[str]:
    if not path.exists():
        raise FileNotFoundError(f"data file is missing: {path} (give its folder with --data)")
    return path.read_text(encoding="utf-8").splitlines()


def heard(sentence: Sentence, hypothesis: str) -> Sentence:
    """The sentence as recognised: its tags moved to the words of `hypothesis` that stand for tagged words.

    A chunk covers what lies between its first and last recognised word; a chunk that lost all its words is gone.
    """
    words = tuple(hypothesis.split())
    links = align_words(list(sentence.words), list(words))
    tags = ["O"] * len(words)
    for name, first, last in chunks(sentence.tags):
        hits = [place for place, source in enumerate(links) if source is not None and first <= source <= last]
        if hits:
            tags[hits[0]] = f"B-{name}"
            for place in range(hits[0] + 1, hits[-1] + 1):
                tags[place] = f"I-{name}"
    return Sentence(words, tuple(tags), sentence.intent)


def recognised_atis(data: Path, parts: Sequence[str]) -> dict[str, list[str]]:
    """Clean text -> its recogniser transcripts, over `train`, `valid` and/or `test`."""
    out: dict[str, list[str]] = {}
    for part in parts:
        folder = data / ATIS_SPEECH / part
        clean, said = (_lines(folder / name) for name in ("text_original.txt", "en.classification.txt"))
        if len(clean) != len(said):
            raise ValueError(f"{folder}: text_original.txt and en.classification.txt differ in length")
        for text, hypothesis in zip(clean, said, strict=True):
            out.setdefault(" ".join(text.split()), []).append(hypothesis)
    return out


def simulated(sentences: Sequence[Sentence], rates: Sequence[float], seed: int) -> list[Sentence]:
    """Each sentence through the simulated recogniser at one of `rates`; never an empty text."""
    rng = random.Random(seed)
    out = []
    for sentence in sentences:
        hypothesis = misrecognise(sentence.text, rng.choice(rates), rng, 1)[0][0]
        out.append(heard(sentence, hypothesis) if hypothesis.split() else sentence)
    return out


def training(data: Path, name: str, noisy: bool, limit: int = 0) -> list[Sentence]:
    """Training rows, the same for every system. noisy: with their recognised (ATIS) or simulated (SNIPS) copies.

    limit: only so many clean rows, drawn by a fixed seed. Texts of the test set are left out of the copies.
    """
    rows = read_bio(data, name, "train")
    if limit and limit < len(rows):
        rows = [rows[index] for index in sorted(random.Random(_TRAIN_SEED).sample(range(len(rows)), limit))]
    if not noisy:
        return rows
    if name == "snips":
        return rows + simulated(rows, RATES, _TRAIN_SEED)
    banned = {sentence.text for sentence in read_bio(data, name, "test")}
    known = recognised_atis(data, ("train", "valid"))
    copies = [
        heard(row, hypothesis)
        for row in {row.text: row for row in rows}.values()
        if row.text not in banned
        for hypothesis in known.get(row.text, ())
        if hypothesis.split()
    ]
    return rows + copies


def evaluation(data: Path, name: str, limit: int = 0) -> dict[str, list[Sentence]]:
    """Test sets by name: `clean`, and `recognised` (ATIS) or `wer .15` and `wer .3` (SNIPS, simulated)."""
    clean = read_bio(data, name, "test")
    if name == "atis":
        gold = {sentence.text: sentence for sentence in clean}
        pairs = [(text, said) for text, heard_as in recognised_atis(data, ("test",)).items() for said in heard_as]
        missing = sum(text not in gold for text, _ in pairs)
        if missing:
            raise ValueError(f"{data / ATIS_SPEECH}/test: {missing} texts are not in {BIO}/atis/test")
        out = {"clean": clean, "recognised": [heard(gold[text], said) for text, said in pairs]}
    else:
        noisy = {f"wer {rate:g}": simulated(clean, (rate,), _TEST_SEED + round(100 * rate)) for rate in RATES}
        out = {"clean": clean, **noisy}
    return {key: rows[:limit] if limit else rows for key, rows in out.items()}


def nonsense(count: int) -> list[str]:
    """Keyboard mash, fingers walking to keys nearby, and the empty string last: what nothing should be sure of.

    Not drawn by `nlu.data.mash`, which our own training uses.
    """
    rng = random.Random(_MASH_SEED)
    out = []
    for _ in range(count):
        words = []
        for _ in range(rng.randint(1, 5)):
            row, column, word = rng.randrange(3), rng.randrange(10), ""
            for _ in range(rng.randint(3, 10)):
                word += _KEYS[row][min(column, len(_KEYS[row]) - 1)]
                row = min(2, max(0, row + rng.choice((-1, 0, 0, 1))))
                column = min(9, max(0, column + rng.choice((-2, -1, -1, 0, 1, 1, 2))))
            words.append(word)
        out.append(" ".join(words))
    return [*out, ""]


def out_of_scope(data: Path, count: int) -> list[str]:
    """CLINC150's out-of-scope test sentences, drawn by a fixed seed; some ask for travel, music or food."""
    return random.Random(_MASH_SEED).sample([text for text, _ in clinc(data, "oos_test")], count)
