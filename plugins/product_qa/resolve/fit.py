"""Fits the weights of the resolver on made mentions of real titles, and chooses the probability it accepts from.

    python -m plugins.product_qa.resolve.fit --data DIR [--out FILE] [--seed 0]

Titles are those of the second shop of each set of `product_records_er`; a title's hash puts it into the part for
fitting (40 %), for choosing the threshold (20 %), or for measuring (40 %), each with a catalogue of its own. Catalogues
of several sizes are drawn, so that the weights hold for small shops and large ones.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.resolve.belief import WEIGHTS, Belief, fit
from plugins.product_qa.resolve.evidence import FEATURES, Judged
from plugins.product_qa.resolve.mentions import Mention, mentions
from plugins.product_qa.resolve.records import SETS, SPLITS, read
from plugins.product_qa.resolve.resolver import Resolver
from plugins.product_qa.resolve.words import words

PARTS = ("fit", "choose", "measure")
WERS = (0.0, 0.1, 0.2, 0.3)
PRECISION = 0.95
VAGUE = 0.3
SIZES = (10, 30, 100, 1000, 100_000)


def part_of(title: str) -> str:
    """Which part a title belongs to, by its hash: the same title is in one part only."""
    place = int(hashlib.sha256(title.encode()).hexdigest()[:8], 16) % 5
    return "fit" if place < 2 else "choose" if place == 2 else "measure"


def titles_of(data: Path) -> dict[str, dict[str, str]]:
    """Titles by part and id."""
    found = {pair.right for name in SETS for split in SPLITS for pair in read(data, name, split) if pair.right}
    parts: dict[str, dict[str, str]] = {part: {} for part in PARTS}
    seen: set[frozenset[str]] = set()
    for number, title in enumerate(sorted(found)):
        bag = frozenset(word.text for word in words(title))
        if len(bag) > 1 and bag not in seen:  # the same words twice name nothing apart
            seen.add(bag)
            parts[part_of(title)][f"p{number}"] = title
    return parts


def sample(
    titles: dict[str, str], others: Sequence[str], count: int, rng: random.Random, *, odd: bool
) -> list[Mention]:
    """Mentions at each error rate, and half as many that name nothing of the catalogue."""
    out: list[Mention] = []
    ids = sorted(titles)
    for wer in WERS:
        wanted = rng.choices(ids, k=count)
        out += mentions(titles, wanted, wer, rng, odd=odd, none=0.5, strangers=others, vague=VAGUE)
    return out


def judged_mentions(
    titles: dict[str, str], others: Sequence[str], count: int, rng: random.Random, weights: NDArray[np.float64]
) -> Iterator[tuple[Mention, list[Judged]]]:
    """Mentions in catalogues of all sizes, with their candidates."""
    for size in SIZES:
        drawn = {id: titles[id] for id in sorted(rng.sample(sorted(titles), min(size, len(titles))))}
        resolver = Resolver(((id, text, (), "") for id, text in drawn.items()), belief=Belief(weights, 1.0))
        for mention in sample(drawn, others, count, rng, odd=False):
            yield mention, resolver.judged(words(mention.text))


def threshold(chances: Sequence[float], right: Sequence[bool], precision: float = PRECISION) -> float:
    """The least probability from which on at least `precision` are right; infinite where there is none."""
    order = np.argsort(-np.asarray(chances), kind="stable")
    falling = np.asarray(chances, np.float64)[order]
    hits = np.asarray(right, np.float64)[order]
    kept = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    last = np.append(falling[1:] != falling[:-1], True)  # equal ones are accepted together
    good = np.flatnonzero((kept >= precision) & last[: len(kept)])
    return float(falling[good[-1]]) if len(good) else np.inf


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, choose, write."""
    parser = argparse.ArgumentParser(description="Fits the weights of the product resolver.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=80, help="mentions at each size and error rate")
    args = parser.parse_args(argv)
    rng = random.Random(args.seed)
    parts = titles_of(args.data)
    start = np.zeros(len(FEATURES))
    start[:8] = 1.0
    groups = []
    for mention, judged in judged_mentions(parts["fit"], sorted(parts["choose"].values()), args.count, rng, start):
        ids = [one.name.id for one in judged]
        if judged and (mention.product is None or mention.product in ids):
            right = ids.index(mention.product) if mention.product else -1
            groups.append((np.stack([one.features for one in judged]), right))
    belief = Belief(fit(groups), 1.0)
    chances, right_ones = [], []
    others = sorted(parts["fit"].values())
    for mention, judged in judged_mentions(parts["choose"], others, args.count // 2, rng, belief.weights):
        if judged:
            found = belief.probabilities(np.stack([one.features for one in judged]))
            chances.append(float(found.max()))
            right_ones.append(judged[int(found.argmax())].name.id == mention.product)
    accept = threshold(chances, right_ones)
    held = {
        "features": list(FEATURES), "weights": [round(float(value), 4) for value in belief.weights],
        "accept": round(min(accept, 1.0), 4),
        "made by": f"python -m plugins.product_qa.resolve.fit --seed {args.seed} --count {args.count}",
        "data": "titles of Abt-Buy, Amazon-Google and Walmart-Amazon (Apache-2.0 as stated), mentions made of them",
        "mentions": len(groups),
    }  # fmt: skip
    args.out.write_text(json.dumps(held, indent=1) + "\n", "utf-8")
    print(json.dumps(held))
    return 0


if __name__ == "__main__":
    sys.exit(main())
