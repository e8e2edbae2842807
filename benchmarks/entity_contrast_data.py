"""Data sets of the entity-contrast benchmark: training, dev and test views, domains and recogniser text."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, replace
from pathlib import Path

from nlu.data import (
    Row,
    Span,
    banned_texts,
    hwu,
    normalise,
    parse_brackets,
    read_jsonl,
    slurp_gold,
    slurp_train,
    slurp_transcripts,
)
from nlu.joint.noise import heard_as

HWU_FOLDS = 10
#: Transcripts of synthetic speech with a higher word error rate are decoder loops.
WORST = 0.7


@dataclass(frozen=True)
class Suite:
    """A data set. tests: view (`clean`, `recognised`) -> rows; heard: normalised training text -> its transcripts;
    wer: of simulated noise where there is none; notes: what was left out, as counts.
    """

    name: str
    train: list[Row]
    dev: list[Row]
    tests: dict[str, list[Row]]
    heard: dict[str, list[str]]
    wer: float
    notes: dict[str, int]


def domain_of(suite: str, intent: str) -> str:
    """SLURP's and HWU64's scenario, SNIPS's intent, and ATIS itself."""
    return intent.split("_")[0] if suite.startswith(("slurp", "hwu")) else intent if suite == "snips" else "atis"


def lines(path: Path) -> list[str]:
    """Lines of a text file. Raises FileNotFoundError that names the file."""
    if not path.exists():
        raise FileNotFoundError(f"data file is missing: {path} (give its folder with --data)")
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def tagged(folder: Path, source: str) -> list[Row]:
    """Rows of `seq.in`, `seq.out` (BIO) and `label`. Raises ValueError with file and line where they disagree."""
    words, tags, labels = (lines(folder / name) for name in ("seq.in", "seq.out", "label"))
    if not len(words) == len(tags) == len(labels):
        raise ValueError(f"{folder}: seq.in, seq.out and label have {len(words)}, {len(tags)} and {len(labels)} lines")
    out = []
    for number, (line, marks, label) in enumerate(zip(words, tags, labels, strict=True), 1):
        spoken, bio = line.split(), marks.split()
        if len(spoken) != len(bio):
            raise ValueError(f"{folder / 'seq.out'}:{number}: {len(bio)} tags for {len(spoken)} words")
        text, spans = "", list[Span]()
        for word, tag in zip(spoken, bio, strict=True):
            start = len(text) + bool(text)
            text += (" " if text else "") + word
            kind, _, name = tag.partition("-")
            if kind == "I" and spans and spans[-1].name == name and spans[-1].end == start - 1:
                spans[-1] = Span(name, spans[-1].start, len(text))
            elif kind in ("B", "I"):
                spans.append(Span(name, start, len(text)))
            elif tag != "O":
                raise ValueError(f"{folder / 'seq.out'}:{number}: not a BIO tag: {tag!r}")
        out.append(Row(text, label.strip(), tuple(spans), source, normalise(text)))
    return out


def atis(data: Path) -> Suite:
    """ATIS 4478/500/893; recognised view: PhonemeBERT's transcripts of test sentences, joined by text to gold slots."""
    parts = {
        part: tagged(data / "atis_snips_slots/data/atis" / part, f"atis_{part}") for part in ("train", "dev", "test")
    }
    test_texts = {row.origin for row in parts["test"]}
    train = [row for row in parts["train"] if row.origin not in test_texts]
    heard, leaks = dict[str, list[str]](), 0
    for said, written in phonemebert(data, "train"):
        if normalise(said) in test_texts:
            leaks += 1
        else:
            heard.setdefault(normalise(said), []).append(written)
    gold = {row.origin: row for row in parts["test"]}
    noisy, unjoined, lost = list[Row](), 0, 0
    for said, written in phonemebert(data, "test"):
        row = gold.get(normalise(said))
        copy = heard_as(row, written) if row is not None else None
        if row is None or copy is None:
            unjoined += 1
            continue
        lost += len(row.spans or ()) - len(copy.spans or ())
        noisy.append(copy)
    notes = {
        "train_texts_in_test": len(parts["train"]) - len(train), "transcripts_of_test_texts_in_train": leaks,
        "test_transcripts_without_gold": unjoined, "slots_not_recognised_at_all": lost,
    }  # fmt: skip
    return Suite("atis", train, parts["dev"], {"clean": parts["test"], "recognised": noisy}, heard, 0.25, notes)


def phonemebert(data: Path, part: str) -> list[tuple[str, str]]:
    """(spoken text, transcript) pairs of PhonemeBERT's ATIS."""
    folder = data / "phonemebert/atis" / part
    said, written = lines(folder / "text_original.txt"), lines(folder / "en.classification.txt")
    if len(said) != len(written):
        raise ValueError(f"{folder}: text_original has {len(said)} lines, en.classification {len(written)}")
    return list(zip(said, written, strict=True))


def snips(data: Path) -> Suite:
    """SNIPS 13,084/700/700. No recogniser text exists: clean only."""
    parts = {
        part: tagged(data / "atis_snips_slots/data/snips" / part, f"snips_{part}") for part in ("train", "dev", "test")
    }
    test_texts = {row.origin for row in parts["test"]}
    train = [row for row in parts["train"] if row.origin not in test_texts]
    notes = {"train_texts_in_test": len(parts["train"]) - len(train)}
    return Suite("snips", train, parts["dev"], {"clean": parts["test"]}, {}, 0.15, notes)


def slurp(data: Path) -> Suite:
    """Entity-annotated SLURP and HWU64 rows; test: SLURP test text and all transcripts of its real recordings."""
    banned = banned_texts(data)
    base = slurp_train(data)
    intents = {row.intent for row in base}
    rows: dict[tuple[str, str], Row] = {}
    for row in [*base, *hwu(data)]:
        if row.spans is not None and row.origin and row.origin not in banned and row.intent in intents:
            rows.setdefault((row.origin, row.intent), row)
    heard: dict[str, list[str]] = {}
    for record in read_jsonl(data / "slurp_synth_asr/train.jsonl"):
        said, written = normalise(record["reference"]), record["hypothesis_spoken"]
        spoilt = not 0 < record["wer_spoken"] <= WORST or record.get("in_slurp_devtest", False)
        if not spoilt and not banned & {said, normalise(written)}:
            heard.setdefault(said, []).append(written)
    clean = [item["row"] for item in slurp_gold(data, "test")]
    noisy = [heard_as(row, written) for written, row in slurp_transcripts(data)]
    kept = [row for row in noisy if row is not None]
    dev = [item["row"] for item in slurp_gold(data, "devel")]
    notes = {"empty_transcripts": len(noisy) - len(kept)}
    return Suite("slurp", list(rows.values()), dev, {"clean": clean, "recognised": kept}, heard, 0.15, notes)


def hwu_fold(data: Path, fold: int) -> Suite:
    """Fold of HWU64 (1 to 10) as test, the next one as dev, the others as training; no text is in two of them."""
    parts: dict[int, list[Row]] = {}
    seen: set[str] = set()
    for number in [
        fold,
        fold % HWU_FOLDS + 1,
        *[n for n in range(1, HWU_FOLDS + 1) if n not in (fold, fold % HWU_FOLDS + 1)],
    ]:
        found = dict[str, Row]()
        for path in sorted((data / "hwu64").rglob(f"KFold_{number}/testset")):
            for row in hwu_rows(path):
                if row.origin and row.origin not in seen:
                    found.setdefault(row.origin, row)
        if not found:
            raise FileNotFoundError(
                f"data files are missing: {data}/hwu64, fold {number} (give the folder with --data)"
            )
        parts[number] = list(found.values())
        seen |= found.keys()
    test, dev = fold, fold % HWU_FOLDS + 1
    train = [row for number, part in parts.items() if number not in (test, dev) for row in part]
    return Suite(f"hwu{fold}", train, parts[dev], {"clean": parts[test]}, {}, 0.15, {})


def hwu_rows(folder: Path) -> list[Row]:
    """HWU64 rows of a folder of CSV files, as annotated."""
    rows = []
    for path in sorted(folder.glob("csv/*.csv")):
        with path.open(encoding="utf-8", errors="replace") as file:
            for record in csv.DictReader(file, delimiter=";"):
                text, spans = parse_brackets(record["answer_annotation"])
                rows.append(Row(text, f"{record['scenario']}_{record['intent']}", spans, "hwu", normalise(text)))
    return rows


def read_suite(data: Path, name: str, limit: int | None = None) -> Suite:
    """`atis`, `snips`, `slurp` or `hwuN`, with `limit` training rows where given. Raises ValueError for another
    name.
    """
    if name.startswith("hwu") and name[3:].isdigit() and 1 <= int(name[3:]) <= HWU_FOLDS:
        suite = hwu_fold(data, int(name[3:]))
    elif name in ("atis", "snips", "slurp"):
        suite = {"atis": atis, "snips": snips, "slurp": slurp}[name](data)
    else:
        raise ValueError(f"no such data set: {name!r}")
    if limit is None or limit >= len(suite.train):
        return suite
    return replace(suite, train=random.Random(0).sample(suite.train, limit))
