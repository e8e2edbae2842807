"""The linear stack and our own understanding as programs: `main` is called as PROGRAM train|read FOLDER.

Same files as the peer's worker, a process for training and one for reading, so that CPU time and memory are each
system's own. FOLDER/cell.json names the system and its settings, rows.json and dev.json hold sentences, texts.json
what is to be read. Leaves trained.json or parsed.json.
"""

from __future__ import annotations

import json
import pickle
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.linear_stack import LinearStack
from benchmarks.nlu_peers_data import Sentence, chunks, word_starts

#: Texts read once before the clock counts.
WARM = 20
#: Confidence from which the linear stack takes a sentence: it knows no out of scope, so it gets the peer's threshold.
FALLBACK = 0.3


def used() -> dict[str, float]:
    """CPU-seconds of this process so far, and its peak resident memory in MB (10^6 bytes; Linux counts KiB)."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss * 1024 / 1e6}


def write_sentences(path: Path, sentences: Sequence[Sentence]) -> None:
    """The sentences as JSON."""
    path.write_text(json.dumps([[s.words, s.tags, s.intent] for s in sentences]), encoding="utf-8")


def read_sentences(path: Path) -> list[Sentence]:
    """The inverse of `write_sentences`."""
    return [Sentence(tuple(words), tuple(tags), intent) for words, tags, intent in json.loads(path.read_text("utf-8"))]


def train(folder: Path) -> None:
    """Train the system that FOLDER/cell.json names. CPU-seconds include imports, as they do for the peer."""
    started = time.perf_counter()
    cell = json.loads((folder / "cell.json").read_text("utf-8"))
    sentences = read_sentences(folder / "rows.json")
    if cell["system"] == "linear":
        stack = LinearStack().fit(sentences, folder)
        (folder / "linear.pickle").write_bytes(pickle.dumps(stack))
    else:
        from benchmarks import nlu_peers_ours

        nlu_peers_ours.train(cell, sentences, read_sentences(folder / "dev.json"), folder)
    figures = {**used(), "seconds": time.perf_counter() - started}
    (folder / "trained.json").write_text(json.dumps(figures), encoding="utf-8")


def reader(folder: Path) -> Callable[[str], dict[str, Any]]:
    """The trained system as a function of a text."""
    cell = json.loads((folder / "cell.json").read_text("utf-8"))
    if cell["system"] == "linear":
        stack = pickle.loads((folder / "linear.pickle").read_bytes())

        def linear(text: str) -> dict[str, Any]:
            found = stack.read(text)
            words = text.split()
            starts = word_starts(words)
            spans = [(name, starts[a], starts[b] + len(words[b])) for name, a, b in chunks(found.tags)]
            taken = found.confidence >= FALLBACK
            return {"intent": found.intent, "confidence": found.confidence, "accepted": taken, "entities": spans}

        return linear
    from nlu.runtime import Understander

    understander = Understander.load(folder / "model")

    def ours(text: str) -> dict[str, Any]:
        parse = understander.parse([text])[0]
        name, chance = parse.intents[0]
        spans = [(entity.name, entity.start, entity.end) for entity in parse.entities]
        return {"intent": name, "confidence": chance, "accepted": parse.intent is not None, "entities": spans}

    return ours


def read(folder: Path) -> None:
    """Read the texts one after the other, each timed."""
    texts = json.loads((folder / "texts.json").read_text("utf-8"))
    parse = reader(folder)
    for text in texts[:WARM]:
        parse(text)
    parses = []
    for text in texts:
        started = time.perf_counter()
        found = parse(text)
        parses.append({**found, "seconds": time.perf_counter() - started})
    (folder / "parsed.json").write_text(json.dumps({"parses": parses, **used()}), encoding="utf-8")


def main() -> None:
    """See the module."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    steps: dict[str, Callable[[Path], None]] = {"train": train, "read": read}
    steps[what](folder)
