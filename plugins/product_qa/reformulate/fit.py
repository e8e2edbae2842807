"""Learns how far a restart reaches back, on Disfl-QA (CC BY 4.0) and fluent product questions (CDLA-Sharing 1.0).

python -m plugins.product_qa.reformulate.fit --data DIR [--out FILE]
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.errors import AssistantError
from plugins.product_qa.reformulate.repair import WEIGHTS
from plugins.product_qa.reformulate.restarts import FEATURES, Edit, choices, plain
from plugins.product_qa.types import CatalogueError

Pair = tuple[str, str]
#: Fluent questions with a cue are rare, and harming one is worse than missing a restart: each counts so often.
_FLUENT = 10
_PENALTY, _STEPS, _RATE = 1e-4, 400, 0.1


def pairs(data: Path, part: str) -> list[Pair]:
    """(disfluent, fluent) questions of Disfl-QA's `part`; rows whose disfluent text the set lost are left out."""
    path = data / "qr_disflqa" / f"{part}.json"
    try:
        rows = json.loads(path.read_text(encoding="utf-8")).values()
        return [(row["disfluent"], row["original"]) for row in rows if not row["disfluent"].startswith("#")]
    except FileNotFoundError:
        raise CatalogueError(f"{path}: the file is missing") from None
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CatalogueError(f"{path}: cannot be read: {error}") from error


def fluent(data: Path) -> list[Pair]:
    """Product questions of semiPQA dev and hetPQA train, which are to be left as they are."""
    home = data / "pqa_contextual"
    paths = home / "semiPQA" / "attribute_ranking" / "dev.csv", home / "hetPQA" / "answer_generation" / "train.csv"
    found: dict[str, None] = {}
    for path in paths:
        try:
            with path.open(encoding="utf-8", newline="") as file:
                found |= {row["question"]: None for row in csv.DictReader(file, delimiter="\t")}
        except FileNotFoundError:
            raise CatalogueError(f"{path}: the file is missing") from None
        except (OSError, KeyError) as error:
            raise CatalogueError(f"{path}: cannot be read: {error}") from error
    return [(text, text) for text in found]


def fit(examples: Sequence[Pair]) -> NDArray[np.float64]:
    """Weights [len(FEATURES)] of the softmax over each text's candidates, by full-batch Adam (Kingma and Ba 2015)."""
    rows: list[Edit] = []
    groups: list[int] = []
    gold: list[bool] = []
    group = 0
    for given, wanted in examples:
        edits = next(choices(given.split()), [])
        right = [_same(edit.kept, wanted.split()) for edit in edits]
        if not any(right):
            continue
        first = right.index(True)
        rows += edits
        gold += [place == first for place in range(len(edits))]
        groups += [group] * len(edits)
        group += 1
    x = np.zeros((len(rows), len(FEATURES)))
    for place, edit in enumerate(rows):
        x[place, list(edit.features)] = 1
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    owner, target = np.array(groups), np.array(gold, dtype=float)
    weights, mean, square = (np.zeros(len(FEATURES)) for _ in range(3))
    for step in range(1, _STEPS + 1):
        scores = x @ weights
        scores = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        chance = scores / np.add.reduceat(scores, starts)[owner]
        slope = x.T @ (chance - target) / max(1, group) + _PENALTY * weights
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        weights -= _RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-9)
    return weights


def _same(left: Sequence[str], right: Sequence[str]) -> bool:
    return [plain(token) for token in left if plain(token)] == [plain(token) for token in right if plain(token)]


def main(argv: Sequence[str] | None = None) -> int:
    """Fits and writes the weights; 1 with one line where that cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m plugins.product_qa.reformulate.fit", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args(argv)
    try:
        examples = [*pairs(args.data, "train"), *fluent(args.data) * _FLUENT]
    except AssistantError as error:
        print(f"fit: {error}", file=sys.stderr)
        return 1
    # A recogniser writes no capitals and no marks: every example is seen in both forms.
    heard = [(" ".join(map(plain, given.split())), " ".join(map(plain, wanted.split()))) for given, wanted in examples]
    weights = fit([*examples, *heard])
    card = {
        "format": 1, "made by": "python -m plugins.product_qa.reformulate.fit --data DIR",
        "data": "Disfl-QA train (CC BY 4.0); questions of semiPQA dev and hetPQA train (CDLA-Sharing 1.0)",
        "weights": {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)},
    }  # fmt: skip
    part = args.out.with_name(args.out.name + ".part")
    part.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    part.replace(args.out)
    print(f"fit: wrote {args.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
