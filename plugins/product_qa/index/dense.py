"""Sentence vectors in one byte a dimension, and in one bit: the first to score with, the second to search with.

A row is scaled by its largest number and rounded to int8; its cosine with a question is taken in whole numbers, so it
is the same whichever rows stand beside it. Among many rows those are scored whose signs differ least from those of the
question (Charikar 2002, "Similarity estimation techniques from rounding algorithms", section 3): for random hyperplanes
the share of differing signs grows with the angle. Here they are the axes; turning these at random found the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.index.arrays import Array

DIMENSION = 384
#: Signs of a vector: 384 bits in six words.
WORDS = DIMENSION // 64
#: Counts up when rows would be written otherwise.
VERSION = 1
#: Norm of a question in whole numbers. A row's norm is at most 127 * sqrt(384) = 2,489, so no sum of products exceeds
#: 2^24: float32 holds it exactly, and the order of adding does not matter.
_NORM = 6700.0
_BLOCK = 1024


def quantised(vectors: Array) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """float32 [n, 384] -> rows int8 [n, 384] and what makes their norm 1, float32 [n] (0 for a row of zeros)."""
    largest = np.abs(vectors).max(axis=1, initial=0.0, keepdims=True)
    rows = np.rint(vectors * np.divide(127.0, largest, out=np.zeros_like(largest), where=largest > 0)).astype(np.int8)
    norms = np.sqrt(np.square(rows.astype(np.float32)).sum(axis=1))
    return rows, np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)


def signs(rows: Array) -> NDArray[np.uint64]:
    """int8 [n, 384] -> which numbers are positive, uint64 [6, n]."""
    return np.ascontiguousarray(np.packbits(rows > 0, axis=1).view(np.uint64).T)


class DenseQuery:
    """A question's vector, ready to be compared. Raises ValueError where it is not a finite vector of 384 numbers."""

    def __init__(self, vector: Array) -> None:
        given = np.asarray(vector, np.float32)
        if given.shape != (DIMENSION,) or not np.isfinite(given).all():
            raise ValueError(f"a question's vector has {DIMENSION} finite numbers, not shape {given.shape}")
        norm = float(np.linalg.norm(given.astype(np.float64)))
        self._whole = np.rint(given * np.float32(_NORM / norm)) if norm else given
        whole = float(np.linalg.norm(self._whole.astype(np.float64)))
        self._scale = np.float32(1 / whole if whole else 0.0)
        self._signs = signs(quantised(given[None])[0])[:, 0]

    def cosines(self, rows: Array, scales: Array) -> NDArray[np.float32]:
        """Rows int8 [n, 384] and their scales [n] -> cosines float32 [n]; 0 for rows without a vector."""
        out = np.empty(len(rows), np.float32)
        held = np.empty((min(_BLOCK, len(rows)), DIMENSION), np.float32)
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            block = held[: len(part)]
            np.copyto(block, part, casting="unsafe")
            out[start : start + len(part)] = block @ self._whole
        return out * scales * self._scale

    def distances(self, sketches: Array) -> NDArray[np.uint16]:
        """Signs uint64 [6, n] -> how many of 384 differ from the question's, uint16 [n]."""
        out = np.zeros(sketches.shape[1], np.uint16)
        for word, own in zip(sketches, self._signs, strict=True):
            out += np.bitwise_count(word ^ own)
        return out
