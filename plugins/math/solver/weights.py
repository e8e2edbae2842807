"""Arrays of an exported solver, checked as they are taken, and the few layers its decoders are made of, in numpy."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.errors import AssistantError

Floats = NDArray[np.float32]
#: Of every LayerNorm of the decoders.
EPSILON = np.float32(1e-5)


class SolverError(AssistantError):
    """An exported solver cannot be used; the text names the file and what is wrong with it."""


@dataclass(frozen=True)
class Linear:
    """x [..., K] -> [..., N] for weight [N, K] and bias [N] (None: without)."""

    weight: Floats
    bias: Floats | None

    def __call__(self, x: Floats) -> Floats:
        """See the class."""
        flat = x.reshape(-1, x.shape[-1]) @ self.weight.T
        if self.bias is not None:
            flat += self.bias
        return np.asarray(flat.reshape(*x.shape[:-1], -1), np.float32)


@dataclass(frozen=True)
class Norm:
    """LayerNorm over the last axis."""

    gain: Floats
    shift: Floats

    def __call__(self, x: Floats) -> Floats:
        """See the class."""
        middle = x - x.mean(axis=-1, keepdims=True)
        variance = (middle * middle).mean(axis=-1, keepdims=True)
        return np.asarray(middle / np.sqrt(variance + EPSILON) * self.gain + self.shift, np.float32)


@dataclass(frozen=True)
class Gru:
    """A gated recurrent cell with torch's order of gates (reset, update, new)."""

    given: Linear
    kept: Linear

    def __call__(self, x: Floats, h: Floats) -> Floats:
        """x [..., K], h [..., d] -> the next h; leading axes are broadcast."""
        size = h.shape[-1]
        from_x, from_h = self.given(x), self.kept(h)
        gates = sigmoid(from_x[..., : 2 * size] + from_h[..., : 2 * size])
        reset, update = gates[..., :size], gates[..., size:]
        new = np.tanh(from_x[..., 2 * size :] + reset * from_h[..., 2 * size :])
        return np.asarray(new + update * (h - new), np.float32)


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), by the tangent, which cannot overflow."""
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5, np.float32)


def gelu(x: Floats) -> Floats:
    """x times the normal distribution function of x.

    The error function is that of Abramowitz and Stegun, formula 7.1.26: at most 1.5e-7 off, as fine as float32.
    """
    # beyond 10 the error function is 1 in float32; a square could overflow
    size = np.minimum(np.abs(x) * np.float32(0.7071067811865476), np.float32(10))
    t = 1 / (1 + np.float32(0.3275911) * size)
    total = np.float32(1.061405429) * t
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        total += np.float32(factor)
        total *= t
    total *= np.exp(-size * size)
    error = np.copysign(1 - total, x)
    return np.asarray(np.float32(0.5) * x * (1 + error), np.float32)


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis; -inf stays -inf, and a row of nothing else too."""
    top = logits.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    total = np.exp(logits - top).sum(axis=-1, keepdims=True)
    return np.asarray(logits - top - np.log(np.where(total > 0, total, 1.0)))


def largest(scores: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Indices of the `count` largest finite scores of a flat array, best first; equal ones in their order."""
    some = np.sort(np.argpartition(-scores, count - 1)[:count]) if count < scores.size else np.arange(scores.size)
    order = some[np.argsort(-scores[some], kind="stable")]
    return np.asarray(order[np.isfinite(scores[order])])


class Weights:
    """The arrays of one file by name; taking one that is missing or of another shape raises `SolverError`."""

    def __init__(self, arrays: Mapping[str, Floats], source: str) -> None:
        self._arrays, self.source = arrays, source

    @classmethod
    def read(cls, path: Path) -> Weights:
        """All arrays of an `.npz`, in float32. Raises `SolverError` naming the file."""
        try:
            # a file of our own: `np.load` leaves its open where it fails
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                return cls({name: np.asarray(file[name], np.float32) for name in file.files}, str(path))
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise SolverError(f"{path}: cannot be read: {error}") from error

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def has(self, prefix: str) -> bool:
        """Whether there is any array whose name begins so."""
        return any(name.startswith(prefix) for name in self._arrays)

    def array(self, name: str, *shape: int | None) -> Floats:
        """The array; None in `shape` stands for any size."""
        found = self._arrays.get(name)
        if found is None:
            raise SolverError(f"{self.source}: the array {name!r} is missing")
        wrong = found.ndim != len(shape) or any(
            want is not None and want != have for want, have in zip(shape, found.shape, strict=True)
        )
        if wrong:
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            raise SolverError(f"{self.source}: the array {name!r} has the shape {found.shape}, not ({wanted})")
        if not np.isfinite(found).all():
            raise SolverError(f"{self.source}: the array {name!r} holds values that are not finite")
        return found

    def linear(self, name: str, inputs: int | None = None, outputs: int | None = None, bias: bool = True) -> Linear:
        """`name.weight` [outputs, inputs] and, with `bias`, `name.bias` [outputs]."""
        weight = self.array(f"{name}.weight", outputs, inputs)
        return Linear(weight, self.array(f"{name}.bias", len(weight)) if bias else None)

    def norm(self, name: str, size: int) -> Norm:
        """`name.weight` and `name.bias`, both [size]."""
        return Norm(self.array(f"{name}.weight", size), self.array(f"{name}.bias", size))

    def gru(self, name: str, inputs: int, size: int) -> Gru:
        """A cell with the names of torch's GRUCell."""
        return Gru(
            Linear(self.array(f"{name}.weight_ih", 3 * size, inputs), self.array(f"{name}.bias_ih", 3 * size)),
            Linear(self.array(f"{name}.weight_hh", 3 * size, size), self.array(f"{name}.bias_hh", 3 * size)),
        )
