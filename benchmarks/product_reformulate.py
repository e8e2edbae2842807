"""What rewordings find for questions that found no answer, and how well disfluent questions are repaired.

    python -m benchmarks.product_reformulate [--data DIR] [--cache DIR] [--questions 977] [--quick] [--json]

Retrieval: the candidates of each ePQA question (labels 2 fully, 1 partly, 0) under a fixed simple retriever, cosine of
the shared encoder plus weighted BM25. Its threshold for "a confident answer" is set on the other products' folds, so
that 90 % of the answers above it are relevant (2 or 1). Repair: Disfl-QA test, the weights were learned on train.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.common import Row, row
from benchmarks.product_gate_lexical import Lexical
from dialog.errors import AssistantError
from plugins.product_qa.reformulate.fit import pairs
from plugins.product_qa.reformulate.kinds import kind_of
from plugins.product_qa.reformulate.relax import Operator, reformulations
from plugins.product_qa.reformulate.repair import repaired
from plugins.product_qa.reformulate.restarts import plain
from plugins.product_qa.training.gate_vectors import vectors
from plugins.product_qa.training.pairs import FOLDS, FULLY, Asked, epqa, fold_of

OPERATORS: tuple[Operator, ...] = ("repair", "generalise", "reshape")
BM25_WEIGHT = 0.01
#: Of the answers above the threshold, the share that must be relevant on the other folds.
PRECISION = 0.9


@dataclass(frozen=True)
class Found:
    """The best candidate for one wording: its score, and its label (2 fully, 1 partly, 0)."""

    score: float
    label: int


class Retriever:
    """Ranks the candidates of a question by cosine + BM25_WEIGHT * BM25."""

    def __init__(self, asked: Sequence[Asked], cache: Path | None) -> None:
        texts = [f"{pair.passage.question} {pair.passage.text}".strip() for one in asked for pair in one.pairs]
        self._lexical = Lexical(texts)
        self._vectors = vectors(texts, cache)
        self._starts = np.cumsum([0, *(len(one.pairs) for one in asked)])
        self._asked = asked

    def best(self, place: int, text: str, vector: NDArray[np.float32]) -> Found:
        """For the question at `place`, asked as `text`."""
        rows = range(self._starts[place], self._starts[place + 1])
        scores = self._vectors[rows.start : rows.stop] @ vector + BM25_WEIGHT * self._lexical.scores(text, rows)
        chosen = int(np.argmax(scores))
        pair = self._asked[place].pairs[chosen]
        return Found(float(scores[chosen]), 2 if pair.allowed == (FULLY,) else 0 if pair.allowed == (0,) else 1)


def threshold(found: Sequence[Found]) -> float:
    """The lowest score above which PRECISION of the answers are relevant."""
    ranked = sorted(found, key=lambda one: -one.score)
    relevant, lowest = 0, float("inf")
    for count, one in enumerate(ranked, 1):
        relevant += one.label > 0
        if count >= 20 and relevant / count >= PRECISION:
            lowest = one.score
    return lowest


def retried(asked: Sequence[Asked], cache: Path | None) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Shares: of all questions; and by operator ("any" is all in turn) of those without a confident answer."""
    retriever = Retriever(asked, cache)
    relaxed = [reformulations(one.question) for one in asked]
    wordings = [one.question for one in asked] + [item.text for group in relaxed for item in group]
    by_text = dict(zip(wordings, vectors(wordings, cache), strict=True))
    first = [retriever.best(place, one.question, by_text[one.question]) for place, one in enumerate(asked)]
    limits = [
        threshold([hit for hit, one in zip(first, asked, strict=True) if fold_of(one.product) != fold])
        for fold in range(FOLDS)
    ]
    whole = Counter[str]()
    by: dict[str, Counter[str]] = {name: Counter() for name in (*OPERATORS, "any")}
    for place, (one, hit) in enumerate(zip(asked, first, strict=True)):
        limit = limits[fold_of(one.product)]
        if hit.score >= limit:
            whole.update(["answered"] + ["relevant"] * (hit.label > 0))
            continue
        whole["unanswered"] += 1
        whole[f"unanswered {kind_of(one.question)}"] += 1
        whole["unanswered, but answerable"] += any(pair.relevant for pair in one.pairs)
        again = [(item.operator, retriever.best(place, item.text, by_text[item.text])) for item in relaxed[place]]
        for name in by:
            tried = [best for operator, best in again if name in (operator, "any")]
            by[name]["applies"] += bool(tried)
            if better := next((best for best in tried if best.score >= limit), None):
                by[name].update(["answered"] + ["relevant"] * (better.label > 0) + ["fully"] * (better.label == 2))
    unanswered = max(1, whole["unanswered"])
    shares = {
        name: {
            "applies": counts["applies"] / unanswered, "answered": counts["answered"] / unanswered,
            "relevant of answered": counts["relevant"] / max(1, counts["answered"]),
            "fully of answered": counts["fully"] / max(1, counts["answered"]), "answers": float(counts["answered"]),
        }
        for name, counts in by.items()
    }  # fmt: skip
    total = len(asked)
    overall = {
        "answered at once": whole["answered"] / total,
        "relevant of these": whole["relevant"] / max(1, whole["answered"]),
        "unanswered": whole["unanswered"] / total,
        "answerable of the unanswered": whole["unanswered, but answerable"] / unanswered,
        "polar of the unanswered": whole["unanswered polar"] / unanswered,
    }  # fmt: skip
    return overall, shares


def repairs(data: Path, part: str, heard: bool) -> dict[str, float]:
    """Exact match and token F1 against the fluent question, of the repaired and of the disfluent text itself."""
    totals: dict[str, float] = defaultdict(float)
    examples = pairs(data, part)
    for given, wanted in examples:
        given = " ".join(map(plain, given.split())) if heard else given
        gold = tokens(wanted)
        for name, text in (("repaired", repaired(given)), ("as it is", given)):
            found = tokens(text)
            totals[f"{name}: exact"] += found == gold
            shared = sum((Counter(found) & Counter(gold)).values())
            totals[f"{name}: F1"] += 2 * shared / (len(found) + len(gold)) if shared else 0
    return {name: value / len(examples) for name, value in totals.items()}


def harmed(asked: Sequence[Asked]) -> float:
    """The share of fluent product questions in which a restart is seen where none is (content words are lost)."""
    return float(np.mean([len(tokens(repaired(one.question))) < 0.6 * len(tokens(one.question)) for one in asked]))


def tokens(text: str) -> list[str]:
    """Words without marks and case."""
    return [word for word in map(plain, text.split()) if word]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; 1 when a claim fails, 2 when an argument is wrong."""
    parser = common.arguments("product-reformulate", "Rewordings of questions that found no answer.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, help="folder that keeps sentence vectors")
    parser.add_argument("--questions", type=int, default=977, help="questions of ePQA to ask")
    args = parser.parse_args(argv)
    before = os.getloadavg()
    try:
        asked = epqa(args.data)[: 120 if args.quick else args.questions]
        measured = {heard: repairs(args.data, "test", heard) for heard in (False, True)}
        overall, shares = retried(asked, args.cache / "passages.npz" if args.cache else None)
    except AssistantError as error:
        parser.error(str(error))
    filed = common.report("product-reformulate", [0], rows(measured, overall, shares, harmed(asked)), before)
    if args.json:
        print(json.dumps(asdict(filed) | {"overall": overall, "operators": shares}, indent=2))
        return 0 if filed.met else 1
    return filed.show(False)


def rows(
    measured: dict[bool, dict[str, float]], overall: dict[str, float], shares: dict[str, dict[str, float]], lost: float
) -> list[Row]:
    """The claims."""
    found = []
    for heard, values in measured.items():
        name = "Disfl-QA test" + (", no capitals or marks" if heard else "")
        for metric in ("exact", "F1"):
            found.append(row(f"{name}: {metric}", values[f"repaired: {metric}"], baseline=values[f"as it is: {metric}"],
                             baseline_name="as it is", bar=values[f"as it is: {metric}"], better="higher"))  # fmt: skip
    found.append(row("fluent questions that lose over 40 % of their words", lost, bar=0.01))
    found += [row(f"ePQA, all questions: {name}", value) for name, value in overall.items()]
    for name, values in shares.items():
        found += [row(f"ePQA, unanswered, {name}: {metric}", value) for metric, value in values.items()]
    return found


if __name__ == "__main__":
    sys.exit(main())
