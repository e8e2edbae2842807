"""Trunk states of texts, computed once and kept in a memory-mapped file: the lower layers do not train."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import Encoder
from nlu.train_layers import WIDTH
from nlu.training.display import Tell

Halves = NDArray[np.float16]
_CHUNK = 256


class Trunks:
    """A file of float16 token states [T, 384], by hash of text and encoder version; several processes may share it.

    States are appended first and named in the index after: what a killed run left half written is overwritten.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(encoder.version.encode()).hexdigest()[:16]
        self._encoder = encoder
        self._data, self._index = folder / f"trunks-{name}.f16", folder / f"trunks-{name}.txt"
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0
        self._data.touch()
        self._map: Halves = np.zeros((0, WIDTH), np.float16)

    def add(self, texts: Sequence[str], tell: Tell = lambda done, note: None) -> None:
        """Computes what is missing."""
        wanted = list(dict.fromkeys(texts))
        with self._alone():
            missing = [text for text in wanted if self._key(text) not in self._places]
            for first in range(0, len(missing), _CHUNK):
                chunk = missing[first : first + _CHUNK]
                states = [state for state, _ in self._encoder.frozen_states(chunk)]
                self._append(chunk, states)
                tell(first + len(chunk), "")
        self._map = np.memmap(self._data, np.float16, "r", shape=(self._end, WIDTH)) if self._end else self._map

    def __call__(self, text: str) -> Halves:
        """States [T, 384] of a text that was added. Raises KeyError for another."""
        start, length = self._places[self._key(text)]
        return self._map[start : start + length]

    def _append(self, texts: Sequence[str], states: Sequence[Halves]) -> None:
        with self._data.open("r+b") as file:
            file.seek(self._end * WIDTH * 2)
            for state in states:
                file.write(np.ascontiguousarray(state).tobytes())
            file.truncate()
        with self._index.open("a", encoding="ascii") as file:
            for text, state in zip(texts, states, strict=True):
                self._places[self._key(text)] = (self._end, len(state))
                file.write(f"{self._key(text)} {len(state)}\n")
                self._end += len(state)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The lock of the folder's file, with the index as other processes left it."""
        with self._index.open("a+", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.seek(0)
            text = lock.read()
            whole = text[: text.rfind("\n") + 1]
            if whole != text:
                lock.truncate(len(whole))
            self._places, self._end = {}, 0
            for line in whole.splitlines():
                key, length = line.split()
                self._places[key] = (self._end, int(length))
                self._end += int(length)
            yield

    @staticmethod
    def _key(text: str) -> str:
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
