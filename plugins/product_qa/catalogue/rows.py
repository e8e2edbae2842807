"""Rows of catalogue files in whatever they are kept: JSON or Python literals by line, CSV, Parquet; gzip or not."""

from __future__ import annotations

import ast
import codecs
import csv
import gzip
import json
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from plugins.product_qa.types import CatalogueError

#: The longest row that is read, in bytes; what is longer is left out and reported.
LONGEST_ROW = 32 * 2**20
_LONGEST_LITERAL = 2**20
_MOST_BRACKETS = 200
_PARQUET_ROWS = 256

#: Told the bytes (of a Parquet file: rows) read so far and in all.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of one row, empty cells of a table as ""; `line` counts from one (in a Parquet file: rows)."""

    line: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with a row. `rejected` says whether the row was left out; else it was taken, changed as told."""

    file: str
    line: int
    field: str
    reason: str
    rejected: bool = True

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {f'{self.field}: ' if self.field else ''}{self.reason}"


def rows(path: Path, progress: Progress | None = None) -> Iterator[Row | RowError]:
    """The rows of a file, in bounded memory. Raises `CatalogueError` where it is no such file, or damaged."""
    told = progress or (lambda done, total: None)
    total = path.stat().st_size
    with ExitStack() as stack:
        raw: BinaryIO = stack.enter_context(path.open("rb"))
        head = raw.read(4)
        raw.seek(0)
        if head == b"PAR1":
            yield from _parquet(path, told)
            return
        stream: BinaryIO = stack.enter_context(gzip.open(raw)) if head[:2] == b"\x1f\x8b" else raw  # type: ignore[assignment]
        try:
            start = stream.read(4096).lstrip(codecs.BOM_UTF8)
            if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise CatalogueError(f"{path}: UTF-16 text; save it as UTF-8")
            stream.seek(0)
            lines = _Lines(path.name, stream, lambda: told(raw.tell(), total))
            first = start.lstrip()[:1]
            if first == b"[":
                raise CatalogueError(f"{path}:1: a JSON array; one object on a line is needed (JSON Lines)")
            yield from (_objects(path.name, lines) if first == b"{" else _table(path, lines))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise CatalogueError(f"{path}: damaged gzip file ({error}); the rows before the damage were read") from None
    told(total, total)


class _Lines:
    """The lines of a stream, each with its number; what is too long, or no UTF-8, is an error of its line."""

    def __init__(self, name: str, stream: BinaryIO, told: Callable[[], None]) -> None:
        self.name = name
        self.number = 0
        self.bad: list[RowError] = []
        self._stream = stream
        self._told = told

    def __iter__(self) -> Iterator[str]:
        """The lines; an empty one in place of each that is bad, and what is wrong with it in `bad`."""
        while line := self._stream.readline(LONGEST_ROW + 1):
            self.number += 1
            if self.number % 64 == 1:
                self._told()
            if len(line) > LONGEST_ROW:
                while line and not line.endswith(b"\n"):
                    line = self._stream.readline(LONGEST_ROW)
                self._wrong(f"longer than {LONGEST_ROW // 2**20} MB")
                yield ""
                continue
            try:
                yield line.removeprefix(codecs.BOM_UTF8).decode() if self.number == 1 else line.decode()
            except UnicodeDecodeError as error:
                self._wrong(f"not UTF-8 at byte {error.start + 1} of the line")
                yield ""

    def _wrong(self, reason: str) -> None:
        self.bad.append(RowError(self.name, self.number, "", reason))


def _objects(name: str, lines: _Lines) -> Iterator[Row | RowError]:
    """Objects on lines of their own, as JSON or as Python literals."""
    for line in lines:
        yield from lines.bad
        lines.bad.clear()
        if not line.strip():
            continue
        try:
            fields = _object(line)
        except ValueError as error:
            yield RowError(name, lines.number, "", str(error))
            continue
        yield Row(lines.number, fields)
    yield from lines.bad


def _object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError as error:
        if not line.lstrip().startswith("{'"):
            raise ValueError(f"not JSON: {error}") from None
        found = _literal(line)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return {str(key): value for key, value in found.items()}


def _literal(line: str) -> Any:
    """A Python literal; nothing is executed, and size and depth are bounded before the parser sees it."""
    if len(line) > _LONGEST_LITERAL or sum(line.count(bracket) for bracket in "([{") > _MOST_BRACKETS:
        raise ValueError("too long or nested too deep for a Python literal")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in somebody's question is no fault of the program
            return ast.literal_eval(line.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ValueError("neither JSON nor a Python literal") from None


def _table(path: Path, lines: _Lines) -> Iterator[Row | RowError]:
    """Rows of CSV; the delimiter (comma, tab, semicolon, bar) is the one that the header has most of."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_ROW))
    source = iter(lines)
    header = next(source, "")
    delimiter = max(",\t;|", key=header.count)
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    if len(names) < 2 or lines.bad:
        raise CatalogueError(f"{path}:1: neither JSON Lines, CSV with a header, nor Parquet")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise CatalogueError(f"{path}:1: the header names {repeated[0]!r} twice")
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield RowError(path.name, first, "", f"{error} (up to line {lines.number})")
            continue
        finally:
            bad = list(lines.bad)
            lines.bad.clear()
        if bad:
            yield from bad
        elif len(cells) > len(names):
            yield RowError(path.name, first, "", f"{len(cells)} cells, but the header names {len(names)}")
        elif any(cells):
            yield Row(first, {name: cell for name, cell in zip(names, cells, strict=False) if name})
    yield from lines.bad


def _parquet(path: Path, told: Progress) -> Iterator[Row | RowError]:
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise CatalogueError(f"{path}: reading Parquet needs pyarrow (pip install pyarrow)") from None
    try:
        with parquet.ParquetFile(path) as file:
            line, total = 0, file.metadata.num_rows
            for batch in file.iter_batches(batch_size=_PARQUET_ROWS):
                for fields in batch.to_pylist():
                    line += 1
                    yield Row(line, {str(name): "" if value is None else value for name, value in fields.items()})
                told(line, total)
    except arrow.lib.ArrowException as error:
        raise CatalogueError(f"{path}: not a Parquet file that can be read: {error}") from None
