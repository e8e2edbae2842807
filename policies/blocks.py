"""Logs that are larger than memory: arrays go through in blocks, large results into files that nobody sees."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

if TYPE_CHECKING:
    from policies.dataset import Dataset

Doubles = NDArray[np.float64]

#: Rows at once.
BLOCK = 65_536
#: Bytes that a result for a mapped log may take in memory; a larger one is mapped too.
MOST = 8 * 2**20


class Decides(Protocol):
    """What has propensities for logged decisions."""

    def propensities_of(self, dataset: Dataset) -> Doubles:
        """[N, K], zero on padding; each row depends on its own decision alone."""
        ...


def blocks(n: int, size: int = BLOCK) -> Iterator[slice]:
    """n rows, `size` at a time."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float64, beside: object = None) -> NDArray[Any]:
    """An array of zeros. If `beside` is mapped from a file and it would take more than `MOST` bytes, it is mapped too:
    from a file without a name in the same folder, which is gone with the array.
    """
    folder = _folder(beside)
    if folder is None or int(np.prod(shape)) * np.dtype(dtype).itemsize <= MOST:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(dir=folder) as file:
        found = np.memmap(file, dtype, "w+", shape=shape)
    found.filename = str(folder / "(unnamed)")  # so that what is made beside it lies there too
    return found


def taken(array: NDArray[Any], rows: NDArray[Any] | slice) -> NDArray[Any]:
    """`array[rows]`, mapped as `zeros` says. rows: a slice, which gives a view, numbers [n], or a mask [N]."""
    if isinstance(rows, slice):
        return np.asarray(array[rows])
    masked = rows.dtype == np.bool_
    count = int(np.count_nonzero(rows)) if masked else len(rows)
    if _folder(array) is None or count * int(np.prod(array.shape[1:])) * array.itemsize <= MOST:
        return np.asarray(array[rows])
    found = zeros((count, *array.shape[1:]), array.dtype, array)
    done = 0
    for part in blocks(len(rows)):  # of a mask: a block of the array, else of the result
        some = array[part][rows[part]] if masked else array[rows[part]]
        found[done : done + len(some)] = some
        done += len(some)
    return found


def propensities_of(policy: Decides, dataset: Dataset) -> Doubles:
    """What a policy says of logged decisions [N, K], worked out in blocks; see `zeros`."""
    return for_each(dataset, policy.propensities_of)


def for_each(dataset: Dataset, work: Callable[[Dataset], Doubles], size: int = BLOCK) -> Doubles:
    """[N, K], of which `work` makes each row from its own decision alone; called with `size` decisions at a time."""
    found = zeros(dataset.skill.shape, np.float64, dataset.logged)
    for part in blocks(len(dataset), size):
        found[part] = work(dataset.take(part))
    return found


def _folder(array: object) -> Path | None:
    """Where the file lies that an array, or what it is a view of, is mapped from."""
    while array is not None:
        name = getattr(array, "filename", None)
        if name is not None:
            return Path(name).parent
        array = getattr(array, "base", None)
    return None
