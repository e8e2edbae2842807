"""The raw outputs of an exported head: what calibration and parity look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import open_session, runs

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Outputs:
    """Uncalibrated intent logits float64 [N, I], and tag scores [T, G] of each sentence's tokens."""

    logits: NDArray[np.float64]
    tags: list[Floats]


def outputs_of(folder: Path, trunks: Sequence[NDArray[np.float16]]) -> Outputs:
    """Runs `branch.onnx` and `head.npz` of `folder` over trunk states [T, 384]."""
    session = open_session(folder / "branch.onnx")
    with np.load(folder / "head.npz") as arrays:
        weight, bias = arrays["intent_weight"], arrays["intent_bias"]
    logits = np.zeros((len(trunks), len(weight)))
    tags: list[Floats] = [np.zeros((0, 0), np.float32)] * len(trunks)
    for members in runs([len(trunk) for trunk in trunks]):
        stack = np.stack([trunks[index] for index in members]).astype(np.float32)
        states, found = session.run(["states", "tags"], {"trunk": stack})
        pools = np.concatenate([states.mean(axis=1), states.max(axis=1)], axis=1)
        for row, index in enumerate(members):
            logits[index] = np.einsum("ij,j->i", weight, pools[row]) + bias
            tags[index] = found[row]
    return Outputs(logits, tags)
