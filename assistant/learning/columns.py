"""Arrays that grow row by row on disk, so that a log of any length becomes a data set in bounded memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_MOVED = 65_536  # rows that are widened at once


class Column:
    """A `.npy` file to which rows are appended. It can be read once it is closed.

    `width`: whether the second axis is the candidates', which can grow: earlier rows are then padded with `padding`.
    """

    def __init__(
        self, path: Path, dtype: DTypeLike, shape: tuple[int, ...] = (), *, width: bool = False, padding: int = 0
    ) -> None:
        """`shape` of one row; the file must not exist."""
        self._path = path
        self._dtype = np.dtype(dtype)
        self._shape = shape
        self._wide = width
        self._padding = padding
        self._rows = 0
        self._file = path.open("xb")
        self._start = self._write_header()

    def append(self, rows: NDArray[Any]) -> None:
        """Add rows [n, *shape]; where the second axis is wider than before, the file is made anew."""
        if self._wide and rows.shape[1] > self._shape[0]:
            self._widen(rows.shape[1])
        missing = self._shape[0] - rows.shape[1] if self._wide else 0
        if missing:
            rows = np.pad(rows, [(0, 0), (0, missing), *[(0, 0)] * (rows.ndim - 2)], constant_values=self._padding)
        if rows.shape[1:] != self._shape:
            raise ValueError(f"{self._path.name}: rows of shape {rows.shape[1:]}, not {self._shape}")
        self._file.write(np.ascontiguousarray(rows, self._dtype).data)
        self._rows += len(rows)

    def close(self) -> None:
        """Write the length into the file; it is whole then."""
        if self._file.closed:
            return
        self._file.seek(0)
        if self._write_header() != self._start:
            raise ValueError(f"{self._path.name}: the header of {self._rows} rows does not fit")
        self._file.close()

    def _write_header(self) -> int:
        known = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False}
        np.lib.format.write_array_header_1_0(self._file, {**known, "shape": (self._rows, *self._shape)})
        return self._file.tell()

    def _widen(self, width: int) -> None:
        self.close()
        narrow = self._path.rename(self._path.with_suffix(".narrow"))
        old, rows = np.load(narrow, mmap_mode="r"), self._rows
        self._shape = (width, *self._shape[1:])
        self._rows = 0
        self._file = self._path.open("xb")
        self._start = self._write_header()
        for start in range(0, rows, _MOVED):
            self.append(old[start : start + _MOVED])
        narrow.unlink()
