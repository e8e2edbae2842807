"""How well a model understands labelled sentences."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlu.data import OUT_OF_SCOPE, Row
from nlu.metrics import accepted_at_recall, auroc, calibration_error, exact_f1, f1
from nlu.runtime import Understander
from nlu.types import Parse

_CHUNK = 256


def top(parse: Parse) -> tuple[str, float]:
    """Best label, out of scope being one of them, and its probability."""
    if not parse.intents or parse.out_of_scope > parse.intents[0][1]:
        return OUT_OF_SCOPE, parse.out_of_scope
    return parse.intents[0]


def parse_all(understander: Understander, texts: Sequence[str]) -> list[Parse]:
    """All texts, some hundreds at a time."""
    return [
        parse for first in range(0, len(texts), _CHUNK) for parse in understander.parse(texts[first : first + _CHUNK])
    ]


def measure(parses: Sequence[Parse], rows: Sequence[Row]) -> dict[str, Any]:
    """Intent accuracy, macro F1, ECE, entity F1 (name and both offsets), out of scope, and the confusions.

    Figures of intents are over all rows, those out of scope included; `out_of_scope` compares the out-of-scope mass of
    rows in and out of scope where there are both.
    """
    best = [top(parse) for parse in parses]
    gold = [row.intent for row in rows]
    right = np.array([name == wanted for (name, _), wanted in zip(best, gold, strict=True)])
    pairs = Counter(zip(gold, (name for name, _ in best), strict=True))
    out: dict[str, Any] = {
        "sentences": len(rows),
        "intent_accuracy": float(right.mean()),
        "intent_macro_f1": macro_f1(pairs),
        "ece": calibration_error(np.array([chance for _, chance in best]), right),
    }
    marked = [(parse, row.spans) for parse, row in zip(parses, rows, strict=True) if row.spans is not None]
    if any(spans for _, spans in marked):
        found = [Counter((e.name, e.start, e.end) for e in parse.entities) for parse, _ in marked]
        wanted = [Counter((s.name, s.start, s.end) for s in spans) for _, spans in marked]
        out["entity_f1"] = exact_f1(found, wanted)
    outside = np.array([name == OUT_OF_SCOPE for name in gold])
    if outside.any() and not outside.all():
        mass = np.array([parse.out_of_scope for parse in parses])
        out["out_of_scope"] = {
            "sentences": int(outside.sum()),
            "rejected": float(np.mean([name == OUT_OF_SCOPE for (name, _), o in zip(best, outside, strict=True) if o])),
            "accepted_at_95_recall": accepted_at_recall(mass[~outside], mass[outside]),
            "auroc": auroc(mass[~outside], mass[outside]),
        }
    out["confusions"] = [
        {"intent": wanted, "taken_for": name, "count": count}
        for (wanted, name), count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
        if wanted != name
    ]
    return out


def macro_f1(pairs: Counter[tuple[str, str]]) -> float:
    """Mean F1 over the labels that occur in the gold rows, from counts of (gold, predicted)."""
    gold, found = Counter[str](), Counter[str]()
    for (wanted, name), count in pairs.items():
        gold[wanted] += count
        found[name] += count
    return float(np.mean([f1(pairs[label, label], found[label], gold[label]) for label in sorted(gold)]))


def latency(understander: Understander, texts: Sequence[str], limit: int = 500) -> dict[str, float]:
    """Milliseconds of one sentence at a time, on one thread."""
    chosen = list(texts[:limit])
    for text in chosen[:20]:
        understander.parse([text])
    times = []
    for text in chosen:
        start = time.perf_counter()
        understander.parse([text])
        times.append(1e3 * (time.perf_counter() - start))
    return {"p50_ms": float(np.median(times)), "p99_ms": float(np.quantile(times, 0.99))}
