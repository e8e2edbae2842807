"""The cells of `benchmarks.product_resolve`: records, mentions, pages, lookup, the large catalogue."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.product_resolve_systems import SYSTEMS, Systems, kept, large_catalogue, left, linked, looked_up, matched
from plugins.product_qa.resolve.fit import titles_of
from plugins.product_qa.resolve.mentions import mentions
from plugins.product_qa.resolve.resolver import Resolver

WERS = (0.0, 0.1, 0.2, 0.3)


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """The result of one cell, by its kind."""
    if cell["kind"] == "records":
        return {"pairs": matched(data, cell["set"]), "linking": linked(data, cell["set"])}
    if cell["kind"] == "lookup":
        return {split: looked_up(data, split) for split in ("dev", "testseen", "testunseen")}
    parts = titles_of(data)
    if cell["kind"] == "mentions":
        return heard(parts, cell["count"], cell["seed"])
    if cell["kind"] == "pages":
        return paged(data, parts["measure"], cell["count"], cell["seed"])
    return speed(parts, cell["size"])


def heard(parts: dict[str, dict[str, str]], count: int, seed: int) -> dict[str, dict[str, float]]:
    """Accuracy@1 and coverage of each system at each error rate, among all titles of the part for measuring."""
    rng = random.Random(seed)
    titles, choose = parts["measure"], parts["choose"]
    strangers = sorted(parts["fit"].values())
    ours, held = Systems(titles), Systems(choose)
    development = [
        mention
        for wer in WERS
        for mention in mentions(choose, rng.choices(sorted(choose), k=count // 3), wer, rng, odd=False, none=0.5,
                                strangers=strangers)
    ]  # fmt: skip
    limits = {system: held.limit(system, development) for system in SYSTEMS}
    out: dict[str, dict[str, float]] = {}
    for wer in WERS:
        wanted = rng.choices(sorted(titles), k=count)
        asked = mentions(titles, wanted, wer, rng, odd=True, none=0.5, strangers=strangers)
        for system in SYSTEMS:
            for key, value in ours.measure(system, asked, limits[system]).items():
                out.setdefault(f"{key}, wer {wer:g}", {})[system] = value
    return out


def paged(data: Path, titles: dict[str, str], count: int, seed: int) -> dict[str, float]:
    """What a page in view does: questions that stay with it, and names of other products that turn away from it."""
    rng = random.Random(seed)
    out = {"questions about the page's product": kept(data, titles, rng, count)}
    for wer in (0.0, 0.1, 0.2):
        asked = mentions(titles, rng.choices(sorted(titles), k=count), wer, rng, odd=True)
        right, stays = left(titles, asked, rng)
        out |= {f"another product named, wer {wer:g}": right, f"another named, page's answered, wer {wer:g}": stays}
    return out


def speed(parts: dict[str, dict[str, str]], size: int) -> dict[str, float]:
    """Time and memory with a large catalogue of titles made by exchanging words of real ones."""
    rng = random.Random(0)
    titles = large_catalogue([text for part in parts.values() for text in part.values()], size, rng)
    began = time.perf_counter()
    resolver = Resolver((f"t{number}", title, (), "") for number, title in enumerate(titles))
    built = time.perf_counter() - began
    ids = {f"t{number}": title for number, title in enumerate(titles[:400])}
    asked = mentions(ids, sorted(ids)[:200], 0.1, rng, odd=True)
    took, worked = [], []
    for mention in asked:
        began, busy = time.perf_counter(), time.process_time()
        resolver.resolve(mention.text)
        took.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - busy))
    took, worked = took[20:], worked[20:]  # the first ones load the dictionary
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc/self/statm").exists() else 0
    return {
        "titles": size, "build_seconds": built, "p50_ms": float(np.percentile(took, 50)),
        "p99_ms": float(np.percentile(took, 99)), "cpu_p50_ms": float(np.percentile(worked, 50)),
        "resident_mb": pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
    }  # fmt: skip
