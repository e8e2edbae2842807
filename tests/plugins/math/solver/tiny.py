"""A solver of a few kilobytes with random weights, and a trunk that makes up its states."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import Words
from nlu.graph import GraphBuilder
from plugins.math.solver.folder import CARD, FORMAT, RETRIEVAL, SYMBOLS, branch, decoders, digest
from plugins.math.solver.retrieval import quantised
from plugins.math.solver.symbols import CONSTANTS

WIDTH, RELATION, SEQUENCE = 8, 6, 5
VERSION = "tiny-encoder+1"


class TinyTrunk:
    """States that hang on each word alone; texts are cut after `most` words."""

    version = VERSION

    def __init__(self, most: int = 126) -> None:
        self.most = most
        self.runs = 0

    def frozen_states(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float16], Words]]:
        self.runs += 1
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> tuple[NDArray[np.float16], Words]:
        found = list(re.finditer(r"\w+|[^\w\s]", text))[: self.most]
        seeds = ["[CLS]", *(match.group() for match in found), "[SEP]"]
        states = np.stack([np.random.default_rng(zlib.crc32(word.encode())).normal(size=WIDTH) for word in seeds])
        words = Words(
            list(range(1, len(found) + 1)), [match.start() for match in found], [match.end() for match in found]
        )
        return states.astype(np.float16), words


def weights(seed: int, scale: float = 1.0) -> dict[str, NDArray[np.float32]]:
    """Random weights of both decoders, by state-dict name."""
    rng = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {"number_in.weight": (WIDTH, 16), "number_in.bias": (WIDTH,)}
    d, m = RELATION, SEQUENCE

    def linear(name: str, inputs: int, outputs: int, bias: bool = True) -> None:
        shapes[f"{name}.weight"] = (outputs, inputs)
        if bias:
            shapes[f"{name}.bias"] = (outputs,)

    def gru(name: str, inputs: int, size: int) -> None:
        shapes.update({f"{name}.weight_ih": (3 * size, inputs), f"{name}.weight_hh": (3 * size, size)})
        shapes.update({f"{name}.bias_ih": (3 * size,), f"{name}.bias_hh": (3 * size,)})

    linear("relation.quantity", WIDTH + 16, d)
    linear("relation.context", WIDTH, d)
    for name in ("left", "right", "both"):
        linear(f"relation.{name}", d, d, bias=False)
    linear("relation.pair", 12, d)
    linear("relation.hidden", d, d)
    linear("relation.score", d, 12)
    linear("relation.unary", d, 1)
    linear("relation.result", 4, 2)
    for index in range(6):
        linear(f"relation.ops.{index}", d, d)
    gru("relation.update", d, d)
    shapes["relation.constants"] = (len(CONSTANTS), d)
    for name in ("relation.norm", "relation.op_norm"):
        shapes.update({f"{name}.weight": (d,), f"{name}.bias": (d,)})
    linear("sequence.key", WIDTH, m)
    linear("sequence.number", WIDTH + 16, m)
    linear("sequence.start", WIDTH, m)
    linear("sequence.out", 2 * m, m)
    gru("sequence.cell", 2 * m, m)
    shapes.update({"sequence.norm.weight": (m,), "sequence.norm.bias": (m,)})
    shapes["sequence.tokens"] = (1 + 4 + len(CONSTANTS), m)
    return {name: (rng.normal(size=shape) * scale).astype(np.float32) for name, shape in shapes.items()}


def make(
    folder: Path, members: int = 1, seed: int = 0, scale: float = 1.0, changed: dict[str, Any] | None = None
) -> Path:
    """A whole folder; `changed` replaces fields of its card."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"m{index}" for index in range(members)]
    for index, name in enumerate(names):
        builder = GraphBuilder()
        factor = builder.constant("factor", np.array(1 + index / 10, np.float32))
        builder.node("Mul", ["trunk", factor], ["states"])
        builder.save(folder / branch(name), {"trunk": ["b", "t", WIDTH]}, {"states": ["b", "t", WIDTH]})
        np.savez(folder / decoders(name), **weights(seed + index, scale))
    rng = np.random.default_rng(seed)
    np.savez(
        folder / RETRIEVAL,
        codes=quantised(rng.normal(size=(40, WIDTH)).astype(np.float32)),
        letters=np.repeat([2, 3], 20).astype(np.uint8),
        formulas=np.arange(40, dtype=np.int32) % 4,
        shapes=np.array(["+ #0 #1", "- #0 #1", "* #1 #0", "/ #0 2"]),
    )
    files = [*(file(name) for name in names for file in (branch, decoders)), RETRIEVAL]
    card = {
        "name": "tiny",
        "format": FORMAT,
        "encoder": VERSION,
        "members": names,
        "symbols": dict(SYMBOLS),
        "files": {name: digest(folder / name) for name in files},
        **(changed or {}),
    }
    (folder / CARD).write_text(json.dumps(card), encoding="utf-8")
    return folder
