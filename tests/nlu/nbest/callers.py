"""A made-up folder of telephone dialogs in the form of DSTC2."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

FOODS = ("thai", "indian", "chinese")


def act(name: str, *slots: tuple[str, str]) -> dict[str, Any]:
    return {"act": name, "slots": [list(pair) for pair in slots]}


def turn(rng: random.Random) -> dict[str, Any]:
    food = rng.choice(FOODS)
    if rng.random() < 0.3:
        reference, acts = "good bye", [act("bye")]
    elif rng.random() < 0.4:
        reference, acts = (
            f"{food} food phone number",
            [act("inform", ("food", food)), act("request", ("slot", "phone"))],
        )
    else:
        reference, acts = f"{food} food please", [act("inform", ("food", food))]
    wrong = reference.replace(food, rng.choice(["tie", "in", "chew"]))
    first = rng.random() < 0.5
    hypotheses = [[reference, -0.3], [wrong, -1.6]] if first else [[wrong, -0.6], [reference, -0.9]]
    return {
        "sys_acts": [act("request", ("slot", "food"))], "hyps": hypotheses, "ref": reference, "sem": acts,
        "slu": [[1.0, [act("bye")]]],
    }  # fmt: skip


def write(folder: Path, train: int = 60, dev: int = 15) -> Path:
    """Writes `dstc2/dstc2_train_dev.jsonl.gz` under the folder and gives its path."""
    rng = random.Random(0)
    path = folder / "dstc2" / "dstc2_train_dev.jsonl.gz"
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for number in range(train + dev):
            dialog = {
                "session": f"call-{number}", "split": "train" if number < train else "dev",
                "turns": [turn(rng) for _ in range(4)],
            }  # fmt: skip
            file.write(json.dumps(dialog) + "\n")
    return path
