"""Training and evaluation rows of the joint model, read from the public data folders (standard library only).

Every reader returns `Row`s with character spans. `training_rows` puts together what may train the shipped
weight: SLURP train text, HWU64, CLINC150 (out of scope) and recognised synthetic speech, less every text of
SLURP devel/test.
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OUT_OF_SCOPE = "out_of_scope"
#: HWU64 intents outside SLURP's 18 scenarios that a dialog needs all the same; HWU64's other extras are not
#: used.
DIALOG_INTENTS = (
    "general_affirm",
    "general_negate",
    "general_commandstop",
    "general_repeat",
    "general_praise",
    "general_dontcare",
)
#: CLINC150 intents that no SLURP scenario covers.
_FOREIGN = """
freeze_account routing pin_change bill_due pay_bill account_blocked interest_rate min_payment bill_balance
transfer order_checks balance spending_history transactions report_fraud replacement_card_duration
expiration_date damaged_card improve_credit_score report_lost_card card_declined credit_limit_change apr
redeem_rewards credit_limit rewards_balance application_status credit_score new_card international_fees
oil_change_when oil_change_how tire_pressure schedule_maintenance gas mpg last_maintenance gas_type
tire_change jump_start plug_type travel_notification international_visa travel_alert vaccines lost_luggage
carry_on car_rental find_phone make_call flip_coin roll_dice pto_request_status insurance_change insurance
payday taxes income rollover_401k pto_balance pto_request w2 direct_deposit pto_used sync_device
reset_settings change_accent whisper_mode
"""
FOREIGN_INTENTS = tuple(_FOREIGN.split())
BRACKET = re.compile(r"\[\s*([^\[\]:]+?)\s*:\s*([^\[\]]*?)\s*\]")
SLURP_TRAIN = "massive_mtop_text/derived_slurp_train_text_hwu_entities.jsonl"
TRANSCRIPTS = "slurp/experiments/predictions/multi_slurp_hermit_predictions.jsonl"


@dataclass(frozen=True)
class Span:
    """An entity: its type and character offsets, end exclusive."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Row:
    """One labelled sentence; `spans` is None where entities were never annotated (not: has none)."""

    text: str
    intent: str
    spans: tuple[Span, ...] | None
    source: str
    origin: str = ""  # normalised text of the sentence this one was made from; decides train / held-out
    heard: tuple[str, ...] = ()  # other lines of a recogniser for the same speech


def normalise(text: str) -> str:
    """Lower case, no accents, single spaces, letters and digits only: the key for overlap checks."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return " ".join(re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c))))


def parse_brackets(annotation: str) -> tuple[str, tuple[Span, ...]]:
    """`wake me at [time : seven]` -> text and spans; runs of spaces collapse."""
    text, last = "", 0
    spans: list[Span] = []
    for match in BRACKET.finditer(annotation):
        text += annotation[last : match.start()]
        filler = match.group(2)
        spans.append(Span(match.group(1), len(text), len(text) + len(filler)))
        text += filler
        last = match.end()
    text += annotation[last:]
    return squeeze(text, [span for span in spans if span.end > span.start])


def squeeze(text: str, spans: Iterable[Span]) -> tuple[str, tuple[Span, ...]]:
    """Collapses white space and trims, moving the spans along."""
    position = [0] * (len(text) + 1)
    out: list[str] = []
    for index, char in enumerate(text):
        position[index] = len(out)
        if not char.isspace():
            out.append(char)
        elif out and out[-1] != " ":
            out.append(" ")
    position[len(text)] = len(out)
    joined = "".join(out)
    end = len(joined.rstrip())
    return joined[:end], tuple(Span(s.name, position[s.start], min(position[s.end], end)) for s in spans)


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a JSON-lines file; errors name the file and line."""
    if not path.exists():
        raise FileNotFoundError(f"data file is missing: {path} (give its folder with --data)")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}:{number}: not JSON: {error}") from error


def slurp_gold(data: Path, part: str) -> list[dict[str, Any]]:
    """SLURP `devel` or `test`: dicts with row (Row) and files (recording names)."""
    out = []
    for record in read_jsonl(data / f"slurp/dataset/slurp/{part}.jsonl"):
        text, spans = parse_brackets(record["sentence_annotation"])
        intent = f"{record['scenario']}_{record['action']}"
        out.append(
            {
                "row": Row(text, intent, spans, f"slurp_{part}", normalise(text)),
                "files": [recording["file"] for recording in record["recordings"]],
            }
        )
    return out


def slurp_transcripts(data: Path) -> list[tuple[str, Row]]:
    """(recogniser's transcript, gold row) of the 13,071 real test recordings."""
    gold = {file: item["row"] for item in slurp_gold(data, "test") for file in item["files"]}
    return [(record["text"], gold[record["file"]]) for record in read_jsonl(data / TRANSCRIPTS)]


def slurp_devel_recognised(data: Path) -> list[tuple[str, Row]]:
    """(recogniser's transcript of synthetic speech, gold row) of SLURP devel, where the sentence joins by text."""
    gold = {item["row"].origin: item["row"] for item in slurp_gold(data, "devel")}
    heard = read_jsonl(data / "slurp_synth_asr/devel.jsonl")
    pairs = [(record["hypothesis_spoken"], gold.get(normalise(record["reference"]))) for record in heard]
    return [(text, row) for text, row in pairs if row is not None]


def slurp_train(data: Path) -> list[Row]:
    """SLURP train text; spans only where HWU64's annotation joins."""
    rows = []
    for record in read_jsonl(data / SLURP_TRAIN):
        text, spans = record["sentence"], None
        if "hwu_annotation" in record:
            annotated, found = parse_brackets(record["hwu_annotation"])
            if normalise(annotated) == normalise(text):
                text, spans = annotated, found
        rows.append(Row(text, record["intent"], spans, "slurp_train", normalise(text)))
    return rows


def project(spans: Iterable[Span], text: str, other: str) -> tuple[Span, ...] | None:
    """Spans of `text` moved to a differently cased and punctuated `other`; None where the words differ."""
    ours, theirs = list(re.finditer(r"\w+", text)), list(re.finditer(r"\w+", other))
    if [word.group().lower() for word in ours] != [word.group().lower() for word in theirs]:
        return None
    out = []
    for span in spans:
        inside = [i for i, word in enumerate(ours) if word.start() < span.end and word.end() > span.start]
        if inside:
            out.append(Span(span.name, theirs[inside[0]].start(), theirs[inside[-1]].end()))
    return tuple(out)


def hwu(data: Path) -> list[Row]:
    """HWU64 rows with gold entities, and the typed original (case, punctuation) where its words agree."""
    rows = []
    for path in sorted((data / "hwu64").rglob("csv/*.csv")):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for record in csv.DictReader(lines, delimiter=";"):
                text, spans = parse_brackets(record["answer_annotation"])
                intent = f"{record['scenario']}_{record['intent']}"
                if not text:
                    continue
                rows.append(Row(text, intent, spans, "hwu", normalise(text)))
                typed, _ = squeeze(record["answer_from_user"], ())
                moved = project(spans, text, typed)
                if moved is not None and typed != text:
                    rows.append(Row(typed, intent, moved, "hwu_typed", normalise(text)))
    return rows


def clinc(data: Path, part: str, plus: bool = False) -> list[tuple[str, str]]:
    """(text, intent) of a CLINC150 split such as `oos_val`; `plus` takes the larger out-of-scope training
    set.
    """
    name = "data_oos_plus.json" if plus else "data_full.json"
    return [(text, intent) for text, intent in json.loads((data / "clinc150/data" / name).read_text())[part]]


def word_error_rate(reference: str, hypothesis: str) -> float:
    """Word edits a reference word; of an empty reference, the number of words heard."""
    ours, theirs = reference.split(), hypothesis.split()
    row = list(range(len(theirs) + 1))
    for i, word in enumerate(ours, 1):
        last, row[0] = row[0], i
        for j, heard in enumerate(theirs, 1):
            last, row[j] = row[j], min(last + (word != heard), row[j] + 1, row[j - 1] + 1)
    return row[-1] / max(len(ours), 1)


def recognised(data: Path, limit: float = 0.7) -> list[tuple[str, list[str], bool]]:
    """(reference, what a recogniser heard, whether its best line comes first) of synthetic speech of SLURP train.

    The best line has numbers as words, as SLURP writes them; further lines of the n-best that have digits are left
    out, and so is every line with a word error rate above `limit` or without an error.
    """
    pairs = []
    for record in read_jsonl(data / "slurp_synth_asr/train.jsonl"):
        if record.get("in_slurp_devtest"):
            continue
        reference = record["reference"]
        best = 0 < record["wer_spoken"] <= limit
        lines = [record["hypothesis_spoken"]] if best else []
        for other in record.get("alternatives", ()):
            heard = other["hypothesis"]
            if heard not in lines and not re.search(r"\d", heard) and 0 < word_error_rate(reference, heard) <= limit:
                lines.append(heard)
        if lines:
            pairs.append((reference, lines, best))
    return pairs


def mash(rng: random.Random) -> str:
    """Keyboard mash, random letters, symbols or nothing: what no intent should claim."""
    rows = (
        "qwertyuiop",
        "asdfghjkl",
        "zxcvbnm",
        "1234567890",
        "abcdefghijklmnopqrstuvwxyz",
        "#$%&*()[]{}!?;:-_/\\",
    )
    words = [
        "".join(
            rng.choice(rng.choice(rows[:2]) if rng.random() < 0.3 else rows[kind]) for _ in range(rng.randint(2, 11))
        )
        for kind in [rng.randrange(len(rows))] * rng.randint(1, 4)
    ]
    return "" if rng.random() < 0.04 else " ".join(words)


def held_out(origin: str) -> bool:
    """About 6 % of sentences, by hash, are kept for calibration: the same in every run and source."""
    return hashlib.sha256(("held out " + origin).encode()).digest()[0] < 16


def banned_texts(data: Path) -> set[str]:
    """Normalised texts of SLURP devel and test, which never train anything."""
    return {item["row"].origin for part in ("devel", "test") for item in slurp_gold(data, part)}


def training_rows(data: Path, seed: int) -> tuple[list[Row], list[Row]]:
    """(train, held-out) rows: exact SLURP devel/test texts removed, duplicates of one source merged."""
    banned = banned_texts(data)
    rng = random.Random(seed)
    base = slurp_train(data)
    intents = {row.intent for row in base} | set(DIALOG_INTENTS)
    gold: dict[tuple[str, str], Row] = {}
    for row in base + hwu(data):
        key = (row.text, row.intent)
        if not row.origin or row.origin in banned or row.intent not in intents:
            continue
        if key not in gold or gold[key].spans is None:
            gold[key] = row
    rows = list(gold.values())
    known = {row.origin: row for row in rows if row.source == "slurp_train"}
    for reference, lines, best in recognised(data):
        clean = known.get(normalise(reference))
        lines = [line for line in lines if normalise(line) and normalise(line) not in banned]
        if clean is not None and lines:
            spans = align_spans(clean, lines[0])
            source = "synth_asr" if best else "synth_nbest"
            rows.append(Row(lines[0], clean.intent, spans, source, clean.origin, tuple(lines)))
    foreign = [(text, intent) for text, intent in clinc(data, "train") if intent in FOREIGN_INTENTS]
    outside = [text for text, _ in clinc(data, "oos_train", plus=True)] * 2
    outside += [text for text, _ in rng.sample(foreign, 3000)]
    rows += [Row(text, OUT_OF_SCOPE, (), "clinc", normalise(text)) for text in outside if normalise(text) not in banned]
    rows += [Row(text, OUT_OF_SCOPE, (), "mash", "") for text in (mash(rng) for _ in range(700))]
    words = sorted({word for row in base for word in row.text.split()})
    for _ in range(400):
        text = " ".join(rng.sample(words, rng.randint(3, 9)))
        rows.append(Row(text, OUT_OF_SCOPE, (), "salad", ""))
    train = [row for row in rows if not row.origin or not held_out(row.origin)]
    kept = [row for row in rows if row.origin and held_out(row.origin)]
    return train, kept


def align_words(reference: list[str], hypothesis: list[str]) -> list[int | None]:
    """For each hypothesis word the index of the reference word it stands for (edit distance), else None."""
    rows, columns = len(reference), len(hypothesis)
    cost = [[i + j if i * j == 0 else 0 for j in range(columns + 1)] for i in range(rows + 1)]
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            cost[i][j] = min(
                cost[i - 1][j - 1] + (reference[i - 1] != hypothesis[j - 1]),
                cost[i - 1][j] + 1,
                cost[i][j - 1] + 1,
            )
    out: list[int | None] = [None] * columns
    i, j = rows, columns
    while i and j:
        if cost[i][j] == cost[i - 1][j - 1] + (reference[i - 1] != hypothesis[j - 1]):
            i, j = i - 1, j - 1
            out[j] = i
        elif cost[i][j] == cost[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return out


def align_spans(clean: Row, hypothesis: str) -> tuple[Span, ...] | None:
    """The clean row's entities where the recogniser put them; None where the clean row has no annotation."""
    if clean.spans is None:
        return None
    ours, theirs = list(re.finditer(r"\S+", clean.text)), list(re.finditer(r"\S+", hypothesis))
    links = align_words([word.group() for word in ours], [word.group() for word in theirs])
    out = []
    for span in clean.spans:
        hits = [
            j
            for j, i in enumerate(links)
            if i is not None and ours[i].start() < span.end and ours[i].end() > span.start
        ]
        if hits:
            out.append(Span(span.name, theirs[hits[0]].start(), theirs[hits[-1]].end()))
    return tuple(out)
