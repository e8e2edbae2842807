"""Search with words and vectors together: candidates of both, one score, and no source drowning the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.index.arrays import Array
from plugins.product_qa.index.bm25 import Bm25, Floats, LexicalQuery
from plugins.product_qa.index.dense import DenseQuery
from plugins.product_qa.index.segment import Rows
from plugins.product_qa.index.snapshot import Part, Snapshot
from plugins.product_qa.types import SOURCES, Source


@dataclass(frozen=True, slots=True)
class Fusion:
    """How hits are scored.

    "sum" weighs the cosine and BM25, which is divided by the most that a passage could have for this question. "rank"
    is reciprocal rank fusion (Cormack, Clarke & Buettcher 2009): weight / (60 + rank), added. In the whole shop `depth`
    candidates of each source are taken by BM25 and as many by cosine; `scored` vectors are compared exactly, those
    whose signs agree best, shared between the sources. One source has at most the share `most` of the hits, as long as
    others have any. Raises ValueError for values without sense.
    """

    method: Literal["sum", "rank"] = "sum"
    lexical: float = 1.0
    dense: float = 1.0
    bm25: Bm25 = field(default_factory=Bm25)
    depth: int = 100
    scored: int = 4000
    most: float = 0.5

    def __post_init__(self) -> None:
        if self.method not in ("sum", "rank"):
            raise ValueError(f"fusion is by 'sum' or 'rank', not by {self.method!r}")
        if min(self.lexical, self.dense) < 0 or self.lexical + self.dense == 0:
            raise ValueError("the weights of words and vectors are not negative, and not both zero")
        if self.depth < 1 or self.scored < 1 or not 0 < self.most <= 1:
            raise ValueError("depth and scored are at least 1, and 0 < most <= 1")


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found. `cosine` is 0 where question or passage has no vector; `score` is what hits are
    ordered by.
    """

    key: str
    product: str
    source: Source
    bm25: float
    cosine: float
    score: float


@dataclass(slots=True)
class _Found:
    """Candidates in one part: rows with BM25 and cosine."""

    part: Part
    rows: Rows
    bm25: Floats
    cosine: Floats

    def taken(self, places: Array) -> _Found:
        return _Found(self.part, self.rows[places], self.bm25[places], self.cosine[places])

    @property
    def keys(self) -> Array:
        return np.asarray(self.part.segment.keys[self.rows])

    @property
    def sources(self) -> Array:
        return np.asarray(self.part.segment.sources[self.rows])


def search(
    snapshot: Snapshot,
    words: Sequence[str],
    vector: Array | None,
    products: Sequence[str] | None,
    k: int,
    sources: Sequence[int],
    fusion: Fusion,
) -> list[Hit]:
    """The `k` best passages of some products, or of the whole shop where `products` is None, best first.

    Equal scores stand in the order of their keys. Nothing depends on how passages are spread over segments.
    """
    lexical = LexicalQuery(snapshot, words, fusion.bm25)
    dense = None if vector is None else DenseQuery(vector)
    allowed = np.zeros(256, np.bool_)
    allowed[list(sources)] = True
    if products is None:
        present = [code for code in sources if snapshot.by_source[code]]
        found = _everywhere(snapshot, lexical, dense, present, fusion)
    else:
        found = [
            one
            for number, part in enumerate(snapshot.parts)
            for product in sorted(set(products))
            for one in _within(part, number, part.segment.rows_of(product), lexical, dense, allowed)
        ]
    return _fused(found, lexical.most, k, fusion)


def _within(
    part: Part, number: int, rows: range, lexical: LexicalQuery, dense: DenseQuery | None, allowed: NDArray[np.bool_]
) -> list[_Found]:
    """All of a product's passages with exact scores."""
    if not rows:
        return []
    kept = allowed[part.segment.sources[rows.start : rows.stop]]
    if part.alive is not None:
        kept &= part.alive[rows.start : rows.stop]
    places = np.flatnonzero(kept)
    return [_scored(part, places + rows.start, lexical.scores(part, number, rows)[places], dense)]


def _scored(part: Part, rows: Rows, bm25: Floats, dense: DenseQuery | None) -> _Found:
    segment = part.segment
    cosine = (
        np.zeros(len(rows), np.float32) if dense is None else dense.cosines(segment.vectors[rows], segment.scales[rows])
    )
    return _Found(part, rows, bm25, cosine)


def _everywhere(
    snapshot: Snapshot, lexical: LexicalQuery, dense: DenseQuery | None, sources: Sequence[int], fusion: Fusion
) -> list[_Found]:
    """The best of each source by words, and the best by vectors."""
    scored = -(-fusion.scored // max(1, len(sources)))
    scores = [lexical.scores(part, number, range(len(part.segment))) for number, part in enumerate(snapshot.parts)]
    chosen: list[list[Rows]] = [[] for _ in snapshot.parts]
    signs = [None if dense is None else dense.distances(part.segment.signs) for part in snapshot.parts]
    for code in sources:
        worded, signed = [], []
        for part, score, sign in zip(snapshot.parts, scores, signs, strict=True):
            ofit = part.segment.sources == code
            if part.alive is not None:
                ofit &= part.alive
            rows = np.flatnonzero(ofit & (score > 0))
            worded.append((rows, score[rows]))
            if sign is not None:
                rows = np.flatnonzero(ofit & (part.segment.scales > 0))
                signed.append((rows, -sign[rows].astype(np.int16)))
        for place, rows in _best(snapshot.parts, worded, fusion.depth):
            chosen[place].append(rows)
        if dense is not None:
            near = [
                (
                    rows,
                    dense.cosines(
                        snapshot.parts[place].segment.vectors[rows], snapshot.parts[place].segment.scales[rows]
                    ),
                )
                for place, rows in _best(snapshot.parts, signed, scored)
            ]
            for place, rows in _best(snapshot.parts, near, fusion.depth):
                chosen[place].append(rows)
    found = []
    for part, score, some in zip(snapshot.parts, scores, chosen, strict=True):
        rows = np.unique(np.concatenate([np.empty(0, np.intp), *some]))
        found.append(_scored(part, rows, score[rows], dense))
    return found


def _best(parts: Sequence[Part], found: Sequence[tuple[Rows, Array]], count: int) -> list[tuple[int, Rows]]:
    """Rows of each part that are among the `count` best of all, by value and then by key."""
    own = []
    for part, (rows, values) in zip(parts, found, strict=True):
        places = _leading(values, part.segment.keys, rows, count)
        own.append((rows[places], values[places]))
    values = np.concatenate([np.empty(0), *(values for _, values in own)])
    keys = _joined([part.segment.keys[rows] for part, (rows, _) in zip(parts, own, strict=True)])
    numbers = np.repeat(np.arange(len(own)), [len(rows) for rows, _ in own])
    rows = np.concatenate([np.empty(0, np.intp), *(rows for rows, _ in own)])
    best = _leading(values, keys, np.arange(len(keys)), count)
    return [(number, np.sort(rows[best[numbers[best] == number]])) for number in range(len(own))]


def _leading(values: Array, keys: Array, rows: Rows, count: int) -> Rows:
    """Places of the `count` highest values; of equal ones those whose keys (`keys[rows]`) come first."""
    if len(values) <= count:
        return np.arange(len(values))
    bound = np.partition(values, len(values) - count)[len(values) - count]
    above, equal = np.flatnonzero(values > bound), np.flatnonzero(values == bound)
    if len(above) + len(equal) > count:
        equal = equal[np.argsort(keys[rows[equal]], kind="stable")[: count - len(above)]]
    return np.concatenate([above, equal])


def _joined(keys: Sequence[Array]) -> Array:
    return np.concatenate([np.empty(0, "S1"), *keys])


def _fused(found: Sequence[_Found], most: float, k: int, fusion: Fusion) -> list[Hit]:
    if not any(len(one.rows) for one in found):
        return []
    keys = _joined([one.keys for one in found])
    sources = np.concatenate([one.sources for one in found])
    bm25 = np.concatenate([one.bm25 for one in found])
    cosine = np.concatenate([one.cosine for one in found])
    if fusion.method == "sum":
        score = fusion.dense * cosine.astype(np.float64) + fusion.lexical * bm25 / (most or 1.0)
    else:
        score = fusion.lexical * _reciprocal(bm25, keys) + fusion.dense * _reciprocal(cosine, keys)
    origin = [(one, place) for one in found for place in range(len(one.rows))]
    hits = []
    for place in _capped(np.lexsort((keys, -score)), sources, k, fusion.most):
        one, own = origin[place]
        row = int(one.rows[own])
        hits.append(
            Hit(
                keys[place].decode("utf-8", "surrogatepass"),
                one.part.segment.product_of(row),
                SOURCES[sources[place]],
                float(bm25[place]),
                float(cosine[place]),
                float(score[place]),
            )
        )
    return hits


def _reciprocal(values: Floats, keys: Array) -> NDArray[np.float64]:
    """1 / (60 + rank); 0 for those that were not found at all."""
    out = np.zeros(len(values))
    out[np.lexsort((keys, -values))] = 1 / (61 + np.arange(len(values)))
    return np.where(values > 0, out, 0.0)


def _capped(order: Rows, sources: Array, k: int, most: float) -> list[int]:
    """The first `k` of `order`, not more than the share `most` of one source; then what is left, in order."""
    room, cap = [], max(1, int(np.ceil(k * most)))
    for code in np.unique(sources):
        room.append(order[sources[order] == code][:cap])
    within = np.zeros(len(order), np.bool_)
    within[np.concatenate(room)] = True
    first = order[within[order]][:k]
    rest = order[~within[order]][: k - len(first)]
    taken = np.zeros(len(order), np.bool_)
    taken[first] = taken[rest] = True
    return [int(place) for place in order[taken[order]]]
