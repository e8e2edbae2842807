"""The index of a catalogue's passages: persistent, memory-mapped, changed piece by piece while others read."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.index.arrays import IndexDamaged
from plugins.product_qa.index.hybrid import Fusion, Hit, search
from plugins.product_qa.index.intake import Intake
from plugins.product_qa.index.manifest import NAME, Manifest, read_deletions, read_manifest
from plugins.product_qa.index.segment import Segment, source_codes
from plugins.product_qa.index.snapshot import Part, Snapshot
from plugins.product_qa.index.tokens import tokens
from plugins.product_qa.index.writer import Changes, Encode, Progress, Writer, clean, lock
from plugins.product_qa.types import SOURCES, CatalogueError, Source

LOG = logging.getLogger("product_qa.index")
#: Seconds that a writer waits for another one.
PATIENCE = 30.0
#: Files up to this size are checked whole when they are opened; larger ones by `verify`, and before they are merged.
_CHECKED = 1 << 26
_ATTEMPTS = 5
#: Words of a question that are looked at.
_LONGEST_QUESTION = 64


@dataclass(frozen=True, slots=True)
class ProductHit:
    """A product that was found in the whole shop, and its passages that were, the best first."""

    product: str
    score: float
    hits: tuple[Hit, ...]


class Index:
    """Thread-safe. A search takes milliseconds of the processor: call it in a thread beside the event loop.

    Several processes may read while one writes; readers see a change whole or not at all, at their next search. The
    folder holds nothing that the catalogue could not make again.
    """

    def __init__(self, folder: Path, fusion: Fusion) -> None:
        self.folder, self.fusion = folder, fusion
        self._lock = threading.Lock()
        self._seen: bytes | None = None
        self._damage: IndexDamaged | None = None
        self._opened = False
        self._manifest = Manifest()
        self._snapshot = Snapshot(())
        self._parts: dict[tuple[str, str], Part] = {}

    @classmethod
    def open(cls, folder: Path | str, fusion: Fusion | None = None) -> Index:
        """The index in a folder; an empty one where there is none. Raises `IndexDamaged` where it cannot be read."""
        index = cls(Path(folder), fusion or Fusion())
        index._refresh(keep=False)
        return index

    @classmethod
    def rebuild(
        cls,
        folder: Path | str,
        changes: Iterable[Changes],
        encode: Encode | None,
        fusion: Fusion | None = None,
        progress: Progress | None = None,
    ) -> Index:
        """Throw away what is in the folder, damaged or not, and build the index from all that the catalogue holds
        (`Catalogue.changes_since("")`).
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with lock(folder, PATIENCE):
            # Readers may still have files of the old index open by name: numbers go on.
            numbers = [path.stem.rpartition("-")[2] for path in folder.glob("*-*.bin")]
            empty = Manifest(next=max([int(number) for number in numbers if number.isdecimal()], default=0) + 1)
            empty.write(folder)
            clean(folder, empty)
        index = cls.open(folder, fusion)
        index.follow(changes, encode, progress)
        return index

    def __len__(self) -> int:
        return self._refresh().count

    @property
    def mark(self) -> str:
        """The state of the catalogue that the index has: `follow(catalogue.changes_since(index.mark), encode)`."""
        self._refresh()
        return self._manifest.mark

    @property
    def encoder(self) -> str:
        """Version of the sentence encoder whose vectors are held; "" where there are none."""
        self._refresh()
        return self._manifest.encoder

    @property
    def changes(self) -> int:
        """Counts commits."""
        self._refresh()
        return self._manifest.changes

    def update(self, changes: Changes, encode: Encode | None, progress: Progress | None = None) -> int:
        """`follow` for one commit of the catalogue."""
        return self.follow((changes,), encode, progress)

    def follow(
        self,
        changes: Iterable[Changes],
        encode: Encode | None,
        progress: Progress | None = None,
        patience: float = PATIENCE,
    ) -> int:
        """Do what commits of the catalogue did, in their order; returns how many passages were put in.

        Passages that are there already, with the same text, are not encoded again, after a `reset` neither. A commit of
        the index comes after every BATCH passages: a killed import loses so many at most, and `mark` tells where to go
        on. Without `encode` passages are found by their words alone. Raises `CatalogueError` where another process goes
        on writing for `patience` seconds, or where the vectors held are another encoder's; what was committed stays.
        """
        with self._writing(encode, patience) as writer:
            intake = Intake(writer, progress)
            for commit in changes:
                intake.take(commit)
            return intake.finish()

    def optimise(self) -> None:
        """Make one segment of all: searches in the whole shop become a little faster."""
        with self._writing(None, PATIENCE) as writer:
            writer.merge_all()
            writer.commit()

    def verify(self) -> None:
        """Read all files and compare their checksums. Raises `IndexDamaged`, which names the file and the array."""
        for part in self._refresh().parts:
            part.segment.arrays.verify()

    def search(
        self,
        query: str,
        vector: NDArray[np.float32] | None = None,
        product: str | Collection[str] | None = None,
        k: int = 20,
        sources: Collection[Source] | None = None,
        fusion: Fusion | None = None,
    ) -> list[Hit]:
        """The `k` best passages for a question, best first; equal ones in the order of their keys.

        `vector` is the question's, by the same encoder; without it words alone count. `product` restricts the search to
        one product or several ("" is the shop's own FAQ and policies); None searches the whole shop. Within products
        all passages are scored, in the whole shop the candidates that `Fusion` tells of. Raises ValueError for a vector
        of another shape, an unknown source or k < 1.
        """
        if k < 1:
            raise ValueError(f"k is at least 1, not {k}")
        products = [product] if isinstance(product, str) else product
        words = tokens(query)[:_LONGEST_QUESTION]
        codes = sorted(set(source_codes(SOURCES if sources is None else sources)))
        how = fusion or self.fusion
        return search(self._refresh(), words, vector, None if products is None else list(products), k, codes, how)

    def products(
        self,
        query: str,
        vector: NDArray[np.float32] | None = None,
        k: int = 5,
        sources: Collection[Source] | None = None,
        passages: int = 200,
    ) -> list[ProductHit]:
        """The products of the whole shop that a question is most about; the shop's own pages are left out.

        A product's score is that of its title, if it was found, and that of its best other passage, added: one says
        that it is meant, the other that it answers. `passages` hits are looked at.
        """
        found: dict[str, list[Hit]] = {}
        for hit in self.search(query, vector, None, passages, sources, replace(self.fusion, most=1.0)):
            if hit.product:
                found.setdefault(hit.product, []).append(hit)
        scored = [ProductHit(product, _worth(hits), tuple(hits)) for product, hits in found.items()]
        return sorted(scored, key=lambda one: (-one.score, one.product))[:k]

    @contextmanager
    def _writing(self, encode: Encode | None, patience: float) -> Iterator[Writer]:
        """The newest state, under the lock of writers."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with lock(self.folder, patience):
                snapshot = self._refresh(keep=False)
                clean(self.folder, self._manifest)
                yield Writer(self.folder, self._manifest, snapshot.parts, encode)
        except OSError as error:
            raise CatalogueError(f"{self.folder}: {error.strerror or error}") from error

    def _refresh(self, keep: bool = True) -> Snapshot:
        """The newest snapshot. Where it is damaged, a line is logged and the one before stays in use, if `keep`."""
        with self._lock:
            for attempt in range(_ATTEMPTS):
                data = self._read()
                if data == self._seen and self._opened:
                    break
                try:
                    self._damage = None
                    self._take(data)
                except IndexDamaged as error:
                    # The files of a manifest may be gone because a newer one has replaced it meanwhile.
                    if attempt + 1 < _ATTEMPTS and self._read() != data:
                        continue
                    self._damage = error
                    if self._opened:
                        LOG.warning("%s; what was read before stays in use", error)
                self._seen = data
                break
            if self._damage is not None and not (keep and self._opened):
                raise self._damage
            return self._snapshot

    def _read(self) -> bytes | None:
        try:
            return (self.folder / NAME).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise IndexDamaged(self.folder / NAME, error.strerror or str(error)) from error

    def _take(self, data: bytes | None) -> None:
        manifest = Manifest() if data is None else read_manifest(self.folder / NAME, data)
        parts: dict[tuple[str, str], Part] = {}
        segments = {file: part.segment for (file, _), part in self._parts.items()}
        for entry in manifest.segments:
            name = (entry.file, entry.deletions)
            part = self._parts.get(name)
            if part is None:
                segment = segments.get(entry.file) or self._segment(entry.file, entry.rows)
                alive = read_deletions(self.folder / entry.deletions, entry.rows) if entry.deletions else None
                part = Part(segment, alive)
            parts[name] = part
        self._manifest, self._parts, self._snapshot = manifest, parts, Snapshot(list(parts.values()))
        self._opened = True

    def _segment(self, file: str, rows: int) -> Segment:
        segment = Segment(self.folder / file)
        if len(segment) != rows:
            raise IndexDamaged(segment.path, f"it has {len(segment)} passages, not {rows}")
        if segment.arrays.size <= _CHECKED:
            segment.arrays.verify()
        return segment


def _worth(hits: Sequence[Hit]) -> float:
    titles = [hit.score for hit in hits if hit.source == "title"]
    others = [hit.score for hit in hits if hit.source != "title"]
    return max(titles, default=0.0) + max(others, default=0.0)
