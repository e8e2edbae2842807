"""Sentence vectors of the gate's texts, kept in a file: encoding is most of the work, and it can be stopped."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.training.display import bar
from plugins.product_qa.gate.lexicon import AUXILIARIES, WH

Floats = NDArray[np.float32]
BATCH = 256


def shown(text: str) -> str:
    """A text as it is typed or heard. No set must be known by its marks: of half of the texts (by hash) the marks at
    the end are dropped, the other half gets a question mark where it begins like a question."""
    plain = " ".join(text.split()).rstrip(" ?.!")
    first = plain.partition(" ")[0].lower()
    marked = zlib.crc32(plain.lower().encode()) % 2
    return f"{plain}?" if marked and (first in WH or first in AUXILIARIES or text.rstrip().endswith("?")) else plain


def vectors(texts: Sequence[str], kept: Path | None) -> Floats:
    """The shared encoder's vectors [N, 384], from the file `kept` where they are there; saved every 4096 texts."""
    encoder = Encoder(MODELS / ENCODER_FOLDER)
    known = _read(kept, encoder.version) if kept else {}
    missing = [text for text in dict.fromkeys(texts) if _key(text) not in known]
    unsaved = 0
    with bar("vectors", max(1, len(missing))) as tell:
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            for text, found in zip(batch, encoder.encode(batch, trunk=False), strict=True):
                known[_key(text)] = found.vector.astype(np.float16)
            unsaved += len(batch)
            if kept and (unsaved >= 4096 or start + BATCH >= len(missing)):
                _write(kept, encoder.version, known)
                unsaved = 0
            tell(min(start + BATCH, len(missing)), "")
    return np.stack([known[_key(text)] for text in texts]).astype(np.float32)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=12).digest()


def _read(path: Path, version: str) -> dict[bytes, NDArray[np.float16]]:
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as held:
        if str(held["version"]) != version:  # vectors of different encoders must not be mixed
            return {}
        keys, rows = held["keys"], held["rows"]
    return {bytes(key): row for key, row in zip(keys, rows, strict=True)}


def _write(path: Path, version: str, known: dict[bytes, NDArray[np.float16]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = np.frombuffer(b"".join(known), dtype=np.uint8).reshape(len(known), 12)
    part = path.with_name(path.name + ".part.npz")
    np.savez(part, version=np.array(version), keys=keys, rows=np.stack(list(known.values())))
    os.replace(part, path)
