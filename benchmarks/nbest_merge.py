"""Serving's merge of an n-best list on SLURP devel, spoken by a synthesiser and heard by a real recogniser.

Half of the rows, by hash of their id, chooses temperature and power (log loss of the gold intent), then the least
support of entities (F1); the other half is stated.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlu.data import OUT_OF_SCOPE, normalise, slurp_gold
from nlu.evaluate import OWN_ENTITIES
from nlu.metrics import calibration_error, exact_f1
from nlu.nbest.merge import RULE, Merged, Rule, merge
from nlu.runtime import Understander
from nlu.types import Entity, Parse

TRANSCRIPTS = "slurp_synth_asr/devel.jsonl"
TEMPERATURES, POWERS, SUPPORTS = (0.5, 1.0, 1.5, 2.0, 3.0), (1.0, 0.5), (0.0, 0.1, 0.2, 0.3, 0.4)
#: Least confidence of entities that the best line is allowed too: the fair comparison for `support`.
CONFIDENCES = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8)
Answer = tuple[str, float, Sequence[Entity]]


@dataclass(frozen=True)
class Heard:
    """A sentence: gold intent and entities (name, value), the readings of the list, log scores, and its half."""

    intent: str
    entities: Counter[tuple[str, str]]
    parses: list[Parse]
    scores: list[float]
    chooses: bool


def read_heard(data: Path, limit: int = 0) -> list[Heard]:
    """Rows with the shipped model's readings of their alternatives; `limit` of them, 0: all."""
    gold = {}
    path = data / "slurp/dataset/slurp/devel.jsonl"
    for item, record in zip(slurp_gold(data, "devel"), _records(path), strict=True):
        gold[record["slurp_id"]] = item["row"]
    records = [record for record in _records(data / TRANSCRIPTS) if record.get("alternatives")]
    records = records[:limit] if limit else records
    texts = sorted({found["hypothesis"] for record in records for found in record["alternatives"]})
    understander = Understander.load()
    parses: dict[str, Parse] = {}
    for first in range(0, len(texts), 128):
        chunk = texts[first : first + 128]
        parses.update(zip(chunk, understander.parse(chunk), strict=True))
    out = []
    for record in records:
        row = gold[record["id"]]
        values = Counter((span.name, normalise(row.text[span.start : span.end])) for span in row.spans or ())
        found = record["alternatives"]
        half = hashlib.sha256(str(record["id"]).encode()).digest()[0] % 2 == 0
        out.append(Heard(row.intent, values, [parses[line["hypothesis"]] for line in found],
                         [float(line["logprob"]) for line in found], half))  # fmt: skip
    return out


def _records(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise FileNotFoundError(f"data file is missing: {path} (give its folder with --data)")
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def merged(item: Heard, rule: Rule, size: int = 10, ranked: int = 1) -> Merged:
    """The list's first `size` hypotheses under a rule; confidences relative to the best line."""
    confidences = [math.exp(score - item.scores[0]) for score in item.scores[:size]]
    return merge(item.parses[:size], confidences, rule, ranked)


def answer(found: Merged) -> Answer:
    """Best intent (or out of scope), its probability, and the entities."""
    first = found.readings[0]
    if found.out_of_scope > first.probability:
        return OUT_OF_SCOPE, found.out_of_scope, first.entities
    return first.intent, first.probability, first.entities


def figures(items: Sequence[Heard], answers: Sequence[Answer], least: float = 0.0) -> dict[str, Any]:
    """Intent accuracy, calibration error, strict entity F1 (name and value) of entities as sure as `least`."""
    right = np.array([name == item.intent for item, (name, _, _) in zip(items, answers, strict=True)])
    sure = np.array([chance for _, chance, _ in answers])
    named = [
        Counter((e.name, normalise(e.value)) for e in found if e.name not in OWN_ENTITIES and e.confidence >= least)
        for _, _, found in answers
    ]
    return {
        "intent": float(right.mean()), "ece": calibration_error(sure, right),
        "entity_f1": exact_f1(named, [item.entities for item in items]),
        "right": "".join(str(int(value)) for value in right),
    }  # fmt: skip


def log_loss(items: Sequence[Heard], rule: Rule) -> float:
    """Mean negative log probability of the gold intent, floored at 1e-4."""
    total = 0.0
    for item in items:
        chances = {reading.intent: reading.probability for reading in merged(item, rule, ranked=1000).readings}
        total -= math.log(max(1e-4, chances.get(item.intent, 0.0)))
    return total / len(items)


def choose(items: Sequence[Heard]) -> Rule:
    """The rule that these rows choose."""
    rules = [Rule(temperature, power) for temperature in TEMPERATURES for power in POWERS]
    best = min(rules, key=lambda rule: log_loss(items, rule))
    closer = [Rule(best.temperature, best.power, support) for support in SUPPORTS]
    return max(closer, key=lambda rule: figures(items, [answer(merged(i, rule)) for i in items])["entity_f1"])


def measure_merge(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """Figures of the stated half for the best line, the plain mixture and the chosen rule, by n-best size."""
    heard = read_heard(data, cell["limit"])
    chooses = [item for item in heard if item.chooses]
    stated = [item for item in heard if not item.chooses]
    if not chooses or not stated:
        raise ValueError(f"{data / TRANSCRIPTS}: {len(heard)} rows are too few to choose on a half of them")

    def rows(items: Sequence[Heard], rule: Rule, size: int = 10) -> list[Answer]:
        return [answer(merged(item, rule, size)) for item in items]

    plain, chosen = Rule(), choose(chooses)
    best_lines = rows(chooses, plain, 1)
    sure = max(CONFIDENCES, key=lambda least: figures(chooses, best_lines, least)["entity_f1"])
    out = {
        "best line": figures(stated, rows(stated, plain, 1)),
        f"best line, entities of {sure} and surer": figures(stated, rows(stated, plain, 1), sure),
        "plain mixture": figures(stated, rows(stated, plain)),
        "chosen": figures(stated, rows(stated, chosen)),
        "shipped": figures(stated, rows(stated, RULE)),
    }
    sizes = {str(size): figures(stated, rows(stated, chosen, size)) for size in (1, 2, 3, 4, 5)}
    return {
        "rule": asdict(chosen), "shipped_rule": asdict(RULE), "variants": out, "sizes": sizes, "sure": sure,
        "rows": [len(chooses), len(stated)],
    }  # fmt: skip
