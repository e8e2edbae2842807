"""The joint head on the light runtime: intent probabilities and entities from trunk states."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import Encoded, open_session, runs
from nlu.types import Entity

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Reading:
    """Intent probabilities float64 [I] (last: out of scope), entities, pooled task vector float32 [768]."""

    probabilities: NDArray[np.float64]
    entities: tuple[Entity, ...]
    pooled: Floats


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def best_tags(scores: Floats) -> NDArray[np.int64]:
    """The best-scoring valid BIO sequence for scores [W, G]: an I- tag only follows its own B- or I-."""
    greedy = scores.argmax(axis=1)
    before = np.concatenate([[0], greedy[:-1]])
    inside = (greedy > 0) & (greedy % 2 == 0)
    # Where the best tags already form a valid sequence, no other sequence can beat them.
    if not bool((inside & (before != greedy) & (before != greedy - 1)).any()):
        return np.asarray(greedy)
    steps, tags = scores.shape
    total = scores[0].astype(np.float64)
    total[2::2] = -np.inf
    back = np.zeros((steps, tags), np.int64)
    for step in range(1, steps):
        best = int(total.argmax())
        reach, origin = np.full(tags, total[best]), np.full(tags, best)
        begin, stay = total[1::2], total[2::2]
        reach[2::2] = np.maximum(begin, stay)
        origin[2::2] = np.where(begin >= stay, np.arange(1, tags, 2), np.arange(2, tags, 2))
        back[step], total = origin, reach + scores[step]
    path = [int(total.argmax())]
    for step in range(steps - 1, 0, -1):
        path.append(int(back[step, path[-1]]))
    return np.array(path[::-1])


class JointHead:
    """Thread-safe after construction. `folder` is what `nlu.train` wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = json.loads((folder / "head.json").read_text(encoding="utf-8"))
        self.intents: tuple[str, ...] = tuple(self.card["intents"])
        self.entities: tuple[str, ...] = tuple(self.card["entities"])
        with np.load(folder / "head.npz") as arrays:
            self._weight: Floats = arrays["intent_weight"]
            self._bias: Floats = arrays["intent_bias"]
        self._session = open_session(folder / "branch.onnx")
        digest = hashlib.sha256()
        for name in ("branch.onnx", "head.npz", "head.json"):
            digest.update((folder / name).read_bytes())
        self.version = f"{self.card['name']}+{digest.hexdigest()[:8]}"

    def logits(self, pooled: Floats) -> NDArray[np.float64]:
        """Calibrated intent logits [I] of a pooled vector [768]: temperature, and a bias on out of scope."""
        # einsum, not BLAS: one sentence at a time, the same sum whatever the batch.
        raw = np.einsum("ij,j->i", self._weight, pooled) + self._bias
        out = raw.astype(np.float64) / self.card["temperature"]
        out[-1] += self.card["out_of_scope_bias"]
        return np.asarray(out)

    def read(self, texts: Sequence[str], encoded: Sequence[Encoded]) -> list[Reading]:
        """Intent and entities of each sentence; sentences of equal token length share a run of the graph."""
        out: dict[int, Reading] = {}
        for members in runs([len(item.trunk) for item in encoded]):
            stack = np.stack([encoded[index].trunk for index in members])
            states, tags = self._session.run(["states", "tags"], {"trunk": stack})
            pools = np.concatenate([states.mean(axis=1), states.max(axis=1)], axis=1)
            for row, index in enumerate(members):
                pooled = pools[row]
                found = self._entities(texts[index], encoded[index], tags[row])
                out[index] = Reading(softmax(self.logits(pooled)), found, pooled)
        return [out[index] for index in range(len(encoded))]

    def _entities(self, text: str, encoded: Encoded, tags: Floats) -> tuple[Entity, ...]:
        words = encoded.words
        if not words.rows:
            return ()
        scores = tags[words.rows]
        path = best_tags(scores)
        if not path.any():
            return ()
        chances = softmax(scores.astype(np.float64) / self.card["tag_temperature"])
        out: list[Entity] = []
        place = 0
        while place < len(path):
            tag, last = int(path[place]), place
            if tag > 0:
                while last + 1 < len(path) and path[last + 1] == tag + 1:
                    last += 1
                start, end = words.starts[place], words.ends[last]
                sure = min(float(chances[i, path[i]]) for i in range(place, last + 1))
                out.append(Entity(self.entities[(tag - 1) // 2], text[start:end], start, end, sure))
            place = last + 1
        return tuple(out)
