"""CLINC150 protocol: train on its 150 intents and 250 out-of-scope sentences, measure on its official test parts."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nlu.data import OUT_OF_SCOPE, Row, clinc
from nlu.encoder import Encoder
from nlu.export_encoder import read_weights, upstream
from nlu.metrics import accepted_at_recall, auroc
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.train_data import Labels, examples
from nlu.train_fit import Plan, fit
from nlu.train_model import Branch, intent_logits_of

Doubles = NDArray[np.float64]
PARTS = ("val", "oos_val", "test", "oos_test")
#: The 250 out-of-scope sentences are shown this often an epoch, so that they weigh like a few intents.
TIMES = 5


def log_sum(logits: Doubles) -> Doubles:
    """log sum exp over the last axis."""
    peak = logits.max(axis=1)
    return np.asarray(peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1)))


#: Scores that are high where no intent fits; the last column of the logits is out of scope.
SCORES: dict[str, Callable[[Doubles], Doubles]] = {
    "probability": lambda logits: logits[:, -1] - log_sum(logits),
    "largest intent": lambda logits: log_sum(logits) - logits[:, :-1].max(axis=1),
    "energy": lambda logits: -log_sum(logits[:, :-1]),
}


def rows_of(data: Path) -> tuple[list[Row], dict[str, list[Row]]]:
    """Training rows, and the rows of the four parts that measure."""
    outside = [Row(text, OUT_OF_SCOPE, (), "clinc") for text, _ in clinc(data, "oos_train", plus=True)]
    train = [Row(text, intent, (), "clinc") for text, intent in clinc(data, "train")] + outside * TIMES
    parts = {
        part: [Row(text, OUT_OF_SCOPE if "oos" in part else intent, (), "clinc") for text, intent in clinc(data, part)]
        for part in PARTS
    }
    return train, parts


def measure(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """One system (`ours` or `linear`) with one seed: {accuracy, score, accepted, auroc, seconds}."""
    train, parts = rows_of(data)
    labels = Labels((*sorted({row.intent for row in train} - {OUT_OF_SCOPE}), OUT_OF_SCOPE), ())
    started = time.process_time()
    system = linear if cell["system"] == "linear" else encoder
    logits = system(train, parts, labels, cell)
    seconds = time.process_time() - started
    chosen = min(SCORES, key=lambda name: -auroc(SCORES[name](logits["val"]), SCORES[name](logits["oos_val"])))
    inside, outside = (SCORES[chosen](logits[part]) for part in ("test", "oos_test"))
    gold = [labels.intents.index(row.intent) for row in parts["test"]]
    # The threshold that keeps 95 % of val, so that nothing of the test part is used to set it.
    threshold = np.quantile(SCORES[chosen](logits["val"]), 0.95)
    return {
        "accuracy": float((logits["test"][:, :-1].argmax(1) == gold).mean()),
        "score": chosen,
        "accepted": accepted_at_recall(inside, outside),
        "accepted_at_val_threshold": float((outside <= threshold).mean()),
        "recall_at_val_threshold": float((inside <= threshold).mean()),
        "auroc": auroc(inside, outside),
        "cpu_seconds": seconds,
    }


def encoder(train: list[Row], parts: dict[str, list[Row]], labels: Labels, cell: dict[str, Any]) -> dict[str, Doubles]:
    """The shipped trunk with trained upper layers, as every model of the project."""
    torch.set_num_threads(1)
    source = Encoder(MODELS / ENCODER_FOLDER)
    made = {part: examples(rows, labels, source) for part, rows in parts.items()}
    torch.manual_seed(cell["seed"])
    model = Branch(read_weights(upstream()), source.trunk, labels)
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(cell["epochs"], 2e-4, cell["seed"])
        fit(model, [examples(train, labels, source)], made["val"], plan, Path(folder))
    return {part: intent_logits_of(model, rows).astype(np.float64) for part, rows in made.items()}


def linear(train: list[Row], parts: dict[str, list[Row]], labels: Labels, cell: dict[str, Any]) -> dict[str, Doubles]:
    """TF-IDF of words and characters with logistic regression, on the same rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped,unused-ignore]
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,unused-ignore]
    from sklearn.pipeline import make_pipeline, make_union  # type: ignore[import-untyped,unused-ignore]

    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2),
    )
    model = make_pipeline(features, LogisticRegression(C=20, max_iter=200, random_state=cell["seed"]))
    model.fit([row.text for row in train], [row.intent for row in train])
    order = [list(model.classes_).index(intent) for intent in labels.intents]
    return {part: model.decision_function([row.text for row in rows])[:, order] for part, rows in parts.items()}
