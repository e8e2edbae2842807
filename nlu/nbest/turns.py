"""Turns of real telephone dialogs (DSTC2) with the live recogniser's n-best list (standard library only)."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DSTC2 = "dstc2/dstc2_train_dev.jsonl.gz"


@dataclass(frozen=True)
class Turn:
    """What a caller said, as the recogniser heard it.

    hypotheses: (text, log score) best first, at least one. items: gold act-slot-value triples such as
    `inform(food=thai)`, `request(phone)`, `bye()`. system: features of the system's last acts, most general first
    (`offer`, `offer(name)`, `offer(name=nandos)`). live: the items of the live understanding's best frame.
    """

    dialog: str
    hypotheses: tuple[tuple[str, float], ...]
    reference: str
    items: frozenset[str]
    system: tuple[str, ...]
    live: frozenset[str] = field(default=frozenset())


def read_turns(path: Path, split: str) -> list[Turn]:
    """Turns of `split` (`train` or `dev`), dialogs in file order.

    Raises FileNotFoundError where the file is missing, ValueError with file and line for a broken record or a split
    that is not there.
    """
    if not path.is_file():
        raise FileNotFoundError(f"data file is missing: {path} (give its folder with --data)")
    turns: list[Turn] = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    dialog = json.loads(line)
                    if dialog["split"] == split:
                        turns.extend(_turns(dialog))
                except (KeyError, TypeError, ValueError) as error:
                    raise ValueError(f"{path}:{number}: not a dialog: {type(error).__name__}: {error}") from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise ValueError(f"{path}: not a complete gzip file: {error}") from error
    if not turns:
        raise ValueError(f"{path}: no turns of the split {split!r}")
    return turns


def _turns(dialog: dict[str, Any]) -> Iterator[Turn]:
    for turn in dialog["turns"]:
        hypotheses = tuple((str(text), float(score)) for text, score in turn["hyps"])
        live = turn["slu"][0][1] if turn["slu"] else []
        yield Turn(
            str(dialog["session"]), hypotheses or (("", 0.0),), str(turn["ref"]), frame_items(turn["sem"]),
            tuple(sorted(_general(turn["sys_acts"]), key=len)), frame_items(live),
        )  # fmt: skip


def frame_items(acts: list[dict[str, Any]]) -> frozenset[str]:
    """Act-slot-value triples of a frame; the slot named `slot` (of requests) is left out of the name."""
    items = set()
    for act in acts:
        if not act["slots"]:
            items.add(f"{act['act']}()")
        for slot, value in act["slots"]:
            items.add(f"{act['act']}({value})" if slot == "slot" else f"{act['act']}({slot}={value})")
    return frozenset(items)


def _general(acts: list[dict[str, Any]]) -> set[str]:
    out = set()
    for act in acts:
        out.add(act["act"])
        for slot, value in act["slots"]:
            out |= {f"{act['act']}({slot})", f"{act['act']}({slot}={value})"}
    return out


def held_out(dialog: str) -> bool:
    """Whether a dialog of the training split belongs to the tenth, by hash, on which hyper-parameters are chosen."""
    return hashlib.sha256(("held out " + dialog).encode()).digest()[0] < 26
