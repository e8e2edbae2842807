"""Retrieval: the formulas of the training questions that are nearest, letter by letter. Nothing of it is trained."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plugins.math.solver.beam import SPARE, Beam
from plugins.math.solver.encoding import Encoding
from plugins.math.solver.symbols import CONSTANTS, OPERATORS, Prefix, infix
from plugins.math.solver.weights import Floats, SolverError

#: Neighbours that are asked, and how fast their say falls with the cosine.
NEIGHBOURS, TEMPERATURE = 16, 0.05
_LETTER = "#"


def shape(prefix: Prefix, letters: Sequence[str]) -> str:
    """A formula over numbered letters, as text: "- #0 #1". Raises ValueError for a letter that is not there."""
    fixed = {*OPERATORS, *CONSTANTS}
    return " ".join(token if token in fixed else f"{_LETTER}{letters.index(token)}" for token in prefix)


def formula(text: str, letters: Sequence[str]) -> Prefix:
    """The inverse of `shape`. Raises ValueError and IndexError for what is no such text."""
    return tuple(letters[int(token[1:])] if token.startswith(_LETTER) else token for token in text.split())


class Retrieval:
    """Question vectors by number of letters, and the formula of each. Thread-safe after construction."""

    def __init__(
        self, codes: NDArray[np.int8], letters: NDArray[np.uint8], formulas: NDArray[np.int64], shapes: Sequence[str]
    ) -> None:
        # grouped by number of letters: a search looks at one group, a view
        order = np.argsort(letters, kind="stable")
        self._codes, self._formulas, self._shapes = codes[order], formulas[order], tuple(shapes)
        counts = letters[order]
        self._groups = {
            int(count): slice(*np.searchsorted(counts, [count, count + 1]).tolist()) for count in np.unique(counts)
        }
        sizes = np.sqrt(np.einsum("ij,ij->i", self._codes, self._codes, dtype=np.float32))
        self._sizes: Floats = np.maximum(sizes, 1e-6)

    @classmethod
    def read(cls, path: Path, width: int) -> Retrieval:
        """Raises `SolverError` naming the file."""
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                codes, letters = file["codes"], file["letters"]
                formulas, shapes = file["formulas"].astype(np.int64), [str(text) for text in file["shapes"]]
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
            raise SolverError(f"{path}: cannot be read: {error}") from error
        if codes.dtype != np.int8 or codes.ndim != 2 or codes.shape[1] != width:
            raise SolverError(f"{path}: 'codes' is {codes.dtype} {codes.shape}, not int8 (any, {width})")
        if not len(codes) == len(letters) == len(formulas):
            raise SolverError(
                f"{path}: {len(codes)} vectors, {len(letters)} numbers of letters, {len(formulas)} formulas"
            )
        if len(formulas) and not 0 <= formulas.min() <= formulas.max() < len(shapes):
            raise SolverError(f"{path}: a formula is named that is not there")
        for number, count in sorted(set(zip(formulas.tolist(), letters.tolist(), strict=True))):
            try:
                infix(formula(shapes[number], [chr(ord("A") + index) for index in range(count)]))
            except (ValueError, IndexError) as error:
                raise SolverError(f"{path}: the formula {shapes[number]!r} does not fit its question") from error
        return cls(codes, letters.astype(np.uint8), formulas, shapes)

    def decode(self, question: Encoding, beam: int) -> Beam:
        """Formulas of the nearest questions with as many letters; a probability is the formula's share of their say,
        times the cosine of the nearest one that has it: a question that is like no other gets little."""
        group = self._groups.get(len(question.letters))
        if group is None or not question.letters:
            return []
        vector = question.pooled / max(float(np.sqrt(question.pooled @ question.pooled)), 1e-6)
        cosines = self._codes[group].astype(np.float32) @ vector / self._sizes[group]
        near = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
        say = np.exp((cosines[near] - cosines[near[0]]) / TEMPERATURE)
        say /= say.sum()
        shares: dict[int, float] = {}
        likest: dict[int, float] = {}
        for share, cosine, place in zip(say.tolist(), cosines[near].tolist(), near.tolist(), strict=True):
            number = int(self._formulas[group][place])
            shares[number] = shares.get(number, 0.0) + share
            likest.setdefault(number, min(1.0, max(0.0, cosine)))
        found = [(formula(self._shapes[n], question.letters), share * likest[n]) for n, share in shares.items()]
        return sorted(found, key=lambda item: -item[1])[: SPARE * beam]


def quantised(vectors: Floats) -> NDArray[np.int8]:
    """Question vectors [R, W] as int8 codes; the length of a vector does not matter to the cosine."""
    peak = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-9)
    return np.asarray(np.rint(vectors / peak * 127), np.int8)
