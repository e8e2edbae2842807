"""The rows of the `math-replay` table: rules against the vote, thresholds at work, intervals over problems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.common import Row, row
from benchmarks.math_replay_vote import Floats, Truths, Voted, aurc, coverage, ece

DRAWS = 1000
RECORDED_BEST, PUBLISHED = 0.922, 0.925  # MultiArith: the best recorded channel; MathPrompter's own figure


def truths(text: str) -> Truths:
    """Bits as they are kept in a result."""
    return np.array([letter == "1" for letter in text])


def voted(result: Mapping[str, Any]) -> Voted:
    """The vote of a result."""
    return Voted(np.asarray(result["chances"], np.float64), truths(result["right"]))


def ones(values: Truths) -> Floats:
    """Truths as 0 and 1."""
    return values.astype(np.float64)


def interval(values: Sequence[Floats], seed: int = 0) -> list[float]:
    """The 95 % interval of a mean over problems, of one or more runs on the same problems."""
    sample = np.mean([np.asarray(one, np.float64) for one in values], axis=0)
    rng = np.random.default_rng(seed)
    draws = [float(sample[rng.integers(sample.size, size=sample.size)].mean()) for _ in range(DRAWS)]
    return [float(value) for value in np.percentile(draws, [2.5, 97.5])]


def ratio_interval(above: Floats, below: Floats, seed: int = 0) -> list[float]:
    """The 95 % interval of a ratio of sums over problems (a precision: right and given over given)."""
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(DRAWS):
        picked = rng.integers(above.size, size=above.size)
        total = below[picked].sum()
        draws.append(float(above[picked].sum() / total) if total else 1.0)
    return [float(value) for value in np.percentile(draws, [2.5, 97.5])]


def mcnemar(ours: Truths, base: Truths) -> tuple[int, int, float]:
    """Problems only we have right, problems only the other has, and the exact two-sided p value."""
    wins, losses = int((ours & ~base).sum()), int((base & ~ours).sum())
    total, least = wins + losses, min(wins, losses)
    tail = sum(math.comb(total, count) for count in range(least + 1)) / 2**total if total else 1.0
    return wins, losses, min(1.0, 2 * tail)


def selective(result: Voted, floors: Floats | float) -> tuple[float, float, list[float]]:
    """Coverage and precision of answering from a threshold on, with the interval of the precision."""
    given = result.chances >= floors
    precision = float(result.right[given].mean()) if given.any() else 1.0
    return float(given.mean()), precision, ratio_interval(ones(given & result.right), ones(given))


def rule_rows(name: str, rules: Mapping[str, Any]) -> list[Row]:
    """Single channels and untrained rules of a set."""
    found = []
    for channel, values in rules["channels"].items():
        found += _answered(f"{name}: {channel}", values, values["of"])
        recorded = float(truths(values["recorded right"]).sum() / values["of"])
        found.append(row(f"{name}: {channel}: accuracy as its authors read it", recorded, better="higher"))
    for rule, values in rules["rules"].items():
        found += _answered(f"{name}: {rule} ({', '.join(values['channels'])})", values, len(values["right"]))
    found.append(row(f"{name}: some channel is right", float(truths(rules["any right"]).mean()), better="higher"))
    return found


def _answered(label: str, values: Mapping[str, Any], of: int) -> list[Row]:
    right, given = truths(values["right"]), truths(values["answered"])
    share = float(right.sum() / of)
    precision = float(right.sum() / given.sum()) if given.any() else 1.0
    return [
        row(f"{label}: accuracy", share, ci95=interval([ones(right)]), better="higher"),
        row(f"{label}: answered", float(given.sum() / of), better="higher"),
        row(f"{label}: precision", precision, ci95=ratio_interval(ones(right), ones(given)), better="higher"),
    ]


def cross_rows(
    name: str, runs: Sequence[Mapping[str, Any]], rules: Mapping[str, Any], label: str, bars: Mapping[str, float]
) -> list[Row]:
    """The learned vote within a set, over seeds of folds; intervals over problems."""
    votes = [voted(run) for run in runs]
    best, single = _best_channel(rules, label)
    accuracy = float(np.mean([vote.right.mean() for vote in votes]))
    head = f"{name}: vote, {label}"
    found = [
        row(
            f"{head}: accuracy",
            accuracy,
            ci95=interval([ones(vote.right) for vote in votes]),
            baseline=float(single.mean()),
            baseline_name=best,
            bar=bars.get("accuracy"),
            better="higher",
        ),
        row(f"{head}: ECE", _mean([ece(vote) for vote in votes]), bar=bars.get("ece")),
        row(f"{head}: AURC", _mean([aurc(vote) for vote in votes])),
    ]
    for wish in (0.95, 0.98, 0.99):
        share = _mean([coverage(vote, wish) for vote in votes])
        text = f"{head}: coverage at {wish:.0%} precision on the curve"
        found.append(row(text, share, bar=bars.get(f"coverage {wish}"), better="higher"))
        at = [selective(vote, np.asarray(run["thresholds"][str(wish)])) for vote, run in zip(votes, runs, strict=True)]
        found.append(
            row(
                f"{head}: coverage, threshold for {wish:.0%} from other folds",
                _mean([one[0] for one in at]),
                better="higher",
            )
        )
        found.append(
            row(f"{head}: precision at that threshold", _mean([one[1] for one in at]), ci95=at[0][2], better="higher")
        )
    wins, losses, p = mcnemar(votes[0].right, single)
    found.append(row(f"{head}: McNemar p against {best} (+{wins} -{losses})", p))
    majority = truths(rules["rules"]["majority"]["right"])
    if label == "zero-shot":
        wins, losses, p = mcnemar(votes[0].right, majority)
        found.append(row(f"{head}: McNemar p against the majority (+{wins} -{losses})", p))
        found.append(
            row(
                f"{head}: points over {best}",
                accuracy - float(single.mean()),
                bar=bars.get("over channel"),
                better="higher",
            )
        )
        if "two agree" in rules["rules"]:
            rule = float(truths(rules["rules"]["two agree"]["right"]).mean())
            found.append(
                row(
                    f"{head}: points over the published rule",
                    accuracy - rule,
                    bar=bars.get("over rule"),
                    better="higher",
                )
            )
    return found


def transfer_rows(name: str, run: Mapping[str, Any], rules: Mapping[str, Any]) -> list[Row]:
    """A set voted on with weights and thresholds from other sets alone."""
    vote = voted(run)
    best, single = _best_channel(rules, "zero-shot")
    head = f"{name}: vote, weights from other sets"
    accuracy, bounds = float(vote.right.mean()), interval([ones(vote.right)])
    found = [
        row(
            f"{head}: accuracy", accuracy, ci95=bounds, baseline=RECORDED_BEST,
            baseline_name="best recorded channel", bar=RECORDED_BEST, better="higher",
        ),
        row(
            f"{head}: accuracy, beside MathPrompter's own", accuracy, ci95=bounds, baseline=PUBLISHED,
            baseline_name="MathPrompter (its own figure, another model)", bar=PUBLISHED, better="higher",
        ),
        row(f"{head}: ECE", ece(vote)),
        row(f"{head}: AURC", aurc(vote)),
        row(f"{head}: coverage at 99% precision on the curve", coverage(vote, 0.99), better="higher"),
    ]  # fmt: skip
    for source, wishes in run["thresholds"].items():
        for wish, floor in wishes.items():
            share, precision, bounds = selective(vote, floor)
            barred = source == "SingleEq" and wish == "0.99"
            text = f"{head}: threshold for {float(wish):.0%} from {source}"
            found.append(row(f"{text}: coverage", share, bar=0.8 if barred else None, better="higher"))
            found.append(
                row(f"{text}: precision", precision, ci95=bounds, bar=0.99 if barred else None, better="higher")
            )
    wins, losses, p = mcnemar(vote.right, single)
    found.append(row(f"{head}: McNemar p against {best} (+{wins} -{losses})", p))
    wins, losses, p = mcnemar(vote.right, truths(rules["rules"]["majority"]["right"]))
    found.append(row(f"{head}: McNemar p against the majority (+{wins} -{losses})", p))
    return found


def _best_channel(rules: Mapping[str, Any], label: str) -> tuple[str, Truths]:
    """The best channel among those the vote had: its name, and where it was right."""
    right = {
        name: truths(values["right"])
        for name, values in rules["channels"].items()
        if label != "zero-shot" or name != "pot-few"
    }
    best = max(right, key=lambda name: right[name].mean())
    return best, right[best]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
