"""Measures the head, and a linear floor trained on the same rows: `python -m nlu.evaluate --data DIR
[--json]`.

SLURP devel chose the training epoch, so its figures are a little kind; the real transcripts of SLURP test and
CLINC150's oos_test were never used to choose anything.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.data import (
    DIALOG_INTENTS,
    OUT_OF_SCOPE,
    Row,
    clinc,
    mash,
    normalise,
    slurp_devel_recognised,
    slurp_gold,
    slurp_transcripts,
    training_rows,
)
from nlu.metrics import accepted_at_recall, auroc, calibration_error, exact_f1, lenient_f1
from nlu.runtime import Understander
from nlu.training.scores import parse_all, top
from nlu.types import Parse

#: Entities the data sets do not annotate; left out of the F1.
OWN_ENTITIES = ("list_item",)
#: CLINC150 intents that play the plugin: ten training examples each, tested on the official test part.
_FEW_SHOT = """
timer measurement_conversion flip_coin roll_dice spelling make_call text fun_fact meaning_of_life find_phone
translate calories tire_pressure balance plug_type user_name change_language
"""
FEW_SHOT = _FEW_SHOT.split()


def intent_scores(parses: Sequence[Parse], gold: Sequence[str]) -> dict[str, float]:
    """Accuracy of intent and scenario (out of scope being one answer), of the best intent, and calibration
    error.
    """
    best = [top(parse) for parse in parses]
    right = np.array([name == wanted for (name, _), wanted in zip(best, gold, strict=True)])
    first = [parse.intents[0][0] == wanted for parse, wanted in zip(parses, gold, strict=True)]
    scenario = [
        name.split("_")[0] == wanted.split("_")[0] for (name, _), wanted in zip(best, gold, strict=True)
    ]
    return {
        "intent_accuracy": float(right.mean()),
        "best_intent_accuracy": float(np.mean(first)),
        "scenario_accuracy": float(np.mean(scenario)),
        "ece": calibration_error(np.array([chance for _, chance in best]), right),
    }


def span_f1(parses: Sequence[Parse], rows: Sequence[Row]) -> float:
    """Exact micro F1: name and both character offsets."""
    ours = [
        Counter((e.name, str(e.start), str(e.end)) for e in p.entities if e.name not in OWN_ENTITIES)
        for p in parses
    ]
    gold = [Counter((s.name, str(s.start), str(s.end)) for s in row.spans or ()) for row in rows]
    return exact_f1(ours, gold)


def value_f1(parses: Sequence[Parse], rows: Sequence[Row]) -> dict[str, float]:
    """Strict (name and normalised value equal) and lenient (word overlap) F1, where offsets cannot be
    compared.
    """
    ours = [[(e.name, normalise(e.value)) for e in p.entities if e.name not in OWN_ENTITIES] for p in parses]
    gold = [[(s.name, normalise(row.text[s.start : s.end])) for s in row.spans or ()] for row in rows]
    strict = exact_f1([Counter(item) for item in ours], [Counter(item) for item in gold])
    return {"entity_f1_strict": strict, "entity_f1_lenient": lenient_f1(ours, gold)}


def speed(understander: Understander, texts: Sequence[str], batch: int = 64) -> dict[str, float]:
    """Latency of single sentences (ms) and sentences per second, one by one and in batches; one thread."""
    for text in texts[:20]:
        understander.parse([text])
    times = []
    for text in texts:
        start = time.perf_counter()
        understander.parse([text])
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    for first in range(0, len(texts), batch):
        understander.parse(texts[first : first + batch])
    return {
        "p50_ms": float(np.median(times)) * 1e3,
        "p99_ms": float(np.quantile(times, 0.99)) * 1e3,
        "single_per_s": len(texts) / sum(times),
        f"batch{batch}_per_s": len(texts) / (time.perf_counter() - start),
    }


def few_shot(understander: Understander, data: Path, devel: Sequence[Row]) -> dict[str, Any]:
    """Ten CLINC150 examples an intent as a plugin would give them: accuracy on its test part, damage on
    devel.
    """
    train, test = clinc(data, "train"), clinc(data, "test")
    given = {f"clinc_{name}": [text for text, intent in train if intent == name][:10] for name in FEW_SHOT}
    start = time.perf_counter()
    extended = understander.with_examples(given)
    seconds = time.perf_counter() - start
    wanted = [(text, f"clinc_{intent}") for text, intent in test if intent in FEW_SHOT]
    found = extended.parse([text for text, _ in wanted])
    right = np.array([top(p)[0] == name for p, (_, name) in zip(found, wanted, strict=True)])
    texts, gold = [row.text for row in devel], [row.intent for row in devel]
    before = intent_scores(understander.parse(texts), gold)["intent_accuracy"]
    after = intent_scores(extended.parse(texts), gold)["intent_accuracy"]
    noise = extended.parse([mash(random.Random(seed)) for seed in range(300)])
    return {
        "intents": len(given),
        "examples_each": 10,
        "fit_s": seconds,
        "accuracy": float(right.mean()),
        "ece": calibration_error(np.array([top(p)[1] for p in found]), right),
        "devel_damage_points": 100 * (before - after),
        "mash_claimed": float(np.mean([top(p)[0].startswith("clinc_") for p in noise])),
    }


def encoder_parity(understander: Understander, texts: Sequence[str]) -> dict[str, float] | None:
    """Cosine of the int8 encoder to the upstream float32 weights; None without torch or those weights."""
    try:
        from nlu.export_encoder import exact_vectors, upstream

        folder = upstream()
        exact = exact_vectors(folder, texts)
    except (ImportError, FileNotFoundError):
        return None
    ours = understander.encode(texts)
    cosines = (exact * ours).sum(axis=1)
    pairs = np.abs(exact @ exact.T - ours @ ours.T)
    return {
        "mean": float(cosines.mean()),
        "min": float(cosines.min()),
        "pairwise_mean": float(pairs.mean()),
        "pairwise_max": float(pairs.max()),
        "sentences": len(texts),
    }


def linear_floor(
    train: Sequence[Row],
    parts: dict[str, tuple[list[str], list[str]]],
    inside: Sequence[str],
    outside: Sequence[str],
) -> dict[str, Any]:
    """TF-IDF (words and characters) with logistic regression on the same rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore
    from sklearn.linear_model import LogisticRegression  # type: ignore
    from sklearn.pipeline import make_pipeline, make_union  # type: ignore

    start = time.perf_counter()
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2),
    )
    model = make_pipeline(features, LogisticRegression(C=20, max_iter=200))
    model.fit([row.text for row in train], [row.intent for row in train])
    out: dict[str, Any] = {"fit_s": time.perf_counter() - start}
    for name, (texts, gold) in parts.items():
        chances = model.predict_proba(texts)
        right = model.classes_[chances.argmax(1)] == np.array(gold)
        out[name] = {"intent_accuracy": float(right.mean()), "ece": calibration_error(chances.max(1), right)}
    column = list(model.classes_).index(OUT_OF_SCOPE)
    scores: list[NDArray[np.float64]] = [
        model.predict_proba(list(texts))[:, column] for texts in (inside, outside)
    ]
    out["clinc_oos_accepted_at_95"], out["clinc_oos_auroc"] = (
        accepted_at_recall(scores[0], scores[1]),
        auroc(scores[0], scores[1]),
    )
    return out


def evaluate(understander: Understander, data: Path, seed: int, floor: bool = True) -> dict[str, Any]:
    """All figures of the card as one dictionary."""
    devel = [item["row"] for item in slurp_gold(data, "devel")]
    pairs = slurp_transcripts(data)
    train, held = training_rows(data, seed)
    held_rows = [row for row in held if row.source in ("slurp_train", "hwu", "hwu_typed")]
    devel_texts, devel_gold = [row.text for row in devel], [row.intent for row in devel]
    heard, gold_rows = [text for text, _ in pairs], [row for _, row in pairs]
    parses = understander.parse(devel_texts)
    spoken = parse_all(understander, heard)
    misheard, meant = zip(*slurp_devel_recognised(data), strict=True)
    devel_spoken = parse_all(understander, misheard)
    outside = [text for text, _ in clinc(data, "oos_test")]
    scores = [np.array([p.out_of_scope for p in found]) for found in (parses, understander.parse(outside))]
    noise = understander.parse([mash(random.Random(seed)) for seed in range(300)])
    held_parses = understander.parse([row.text for row in held_rows])
    result: dict[str, Any] = {
        "model": understander.version,
        "encoder": understander.encoder_version,
        "slurp_devel": intent_scores(parses, devel_gold) | {"entity_f1_exact": span_f1(parses, devel)},
        "slurp_devel_recognised": intent_scores(devel_spoken, [row.intent for row in meant])
        | value_f1(devel_spoken, meant),
        "slurp_test_text": {},
        "slurp_test_transcripts": intent_scores(spoken, [row.intent for row in gold_rows])
        | value_f1(spoken, gold_rows)
        | {"recordings": len(pairs)},
        "held_out": intent_scores(held_parses, [row.intent for row in held_rows]) | {"rows": len(held_rows)},
        "clinc_oos_accepted_at_95": accepted_at_recall(scores[0], scores[1]),
        "clinc_oos_auroc": auroc(scores[0], scores[1]),
        "clinc_oos_rejected": float((scores[1] > 0.5).mean()),
        "devel_rejected": float((scores[0] > 0.5).mean()),
        "mash_out_of_scope_mass": float(np.mean([p.out_of_scope for p in noise])),
        "dialog_intents_on_devel": sum(top(p)[0] in DIALOG_INTENTS for p in parses),
        "few_shot": few_shot(understander, data, devel),
        "speed": speed(understander, devel_texts[:600]),
        "encoder_cosine_to_fp32": encoder_parity(understander, devel_texts[:500] + outside[:500]),
    }
    test = [item["row"] for item in slurp_gold(data, "test")]
    test_parses = understander.parse([row.text for row in test])
    result["slurp_test_text"] = intent_scores(test_parses, [row.intent for row in test]) | {
        "entity_f1_exact": span_f1(test_parses, test)
    }
    if floor:
        parts = {
            "slurp_devel": (devel_texts, devel_gold),
            "slurp_test_transcripts": (heard, [row.intent for row in gold_rows]),
        }
        result["linear_floor"] = linear_floor(train, parts, devel_texts, outside)
    return result


def main(argv: list[str] | None = None) -> int:
    """Command line: --data DIR, --model DIR (default: shipped), --seed of training, --no-floor, --json."""
    parser = argparse.ArgumentParser(prog="python -m nlu.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the training rows (for the linear floor)"
    )
    parser.add_argument("--no-floor", action="store_true", help="leave the linear floor out")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args(argv)
    result = evaluate(Understander.load(options.model), options.data, options.seed, not options.no_floor)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        for name, value in result.items():
            print(f"{name}: {value}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
