"""Several segments made one, without what was deleted from them. Vectors are copied in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.index.arrays import Array, ArrayWriter
from plugins.product_qa.index.dense import DIMENSION, WORDS
from plugins.product_qa.index.names import packed
from plugins.product_qa.index.segment import Segment, write_products, write_rows
from plugins.product_qa.index.snapshot import Part

#: So many segments of about one size are made one; each passage is copied again when there are so many of its size.
FACTOR = 6
#: A segment of which more than this share is deleted is written anew.
MOST_DELETED = 0.3
#: Segments below this are of the smallest size; none grows beyond the other.
_SMALLEST, LARGEST = 1024, 4_000_000
_ROWS = 8192
_POSTINGS = 1 << 20
_GONE = np.uint32(0xFFFFFFFF)


def wasteful(parts: Sequence[Part]) -> list[int]:
    """Places of the parts to be merged now, or none: all of one size where there are FACTOR of it, or a hollow one."""
    sizes: dict[int, list[int]] = {}
    for place, part in enumerate(parts):
        alive = part.count
        if alive < (1 - MOST_DELETED) * len(part.segment):
            return [place]
        if alive * FACTOR <= LARGEST:
            sizes.setdefault(_size(alive), []).append(place)
    return next((places for _, places in sorted(sizes.items()) if len(places) >= FACTOR), [])


def _size(count: int) -> int:
    size, bound = 0, _SMALLEST * 2
    while count >= bound:
        size, bound = size + 1, bound * FACTOR
    return size


def write_merged(path: Path, parts: Sequence[Part]) -> None:
    """Write the rows of `parts` that are alive as one segment; the segments' checksums are looked at before."""
    for part in parts:
        part.segment.arrays.verify()
    products, order = _ordered(parts)
    new_rows = [np.full(len(part.segment), _GONE, np.uint32) for part in parts]
    for place, new in enumerate(new_rows):
        mine = order[:, 0] == place
        new[order[mine, 1]] = np.flatnonzero(mine).astype(np.uint32)
    with ArrayWriter(path) as file:
        rows = _Rows([part.segment for part in parts], order)
        width = max(part.segment.keys.dtype.itemsize for part in parts)
        write_rows(
            file,
            rows.whole("keys", np.dtype(f"S{width}")),
            *(rows.whole(name, parts[0].segment.arrays[name].dtype) for name in ("digests", "sources", "lengths")),
        )
        write_products(file, products)
        _write_postings(file, parts, new_rows)
        n = len(order)
        file.stream("vectors", np.int8, (n, DIMENSION), rows.blocks("vectors", np.dtype(np.int8), (DIMENSION,)))
        file.add("scales", rows.whole("scales", np.dtype(np.float32)))
        file.stream("signs", np.uint64, (WORDS, n), (rows.word(word) for word in range(WORDS)))


def _ordered(parts: Sequence[Part]) -> tuple[Iterator[bytes], NDArray[np.intp]]:
    """The product of each new row, and where it comes from: (place of the part, its row there) [n, 2]."""
    names = sorted({name for part in parts for name in part.segment.products})
    rank = {name: place for place, name in enumerate(names)}
    products, keys, places, rows = [], [], [], []
    width = max(part.segment.keys.dtype.itemsize for part in parts)
    for place, part in enumerate(parts):
        segment = part.segment
        alive = np.arange(len(segment)) if part.alive is None else np.flatnonzero(part.alive)
        sizes = _sizes(segment.product_starts)
        of_row = np.repeat(np.array([rank[name] for name in segment.products], np.intp), sizes)
        products.append(of_row[alive])
        keys.append(np.asarray(segment.keys[alive], f"S{width}"))
        places.append(np.full(len(alive), place, np.intp))
        rows.append(alive)
    ranks = np.concatenate(products)
    order = np.lexsort((np.concatenate(keys), ranks))
    origin = np.stack([np.concatenate(places), np.concatenate(rows)], 1)[order]
    return (names[number] for number in ranks[order].tolist()), origin


class _Rows:
    """Reads arrays of several segments in the order of the new rows."""

    def __init__(self, segments: Sequence[Segment], order: NDArray[np.intp]) -> None:
        self._segments, self._order = segments, order

    def whole(self, name: str, dtype: np.dtype[np.generic]) -> Array:
        return np.concatenate([np.empty(0, dtype), *self.blocks(name, dtype, ())])

    def blocks(self, name: str, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> Iterator[Array]:
        for start in range(0, len(self._order), _ROWS):
            origin = self._order[start : start + _ROWS]
            block: Array = np.empty((len(origin), *shape), dtype)
            for place, segment in enumerate(self._segments):
                mine = origin[:, 0] == place
                block[mine] = segment.arrays[name][origin[mine, 1]]
            yield block

    def word(self, word: int) -> Array:
        out = np.empty(len(self._order), np.uint64)
        for place, segment in enumerate(self._segments):
            mine = self._order[:, 0] == place
            out[mine] = segment.signs[word][self._order[mine, 1]]
        return out


def _write_postings(file: ArrayWriter, parts: Sequence[Part], new_rows: Sequence[NDArray[np.uint32]]) -> None:
    """Words in order with the new rows that hold them; words of which no row is left go."""
    union = sorted({term for part in parts for term in part.segment.terms})
    number = {term: place for place, term in enumerate(union)}
    own = [np.array([number[term] for term in part.segment.terms], np.intp) for part in parts]
    del number
    terms: list[bytes] = []
    sizes: list[Array] = []
    rows: list[Array] = []
    counts: list[Array] = []
    for start, end in _ranges(parts, own, len(union)):
        found = [_some(part, new, ids, start, end) for part, new, ids in zip(parts, new_rows, own, strict=True)]
        pairs, times = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.argsort(pairs)
        held = np.bincount((pairs >> np.uint64(32)).astype(np.intp) - start, minlength=end - start)
        terms.extend(term for term, many in zip(union[start:end], held.tolist(), strict=True) if many)
        sizes.append(held[held > 0])
        rows.append((pairs[order] & np.uint64(0xFFFFFFFF)).astype(np.uint32))
        counts.append(times[order])
    text, ends = packed(terms)
    file.add("term_text", text)
    file.add("term_ends", ends)
    starts = np.cumsum(np.concatenate([np.zeros(1, np.int64), *sizes]))
    file.add("posting_starts", starts.astype(np.uint64))
    file.stream("posting_rows", np.uint32, (int(starts[-1]),), rows)
    file.stream("posting_counts", np.uint8, (int(starts[-1]),), counts)


def _ranges(parts: Sequence[Part], own: Sequence[Array], total: int) -> Iterator[tuple[int, int]]:
    """Ranges of words with not many more than _POSTINGS postings each."""
    many = np.zeros(total, np.int64)
    for part, ids in zip(parts, own, strict=True):
        many[ids] += _sizes(part.segment.posting_starts)
    so_far, start = np.cumsum(many), 0
    while start < total:
        before = so_far[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(so_far, before + _POSTINGS, side="right")))
        yield start, end
        start = end


def _some(part: Part, new: NDArray[np.uint32], ids: Array, start: int, end: int) -> tuple[Array, Array]:
    """Postings of words in [start, end): (word << 32 | new row) uint64 and counts, those alive."""
    segment = part.segment
    first, last = (int(np.searchsorted(ids, bound)) for bound in (start, end))
    sizes = _sizes(segment.posting_starts[first : last + 1])
    low, high = int(segment.posting_starts[first]), int(segment.posting_starts[last])
    rows = new[segment.arrays["posting_rows"][low:high]]
    words = np.repeat(ids[first:last], sizes).astype(np.uint64)
    kept = rows != _GONE
    pairs = words[kept] << np.uint64(32) | rows[kept].astype(np.uint64)
    return pairs, segment.arrays["posting_counts"][low:high][kept]


def _sizes(starts: Array) -> NDArray[np.intp]:
    """What lies between starts that follow each other."""
    whole = starts.astype(np.intp)
    return whole[1:] - whole[:-1]
