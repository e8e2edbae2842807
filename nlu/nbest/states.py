"""States of the backbone's frozen part for every distinct text, on disk, shared by the processes that train."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nlu.backbone import Backbone
from nlu.runtime import ENCODER_FOLDER, MODELS

_CHUNK = 2048


class StateStore:
    """float16 states [T, 384] of texts, memory-mapped; made once per set of texts and encoder."""

    def __init__(self, path: Path, texts: Sequence[str]) -> None:
        self._rows = {text: row for row, text in enumerate(texts)}
        self._starts = np.load(path / "starts.npy")
        self._states = np.load(path / "states.npy", mmap_mode="c")
        self.lengths = np.diff(self._starts)
        if len(self.lengths) != len(texts):
            raise ValueError(f"{path}: holds {len(self.lengths)} texts, not {len(texts)}; delete the folder")

    @classmethod
    def of(cls, texts: Iterable[str], backbone: Backbone, cache: Path) -> StateStore:
        """The store of these texts in a folder of `cache`, which names texts and encoder by hash; encodes what is
        not there, a line of progress every two thousand texts.
        """
        wanted = sorted(set(texts))
        name = json.loads((MODELS / ENCODER_FOLDER / "encoder.json").read_text(encoding="utf-8"))["version"]
        mark = hashlib.sha256("\n".join([name, str(backbone.frozen), *wanted]).encode()).hexdigest()[:16]
        path = cache / f"states-{mark}"
        if not (path / "starts.npy").exists():
            _write(path, wanted, backbone)
        return cls(path, wanted)

    def row(self, text: str) -> int:
        """The number of a text. Raises KeyError for one that is not in the store."""
        return self._rows[text]

    def __getitem__(self, row: int) -> Tensor:
        """States [T, 384] float16 of the text with this number."""
        return torch.from_numpy(self._states[self._starts[row] : self._starts[row + 1]])


def _write(path: Path, texts: Sequence[str], backbone: Backbone) -> None:
    tokens = backbone.tokenise(texts)
    starts = np.concatenate([[0], np.cumsum([len(item.ids) for item in tokens])])
    path.mkdir(parents=True, exist_ok=True)
    part = path / f"states-{os.getpid()}.npy"
    states = np.lib.format.open_memmap(part, "w+", np.float16, (int(starts[-1]), backbone.width))
    for first in range(0, len(texts), _CHUNK):
        chunk = backbone.states_of_ids([item.ids for item in tokens[first : first + _CHUNK]])
        states[starts[first] : starts[first + len(chunk)]] = torch.cat(chunk).numpy()
        print(f"encoding {first + len(chunk)}/{len(texts)} texts", file=sys.stderr, flush=True)
    states.flush()
    part.replace(path / "states.npy")
    part = path / f"starts-{os.getpid()}.npy"
    np.save(part, starts)
    part.replace(path / "starts.npy")  # last: its presence says that the states are complete
