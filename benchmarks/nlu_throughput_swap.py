"""Exchange of the model under load, as a running assistant does it: registry, loading, fitting, warming, swap."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.nlu_throughput_load import closed
from dialog.registry import Registry
from dialog.types import Hypothesis, Utterance
from nlu.runtime import HEAD_FOLDER, MODELS
from plugins.understanding import KIND, EmbeddedNLU

USERS = 16
_REST = 1.0  # seconds of load before and after each exchange: what the exchange is compared with
_DEADLINE = 60.0


@dataclass
class Swapped:
    """Costs (seconds) of parses that ran during an exchange, and of the others; what failed; what answered.

    lengths: seconds of each exchange. mixed: parses whose recorded version was neither the one in force when they
    began nor the one when they ended.
    """

    during: list[float] = field(default_factory=list)
    otherwise: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)
    versions: set[str] = field(default_factory=set)
    mixed: int = 0


def registry(folder: Path) -> Registry:
    """Two versions of the shipped model that differ in name and hash."""
    made = Registry(folder / "models")
    for name in ("one", "two"):
        with tempfile.TemporaryDirectory() as place:
            copied = Path(shutil.copytree(MODELS / HEAD_FOLDER, Path(place) / name))
            card = json.loads((copied / "head.json").read_text(encoding="utf-8"))
            (copied / "head.json").write_text(json.dumps(card | {"name": f"{card['name']}-{name}"}), encoding="utf-8")
            made.add(KIND, name, copied)
    return made


async def swapping(
    versions: Registry, texts: Sequence[str], examples: Mapping[str, Sequence[str]], swaps: int, users: int = USERS
) -> Swapped:
    """`users` talk without a break while the model is exchanged `swaps` times; nothing is cached in between."""
    await asyncio.to_thread(versions.use, KIND, "one")
    nlu = await asyncio.to_thread(EmbeddedNLU, None, versions.folder, None, 32)
    found = Swapped()
    spans: list[tuple[float, float]] = []
    await asyncio.to_thread(nlu.fit, examples)
    follower = nlu.follower
    assert follower is not None

    async def parse(text: str) -> None:
        begun = nlu.version
        version = (await nlu.understand(Utterance("bench", (Hypothesis(text),), "bench"))).nlu
        found.versions.add(version)
        found.mixed += version not in (begun, nlu.version)

    try:
        await closed(parse, texts, users, 0.5)
        over = asyncio.Event()
        load = asyncio.create_task(closed(parse, texts, users, 0.0, over))
        for number in range(swaps):
            await asyncio.sleep(_REST)
            start = time.perf_counter()
            async with asyncio.timeout(_DEADLINE):
                await asyncio.wrap_future(follower.use(("two", "one")[number % 2]))
            spans.append((start, time.perf_counter()))
        await asyncio.sleep(_REST)
        over.set()
        result = await load
    finally:
        await nlu.close()
    found.failed = result.failed
    found.lengths = [end - start for start, end in spans]
    for start, took in zip(result.starts, result.latencies, strict=True):
        hit = any(start < end and start + took > begin for begin, end in spans)
        (found.during if hit else found.otherwise).append(took)
    return found
