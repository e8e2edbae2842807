"""What the phone stream beside a recogniser's words is, what sounds say about mistakes, and what both are worth.

    assistant bench phones [--json] [--quick] [--folds 5] [--data DIR] [--cache DIR] [--workers 2]

Origin: phone edits from the stream to what was said and to what the recogniser wrote, overall and where these differ.
Recall: held-out mistakes among the first k of a word's confusion set. Intents: a linear model (convex, so without
seeds) on words, with phones, with the recogniser's words re-spelled as a stand-in, and with text re-decoded from
phones, words and a language model of the training text. Dev chooses penalties. `--folds 5` cross-validates.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.cells import run_cells
from benchmarks.common import Row, row
from benchmarks.paired import hierarchical_bootstrap, holm
from benchmarks.phones_cells import KS

SETS = ("atis", "trec6", "trec50")
ROWS = ("words", "words+phones", "words+respelling")
CACHE = Path("~/.cache/learning-assistant/bench/phones")
_DRAWS = 1000
#: Columns of the counts of `origin`: (edits, phones) of each rate.
_RATES = {"stream to what was said": (0, 1), "stream to what was written": (2, 3), "written to said": (4, 1),
          "stream to words that both have": (5, 6)}  # fmt: skip
_SHARES = {"closer to what was said": 7, "closer to what was written": 8, "tie": 9}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; returns 1 when a claim fails, 2 when an argument is wrong."""
    parser = common.arguments("phones", "The phone stream, confusion sets by sound, and what both are worth.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread (default 2)")
    parser.add_argument("--folds", type=int, default=0, help="cross-validate intents (default: official split)")
    args = parser.parse_args(argv)
    if args.folds == 1 or args.folds < 0:
        parser.error("--folds must be 0 or at least 2")
    for part in (*(f"phonemebert/{name}" for name in SETS), "slurp_synth_asr"):
        if not (args.data / part).is_dir():
            parser.error(f"data folder is missing: {args.data / part} (give the folder above it with --data)")
    before = os.getloadavg()
    cells = plan_cells(args)
    cache = args.cache.expanduser()
    found = run_cells("phones", cells, "benchmarks.phones_cells:measure", data=args.data, cache=cache,
                      workers=args.workers)  # fmt: skip
    return show(cells, found, args, before)


def plan_cells(args: argparse.Namespace) -> list[dict[str, Any]]:
    """All cells; `--quick` takes samples."""
    cells: list[dict[str, Any]] = []
    for name in ("atis", "trec6"):
        cells.append({"kind": "origin", "set": name, "limit": 600 if args.quick else 0})
    for name in ("atis", "trec6", "slurp"):
        cells.append({"kind": "recall", "set": name, "limit": 3000 if args.quick else 0})
    limit = 1200 if args.quick else 0
    for fold in range(args.folds) if args.folds else (-1,):
        for name in SETS:
            for kind in ROWS:
                cells.append(
                    {"kind": "linear", "set": name, "row": kind, "fold": fold, "folds": args.folds, "limit": limit}
                )
    if not args.folds:
        cells += [{"kind": "redecoded", "set": name, "limit": limit} for name in ("atis", "trec")]
    return cells


def show(cells: Sequence[dict[str, Any]], found: Sequence[dict[str, Any]], args: argparse.Namespace,
         load: Sequence[float]) -> int:  # fmt: skip
    """Print everything; the exit code: 1 when a claim failed."""
    kinds: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for cell, result in zip(cells, found, strict=True):
        kinds.setdefault(cell["kind"], []).append((cell, result))
    sources = {cell["set"]: origin_table(result) for cell, result in kinds["origin"]}
    recalls = {cell["set"]: recall_table(result) for cell, result in kinds["recall"]}
    right = answers(kinds)
    table = {name: {key: 100 * float(bits.mean()) for key, bits in rows.items()} for name, rows in right.items()}
    dev = dev_table(kinds)
    pairs = differences(right)
    rows = claims(sources, recalls, pairs, table)
    filed = common.report("phones", [0], rows, load)
    decoded = {cell["set"]: {key: result[key] for key in ("wer", "milliseconds_each")}
               for cell, result in kinds.get("redecoded", [])}  # fmt: skip
    details = {"origin": sources, "recall": recalls, "table": table, "dev": dev, "paired": pairs, "redecoded": decoded}
    if args.json:
        print(json.dumps(asdict(filed) | details, ensure_ascii=False, indent=2))
        return 0 if filed.met else 1
    _print(details)
    return filed.show(False)


def origin_table(result: dict[str, Any]) -> dict[str, Any]:
    """Phone error rates and shares of stretches, in %, as [value, low, high]; intervals resample utterances."""
    counts = np.array(result["counts"], np.float64)
    rng = np.random.default_rng(0)
    draws = np.stack([counts[rng.integers(len(counts), size=len(counts))].sum(0) for _ in range(_DRAWS)])
    total = counts.sum(0)[None]

    def percent(values: NDArray[np.float64], spread: NDArray[np.float64]) -> list[float]:
        low, high = np.percentile(spread, [2.5, 97.5])
        return [round(100 * float(value), 2) for value in (values[0], low, high)]

    out: dict[str, Any] = {"utterances": len(counts), "stretches": int(total[0, 7:].sum())}
    for name, (edits, phones) in _RATES.items():
        out[name] = percent(total[:, edits] / total[:, phones], draws[:, edits] / draws[:, phones])
    for name, column in _SHARES.items():
        out[name] = percent(total[:, column] / total[:, 7:].sum(1), draws[:, column] / draws[:, 7:].sum(1))
    excess = [(sums[:, 7] - sums[:, 8]) / sums[:, 7:].sum(1) for sums in (total, draws)]
    out["closer to said less closer to written"] = percent(*excess)
    return out | {"examples": result["examples"]}


def recall_table(result: dict[str, Any]) -> dict[str, Any]:
    """Recall at each k of each kind of set, over all held-out mistakes and over those never seen, in %."""
    new = np.array(list(result["new"])) == "1"
    out: dict[str, Any] = {
        "mistakes": len(new), "never seen": round(100 * float(new.mean()), 1),
        "of words never seen confused": round(100 * result["words_never_confused"], 1),
        "milliseconds_a_word": round(result["milliseconds_a_word"], 2), "sets": {},
    }  # fmt: skip
    ranks = {name: np.array(values) for name, values in result["ranks"].items()}
    for name, values in ranks.items():
        hits = {k: (values > 0) & (values <= k) for k in KS}
        out["sets"][name] = {f"at {k}": [_percent(hits[k]), _percent(hits[k][new])] for k in KS}
    rng = np.random.default_rng(0)
    out["both at 10 less lcs"] = _interval((ranks["both"] > 0) & (ranks["both"] <= 10),
                                           (ranks["lcs"] > 0) & (ranks["lcs"] <= 10), rng)  # fmt: skip
    out["both at 10 less seen"] = _interval((ranks["both"] > 0) & (ranks["both"] <= 10),
                                            (ranks["seen"] > 0) & (ranks["seen"] <= 10), rng)  # fmt: skip
    return out


def answers(kinds: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]]) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Right test answers of each row on each set; folds one after another."""
    parts: dict[str, dict[str, str]] = {name: {} for name in SETS}
    for cell, result in kinds["linear"]:
        rows = parts[cell["set"]]
        rows[cell["row"]] = rows.get(cell["row"], "") + result["right"]
    for _, result in kinds.get("redecoded", []):
        for key, value in result.items():
            name, _, kind = key.partition(" ")
            if kind:
                parts[name][kind] = value["right"]
    return {name: {key: np.array(list(bits)) == "1" for key, bits in rows.items()} for name, rows in parts.items()}


def dev_table(kinds: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]]) -> dict[str, dict[str, float]]:
    """Dev accuracy of the chosen penalty, in %, mean of folds."""
    scores: dict[str, dict[str, list[float]]] = {name: {} for name in SETS}
    for cell, result in kinds["linear"]:
        scores[cell["set"]].setdefault(cell["row"], []).append(result["dev"])
    for _, result in kinds.get("redecoded", []):
        for key, value in result.items():
            name, _, kind = key.partition(" ")
            if kind:
                scores[name].setdefault(kind, []).append(value["dev"])
    return {name: {key: round(100 * float(np.mean(values)), 2) for key, values in rows.items()}
            for name, rows in scores.items()}  # fmt: skip


def differences(right: dict[str, dict[str, NDArray[np.bool_]]]) -> list[dict[str, Any]]:
    """Every row less `words`, in points, with interval and p value (Holm over all lines)."""
    rng = np.random.default_rng(0)
    lines: list[dict[str, Any]] = []
    chances = []
    for name, rows in right.items():
        for key, bits in rows.items():
            if key == "words":
                continue
            found = hierarchical_bootstrap(bits[None], rows["words"][None], rng)
            chances.append(found.p)
            lines.append({"set": name, "row": key, "difference": round(100 * found.mean, 2),
                          "ci95": [round(100 * found.low, 2), round(100 * found.high, 2)]})  # fmt: skip
    for line, chance in zip(lines, holm(chances), strict=True):
        line["p_holm"] = round(float(chance), 4)
    return lines


def claims(sources: dict[str, Any], recalls: dict[str, Any], pairs: Sequence[dict[str, Any]],
           table: dict[str, dict[str, float]]) -> list[Row]:  # fmt: skip
    """The directions that are claimed."""
    rows = []
    for name, source in sources.items():
        value, *bounds = source["closer to said less closer to written"]
        rows.append(row(f"stretches closer to what was said less to what was written, {name}, %", value, ci95=bounds,
                        bar=0.0, better="higher"))  # fmt: skip
    for name, recall in recalls.items():
        values = {kind: found["at 10"][0] for kind, found in recall["sets"].items()}
        rows.append(row(f"recall at 10 of held-out mistakes, {name}, %", values["both"], baseline=values["lcs"],
                        baseline_name="lcs sets", bar=max(values["lcs"], values["seen"]), better="higher"))  # fmt: skip
    gain = float(np.mean([table[name]["words+phones"] - table[name]["words"] for name in table]))
    rows.append(row("words+phones less words, mean of sets, points", gain, bar=0.0, better="higher"))
    for line in pairs:
        low, high = line["ci95"]
        name = line["set"]
        against = f"words ({line['difference']:+g} [{low:+g}, {high:+g}])"
        rows.append(row(f"{line['row']} on {name}, %", table[name][line["row"]], baseline=table[name]["words"],
                        baseline_name=against))  # fmt: skip
    return rows


def _percent(hits: NDArray[np.bool_]) -> float | None:
    return round(100 * float(hits.mean()), 2) if hits.size else None


def _interval(ours: NDArray[np.bool_], base: NDArray[np.bool_], rng: np.random.Generator) -> list[float]:
    found = hierarchical_bootstrap(ours[None], base[None], rng)
    return [round(100 * value, 2) for value in (found.mean, found.low, found.high)]


def _print(details: dict[str, Any]) -> None:
    for part in ("origin", "recall", "redecoded", "dev", "table"):
        for name, values in details[part].items():
            print(f"{part} {name}")
            for key, value in values.items():
                if key == "examples":
                    for example in value:
                        said, written = " ".join(example["said"]), " ".join(example["written"])
                        print(f"    said {said!r}, written {written!r}, heard {' '.join(example['heard'])}: "
                              f"{example['to_said']} edits to said, {example['to_written']} to written")  # fmt: skip
                else:
                    print(f"    {key}: {value}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
