"""One measured step of the scale benchmark, in a process of its own whose memory nothing else touches.

    python -m benchmarks.routing_scale_cells FOLDER METHOD STEPS     a saved data set -> a policy and its certificate
    python -m benchmarks.routing_scale_cells FOLDER extract          a log -> a data set

The last line of what it prints is JSON. `{"ready": true}` comes after all imports: memory is counted from there.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dialog.types import Understanding, Utterance
from policies.bounds import Bounds

TRAIN, VALID = 0.8, 20_000  # share to train on, decisions to choose by; the others certify
BOUNDS = Bounds((0.6, 1.0))


def learn(folder: Path, method: str, steps: int) -> dict[str, Any]:
    """Train on most of a data set, certify on the others; seconds, rates and results."""
    from policies.blocks import propensities_of
    from policies.certify import certify
    from policies.dataset import Dataset
    from policies.settings import Settings
    from policies.train import train

    _ready()
    data = Dataset.load(folder)
    n = len(data)
    cut = int(n * TRAIN)
    training, valid, held = (data.take(slice(*part)) for part in ((0, cut - VALID), (cut - VALID, cut), (cut, n)))
    settings = Settings(steps=steps, evaluations=2, residual=method != "ring")
    begun = time.perf_counter()
    trained = train(training, valid, method, BOUNDS, settings, seed=0)
    learned = time.perf_counter()
    new = propensities_of(trained.policy, held)
    told = time.perf_counter()
    certificate = certify(held, new, BOUNDS)
    done = time.perf_counter()
    return {
        "decisions": n, "held": len(held), "seconds": learned - begun, "steps_seconds": trained.seconds,
        "examples": steps * settings.batch, "evaluated": told - learned, "certified": done - told,
        "gain_low": certificate.value.low, "passed": certificate.passed, "refused": list(certificate.refused),
    }  # fmt: skip


class Recalled:
    """An `NLU` that is never asked: the log keeps the sentence vectors of all its turns."""

    version, encoder = "scale-1", "minilm-int8"

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None:
        """Nothing to fit."""

    async def understand(self, utterance: Utterance) -> Understanding:
        """Raises `AssertionError`: the log did not keep a vector."""
        raise AssertionError(f"the vector of {utterance.text!r} is not in the log")

    async def close(self) -> None:
        """Nothing to close."""


async def read(folder: Path) -> dict[str, Any]:
    """The log in `folder` as arrays; seconds and counts."""
    from assistant.learning.extract import extract
    from dialog.encoder import Encoder
    from dialog.log import Log

    _ready()
    begun = time.perf_counter()
    skills = {f"skill{k}": np.zeros(384, np.float32) for k in range(40)}
    async with await Log.open(f"sqlite:///{folder}/log.db", read_only=True) as log:
        encoder = Encoder(Recalled(), asyncio.get_running_loop())
        found = await extract(log, folder / "data", skills, encoder, 180.0)
    seconds = time.perf_counter() - begun
    return {"decisions": len(found.dataset), "counts": dict(found.counts), "seconds": seconds}


def _ready() -> None:
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()  # until the memory has been read


def main() -> int:
    """Do what the arguments say."""
    folder, what = Path(sys.argv[1]), sys.argv[2]
    work: Callable[[], dict[str, Any]] = (
        (lambda: asyncio.run(read(folder))) if what == "extract" else lambda: learn(folder, what, int(sys.argv[3]))
    )
    print(json.dumps(work()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
