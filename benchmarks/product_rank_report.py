"""Rows of the ranking benchmark: figures of every system on the same questions, and paired differences."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, row
from benchmarks.paired import hierarchical_bootstrap
from benchmarks.product_rank_systems import Scores, bm25, boosted, dense, shuffled, weighted_sum
from plugins.product_qa.ranker.features import cross_features
from plugins.product_qa.training.calibrate import columns, crossed, fit
from plugins.product_qa.training.folds import Logits
from plugins.product_qa.training.metrics import (
    average_precision,
    calibration_error,
    precision_at_1,
    reciprocal_rank,
)
from plugins.product_qa.training.pairs import Asked

Values = NDArray[np.float64]
#: Systems that ours is compared with.
PEERS = ("bm25", "cosine", "sum", "boosted")


@dataclass
class System:
    """Scores of a system, one list for each seed; `whole` its probabilities (or scores) that a question is answerable,
    the best candidate's where it has none of its own.
    """

    scores: list[Scores]
    whole: list[Values] = field(default_factory=list)

    def answerable(self, seed: int) -> Values:
        """[questions]."""
        return self.whole[seed] if self.whole else np.array([scores.max() for scores in self.scores[seed]])


def systems(
    asked: Sequence[Asked], cosines: Mapping[str, float], runs: Sequence[Logits], seeds: Sequence[int]
) -> dict[str, System]:
    """All systems on ePQA; `runs` are the folds' logits by seed."""
    lexical, cosine = bm25(asked), dense(asked, cosines)
    found = {
        "random": System([shuffled(asked, seed) for seed in seeds]),
        "bm25": System([lexical]),
        "cosine": System([cosine]),
        "sum": System([weighted_sum(asked, lexical, cosine)]),
        "boosted": System([boosted(asked, lexical, cosine, seed) for seed in seeds]),
    }
    if runs:
        found["network"] = System([network(asked, logits, "fully") for logits in runs])
        for name, given in (("ours", True), ("ours, no cosine", False)):
            parts = [crossed(columns(asked, logits, cosines), given) for logits in runs]
            found[name] = System([scores for scores, _ in parts], [whole for _, whole in parts])
    return found


def network(asked: Sequence[Asked], logits: Logits, label: str) -> Scores:
    """What the network alone says: log-odds of `fully`, or of partly or fully (`relevant`)."""
    column = ("fully", "relevant").index(label)
    return [
        cross_features(np.array([logits[p.passage.key] for p in one.pairs], np.float32))[:, column].astype(np.float64)
        for one in asked
    ]


def finished(
    asked: Sequence[Asked], logits: Logits, epqa: Sequence[Asked], folds: Logits, cosines: Mapping[str, float]
) -> Scores:
    """Scores on another set by final layers that were fitted on ePQA: `folds` are what its folds said of it."""
    layers = fit(columns(epqa, folds, cosines))
    return [layers.scores(rows, cosine=True) for rows in columns(asked, logits, cosines).rows]


def values(asked: Sequence[Asked], scores: Scores, metric: str) -> Values:
    """P@1, MRR or MAP of each answerable question."""
    of = {"P@1": precision_at_1, "MRR": reciprocal_rank, "MAP": average_precision}[metric]
    pairs = [(one, own) for one, own in zip(asked, scores, strict=True) if one.answerable]
    return np.array([of(own, [pair.relevant for pair in one.pairs]) for one, own in pairs])


def epqa_rows(asked: Sequence[Asked], found: Mapping[str, System], bars: bool = True) -> list[Row]:
    """Figures of every system, then ours against each peer."""
    from sklearn.metrics import average_precision_score  # type: ignore[import-untyped, unused-ignore]

    rng = np.random.default_rng(0)
    true = np.array([one.answerable for one in asked])
    limits = {"P@1": 0.72, "MRR": 0.83, "AUPRC": 0.90} if bars else {}
    rows: list[Row] = []
    for name, system in found.items():
        own = limits if name == "ours" else {}
        for metric in ("P@1", "MRR"):
            per = np.stack([values(asked, scores, metric) for scores in system.scores])
            low, high = _interval(per, rng)
            bar = own.get(metric)
            rows.append(row(f"epqa {name} {metric}", float(per.mean()), ci95=(low, high), bar=bar, better="higher"))
        auprc = [average_precision_score(true, system.answerable(seed)) for seed in range(len(system.scores))]
        rows.append(
            row(f"epqa {name} answerability AUPRC", float(np.mean(auprc)), bar=own.get("AUPRC"), better="higher")
        )
    for name in ("ours", "ours, no cosine"):
        if name in found:
            rows += _against(asked, found, name, rng) + _calibration(asked, found[name], name, true)
    return rows


def _against(asked: Sequence[Asked], found: Mapping[str, System], name: str, rng: np.random.Generator) -> list[Row]:
    rows: list[Row] = []
    ours = np.stack([values(asked, scores, "P@1") for scores in found[name].scores])
    for peer in PEERS:
        base = np.stack([values(asked, scores, "P@1") for scores in found[peer].scores])
        gap = hierarchical_bootstrap(ours, base, rng)
        rows.append(
            row(f"epqa {name} less {peer} P@1 (p {gap.p:.3f})", gap.mean, ci95=(gap.low, gap.high), better="higher")
        )
    return rows


def _calibration(asked: Sequence[Asked], system: System, name: str, true: NDArray[np.bool_]) -> list[Row]:
    right = np.concatenate([[pair.relevant for pair in one.pairs] for one in asked])
    errors = [calibration_error(np.concatenate(scores), right) for scores in system.scores]
    whole = [calibration_error(own, true) for own in system.whole]
    return [
        row(f"epqa {name} ECE of P(fully)", float(np.mean(errors))),
        row(f"epqa {name} ECE of answerability", float(np.mean(whole))),
    ]


def _interval(per: Values, rng: np.random.Generator) -> tuple[float, float]:
    """95 % interval of the mean over questions (and seeds): per [seeds, questions]."""
    means = [
        per[rng.integers(len(per), size=len(per))][:, rng.integers(per.shape[1], size=per.shape[1])].mean()
        for _ in range(1000)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def set_rows(name: str, asked: Sequence[Asked], found: Mapping[str, Sequence[Scores]]) -> list[Row]:
    """P@1 and MAP of systems on another set."""
    return [
        row(f"{name} {system} {metric}", float(np.mean([values(asked, own, metric).mean() for own in scores])))
        for system, scores in found.items()
        for metric in ("P@1", "MAP")
    ]


def latency_rows(asked: Sequence[Asked], folder: Path, count: int = 60) -> list[Row]:
    """Milliseconds for a question with its candidates, by the exported ranker on one thread: of the processor (what
    else the machine does hardly counts) and of the clock.
    """
    from plugins.product_qa.ranker import Ranker

    ranker = Ranker.load(folder)
    spent: list[tuple[float, float]] = []
    for one in [*asked[:5], *asked[:count]]:
        began, busy = time.perf_counter(), time.thread_time()
        ranker.score(one.question, [pair.passage for pair in one.pairs])
        spent.append((1e3 * (time.thread_time() - busy), 1e3 * (time.perf_counter() - began)))
    busy_ms, clock = np.array(spent[5:]).T
    return [
        row("CPU ms per question, 10 candidates, median", float(np.median(busy_ms)), bar=30.0),
        row("CPU ms per question, 10 candidates, 95th percentile", float(np.percentile(busy_ms, 95))),
        row("clock ms per question, 10 candidates, median", float(np.median(clock))),
    ]
