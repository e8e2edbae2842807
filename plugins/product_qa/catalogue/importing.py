"""Importing: from a stream of products and row errors to a catalogue, in batches, with a report."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plugins.product_qa.catalogue.passages import is_page, passages_of
from plugins.product_qa.catalogue.rows import RowError
from plugins.product_qa.catalogue.store import Catalogue, Changes, merged
from plugins.product_qa.types import CatalogueError, Product

BATCH = 200
_TOLD = 20
#: The small catalogue that the program comes with.
DEFAULT = Path(__file__).parents[1] / "data" / "catalogue.jsonl"


@dataclass(slots=True)
class Report:
    """What an import did. Counts of products include the shop's pages, which `pages` counts alone."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    pages: int = 0
    rejected: int = 0
    noted: int = 0
    passages: Counter[str] = field(default_factory=Counter)
    errors: list[RowError] = field(default_factory=list)
    notes: list[RowError] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    @property
    def products(self) -> int:
        """How many products and pages the file has, without rejected rows."""
        return self.new + self.changed + self.unchanged

    def complain(self, error: RowError) -> None:
        """Count what is wrong with a row; the first of each kind are kept."""
        kept = self.errors if error.rejected else self.notes
        if error.rejected:
            self.rejected += 1
        else:
            self.noted += 1
        if len(kept) < _TOLD:
            kept.append(error)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        told = {name: getattr(self, name) for name in ("new", "changed", "unchanged", "deleted", "rejected", "noted")}
        counts = {"products": self.products - self.pages, "pages": self.pages, **told}
        lists = {name: [_row(one) for one in getattr(self, name)] for name in ("errors", "notes")}
        return {**counts, "passages": dict(sorted(self.passages.items())), **lists}


def load(
    catalogue: Catalogue,
    rows: Iterable[Product | RowError],
    *,
    merge: bool = False,
    replace: bool = False,
    committed: Callable[[Changes], None] | None = None,
) -> Report:
    """Put what `read` gives into a catalogue, a transaction for every batch, while nobody else imports.

    `committed` is told of every commit. With `replace`, what the rows do not name is deleted in the end, unless a row
    was rejected. An import that is broken off keeps the batches that it has committed; the same import goes on from
    there. Raises `CatalogueError` where another import runs, or the catalogue cannot be written.
    """
    report = Report()
    with _alone(catalogue.path.with_suffix(".lock")):
        for batch in _batches(rows, report):
            changes = catalogue.upsert(batch, merge=merge)
            report.new += changes.new
            report.unchanged += changes.unchanged
            report.changed += len(changes.products) - changes.new
            if committed and changes.products:
                committed(changes)
        if replace and not report.rejected:
            kept = {one.id for one in [*catalogue.titles(), *catalogue.pages()]}
            changes = catalogue.delete(sorted(kept - report.ids))
            report.deleted = len(changes.deleted)
            if committed and changes.deleted:
                committed(changes)
    return report


def rehearse(catalogue: Catalogue | None, rows: Iterable[Product | RowError], *, merge: bool = False) -> Report:
    """The report of an import that is not made; `catalogue` is None where there is none yet."""
    report = Report()
    for batch in _batches(rows, report):
        for product in batch:
            old = catalogue.product(product.id) if catalogue and merge else None
            state = catalogue.state(merged(old, product) if old else product) if catalogue else "new"
            setattr(report, state, getattr(report, state) + 1)
    return report


def _batches(rows: Iterable[Product | RowError], report: Report) -> Iterator[list[Product]]:
    batch: list[Product] = []
    for row in rows:
        if isinstance(row, RowError):
            report.complain(row)
            continue
        report.ids.add(row.id)
        report.pages += is_page(row)
        report.passages.update(one.source for one in passages_of(row))
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _row(error: RowError) -> dict[str, Any]:
    return {"file": error.file, "line": error.line, "field": error.field, "reason": error.reason}


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Holds the lock of imports; the system lets go of it when the process ends, however it ends."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CatalogueError(f"another import into {path.parent} is running") from None
        yield
    finally:
        os.close(handle)
