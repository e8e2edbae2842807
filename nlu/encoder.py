"""The sentence encoder on the light runtime: tokenises, embeds, runs the shared trunk and the general branch.

Sentences of equal token length share one run of the graph. Every activation scale belongs to one token row
and pooling is done sentence by sentence, so a result never depends on which other sentences were in the
batch.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Read once when the runtime is loaded: without it the runtime keeps a device id and reports its use over the network.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray
from tokenizers import Tokenizer

Floats = NDArray[np.float32]
#: Text beyond this many characters is never looked at: it bounds the cost of a turn. 128 tokens fit well
#: within.
MAX_CHARACTERS = 4096
#: Tokens per graph run; larger runs gain nothing and cost memory.
RUN_TOKENS = 128


@dataclass(frozen=True)
class Words:
    """Words of a sentence: row of the first token of each, and character offsets [start, end) in the given
    text.
    """

    rows: list[int]
    starts: list[int]
    ends: list[int]


@dataclass(frozen=True)
class Encoded:
    """One sentence: general vector [384] (L2-normalised), trunk states [T, 384] and its words."""

    vector: Floats
    trunk: Floats
    words: Words


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A one-thread session that does not spin."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Higher levels fuse Add + LayerNormalization into an operator that is slower on the CPU.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.enable_mem_pattern = False  # shapes change from run to run
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def clean(text: str) -> str:
    """Cuts to MAX_CHARACTERS and replaces unpaired surrogates, one for one: offsets stay those of `text`."""
    cut = text[:MAX_CHARACTERS]
    try:
        cut.encode("utf-8")
    except UnicodeEncodeError:
        cut = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in cut)
    return cut


def runs(lengths: Sequence[int]) -> list[list[int]]:
    """Indices grouped into graph runs: equal token length, at most RUN_TOKENS tokens (or one sentence)."""
    groups: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        groups.setdefault(length, []).append(index)
    out = []
    for length, group in groups.items():
        rows = max(1, RUN_TOKENS // length)
        out += [group[first : first + rows] for first in range(0, len(group), rows)]
    return out


class Encoder:
    """Thread-safe after construction. `folder` is what `nlu.export_encoder` wrote."""

    def __init__(self, folder: Path) -> None:
        card = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        self.version: str = card["version"]
        self.trunk: int = card["trunk"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # Only the rows of words that are really used become resident.
        mapped = np.load(folder / "words.npy", mmap_mode="r")
        mapped._mmap.madvise(mmap.MADV_RANDOM)
        self._words: NDArray[np.int8] = mapped.view(np.ndarray)  # the subclass makes indexing slow
        self._scales: Floats = np.load(folder / "scales.npy")
        self._positions: Floats = np.load(folder / "positions.npy")
        self._session = open_session(folder / "encoder.onnx")

    def encode(self, texts: Sequence[str], trunk: bool = True) -> list[Encoded]:
        """Encodes each text; `trunk=False` leaves the trunk states empty. Never raises on any str."""
        # One call for all: each gives up the interpreter lock and has to wait for it again.
        found = self._tokenizer.encode_batch([clean(text) for text in texts])
        out: dict[int, Encoded] = {}
        for members in runs([len(encoding.ids) for encoding in found]):
            ids = np.array([found[index].ids for index in members])
            embedded = self._words[ids] * self._scales[ids][:, :, None] + self._positions[: ids.shape[1]]
            names = ["tokens", "trunk"] if trunk else ["tokens"]
            results = self._session.run(names, {"embedded": embedded})
            means = results[0].mean(axis=1)
            vectors = means / np.sqrt((means * means).sum(axis=1, keepdims=True))
            for row, index in enumerate(members):
                state = results[1][row] if trunk else means[:0]
                out[index] = Encoded(vectors[row].copy(), state, words_of(found[index]))
        return [out[index] for index in range(len(texts))]

    def frozen_states(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float16], Words]]:
        """Trunk states float16 [T, 384] and words of each text, for training."""
        found = self.tokenise(texts)
        states = self.trunk_of_ids([np.array(ids) for ids, _ in found])
        return [(state.astype(np.float16), words) for state, (_, words) in zip(states, found, strict=True)]

    def tokenise(self, texts: Sequence[str]) -> list[tuple[list[int], Words]]:
        """Token ids, special tokens included, and words of each text: for training."""
        found = self._tokenizer.encode_batch([clean(text) for text in texts])
        return [(encoding.ids, words_of(encoding)) for encoding in found]

    def trunk_of_ids(self, rows: Sequence[NDArray[np.int64]]) -> list[Floats]:
        """Trunk states [T, 384] of token ids, for training on masked text."""
        out: dict[int, Floats] = {}
        for members in runs([len(ids) for ids in rows]):
            ids = np.array([rows[index] for index in members])
            embedded = self._words[ids] * self._scales[ids][:, :, None] + self._positions[: ids.shape[1]]
            for index, state in zip(members, self._session.run(["trunk"], {"embedded": embedded})[0], strict=True):
                out[index] = state
        return [out[index] for index in range(len(rows))]


def words_of(encoding: object) -> Words:
    """Words as the tokenizer splits them (white space and punctuation), special tokens left out."""
    rows: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    last = None
    offsets = encoding.offsets  # type: ignore[attr-defined]
    for row, word in enumerate(encoding.word_ids):  # type: ignore[attr-defined]
        if word is None:
            continue
        if word == last:
            ends[-1] = offsets[row][1]
        else:
            rows.append(row)
            starts.append(offsets[row][0])
            ends.append(offsets[row][1])
        last = word
    return Words(rows, starts, ends)
