"""Files of named arrays that are read memory-mapped, with a checksum for each."""

from __future__ import annotations

import json
import mmap
import os
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.types import CatalogueError

Array = NDArray[Any]
_BEGIN = b"passages"
_END = b"segments"
_ALIGNED = 64
#: Length and checksum of the list of arrays, and the mark that the file was written to its end.
_FOOTER = struct.Struct("<QI8s")
_BLOCK = 1 << 24


class IndexDamaged(CatalogueError):
    """Files of the index are missing, damaged or of another version: it has to be built anew from the catalogue."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; build the index anew from the catalogue (Index.rebuild)")
        self.path = path


class ArrayWriter:
    """Writes one file; used as a context. It is durable when the context has ended without an error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb")
        self._file.write(_BEGIN)
        self._arrays: dict[str, tuple[str, list[int], int, int]] = {}

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            self._file.close()
            if error is not None:
                self.path.unlink(missing_ok=True)

    def add(self, name: str, array: Array) -> None:
        """Append an array."""
        self.stream(name, array.dtype, array.shape, (array,))

    def stream(self, name: str, dtype: Any, shape: tuple[int, ...], blocks: Iterable[Array]) -> None:
        """Append an array that comes in blocks of rows, which together have `shape` (ValueError where not)."""
        kind = np.dtype(dtype)
        self._file.write(b"\0" * (-self._file.tell() % _ALIGNED))
        start, check, written = self._file.tell(), 0, 0
        for block in blocks:
            data = np.ascontiguousarray(block, kind).reshape(-1).view(np.uint8).data
            check = zlib.crc32(data, check)
            written += len(data)
            self._file.write(data)
        if written != kind.itemsize * int(np.prod(shape, dtype=np.int64)):
            raise ValueError(f"{name}: {written} bytes are not of shape {shape}")
        self._arrays[name] = (kind.str, list(shape), start, check)

    def _finish(self) -> None:
        listed = json.dumps(self._arrays).encode()
        self._file.write(listed)
        self._file.write(_FOOTER.pack(len(listed), zlib.crc32(listed), _END))
        self._file.flush()
        os.fsync(self._file.fileno())


class ArrayFile(Mapping[str, Array]):
    """The arrays of a file, memory-mapped and read-only. They stay readable after the file was deleted.

    Raises `IndexDamaged` where the file is missing, cut off, or its list of arrays is damaged. What the arrays hold is
    looked at by `verify` alone, which reads all of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < len(_BEGIN) + _FOOTER.size:
                    raise IndexDamaged(path, "the file is cut off")
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise IndexDamaged(path, error.strerror or str(error)) from error
        self.size = size
        length, check, end = _FOOTER.unpack(self._bytes[size - _FOOTER.size :])
        first = size - _FOOTER.size - length
        if self._bytes[: len(_BEGIN)] != _BEGIN or end != _END or first < len(_BEGIN):
            raise IndexDamaged(path, "the file is cut off, or no part of an index")
        listed = self._bytes[first : first + length]
        if zlib.crc32(listed) != check:
            raise IndexDamaged(path, "the list of its arrays is damaged")
        self._checks: dict[str, int] = {}
        self._arrays: dict[str, Array] = {}
        for name, (kind, shape, start, crc) in json.loads(listed).items():
            dtype, count = np.dtype(kind), int(np.prod(shape, dtype=np.int64))
            flat = np.frombuffer(self._bytes, dtype, count, start) if count else np.empty(0, dtype)
            self._arrays[name], self._checks[name] = flat.reshape(shape), crc

    def __getitem__(self, name: str) -> Array:
        try:
            return self._arrays[name]
        except KeyError:
            raise IndexDamaged(self.path, f"it has no {name!r}") from None

    def __iter__(self) -> Any:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def verify(self) -> None:
        """Read everything and compare the checksums. Raises `IndexDamaged`, which names the array."""
        for name, array in self._arrays.items():
            data, check = array.reshape(-1).view(np.uint8).data, 0
            for start in range(0, len(data), _BLOCK):
                check = zlib.crc32(data[start : start + _BLOCK], check)
            if check != self._checks[name]:
                raise IndexDamaged(self.path, f"{name!r} is damaged (its checksum differs)")
