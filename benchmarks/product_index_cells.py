"""Synthetic passages for the benchmark of the index, and its measurements in a process of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.index import Fusion, Index
from plugins.product_qa.types import Passage, Source

#: Shares of sources as they are in the candidates of ePQA dev.
SHARES: tuple[tuple[Source, float], ...] = (
    ("review", 0.43), ("attribute", 0.22), ("answer", 0.17), ("description", 0.12), ("bullet", 0.06),
)  # fmt: skip
_NOISE = 1 / 3


@dataclass(frozen=True, slots=True)
class Commit:
    """What a catalogue would tell of a commit."""

    added: Sequence[Passage]
    removed: Sequence[str] = ()
    mark: str = ""
    reset: bool = False


class Synthetic:
    """`size` passages that are always the same; made when asked for."""

    def __init__(self, texts: Sequence[str], vectors: NDArray[np.float32], size: int) -> None:
        rng = np.random.default_rng(1)
        self._texts, self._vectors, self._size = texts, vectors, size
        self._halves = rng.integers(0, len(texts), (size, 2))
        names = [name for name, _ in SHARES]
        self._sources = [names[place] for place in rng.choice(len(names), size, p=[share for _, share in SHARES])]
        largest = min(10_000, size // 10)
        self._products = np.concatenate([np.zeros(largest, int), rng.integers(1, size // 50, size - largest)])

    def __len__(self) -> int:
        return self._size

    def some(self, start: int, end: int, salt: str = "") -> list[Passage]:
        """Passages from `start` up to `end`."""
        return [self._passage(place, salt) for place in range(start, min(end, self._size))]

    def _passage(self, place: int, salt: str) -> Passage:
        first, second = (self._texts[number].split() for number in self._halves[place])
        text = " ".join([*first[: len(first) // 2 + 1], *second[len(second) // 2 :], *salt.split()])
        return Passage(f"{place:016x}", f"product-{self._products[place]:06d}", self._sources[place], text)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A real vector with noise, drawn by the text's length and letters."""
        rng = np.random.default_rng([len(texts), *map(ord, texts[0][:20])])
        out = self._vectors[rng.integers(0, len(self._vectors), len(texts))]
        out = out + rng.standard_normal(out.shape).astype(np.float32) * np.float32(_NOISE / out.shape[1] ** 0.5)
        return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), np.float32)


def measured(folder: Path) -> dict[str, float]:
    """Open an index and search it. Times in milliseconds: of the clock, and (`_cpu`) of the processor."""
    with np.load(folder / "questions.npz") as file:
        questions, vectors = file["texts"].tolist(), file["vectors"]
    before = _memory()
    began = time.perf_counter()
    index = Index.open(folder)
    index.search(questions[0], vectors[0], "product-000001")
    out = {"open_ms": (time.perf_counter() - began) * 1e3}
    sizes = [len(index.search(questions[0], vectors[0], f"product-{number:06d}", 10**6)) for number in range(2)]
    out["largest"] = sizes[0]

    def shop(place: int, fusion: Fusion | None = None) -> None:
        index.search(questions[place], vectors[place], fusion=fusion)

    kinds: dict[str, Callable[[int], object]] = {
        "product": lambda place: index.search(questions[place], vectors[place], f"product-{place % 200 + 1:06d}"),
        "largest": lambda place: index.search(questions[place], vectors[place], "product-000000"),
        "shop": shop,
        "shop_words": lambda place: index.search(questions[place]),
    }
    for name, ask in kinds.items():
        times = []
        for place in range(len(questions)):
            began, worked = time.perf_counter(), time.process_time()
            ask(place)
            times.append(((time.perf_counter() - began) * 1e3, (time.process_time() - worked) * 1e3))
        clock, processor = np.array(times[10:]).T  # the first ones read the file
        out[f"{name}_p50"], out[f"{name}_p95"] = float(np.percentile(clock, 50)), float(np.percentile(clock, 95))
        out[f"{name}_cpu_p50"], out[f"{name}_cpu_p95"] = (float(np.percentile(processor, at)) for at in (50, 95))
    after = _memory()
    out["rss_own_mb"], out["rss_file_mb"] = after[0] - before[0], after[1] - before[1]
    out["recall"] = _recall(index, vectors[:50])
    return out


def _recall(index: Index, vectors: NDArray[np.float32]) -> float:
    """Of the 10 passages with the highest cosines, the share that the search by signs finds."""
    short = Fusion(lexical=0.0, most=1.0)
    full = Fusion(lexical=0.0, most=1.0, scored=10**9)
    shares = []
    for vector in vectors:
        exact = {hit.key for hit in index.search("", vector, k=10, fusion=full)}
        found = {hit.key for hit in index.search("", vector, k=10, fusion=short)}
        shares.append(len(exact & found) / len(exact))
    return float(np.mean(shares))


def _memory() -> tuple[float, float]:
    """Resident memory in MB: of the process alone, and of files."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(told["RssAnon"].split()[0]) / 1e3, int(told["RssFile"].split()[0]) / 1e3
