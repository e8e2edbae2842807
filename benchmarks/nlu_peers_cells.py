"""One cell of the comparison with peers: a system trained on one set and measured on all its tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import ROOT
from benchmarks.nlu_peers_data import Sentence, chunks, evaluation, nonsense, out_of_scope, read_bio, tags_of, training
from benchmarks.nlu_peers_systems import write_sentences
from benchmarks.peers.diet import project
from nlu.metrics import calibration_error, f1

#: Names the folder of the installed peer (`python -m benchmarks.peers.rasa.setup FOLDER`).
PEER = "NLU_PEERS_RASA"
#: Keyboard mash and out-of-scope sentences that every system reads besides the tests.
PROBES = 100
_TIMEOUT = 4 * 3600.0
_WORKER = Path(project.__file__).with_name("worker.py")


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """Trains and measures `cell`; see the module. Keys of the result: `training`, `reading`, `tests`, `rejection`.

    Raises FileNotFoundError where data is missing, RuntimeError with the end of its output where a system fails.
    """
    rows = training(data, cell["set"], bool(cell["noisy"]), cell.get("limit", 0))
    dev = read_bio(data, cell["set"], "dev")
    parts = evaluation(data, cell["set"], cell.get("test_limit", 0))
    probes = {"mash": nonsense(PROBES), "out of scope": out_of_scope(data, PROBES), "dev": [s.text for s in dev]}
    texts = [text for found in probes.values() for text in found]
    texts += [sentence.text for found in parts.values() for sentence in found]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trained, parsed = _run(cell, rows, dev, texts, folder)
    parses = iter(parsed.pop("parses"))
    probed = {key: [next(parses) for _ in found] for key, found in probes.items()}
    read = {key: [next(parses) for _ in found] for key, found in parts.items()}
    seconds = np.array([parse["seconds"] for found in read.values() for parse in found])
    return {
        "rows": len(rows),
        "training": trained,
        "reading": {
            "peak_mb": parsed["peak_mb"],
            "p50_ms": 1e3 * float(np.percentile(seconds, 50)),
            "p99_ms": 1e3 * float(np.percentile(seconds, 99)),
        },
        "tests": {key: scores(found, parts[key]) for key, found in read.items()},
        "rejection": rejection(probed),
    }


def _run(
    cell: Mapping[str, Any], rows: Sequence[Sentence], dev: Sequence[Sentence], texts: Sequence[str], folder: Path
) -> tuple[dict[str, float], dict[str, Any]]:
    """What training cost, and what reading the texts gave."""
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    if cell["system"] == "diet":
        project.write(folder, rows, cell["epochs"], cell["batch"], cell["seed"], bool(cell["bilou"]))
        peer = os.environ.get(PEER)
        if not peer:
            raise RuntimeError("Rasa is not installed for this run: give its folder with --peer")
        command = [str(Path(peer) / "venv" / "bin" / "python"), str(_WORKER)]
        environment = project.environment()
    else:
        (folder / "cell.json").write_text(json.dumps(dict(cell)), encoding="utf-8")
        write_sentences(folder / "rows.json", rows)
        write_sentences(folder / "dev.json", dev)
        command = [sys.executable, "-c", "from benchmarks.nlu_peers_systems import main; main()"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for step in ("train", "read"):
        done = subprocess.run(
            [*command, step, str(folder)], env=environment, capture_output=True, text=True, check=False,
            timeout=_TIMEOUT, cwd=folder,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{cell['system']} failed to {step}: {done.stderr[-1500:]}")
    trained: dict[str, float] = json.loads((folder / "trained.json").read_text("utf-8"))
    parsed: dict[str, Any] = json.loads((folder / "parsed.json").read_text("utf-8"))
    return trained, parsed


def scores(parses: Sequence[Mapping[str, Any]], gold: Sequence[Sentence]) -> dict[str, Any]:
    """Intent accuracy, calibration error and exact slot F1 (type, first and last word), and what pairing needs.

    `right`: a digit a sentence; `slots`: right, predicted and gold chunks of each sentence.
    """
    right = np.array([parse["intent"] == sentence.intent for parse, sentence in zip(parses, gold, strict=True)])
    slots = []
    for parse, sentence in zip(parses, gold, strict=True):
        ours = Counter(chunks(tags_of(sentence.words, [(n, a, b) for n, a, b in parse["entities"]])))
        theirs = Counter(chunks(sentence.tags))
        slots.append([(ours & theirs).total(), ours.total(), theirs.total()])
    hits, predicted, wanted = np.sum(slots, axis=0).tolist()
    return {
        "intent": float(right.mean()),
        "slot_f1": f1(hits, predicted, wanted),
        "ece": calibration_error(np.array([parse["confidence"] for parse in parses]), right),
        "right": "".join("01"[int(value)] for value in right),
        "slots": slots,
    }


def rejection(probed: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, float]:
    """Confidence in nonsense, and shares of it that are taken: by each system's own rule, and by the confidence that
    keeps 95 % of the dev sentences."""
    threshold = float(np.quantile([parse["confidence"] for parse in probed["dev"]], 0.05))
    *mash, empty = probed["mash"]
    out = {"empty_confidence": empty["confidence"], "empty_taken": float(empty["accepted"])}
    for name, parses in (("mash", mash), ("out_of_scope", probed["out of scope"])):
        sure = np.array([parse["confidence"] for parse in parses])
        out[f"{name}_confidence"] = float(sure.mean())
        out[f"{name}_taken"] = float(np.mean([parse["accepted"] for parse in parses]))
        out[f"{name}_at_95"] = float((sure >= threshold).mean())
    return out
