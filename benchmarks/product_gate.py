"""Is a text in a shop a question, and what keywords stand for.

    python -m benchmarks.product_gate [--data DIR] [--cache DIR] [--seeds 3] [--quick] [--json]

Gate: held-out product questions, keywords made of them, product searches and everyday requests (SLURP, CLINC150); F1
where 2 % of the texts ask something. Ours is trained anew for each seed, with that seed's split of texts. The
baselines show an answer where the best of the known questions scores above a threshold (BM25, cosine). All thresholds
are set on the development part. Rewriting: find the FAQ's own question from keywords made of it.
"""

from __future__ import annotations

import ast
import csv
import gzip
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.common import Row, row
from benchmarks.product_gate_lexical import Lexical
from benchmarks.statistics import mean_interval
from dialog.errors import AssistantError
from plugins.product_qa.gate import Gate, keywords_of, question_of
from plugins.product_qa.gate.lexicon import WH
from plugins.product_qa.training.gate import (
    FALSE_ALARMS,
    VECTORS,
    Set,
    best_f1,
    calibrated,
    f1_at,
    fit,
    intents,
    measures,
    ready,
)
from plugins.product_qa.training.gate_data import CHAT, KEYWORDS, QUESTION, SEARCH, parts_of
from plugins.product_qa.training.gate_vectors import vectors
from plugins.product_qa.types import CatalogueError

ROUNDS, CONFIDENT = 4, 0.9
#: Phrases in a keyword query; 0 for all that the question holds.
QUERIES = (0, 2, 1)
Scores = NDArray[np.float64]


def at_two(scores: Scores, held: Set, threshold: float) -> dict[str, float]:
    """Recall, precision and F1 at 2 %, and the share of everyday requests that pass."""
    passed = scores >= threshold
    recall, alarms = float(passed[held.asks].mean()), float(passed[~held.asks].mean())
    precision, f1 = f1_at(recall, alarms)
    everyday = float(passed[held.labels == CHAT].mean())
    scoped = np.array([one.source != "clinc oos" for one in held.examples]) & ~held.asks
    questions = f1_at(float(passed[held.labels == QUESTION].mean()), float(passed[scoped].mean()))[1]
    return {"F1": f1, "precision": precision, "recall": recall, "false alarms": everyday,
            "F1, questions among searches and in-domain requests": questions,
            "searches taken": float(passed[held.labels == SEARCH].mean())}  # fmt: skip


def gates(data: Path, cache: Path | None, seed: int) -> dict[str, dict[str, float]]:
    """Every system with its own threshold, on the test part of the seed's split."""
    found = parts_of(data, seed)
    train, dev, test = (ready(part, cache) for part in (found.train, found.dev, found.test))
    ours = calibrated(fit(train, 1.0, True, seed), dev, True)
    words = calibrated(fit(train, 1.0, False, seed), dev, False)
    known = train.of(train.labels == QUESTION)
    lexical = Lexical([one.text for one in known.examples])
    systems = {
        "ours": (intents(ours, dev), intents(ours, test)),
        "without vector": (intents(words, dev, False), intents(words, test, False)),
        "BM25 threshold": tuple(_nearest_lexical(lexical, part) for part in (dev, test)),
        "cosine threshold": tuple(_nearest(known, part) for part in (dev, test)),
    }
    out = {name: at_two(scores[1], test, best_f1(scores[0], dev.asks)[0]) for name, scores in systems.items()}
    out["ours, threshold as shipped"] = at_two(systems["ours"][1], test, ours.threshold)
    out |= {f"loop, round {number}": value for number, value in enumerate(loop(train, dev, test, seed))}
    return out


def loop(train: Set, dev: Set, test: Set, seed: int) -> list[dict[str, float]]:
    """The bootstrap of Generate-then-Retrieve (section 3.1), with gold labels as the annotators.

    It starts from questions and keywords of one set, and requests that do not begin with a question word; each round
    adds the unseen texts that are taken for questions with CONFIDENT, corrected.
    """
    sources = np.array([one.source for one in train.examples])
    starts = np.array([one.text.split()[0].lower() in WH for one in train.examples])
    rng = np.random.default_rng(seed)
    seen = (np.char.startswith(sources, "semipqa") | ((train.labels == CHAT) & ~starts)) & (
        rng.random(len(sources)) < 0.5
    )
    out = []
    for number in range(ROUNDS + 1):
        part = calibrated(
            fit(train.of(seen), 1.0, True, seed), dev.of(np.isin(dev.labels, (QUESTION, KEYWORDS, CHAT))), True
        )
        limit = best_f1(intents(part, dev), dev.asks)[0]
        out.append(at_two(intents(part, test), test, limit) | {"labelled": float(seen.sum())})
        if number < ROUNDS:
            sure = np.flatnonzero(~seen)
            sure = sure[intents(part, train.of(sure)) > CONFIDENT]
            seen[sure] = True
    return out


def _nearest(known: Set, asked: Set) -> Scores:
    return np.asarray((asked.vectors @ known.vectors.T).max(axis=1), dtype=np.float64)


def _nearest_lexical(known: Lexical, asked: Set) -> Scores:
    return np.array([known.scores(one.text).max() for one in asked.examples])


def faqs(data: Path) -> dict[str, list[str]]:
    """The questions of the two FAQ collections, each once. Raises `CatalogueError` naming what is missing."""
    bank, shop = data / "faq_banking" / "BankFAQs.csv", data / "pqa_amazon_qa_appliances" / "qa_Appliances.json.gz"
    try:
        with bank.open(encoding="utf-8", newline="") as file:
            banking = [one["Question"] for one in csv.DictReader(file)]
        with gzip.open(shop, "rt", encoding="utf-8") as lines:
            appliances = [str(ast.literal_eval(line)["question"]) for line in lines]
    except (OSError, KeyError, ValueError, SyntaxError) as error:
        raise CatalogueError(f"{data}: {error}") from error
    short = [text for text in appliances if len(text.split()) <= 25]
    return {"faq_banking": list(dict.fromkeys(banking)), "appliances": list(dict.fromkeys(short))}


def retrieval(questions: Sequence[str], phrases: int, cache: Path | None, most: int, size: int) -> dict[str, float]:
    """Hit@1 and MRR of finding a question from its keywords, BM25 and dense, as typed and rewritten."""
    pool = [questions[place] for place in np.random.default_rng(0).permutation(len(questions))[:size]]
    lexical, stored = Lexical(pool), vectors(pool, cache)
    typed = [(place, keywords_of(text, phrases)) for place, text in enumerate(pool)]
    typed = [(place, query) for place, query in typed if 1 < len(query.split()) < 9][:most]
    rewritten = [question_of(query) for _, query in typed]
    texts = {"typed": [query for _, query in typed], "rewritten": [one.text for one in rewritten]}
    out = {"queries": float(len(typed)), "rewritten": float(np.mean([one.confidence > 0 for one in rewritten]))}
    for form, queries in texts.items():
        asked = vectors(queries, cache)
        ranks: dict[str, list[int]] = {"BM25": [], "dense": []}
        for (place, _), query, vector in zip(typed, queries, asked, strict=True):
            for name, scores in (("BM25", lexical.scores(query)), ("dense", stored @ vector)):
                better, equal = (scores > scores[place]).sum(), (scores == scores[place]).sum()
                ranks[name].append(int(better + (equal + 1) // 2))  # ties stand in the middle
        for name, found in ranks.items():
            out[f"{name} {form} hit@1"] = float(np.mean([rank == 1 for rank in found]))
            out[f"{name} {form} MRR"] = float(np.mean([1 / rank for rank in found]))
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; 1 when a claim fails, 2 when an argument is wrong."""
    parser = common.arguments("product-gate", "Questions, keywords and everything else.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, help="folder that keeps sentence vectors")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args(argv)
    before = os.getloadavg()
    seeds = [0] if args.quick else list(range(args.seeds))
    cache = args.cache / VECTORS if args.cache else None
    steps = common.Steps(len(seeds) + 2 * len(QUERIES) + 1)
    try:
        with steps.shown():
            systems: dict[str, dict[str, list[float]]] = {}
            for seed in seeds:
                steps.begin(f"gates, seed {seed}")
                for name, values in gates(args.data, cache, seed).items():
                    for metric, value in values.items():
                        systems.setdefault(name, {}).setdefault(metric, []).append(value)
                steps.done()
            steps.begin("the shipped gate")
            test = ready(parts_of(args.data, 0).test, cache)
            shipped = measures(Gate.load().full, test, True)
            speed = _speed(test)
            steps.done()
            found = {}
            for name, questions in faqs(args.data).items():
                for phrases in QUERIES:
                    steps.begin(f"{name}, {phrases or 'all'} phrases")
                    most, size = (100, 500) if args.quick else (500, 2000)
                    found[f"{name}, {phrases or 'all'} phrases"] = retrieval(questions, phrases, cache, most, size)
                    steps.done()
    except AssistantError as error:
        parser.error(str(error))
    filed = common.report("product-gate", seeds, rows(systems, shipped, speed, found), before)
    if args.json:
        print(json.dumps(asdict(filed) | {"systems": systems, "shipped": shipped, "retrieval": found}, indent=2))
        return 0 if filed.met else 1
    return filed.show(False)


def _speed(test: Set) -> float:
    """Milliseconds per text, the vector given, p50."""
    gate, took = Gate.load(), []
    for one, vector in list(zip(test.examples, test.vectors, strict=True))[:500]:
        began = time.perf_counter()
        gate(one.text, vector)
        took.append(1000 * (time.perf_counter() - began))
    return float(np.median(took))


def rows(
    systems: dict[str, dict[str, list[float]]],
    shipped: dict[str, float],
    speed: float,
    found: dict[str, dict[str, float]],
) -> list[Row]:
    """The claims."""
    out = []
    for name, by in systems.items():
        mean, interval = mean_interval(by["F1"])
        out.append(row(f"F1 at 2 %, {name}", mean, ci95=interval, bar=0.9 if name == "ours" else None, better="higher"))
        out += [row(f"{metric}, {name}", float(np.mean(values))) for metric, values in by.items() if metric != "F1"]
    for name, value in shipped.items():
        everyday = name in ("passed: clinc", "passed: slurp")
        out.append(row(f"shipped gate: {name}", value, bar=2 * FALSE_ALARMS if everyday else None))
    out.append(row("ms per text, p50 (vector given)", speed, bar=1.0))
    for name, values in found.items():
        out.append(row(f"{name}: share with a template", values["rewritten"]))
        for system in ("BM25", "dense"):
            for metric in ("hit@1", "MRR"):
                typed = values[f"BM25 typed {metric}"]
                # Where BM25 leaves no 15 points to gain, the published gain cannot be asked for.
                bar = typed + 0.15 if metric == "hit@1" and typed <= 0.85 else None
                out.append(row(f"{name}: {metric}, {system}, rewritten", values[f"{system} rewritten {metric}"],
                               bar=bar, baseline=typed, baseline_name="BM25, as typed", better="higher"))  # fmt: skip
            out.append(row(f"{name}: hit@1, {system}, as typed", values[f"{system} typed hit@1"]))
    return out


if __name__ == "__main__":
    sys.exit(main())
