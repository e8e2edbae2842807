"""Our own understanding in the comparison with peers: `assistant train nlu` on the rows, read as it is served."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.nlu_peers_data import Sentence

#: Name of each kind of our training. `ours` trains layers 4 to 6 and the heads; `head` the heads alone, without torch;
#: `noise` is `ours` with half of the rows of each epoch through the simulated recogniser, on typed rows alone.
KINDS = ("ours", "noise", "head")
_SHARE, _RATE_OF_ERRORS = 0.5, 0.25


def write_bio(folder: Path, sentences: Sequence[Sentence]) -> None:
    """`seq.in`, `seq.out` and `label` of the sentences."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "seq.in").write_text("".join(s.text + "\n" for s in sentences), encoding="utf-8")
    (folder / "seq.out").write_text("".join(" ".join(s.tags) + "\n" for s in sentences), encoding="utf-8")
    (folder / "label").write_text("".join(s.intent + "\n" for s in sentences), encoding="utf-8")


def settings(cell: Mapping[str, Any]) -> dict[str, Any]:
    """The training configuration of a cell: what differs from the shipped one."""
    out: dict[str, Any] = {"seed": cell["seed"]}
    if cell["system"] == "head":
        return out
    out |= {"epochs": cell["epochs"], "patience": cell["epochs"]}
    out["rates"] = {"layers": cell["rate"], "heads": 10 * cell["rate"]}
    if cell["system"] == "noise":
        out["noise"] = {"share": _SHARE, "wer": _RATE_OF_ERRORS}
    return out


def train(cell: Mapping[str, Any], sentences: Sequence[Sentence], dev: Sequence[Sentence], folder: Path) -> None:
    """Trains into `folder/model`; dev chooses the epoch and calibrates. Raises RuntimeError where training fails."""
    from nlu.training.cli import main

    write_bio(folder / "train", sentences)
    write_bio(folder / "dev", dev)
    (folder / "train.yml").write_text(yaml.safe_dump(settings(cell)), encoding="utf-8")
    arguments = ["--data", str(folder / "train"), "--dev", str(folder / "dev"), "--config", str(folder / "train.yml")]
    arguments += ["--out", str(folder / "model"), "--allow-unknown", "--json"]
    with (folder / "report.json").open("w", encoding="utf-8") as report, contextlib.redirect_stdout(report):
        code = main([*arguments, *(["--head-only"] if cell["system"] == "head" else [])])
    if code:
        raise RuntimeError(f"assistant train nlu ended with {code}: {json.dumps(dict(cell))}")
    sys.stdout.flush()
