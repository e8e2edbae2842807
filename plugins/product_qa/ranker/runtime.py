"""The ranker on the light runtime: how probably each passage fully answers a question.

A cross-encoder (xPQA, section 3) on the embeddings of the shared encoder: its int8 graph reads question and candidate
as one text; a logistic layer adds what can be counted, and calibrates. Needs numpy, onnxruntime and tokenizers alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import Encoder, open_session, runs
from nlu.runtime import ENCODER_FOLDER, MODELS
from plugins.product_qa.ranker.features import answerable_features, cross_features, features
from plugins.product_qa.ranker.pairing import Embeddings, PairIds, Tokens, candidates, tokenised
from plugins.product_qa.ranker.text import evidence, plain
from plugins.product_qa.ranker.weights import GRAPH, WIDTH, Floats, RankerError, open_folder
from plugins.product_qa.types import Passage

#: Passages of one call at most: a bound on its cost.
MAX_PASSAGES = 200
SHIPPED = Path(__file__).parent.parent / "models" / "ranker-1"


class Found(Protocol):
    """What is needed of a hit of the index: the cosine of question and passage."""

    @property
    def key(self) -> str:
        """The passage's key."""
        ...

    @property
    def cosine(self) -> float:
        """Of the encoder's sentence vectors; 0 where one is missing."""
        ...


class Ranker:
    """Thread-safe after construction. A passage's score depends on question, passage and its hit alone."""

    def __init__(self, folder: Path, encoder: Tokens, embeddings: Embeddings) -> None:
        checked = open_folder(folder)
        wanted = checked.card["encoder"]
        for version in (encoder.version, embeddings.version):
            if version != wanted:
                raise RankerError(f"{folder}: the ranker stands on the encoder {wanted}, not on {version}")
        self.card: Mapping[str, Any] = checked.card
        self.version = checked.version
        self._encoder, self._embeddings, self._arrays = encoder, embeddings, checked.arrays
        try:
            self._session = open_session(folder / GRAPH)
        except Exception as error:  # the runtime's exceptions share no base class
            raise RankerError(f"{folder / GRAPH}: cannot be read: {error}") from error
        given = [(one.name, one.shape[-1]) for one in self._session.get_inputs()]
        if given != [("embedded", WIDTH), ("second", 1)]:
            raise RankerError(f"{folder / GRAPH}: its inputs have to be 'embedded', {WIDTH} wide, and 'second', 1 wide")

    @classmethod
    def load(cls, folder: Path = SHIPPED, encoder: Tokens | None = None) -> Ranker:
        """Reads an exported ranker. `encoder`: the sentence encoder where one is loaded already; else the shipped one.

        Raises `RankerError` naming the file that is missing, damaged, or made for another encoder.
        """
        return cls(folder, encoder or Encoder(MODELS / ENCODER_FOLDER), Embeddings(MODELS / ENCODER_FOLDER))

    def logits(self, question: str, passages: Sequence[Passage]) -> Floats:
        """What the network alone says: [N, 3] for irrelevant, partly, fully. Raises ValueError beyond MAX_PASSAGES."""
        if len(passages) > MAX_PASSAGES:
            raise ValueError(f"at most {MAX_PASSAGES} passages can be ranked at a time, not {len(passages)}")
        pairs = tokenised(self._encoder, plain(question), [evidence(passage) for passage in passages])
        out = np.zeros((len(pairs), 3), np.float32)
        for members in runs([len(pair.ids) for pair in pairs]):
            for index, row in zip(members, self._run([pairs[index] for index in members]), strict=True):
                out[index] = row
        return out

    def score(self, question: str, passages: Sequence[Passage], hits: Sequence[Found] | None = None) -> list[float]:
        """The calibrated probability of each passage, in the order given, that it fully answers the question.

        `hits` of the index, where there are any, add the cosine; passages without one are judged without it.
        Raises ValueError for more than MAX_PASSAGES passages.
        """
        if not passages:
            return []
        columns = np.concatenate([cross_features(self.logits(question, passages)), features(question, passages)], 1)
        cosines = {hit.key: hit.cosine for hit in hits or () if hit.cosine}
        out: list[float] = []
        for passage, row in zip(passages, columns, strict=True):
            cosine = cosines.get(passage.key)
            name, given = ("final", row) if cosine is None else ("final_cosine", np.append(row, np.float32(cosine)))
            out.append(self._logistic(name, given))
        return out

    def answerable(self, scores: Sequence[float]) -> float:
        """The calibrated probability, given the scores of all its candidates, that one answers the question fully."""
        return self._logistic("answerable", answerable_features(scores)) if len(scores) else 0.0

    def _run(self, pairs: Sequence[PairIds]) -> Floats:
        """Logits [B, 3] of pairs of equal length. Pair by pair after the graph: sums then never depend on the batch."""
        given = {"embedded": self._embeddings.embed(pairs), "second": candidates(pairs)}
        (states,) = self._session.run(["states"], given)
        weight, bias = self._arrays["head.weight"], self._arrays["head.bias"]
        return np.stack([weight @ np.concatenate([state[0], state.mean(axis=0)]) + bias for state in states])

    def _logistic(self, name: str, row: NDArray[np.float32]) -> float:
        weight, bias = self._arrays[f"{name}.weight"], self._arrays[f"{name}.bias"]
        odds = float(np.dot(weight.astype(np.float64), row.astype(np.float64)) + bias[0])
        return float(0.5 * np.tanh(0.5 * odds) + 0.5)
