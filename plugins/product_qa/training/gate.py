"""Trains the gate and measures it on texts and products it has not seen.

python -m plugins.product_qa.training.gate --data DIR --cache DIR [--out FOLDER] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped, unused-ignore]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped, unused-ignore]

from dialog.errors import AssistantError
from plugins.product_qa.gate.features import BUCKETS, FORM, form, hashed, words
from plugins.product_qa.gate.model import CARD, CLASSES, DIMENSION, FOLDER, WEIGHTS, Gate, Part
from plugins.product_qa.training.gate_data import CHAT, KEYWORDS, QUESTION, Labelled, parts_of
from plugins.product_qa.training.gate_vectors import shown, vectors

Floats = NDArray[np.float32]
VECTORS = "vectors.npz"
#: Strengths of the squared penalty (sklearn's C) to choose from on the development part.
STRENGTHS = (1.0, 4.0)
#: What a shop answers for stands in our own texts alone, and they are few: each counts so often.
OWN_WEIGHT = 3.0
#: The share of texts that ask something, in a shop's traffic (Generate-then-Retrieve, section 1).
PREVALENCE = 0.02
#: Of everyday requests, the share that may pass on the development part; the threshold of the card keeps to it.
FALSE_ALARMS = 0.005


@dataclass(frozen=True)
class Set:
    """A part ready for fitting: texts, their vectors [N, 384] and classes [N]."""

    examples: list[Labelled]
    vectors: Floats
    labels: NDArray[np.int64]

    @property
    def asks(self) -> NDArray[np.bool_]:
        """Whether each text asks something, [N]."""
        return np.isin(self.labels, (QUESTION, KEYWORDS))

    def of(self, chosen: NDArray[Any]) -> Set:
        """Some of them, by index or mask."""
        places = np.arange(len(self.labels))[chosen]
        return Set([self.examples[place] for place in places], self.vectors[places], self.labels[places])


def ready(examples: Sequence[Labelled], kept: Path | None) -> Set:
    """Texts as they are typed or heard, with vectors."""
    texts = [Labelled(shown(one.text), one.label, one.source) for one in examples]
    labels = np.array([one.label for one in texts], dtype=np.int64)
    return Set(texts, vectors([one.text for one in texts], kept), labels)


def inputs(part: Set, with_vector: bool) -> csr_matrix:
    """The design matrix [N, D]."""
    shapes = []
    columns, values, starts = list[NDArray[np.int64]](), list[NDArray[np.float32]](), [0]
    for one in part.examples:
        parts = words(one.text)
        shapes.append(form(parts))
        buckets, value = hashed(parts)
        columns.append(buckets)
        values.append(np.full(len(buckets), value, dtype=np.float32))
        starts.append(starts[-1] + len(buckets))
    bags = csr_matrix((np.concatenate(values), np.concatenate(columns), starts), shape=(len(shapes), BUCKETS))
    dense = [csr_matrix(part.vectors)] if with_vector else []
    return csr_matrix(hstack([*dense, csr_matrix(np.stack(shapes)), bags]))


def fit(train: Set, strength: float, with_vector: bool, seed: int) -> Part:
    """A multinomial logistic regression with balanced classes, not calibrated yet."""
    model = LogisticRegression(C=strength, max_iter=300, class_weight="balanced", random_state=seed)
    weights = np.array([OWN_WEIGHT if one.source == "own" else 1.0 for one in train.examples])
    model.fit(inputs(train, with_vector), train.labels, sample_weight=weights)
    return Part(model.coef_.astype(np.float32), model.intercept_.astype(np.float32), 1.0, 0.0, 0.5)


def intents(part: Part, held: Set, with_vector: bool = True) -> NDArray[np.float64]:
    """The probability [N] that each text asks something."""
    return np.array([
        part.intent(part.classes(words(one.text), vector if with_vector else None))
        for one, vector in zip(held.examples, held.vectors, strict=True)
    ])  # fmt: skip


def calibrated(part: Part, dev: Set, with_vector: bool) -> Part:
    """With slope and shift (Platt) on the development part, and the threshold that lets FALSE_ALARMS of no set of
    requests through there."""
    raw = np.clip(intents(part, dev, with_vector), 1e-9, 1 - 1e-9)
    odds = np.log(raw / (1 - raw))[:, None]
    model = LogisticRegression(C=1e6, class_weight="balanced").fit(odds, dev.asks)
    found = Part(part.weights, part.bias, float(model.coef_[0, 0]), float(model.intercept_[0]), 0.5)
    scores, sources = intents(found, dev, with_vector), np.array([one.source for one in dev.examples])
    sets = sorted(set(sources[dev.labels == CHAT].tolist()))
    limits = [float(np.quantile(scores[sources == name], 1 - FALSE_ALARMS)) for name in sets]
    threshold = max(0.5, *limits)
    return Part(found.weights, found.bias, found.slope, found.shift, threshold)


def f1_at(recall: float, false_alarms: float, prevalence: float = PREVALENCE) -> tuple[float, float]:
    """Precision and F1 where `prevalence` of the texts ask something."""
    right, wrong = prevalence * recall, (1 - prevalence) * false_alarms
    precision = right / (right + wrong) if right + wrong else 0.0
    return precision, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def best_f1(scores: NDArray[np.float64], asks: NDArray[np.bool_]) -> tuple[float, float]:
    """The threshold with the best F1 at PREVALENCE, and that F1."""
    best = (float("inf"), 0.0)
    positive, negative = np.sort(scores[asks]), np.sort(scores[~asks])
    for threshold in np.unique(scores):
        recall = 1 - np.searchsorted(positive, threshold) / len(positive)
        alarms = 1 - np.searchsorted(negative, threshold) / len(negative)
        found = f1_at(float(recall), float(alarms))[1]
        if found > best[1]:
            best = (float(threshold), found)
    return best


def trained(train: Set, dev: Set, seed: int, with_vector: bool) -> tuple[Part, float]:
    """The part with the strength that is best on the development part, and that strength."""
    tried = []
    for strength in STRENGTHS:
        part = fit(train, strength, with_vector, seed)
        tried.append((best_f1(intents(part, dev, with_vector), dev.asks)[1], -strength, strength, part))
    _, _, strength, part = max(tried, key=lambda one: one[:2])
    return calibrated(part, dev, with_vector), strength


def save(folder: Path, parts: dict[str, Part], card: dict[str, Any]) -> None:
    """Writes weights (float16) and card; each file is whole or not there."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[np.float16]] = {}
    for name, part in parts.items():
        arrays |= {f"{name}_weights": part.weights.astype(np.float16), f"{name}_bias": part.bias.astype(np.float16)}
    staged = folder / f"{WEIGHTS}.part"
    with zipfile.ZipFile(staged, "w", zipfile.ZIP_DEFLATED) as file:
        for name, array in arrays.items():
            # A fixed date, so that the same weights are the same file.
            with file.open(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), "w") as entry:
                np.lib.format.write_array(entry, array)
    staged.replace(folder / WEIGHTS)
    staged = folder / f"{CARD}.part"
    staged.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    staged.replace(folder / CARD)


def main(argv: Sequence[str] | None = None) -> int:
    """Trains, measures and writes; 1 with one line where that cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m plugins.product_qa.training.gate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--cache", type=Path, required=True, help="folder that keeps the sentence vectors")
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    try:
        found = parts_of(args.data, args.seed)
        kept = args.cache / VECTORS
        train, dev, test = (ready(part, kept) for part in (found.train, found.dev, found.test))
        parts, strengths, measured = dict[str, Part](), dict[str, float](), dict[str, Any]()
        for name, with_vector in (("full", True), ("lexical", False)):
            parts[name], strengths[name] = trained(train, dev, args.seed, with_vector)
        calibration = {
            name: {"slope": part.slope, "shift": part.shift, "threshold": part.threshold}
            for name, part in parts.items()
        }
        card: dict[str, Any] = {
            "format": 1, "version": "gate-1", "classes": CLASSES, "form": FORM, "dimension": DIMENSION,
            "made by": "python -m plugins.product_qa.training.gate --data DIR --cache DIR", "seed": args.seed,
            "encoder": "the shared encoder's sentence vectors (all-MiniLM-L6-v2, Apache-2.0)",
            "data": "semiPQA, hetPQA, ePQA (CDLA-Sharing 1.0); HWU64, SLURP (CC BY 4.0); CLINC150 (CC BY 3.0); own",
            "split": "texts and named products of test and dev are in no other part (semiPQA names none)",
            "texts": [len(train.labels), len(dev.labels)],
            "strength": strengths, "calibration": calibration,
        }  # fmt: skip
        save(args.out, parts, card)
        gate = Gate.load(args.out)
        for name, with_vector in (("full", True), ("lexical", False)):
            measured[name] = measures(getattr(gate, name), test, with_vector)
        save(args.out, parts, card | {"test": measured})
    except AssistantError as error:
        print(f"gate: {error}", file=sys.stderr)
        return 1
    print(json.dumps(measured, indent=1))
    return 0


def measures(part: Part, test: Set, with_vector: bool) -> dict[str, float]:
    """Recall and false alarms at the part's threshold, by set; precision and F1 at PREVALENCE; calibration error."""
    scores = intents(part, test, with_vector)
    passed = scores >= part.threshold
    sources = np.array([one.source for one in test.examples])
    recall, alarms = float(passed[test.asks].mean()), float(passed[~test.asks].mean())
    precision, f1 = f1_at(recall, alarms)
    questions = float(passed[test.labels == QUESTION].mean())
    scoped = ~test.asks & (sources != "clinc oos")
    found = {
        "recall": recall,
        "recall of questions": questions,
        "false alarms": alarms,
        "precision at 2 %": precision,
        "F1 at 2 %": f1,
        "F1 at 2 %, questions among searches and in-domain requests": f1_at(questions, float(passed[scoped].mean()))[1],
    }
    found |= {
        f"passed: {source}": float(passed[(sources == source) & (test.asks == asks)].mean())
        for source in sorted(set(sources.tolist()))
        for asks in (True, False)
        if ((sources == source) & (test.asks == asks)).any()
    }
    weights = np.where(test.asks, 0.5 / test.asks.sum(), 0.5 / (~test.asks).sum())
    found["calibration error (half of the texts asking)"] = ece(scores, test.asks, weights)
    return {name: round(value, 4) for name, value in found.items()}


def ece(scores: NDArray[np.float64], right: NDArray[np.bool_], weights: NDArray[np.float64], bins: int = 10) -> float:
    """Expected calibration error (Guo et al. 2017, equation 3) of weighted texts in equal-width bins."""
    place = np.minimum((scores * bins).astype(int), bins - 1)
    return float(sum(abs(((scores - right) * weights)[place == one].sum()) for one in range(bins)) / weights.sum())


if __name__ == "__main__":
    raise SystemExit(main())
