"""A segment: some of the passages with everything that is known of them, in one file that never changes.

Rows are ordered by product and key, so a product's passages stand together, in the rows and in every list of postings.
A segment holds no texts: keys lead to them in the catalogue.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.index.arrays import Array, ArrayFile, ArrayWriter, IndexDamaged
from plugins.product_qa.index.dense import DIMENSION, quantised, signs
from plugins.product_qa.index.names import Names, packed
from plugins.product_qa.index.tokens import tokens
from plugins.product_qa.types import SOURCES, CatalogueError, Passage, Source

Rows = NDArray[np.intp]
#: A word counts at most so often in a passage.
MAX_COUNT = 255
#: Bytes of a key at most.
MAX_KEY = 64


def indexed_text(passage: Passage) -> str:
    """What is searched of a passage: its words, and the question it was given to."""
    return f"{passage.question} {passage.text}" if passage.question else passage.text


def digest(passage: Passage) -> int:
    """64 bits that tell whether a passage is still the same."""
    told = "\0".join((passage.key, passage.product, passage.source, passage.question, passage.text))
    return int.from_bytes(hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def encoded_key(passage: Passage) -> bytes:
    """The key as bytes. Raises `CatalogueError` for one that cannot be stored."""
    key = passage.key.encode("utf-8", "surrogatepass")
    if not key or len(key) > MAX_KEY or b"\0" in key:
        raise CatalogueError(f"passage {passage.key!r} of product {passage.product!r}: keys have 1 to {MAX_KEY} bytes")
    return key


@dataclass(frozen=True, slots=True)
class Postings:
    """The passages that hold a word: rows ascending (uint32) and how often it stands in each (uint8)."""

    rows: Array
    counts: Array


class Segment:
    """Reads a segment. Raises `IndexDamaged` where its arrays do not fit together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.arrays = arrays = ArrayFile(path)
        self.keys, self.digests = arrays["keys"], arrays["digests"]
        self.sources, self.lengths = arrays["sources"], arrays["lengths"]
        self.vectors, self.scales, self.signs = arrays["vectors"], arrays["scales"], arrays["signs"]
        self.products = Names(arrays["product_text"], arrays["product_ends"])
        self.product_starts = arrays["product_starts"]
        self.terms = Names(arrays["term_text"], arrays["term_ends"])
        self.posting_starts = arrays["posting_starts"]
        self._rows, self._counts = arrays["posting_rows"], arrays["posting_counts"]
        n = len(self.keys)
        fits = (
            all(len(one) == n for one in (self.digests, self.sources, self.lengths, self.scales))
            and (self.vectors.shape == (n, DIMENSION) and self.signs.shape == (DIMENSION // 64, n))
            and len(self.product_starts) == len(self.products) + 1
            and int(self.product_starts[-1]) == n
            and len(self.posting_starts) == len(self.terms) + 1
            and int(self.posting_starts[-1]) == len(self._rows) == len(self._counts)
        )
        if not fits:
            raise IndexDamaged(path, "its arrays do not fit together")

    def __len__(self) -> int:
        return len(self.keys)

    def postings(self, place: int) -> Postings:
        """Of the word at `place` in `terms`."""
        start, end = int(self.posting_starts[place]), int(self.posting_starts[place + 1])
        return Postings(self._rows[start:end], self._counts[start:end])

    def product_of(self, row: int) -> str:
        """The product that a passage is about."""
        place = int(np.searchsorted(self.product_starts, row, side="right")) - 1
        return self.products[place].decode("utf-8", "surrogatepass")

    def rows_of(self, product: str) -> range:
        """Rows of a product's passages."""
        place = self.products.find(product.encode("utf-8", "surrogatepass"))
        if place < 0:
            return range(0)
        return range(int(self.product_starts[place]), int(self.product_starts[place + 1]))

    @cached_property
    def _key_order(self) -> NDArray[np.intp]:
        return np.asarray(self.arrays["key_order"]).astype(np.intp)

    def find(self, keys: Sequence[bytes]) -> Rows:
        """Rows of passages by key, -1 for those that are not here: [n]."""
        if not len(self) or not keys:
            return np.full(len(keys), -1, np.intp)
        width = self.keys.dtype.itemsize
        wanted = np.array([key if len(key) <= width else b"" for key in keys], self.keys.dtype)
        place = np.searchsorted(self.keys, wanted, sorter=self._key_order)
        rows = self._key_order[np.minimum(place, len(self) - 1)]
        return np.where((self.keys[rows] == wanted) & (wanted != b""), rows, -1)


def write_segment(path: Path, passages: Sequence[Passage], vectors: Array | None) -> int:
    """Write passages (distinct keys) and their vectors float32 [n, 384]; returns the number of words, all counted."""
    keys = [encoded_key(passage) for passage in passages]
    names = [passage.product.encode("utf-8", "surrogatepass") for passage in passages]
    order = sorted(range(len(passages)), key=lambda place: (names[place], keys[place]))
    ordered = [passages[place] for place in order]
    rows, scales = quantised(np.zeros((len(ordered), DIMENSION), np.float32) if vectors is None else vectors[order])
    posting = _inverted([tokens(indexed_text(passage)) for passage in ordered])
    with ArrayWriter(path) as file:
        write_rows(
            file,
            np.array([keys[place] for place in order], f"S{max(map(len, keys))}"),
            np.array([digest(passage) for passage in ordered], np.uint64),
            np.array([SOURCES.index(passage.source) for passage in ordered], np.uint8),
            posting["lengths"],
        )
        write_products(file, [names[place] for place in order])
        for name in ("term_text", "term_ends", "posting_starts", "posting_rows", "posting_counts"):
            file.add(name, posting[name])
        file.add("vectors", rows)
        file.add("scales", scales)
        file.add("signs", signs(rows))
    return int(posting["lengths"].sum(dtype=np.int64))


def write_rows(file: ArrayWriter, keys: Array, digests: Array, sources: Array, lengths: Array) -> None:
    """What is known of each row besides words and vectors."""
    file.add("keys", keys)
    file.add("key_order", np.argsort(keys, kind="stable").astype(np.uint32))
    file.add("digests", digests)
    file.add("sources", sources)
    file.add("lengths", lengths)


def write_products(file: ArrayWriter, names: Iterable[bytes]) -> None:
    """The products of rows that are in their order."""
    distinct: list[bytes] = []
    starts: list[int] = []
    row = -1
    for row, name in enumerate(names):
        if not distinct or name != distinct[-1]:
            distinct.append(name)
            starts.append(row)
    text, ends = packed(distinct)
    file.add("product_text", text)
    file.add("product_ends", ends)
    file.add("product_starts", np.array([*starts, row + 1], np.uint32))


def _inverted(texts: Sequence[Sequence[str]]) -> Mapping[str, Array]:
    """Words of each row -> words in order, and for each the rows that hold it."""
    numbers: dict[str, int] = {}
    flat = np.array([numbers.setdefault(word, len(numbers)) for words in texts for word in words], np.uint64)
    lengths = np.fromiter(map(len, texts), np.uint16, len(texts))
    terms = sorted((word.encode(), number) for word, number in numbers.items())
    place = np.zeros(len(terms), np.uint64)
    place[[number for _, number in terms]] = np.arange(len(terms), dtype=np.uint64)
    rows = np.repeat(np.arange(len(texts), dtype=np.uint64), lengths)
    pairs, counts = np.unique(place[flat] << np.uint64(32) | rows, return_counts=True)
    text, ends = packed([term for term, _ in terms])
    return {
        "lengths": lengths,
        "term_text": text,
        "term_ends": ends,
        "posting_starts": np.searchsorted(pairs >> np.uint64(32), np.arange(len(terms) + 1)).astype(np.uint64),
        "posting_rows": (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32),
        "posting_counts": np.minimum(counts, MAX_COUNT).astype(np.uint8),
    }


def source_codes(sources: Iterable[Source]) -> list[int]:
    """The numbers that segments keep for sources. Raises ValueError for one that there is not."""
    found = []
    for source in sources:
        if source not in SOURCES:
            raise ValueError(f"{source!r} is no source of passages; there are {', '.join(SOURCES)}")
        found.append(SOURCES.index(source))
    return found
