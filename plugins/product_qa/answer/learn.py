"""Learn what the answers ship: wordings of attributes (semiPQA) and weights of yes and no (hetPQA, half of ePQA).

    python -m plugins.product_qa.answer.learn --data DIR [--check]

Writes templates.json and polarity.json beside this file. Thresholds are chosen by five-fold cross-validation over
products on the same pairs; nothing is chosen on a test split. `--check` writes nothing and fails when the shipped
files are not what the data give.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from plugins.product_qa.answer import pairs, polarity, templates
from plugins.product_qa.answer.pairs import Pair
from plugins.product_qa.answer.question import question

FOLDS, SEED = 5, 0
#: A yes and a no must be right this often in cross-validation; where no threshold reaches it, the best one is taken.
PRECISION = {True: 0.88, False: 0.82}
#: Fewer cases than this at a threshold are no estimate of its precision.
CASES = 40


def stances(data: Path) -> list[Pair]:
    """Pairs whose written answer begins with yes or no: hetPQA train and the half of ePQA that is not held out.

    Products of hetPQA's test and development splits and of the held-out half of ePQA are left out.
    """
    epqa = pairs.epqa(data)
    tests = {one.passage.product for split in ("dev", "test") for one in pairs.hetpqa(data, split)}
    tests |= {one.passage.product for one in epqa if pairs.held_out(one.passage.product)}
    found = [*pairs.hetpqa(data, "train"), *(one for one in epqa if one.label == 2)]
    return [one for one in found if one.verdict is not None and one.passage.product not in tests]


def rows_of(found: Sequence[Pair]) -> tuple[list[list[float]], list[bool]]:
    """Features and labels."""
    rows = [
        polarity.features(question(one.question), one.passage.text, one.passage.source, one.passage.question)
        for one in found
    ]
    return rows, [bool(one.verdict) for one in found]


def crossed(found: Sequence[Pair]) -> list[float]:
    """The probability of yes for each pair, from weights learned on other products."""
    rows, labels = rows_of(found)
    products = sorted({one.passage.product for one in found})
    order = np.random.default_rng(SEED).permutation(len(products))
    fold = {product: int(place) % FOLDS for product, place in zip(products, order, strict=True)}
    own = np.asarray([fold[one.passage.product] for one in found])
    inputs, chances = np.asarray(rows), np.zeros(len(found))
    for part in range(FOLDS):
        kept = [at for at in range(len(found)) if own[at] != part]
        weights = np.asarray(polarity.fit([rows[at] for at in kept], [labels[at] for at in kept]))
        chances[own == part] = 1 / (1 + np.exp(-inputs[own == part] @ weights))
    return [float(one) for one in chances]


def threshold(chances: Sequence[float], labels: Sequence[bool], side: bool) -> float:
    """The lowest probability of `side` from which it is right as often as `PRECISION` wants."""
    own = [chance if side else 1 - chance for chance in chances]
    best = (0.0, 0.95)
    for step in range(50, 96):
        floor = step / 100
        picked = [label == side for chance, label in zip(own, labels, strict=True) if chance >= floor]
        if len(picked) < CASES:
            break
        right = sum(picked) / len(picked)
        if right >= PRECISION[side]:
            return floor
        best = max(best, (right, floor))
    return best[1]


def weights(data: Path) -> dict[str, float]:
    """Weights by feature with both thresholds."""
    found = stances(data)
    rows, labels = rows_of(found)
    chances = crossed(found)
    out = {name: round(value, 4) for name, value in zip(polarity.NAMES, polarity.fit(rows, labels), strict=True)}
    return out | {"threshold": threshold(chances, labels, True), "threshold_no": threshold(chances, labels, False)}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser("product answers: learn", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds pqa_contextual")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the shipped files differ")
    options = parser.parse_args(arguments)
    learned, weighed = templates.learn(pairs.data_to_text(options.data, "train")), weights(options.data)
    if options.check:
        shipped = json.loads(polarity.FILE.read_text(encoding="utf-8"))["weights"]
        same = {key: found[0][0] for key, found in learned.items()} == dict(templates.load())
        same = same and all(abs(shipped[name] - value) < 1e-3 for name, value in weighed.items())
        print(
            "the shipped files are what the data give" if same else "the shipped files differ from what the data give"
        )
        return 0 if same else 1
    templates.save(learned)
    body = {"format": polarity.FORMAT, "weights": weighed}
    polarity.FILE.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    print(
        f"{len(learned)} wordings, {len(weighed)} weights, {len(stances(options.data))} answers that "
        f"begin with yes or no"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
