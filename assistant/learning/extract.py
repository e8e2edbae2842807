"""The log as a data set: turns are read page by page and written as arrays on disk, so memory stays bounded."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.learning.columns import Column
from assistant.learning.errors import LearningError
from assistant.learning.rows import Histories, Row, left_out, row_of, wrong
from dialog.encoder import Encoder
from dialog.log import Log
from policies.dataset import ARRAYS, Dataset, Tables
from policies.request import FEATURES, context_of, numbers

_BLOCK = 2048  # decisions that are in memory
_TEXTS = 100_000  # texts whose vectors are not written twice
_SHOWN = 10  # turn ids that an error names
_EARLIER = 86_400.0  # seconds before the window that are read for what the first turns' conversations were about
_COUNTS = "extract.json"
#: Kept beside the arrays of `Dataset`: a number for each decision's session, and its turn.
_BESIDE = ("session", "turn")


@dataclass(frozen=True)
class Extract:
    """Decisions of a log. session: a number [N] by which to split; turn: ids [N]; counts: turns, by what became of
    them; policies: decisions by the policy that drew; encoder: of the sentence vectors."""

    dataset: Dataset
    session: NDArray[np.uint64]
    turn: NDArray[np.int64]
    counts: Mapping[str, int]
    policies: Mapping[str, int]
    encoder: str

    @classmethod
    def load(cls, folder: Path) -> Extract:
        """What `extract` has written, or any saved `Dataset` (each decision is its own session then)."""
        dataset = Dataset.load(folder)
        own = np.arange(len(dataset), dtype=np.int64)
        try:
            beside = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in _BESIDE]
            known = json.loads((folder / _COUNTS).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(dataset, own.astype(np.uint64), own, {"kept": len(dataset)}, {}, "")
        except (OSError, ValueError) as error:
            raise LearningError(f"{folder} does not hold an extract of a log: {error}") from error
        if any(len(array) != len(dataset) for array in beside):
            raise LearningError(f"{folder}: there is not one session and turn for each of {len(dataset)} decisions")
        return cls(dataset, beside[0], beside[1], known["counts"], known["policies"], known["encoder"])


async def extract(
    log: Log, folder: Path, skills: Mapping[str, NDArray[np.float32]], encoder: Encoder, silence: float,
    *, since: float | None = None, until: float | None = None, progress: Callable[[int], None] | None = None,
) -> Extract:  # fmt: skip
    """Write the decisions of the log into `folder`, which must be new, and map them.

    skills: text vectors of the skills there are now. encoder: makes the sentence vectors that the log does not keep.
    silence: seconds that end a session. since, until: epoch seconds. progress: told the number of turns.
    Raises `LearningError` where propensities are missing or wrong, naming turns, and where nothing is left.
    """
    writer = _Writer(folder, skills, encoder, log)
    histories, broken, seen = Histories(silence), [], 0
    try:
        async for turn, judged in log.judged(since=None if since is None else since - _EARLIER, until=until):
            context = histories.context(turn)
            if since is not None and turn.utterance.time < since:
                continue
            seen += 1
            if progress is not None and seen % 200 == 0:
                progress(seen)
            reason = left_out(turn)
            if reason is not None:
                writer.counts[reason] += 1
                continue
            problem = wrong(turn.decision)
            if problem is not None:
                broken.append(f"{turn.turn_id} ({problem})")
                if len(broken) == _SHOWN:
                    break
                continue
            session = histories.session(turn.utterance.conversation_id)
            await writer.add(row_of(turn, context, session, judged))
        if broken:
            more = ", and perhaps more" if len(broken) == _SHOWN else ""
            raise LearningError(
                f"the log's propensities cannot be used; turns {', '.join(broken)}{more} (--since and --until leave "
                "turns out)"
            )
        return await writer.finish(seen)
    finally:
        writer.close()


class _Writer:
    """Collects rows in blocks and appends them to the columns."""

    def __init__(self, folder: Path, skills: Mapping[str, NDArray[np.float32]], encoder: Encoder, log: Log) -> None:
        self.counts: Counter[str] = Counter()
        self._folder, self._rows = folder, folder / "rows"
        self._skill_vectors, self._encoder, self._log = skills, encoder, log
        self._skills = {name: index for index, name in enumerate(sorted(skills))}
        self._domains: dict[str, int] = {}
        self._policies: Counter[str] = Counter()
        self._texts: OrderedDict[bytes, int] = OrderedDict()
        self._written = 0
        self._block: list[Row] = []
        self._columns: dict[str, Column] = {}

    async def add(self, row: Row) -> None:
        """Take one decision."""
        self.counts["judged" if row.reward == row.reward else "not judged yet"] += 1
        self._policies[row.policy] += 1
        self._block.append(row)
        if len(self._block) == _BLOCK:
            await self._flush()

    async def finish(self, turns: int) -> Extract:
        """Write what is left, put the files in their place."""
        await self._flush()
        if not self._columns:
            left = ", ".join(f"{count} {reason}" for reason, count in self.counts.items())
            raise LearningError(f"none of {turns} turns can be learned from{f' ({left})' if left else ''}")
        self.close()
        size = np.load(self._rows / "texts.npy", mmap_mode="r").shape[1]
        vectors = np.zeros((len(self._skills), size), np.float32)
        for name, index in self._skills.items():
            if name in self._skill_vectors:
                vectors[index] = self._skill_vectors[name]
        empty = Dataset(
            Tables(np.zeros((0, size), np.float32), tuple(self._skills), vectors, tuple(self._domains)),
            **{name: np.load(self._rows / f"{name}.npy", mmap_mode="r")[:0] for name in ARRAYS},
        )
        empty.save(self._folder)  # tables, and empty arrays that the written ones replace
        for path in self._rows.iterdir():
            path.replace(self._folder / path.name)
        self._rows.rmdir()
        gone = sum(name not in self._skill_vectors for name in self._skills)
        counts = {"turns": turns, **self.counts, "skills without a text": gone}
        known = {"counts": counts, "policies": self._policies, "encoder": self._encoder.version}
        (self._folder / _COUNTS).write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        return Extract.load(self._folder)

    def close(self) -> None:
        """Close the files, whole or not."""
        for column in self._columns.values():
            column.close()

    async def _flush(self) -> None:
        rows, self._block = self._block, []
        if not rows:
            return
        text = await self._text_rows(rows)
        width = max(len(row.request.options) for row in rows)
        n = len(rows)
        arrays: dict[str, NDArray[Any]] = {
            "text": text,
            "context": np.array([context_of(row.request) for row in rows], np.float32),
            "last": np.array([self._skill(row.request.last_skill) for row in rows], np.int32),
            "numeric": np.zeros((n, width, len(FEATURES)), np.float32),
            "skill": np.full((n, width), -1, np.int32),
            "open": np.zeros((n, width), np.bool_),
            "logged": np.zeros((n, width), np.float64),
            "action": np.array([row.action for row in rows], np.int32),
            "reward": np.array([row.reward for row in rows], np.float32),
            "domain": np.array([self._domain(row.request.domain) for row in rows], np.int32),
            "session": np.array([_hash(row.session) for row in rows], np.uint64),
            "turn": np.array([row.turn_id for row in rows], np.int64),
        }
        for index, row in enumerate(rows):
            options = row.request.options
            size = len(options)
            arrays["numeric"][index, :size] = numbers(options)
            arrays["skill"][index, :size] = [self._skill(option.skill) for option in options]
            arrays["open"][index, :size] = [not option.costly for option in options]
            arrays["logged"][index, :size] = row.propensities
        for name, array in arrays.items():
            self._append(name, array)

    def _append(self, name: str, array: NDArray[Any]) -> None:
        column = self._columns.get(name)
        if column is None:
            self._rows.mkdir(parents=True, exist_ok=True)
            wide = name in ("numeric", "skill", "open", "logged")
            padding = -1 if name == "skill" else 0
            path = self._rows / f"{name}.npy"
            column = self._columns[name] = Column(path, array.dtype, array.shape[1:], width=wide, padding=padding)
        column.append(array)

    async def _text_rows(self, rows: Sequence[Row]) -> NDArray[np.int32]:
        """Row of each decision's text among the sentence vectors, which are written where they are new."""
        places: list[bytes] = [
            hashlib.blake2b(row.text.encode("utf-8", "replace"), digest_size=16).digest() for row in rows
        ]
        new = {key: row for key, row in zip(places, rows, strict=True) if key not in self._texts}
        for key in places:
            if key in self._texts:
                self._texts.move_to_end(key)
        if new:
            vectors = await self._vectors(list(new.values()))
            self._append("texts", vectors)
            for key in new:
                self._texts[key] = self._written
                self._written += 1
        found = np.array([self._texts[key] for key in places], np.int32)
        while len(self._texts) > _TEXTS:
            self._texts.popitem(last=False)
        return found

    async def _vectors(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """Sentence vectors [n, D]: the log's where the same encoder made them, else made anew."""
        version = self._encoder.version
        cached = await self._log.vectors(version, [row.text for row in rows if row.encoder == version])
        missing = list(dict.fromkeys(row.text for row in rows if row.text not in cached))
        self.counts["sentences encoded anew"] += len(missing)
        for start in range(0, len(missing), 64):
            part = missing[start : start + 64]
            cached.update(zip(part, await self._encoder.encode(part), strict=True))
        return np.stack([np.asarray(cached[row.text], np.float32) for row in rows])

    def _skill(self, name: str | None) -> int:
        return -1 if name is None else self._skills.setdefault(name, len(self._skills))

    def _domain(self, name: str) -> int:
        return self._domains.setdefault(name, len(self._domains))


def _hash(session: str) -> int:
    digest = hashlib.blake2b(session.encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
