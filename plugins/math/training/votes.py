"""Weights of the vote for the embedded channels, from development problems that no model has been trained on.

    assistant train math-vote --data DIR --model DIR [--unseen 600] [--seed 0] [--cache FILE] [--out FILE] [--json]

Every development problem goes through the solver. Features and penalty are chosen by cross-validation on one set of
folds and everything is reported on another, beside rules that need no training. Thresholds come from out-of-fold
probabilities; what they are worth is measured on the half of the questions they were not chosen on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialog.errors import AssistantError
from nlu.training.display import bar, say
from plugins.math import rules
from plugins.math.evidence import features
from plugins.math.groups import Group, grouped
from plugins.math.selective import Ranked, right
from plugins.math.training.derived import BEAM, Item, collect, kept, write
from plugins.math.vote import PAIR, Example, Packed, Vote, fit, pack, probabilities

FOLDS = 5
RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
#: Marks of beams (`plugins.math.beams`); other marks are checks of a channel.
_MARKS = ("mass", "log mass", "lead", "first")
_COUNTS = ("share", "next share", "answers", "one formula", "formulas")
#: Pairs of an operation and a word are many and rare: they are penalised this many times as much.
PAIRS = 4.0
PRECISIONS = (0.9, 0.95, 0.98, 0.99)
#: A threshold that no probability reaches.
NEVER = 1.000001
#: The seed of the corpus: the same for all solvers, so that they share their development problems.
CORPUS = 0
#: Added to it for draws of our own schemas that nobody has seen.
FRESH = 104_729
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """An item's answers as the vote sees them."""

    item: Item
    groups: tuple[Group, ...]
    example: Example


def judged(item: Item) -> Judged:
    """The answers of an item with their features; the first that is right is the right one."""
    groups = grouped(item.derivations, item.template)
    truths = [right(group.answer, item.answer) for group in groups]
    first = truths.index(True) if any(truths) else -1
    rows = features(groups, item.template, item.tried)
    return Judged(item, tuple(groups), Example(tuple(rows), tuple(place == first for place in range(len(groups)))))


def folds(items: Sequence[Item], seed: int, count: int = FOLDS) -> Indices:
    """The fold of each item; problems alike but for their numbers share one."""
    keys = sorted({item.key for item in items})
    place = dict(zip(keys, np.random.default_rng(seed).permutation(len(keys)) % count, strict=True))
    return np.array([place[item.key] for item in items], np.int64)


def best(chances: NDArray[np.float64], packed: Packed) -> Ranked:
    """The likeliest answer of each example."""
    top = chances.argmax(axis=1)
    rows = np.arange(len(top))
    return Ranked(chances[rows, top], packed.right[rows, top] & packed.there[rows, top])


def crossed(packed: Packed, fold: Indices, ridge: float) -> tuple[Ranked, float]:
    """Out-of-fold answers, and the mean log loss (of the right answer, or of "none of them")."""
    chances = np.zeros(packed.there.shape)
    for held in np.unique(fold):
        rows = np.nonzero(fold == held)[0]
        vote = fit(packed.part(np.nonzero(fold != held)[0]), ridge, pairs=PAIRS * ridge)
        chances[rows] = probabilities(vote, packed.part(rows))
    truth = np.where(packed.right.any(axis=1), (chances * packed.right).sum(axis=1), 1 - chances.sum(axis=1))
    return best(chances, packed), float(-np.log(np.maximum(truth, 1e-9)).mean())


def by_rule(found: Sequence[Judged], rule: rules.Rule) -> Ranked:
    """The likeliest answer of each item by a rule without training."""
    chances, truths = [], []
    for one in found:
        shares = rule(one.groups) if one.groups else [0.0]
        top = max(range(len(shares)), key=shares.__getitem__)
        chances.append(shares[top])
        truths.append(bool(one.groups) and shares[top] > 0 and right(one.groups[top].answer, one.item.answer))
    return Ranked(np.array(chances, np.float64), np.array(truths, np.bool_))


def figures(ranked: Ranked) -> dict[str, float]:
    """What is reported of a way to answer."""
    found = {"accuracy": ranked.accuracy, "ece": ranked.ece(), "aurc": ranked.aurc()}
    found |= {f"coverage at {wish:.0%}": ranked.coverage(wish) for wish in PRECISIONS}
    return {name: round(value, 4) for name, value in found.items()}


def part_of(ranked: Ranked, inside: NDArray[np.bool_]) -> Ranked:
    """Some of the questions."""
    return Ranked(ranked.chances[inside], ranked.right[inside])


def floor_for(ranked: Ranked, precision: float) -> float:
    """The least probability whose answers reach a wished precision, one more error counted than there were.

    The correction is that of conformal risk control (Angelopoulos et al. 2022, equation 4). Precision is no monotone
    loss, so theirs is no guarantee here; `thresholds` measures what comes of it. Rounded down to six places; above 1
    where too few answers are good enough to tell.
    """
    order = np.argsort(-ranked.chances, kind="stable")
    chances = ranked.chances[order]
    share = np.cumsum(ranked.right[order]) / (np.arange(1, len(order) + 1) + 1)
    last = np.append(chances[1:] != chances[:-1], True)
    enough = np.nonzero((share >= precision) & last)[0]
    return math.floor(chances[enough[-1]] * 1e6) / 1e6 if enough.size else NEVER


def thresholds(ranked: Ranked, half: Indices) -> dict[str, dict[str, float]]:
    """By wished precision: the threshold from all questions, and what one from either half does on the other.

    `coverage` and `precision` are of both halves together, `bound` is the 95 % lower bound of that precision.
    """
    found = {}
    for wish in PRECISIONS:
        floors = np.zeros(len(half))
        for side in (0, 1):
            floors[half == side] = floor_for(part_of(ranked, half != side), wish)
        held = Ranked((ranked.chances >= floors).astype(np.float64), ranked.right)
        coverage, precision = held.at(0.5)
        found[f"{wish:g}"] = {
            "floor": floor_for(ranked, wish),
            "coverage": round(coverage, 4),
            "precision": round(precision, 4),
            "bound": round(held.bound(0.5), 4),
        }
    return found


def spare(name: str) -> bool:
    """Whether a feature says nothing that weights of beams do not say better: how many formulas of a beam agree, and
    what a channel says of its own formulas."""
    plain = ": " not in name
    counted = name in _COUNTS or (plain and name.startswith(("for ", "against ")))
    return counted or (not plain and name.rsplit(": ", 1)[1] not in _MARKS)


#: Which features a vote is fitted to; cross-validation chooses among them, too.
KINDS: Mapping[str, Callable[[str], bool]] = {
    "all": lambda name: True,
    "without words": lambda name: PAIR not in name,
    "without words and counts": lambda name: PAIR not in name and not spare(name),
}


def of_kind(packed: Packed, kind: str) -> Packed:
    """Examples with the features of a kind."""
    kept = [index for index, name in enumerate(packed.names) if KINDS[kind](name)]
    return replace(packed, names=tuple(packed.names[index] for index in kept), features=packed.features[..., kept])


def train(items: Sequence[Item], seed: int = 0) -> tuple[Vote, dict[str, Any]]:
    """The vote with its card, and the comparison by part. Raises VoteError where there is nothing to learn from."""
    found = [judged(item) for item in items]
    everything = pack([one.example for one in found])
    tuning = folds(items, seed)
    kinds = {kind: of_kind(everything, kind) for kind in KINDS}
    losses = {(kind, ridge): crossed(kinds[kind], tuning, ridge)[1] for kind in KINDS for ridge in RIDGES}
    kind, ridge = min(losses, key=losses.__getitem__)
    packed = kinds[kind]
    ranked, loss = crossed(packed, folds(items, seed + 1), ridge)
    channels = sorted({name for item in items for name in item.tried})
    ways = {"vote": ranked, **{name: by_rule(found, rules.single(name)) for name in channels}}
    ways |= {name: by_rule(found, rule) for name, rule in rules.RULES.items()}
    insides = {"all": np.ones(len(items), np.bool_)}
    insides |= {name: np.array([item.part == name for item in items]) for name in sorted({i.part for i in items})}
    half = folds(items, seed + 2, 2)
    reached: NDArray[np.bool_] = np.asarray(packed.right.any(axis=1))
    report: dict[str, Any] = {
        "problems": {name: int(inside.sum()) for name, inside in insides.items()},
        "some answer is right": {name: round(float(reached[inside].mean()), 4) for name, inside in insides.items()},
        "features": kind,
        "ridge": ridge,
        "log loss": round(loss, 4),
        "log losses": {f"{each}, ridge {size:g}": round(value, 4) for (each, size), value in losses.items()},
        "ways": {name: {n: figures(part_of(way, i)) for n, i in insides.items()} for name, way in ways.items()},
    }
    card = {
        "what": "Vote of the embedded channels: probability that an answer is right, and that none is",
        "channels": channels,
        "beam": BEAM,
        "seed": seed,
        **{key: report[key] for key in ("problems", "features", "ridge", "log loss")},
        "cross-validated": report["ways"]["vote"],
    }
    held = {name: thresholds(part_of(ranked, i), half[i]) for name, i in insides.items()}
    card["thresholds"] = {wish: one["floor"] for wish, one in held["all"].items()}
    card["held out"] = held
    report["held out"] = held
    return fit(packed, ridge, card, pairs=PAIRS * ridge), report


def lines(report: Mapping[str, Any]) -> str:
    """The comparison for a reader."""
    parts = list(report["problems"])
    out = ["problems: " + ", ".join(f"{name} {count}" for name, count in report["problems"].items())]
    out.append("some answer is right: " + ", ".join(f"{n} {v:.3f}" for n, v in report["some answer is right"].items()))
    for part in parts:
        out.append(f"{part}:")
        for way, by in report["ways"].items():
            one = by[part]
            out.append(f"  {way:<12}" + "  ".join(f"{name} {value:.3f}" for name, value in one.items()))
        for wish, one in report["held out"][part].items():
            measured = f"{one['coverage']:.3f} answered, {one['precision']:.3f} right (at least {one['bound']:.3f})"
            out.append(f"  threshold for {float(wish):.0%}: {one['floor']:.3f}; on the other half {measured}")
    return "\n".join(out)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(
        prog="assistant train math-vote", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out.add_argument("--data", type=Path, default=Path("../shared/data"), metavar="DIR", help="the public data sets")
    out.add_argument("--model", type=Path, required=True, metavar="DIR", help="folder of the exported solver")
    out.add_argument("--out", type=Path, metavar="FILE", help="default: vote.json in that folder")
    out.add_argument("--seed", type=int, default=0, help="of the folds")
    out.add_argument(
        "--unseen", type=int, default=600, metavar="N", help="more problems of schemas held out of training"
    )
    out.add_argument("--cache", type=Path, metavar="FILE", help="keep what was derived there, and go on from it")
    out.add_argument("--json", action="store_true", help="print the comparison as JSON")
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Derive, fit, write, compare; the result is the exit code."""
    options = parser().parse_args(argv)
    try:
        items = kept(options.cache) if options.cache and options.cache.exists() else _derived(options)
        vote, report = train(items, options.seed)
        vote.save(options.out or options.model / "vote.json")
    except (AssistantError, OSError) as error:
        say(str(error))
        return 1
    print(json.dumps(report, indent=1) if options.json else lines(report))
    return 0


def _derived(options: argparse.Namespace) -> list[Item]:
    from plugins.math.solver.channel import embedded
    from plugins.math.solver.runtime import SolverRuntime
    from plugins.math.training.corpus import clean, corpus
    from plugins.math.training.leaks import Leaks
    from plugins.math.training.synthetic import HELD_OUT, generate
    from plugins.math.training.test_sets import all_texts

    channels = embedded(SolverRuntime.load(options.model))
    # the development parts do not hang on how much there is to train on
    parts = corpus(options.data, CORPUS, synthetic=1, steps=False).parts
    if options.unseen > 0:
        more = generate(options.unseen, CORPUS + FRESH, HELD_OUT)
        parts["synthetic_more"] = clean(more, Leaks(all_texts(options.data)), Counter())
    with bar("development problems", sum(map(len, parts.values()))) as tell:
        items = asyncio.run(collect(parts, channels, tell))
    if options.cache:
        write(items, options.cache)
    return items


if __name__ == "__main__":
    sys.exit(main())
