"""What the `off-policy` benchmark prints."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.common import Row, row
from benchmarks.statistics import mean_interval
from policies.intervals import binomial_upper

#: Least coverage of 95 % intervals, and where there are only a few hundred repeats.
COVERED, COVERED_QUICK = 0.93, 0.90
_MANY = 1000
#: Standard errors that the greatest of many unbiased estimates may be off.
_BIASED = 4.5
#: The same for six directions of real logs, each with its own truth: 5 % in all (Bonferroni).
_APART = 2.64
_NEAR = ("ring", "wide")
#: Claimed for both; IPS without a control variate only where no weight is far above 1.
_CLAIMED = ("snips", "dr", "clipped", "gain: snips", "gain: dr")
_NARROW = ("ips", "gain: ips")
_FEW = 10_000  # turns below which no coverage is claimed
Lines = list[dict[str, Any]]


@dataclass(frozen=True)
class Part:
    """A cell with its result."""

    cell: Mapping[str, Any]
    result: Mapping[str, Any]


def report(
    parts: Sequence[Part], as_json: bool, load: Sequence[float], filed: Mapping[str, Any] | None, command: str
) -> int:
    """Print everything; the exit code: 1 when a claim failed. filed: the document that stands in for the peers."""
    kinds = {kind: [part for part in parts if part.cell["kind"] == kind] for kind in
             ("simulator", "obd", "peer-obd", "peer-simulator")}  # fmt: skip
    table = pooled(kinds["simulator"])
    rows = simulated(kinds["simulator"]) + real(kinds["obd"])
    rows += agreement(kinds["peer-obd"] + kinds["peer-simulator"]) + learned(kinds["peer-simulator"])
    seeds = sorted({part.cell["seed"] for part in kinds["simulator"]})
    made = replace(common.report("off-policy", seeds, rows, load), command=command)
    peers = "none" if not kinds["peer-obd"] else "of this run"
    if filed is not None:
        peers = f"filed on {filed['date']}, commit {filed['commit']}"
    if as_json:
        print(json.dumps({**asdict(made), "peers": peers}, ensure_ascii=False, indent=1)[:-2] + ",")
        # One line for each entry: the table is long.
        real_logs = [{"campaign": part.cell["campaign"], **part.result} for part in kinds["obd"]]
        print(f' "obd": {_lines(real_logs)},\n "columns": {json.dumps(list(table[0]))},')
        print(f' "estimators": {_lines([list(line.values()) for line in table])}\n}}')
        return 0 if made.met else 1
    code = made.show(False)
    show(table)
    print(f"peers: {peers}")
    return code


def _lines(entries: Sequence[Any]) -> str:
    return "[\n" + ",\n".join(f"  {json.dumps(entry)}" for entry in entries) + "\n ]"


def pooled(parts: Sequence[Part]) -> Lines:
    """Means over seeds of one variant, sharpness, size and way of drawing; coverage over all their repeats."""
    groups: dict[tuple[Any, ...], Lines] = defaultdict(list)
    for part in parts:
        for line in part.result["lines"]:
            key = tuple(part.cell[name] for name in ("variant", "top", "n", "by"))
            extra = {"effective": part.result["effective"][line["policy"]]}
            groups[*key, line["policy"], line["reward"], line["method"]].append(line | extra)
    names = ("variant", "top", "n", "by", "policy", "reward", "method")
    found = []
    for key, lines in groups.items():
        means = {name: float(np.mean([line[name] for line in lines])) for name in ("bias", "sd", "width", "effective")}
        means["rmse"] = float(np.sqrt(np.mean([line["rmse"] ** 2 for line in lines])))
        covered, repeats = (sum(line[name] for line in lines) for name in ("covered", "repeats"))
        figures = {name: common.significant(value) for name, value in means.items()}
        figures["coverage"] = common.significant(covered / repeats)
        found.append(dict(zip(names, key, strict=True)) | figures | {"repeats": repeats})
    return found


def simulated(parts: Sequence[Part]) -> list[Row]:
    """Claims on the simulated logs. Tables by seed are independent draws; policies and estimators share them."""
    largest = max(part.result["largest"] for part in parts)
    rows = [row("these sums from policies.estimators, greatest difference", largest, bar=1e-12)]
    lines = [{**part.cell, **line} for part in parts for line in part.result["lines"]]
    turns = [line for line in lines if line["by"] == "turn"]
    unbiased = [line for line in turns if line["reward"] == "oracle" and line["method"] in ("ips", "dr")]
    off = [abs(line["bias"]) / (line["sd"] / line["repeats"] ** 0.5) for line in unbiased if line["sd"] > 0.0]
    rows.append(row(f"greatest bias of {len(off)} of IPS and DR, standard errors", max(off), bar=_BIASED))
    for policy in _NEAR:
        for method in (*_CLAIMED, *_NARROW):
            claimed = method in _CLAIMED or policy == "ring"
            rows.append(coverage(turns, policy, method, f"{_FEW:,} turns or more", _FEW, claimed))
    rows += [coverage(turns, policy, "dm", f"{_FEW:,} turns or more", _FEW, False) for policy in _NEAR]
    rows += [
        coverage(turns, "far", method, f"{_FEW:,} turns or more", _FEW, False)
        for method in ("ips", "snips", "dr", "switch")
    ]
    by_user = [line for line in lines if line["by"] == "user"]
    if by_user:
        for method in ("ips", "dr", "gain: dr"):
            rows += [coverage(by_user, policy, method, "turns drawn by user", 0, False) for policy in _NEAR]
    rows += missing(turns)
    return rows + spread(turns)


def coverage(lines: Lines, policy: str, method: str, what: str, least: int, claimed: bool) -> Row:
    """Share of 95 % intervals that hold the truth, true rewards, with its exact interval."""
    chosen = [
        line
        for line in lines
        if line["reward"] == "oracle" and line["policy"] == policy and line["method"] == method and line["n"] >= least
    ]
    covered, repeats = (sum(line[name] for line in chosen) for name in ("covered", "repeats"))
    ends = [1.0 - binomial_upper(repeats - covered, repeats, 0.025), binomial_upper(covered, repeats, 0.025)]
    name = f"coverage, {method} of {policy}, {what}"
    bar = (COVERED if repeats >= _MANY else COVERED_QUICK) if claimed else None
    return row(name, covered / repeats, ci95=ends, bar=bar, better="higher")


def missing(lines: Lines) -> list[Row]:
    """Bias that rewards missing not at random bring, and what is left of it under censoring weights."""
    rows = []
    for method in ("snips", "dr"):
        means = {}
        for reward in ("naive", "ipcw"):
            biases = [
                abs(line["bias"])
                for line in lines
                if (line["policy"], line["method"], line["reward"]) == ("ring", method, reward)
            ]
            means[reward] = float(np.mean(biases))
        name = f"rewards missing not at random: bias of {method}, censoring weights / naive"
        ratio = row(name, means["ipcw"] / means["naive"], bar=0.5)
        rows += [ratio, row(f"its bias with censoring weights ({method})", means["ipcw"], baseline=means["naive"],
                            baseline_name="naive")]  # fmt: skip
    return rows


def spread(lines: Lines) -> list[Row]:
    """How much less an estimate varies, by policy: DR beside IPS, and the paired difference beside the value."""
    sd = {
        (line["variant"], line["seed"], line["top"], line["n"], line["policy"], line["method"]): line["sd"]
        for line in lines
        if line["reward"] == "oracle"
    }
    rows = []
    for ours, base, what in (("dr", "ips", "DR / IPS"), ("gain: dr", "dr", "gain / value, DR"),
                             ("gain: dr", "gain: ips", "gain, DR / IPS")):  # fmt: skip
        for policy in (*_NEAR, "far"):
            found = [value / sd[*key[:5], base] for key, value in sd.items() if key[4:] == (policy, ours)]
            mean, ends = mean_interval(found)
            rows.append(row(f"deviation of {policy}, {what}", mean, ci95=ends))
    return rows


def real(parts: Sequence[Part]) -> list[Row]:
    """Claims on the real logs: six directions, whose truths are uncertain too."""
    directions = [direction for part in parts for direction in part.result["directions"]]
    rows = []
    for method in ("ips", "snips", "dr"):
        apart = [abs(line["z"]) for d in directions for line in d["lines"] if line["method"] == method]
        rows.append(row(f"Open Bandit, {method}: greatest of {len(apart)} distances, s.e.", max(apart), bar=_APART))
    for logged, target in (("random", "bts"), ("bts", "random")):
        chosen = [d for d in directions if d["logged"] == logged]
        for method in ("ips", "snips", "clipped", "dm", "dr", "switch"):
            errors = [line["relative_error"] for d in chosen for line in d["lines"] if line["method"] == method]
            own = float(np.mean([d["error"] / d["truth"] for d in chosen]))
            name = f"Open Bandit, {method}: {target} from the {logged} log, mean relative error"
            rows.append(row(name, float(np.mean(errors)), baseline=own, baseline_name="s.e. of the truth"))
        least = min(line["effective"] for d in chosen for line in d["lines"])
        rows.append(row(f"Open Bandit, {target} from the {logged} log: least effective sample", least))
    return rows


def agreement(parts: Sequence[Part]) -> list[Row]:
    """Ours beside Open Bandit Pipeline on the same arrays."""
    lines = [line for part in parts for line in (*part.result["lines"], *part.result.get("rebuilt", ()))]
    if not lines:
        return []
    name = f"Open Bandit Pipeline: greatest relative difference of {len(lines)} values"
    rows = [row(name, max(line["apart"] for line in lines), bar=1e-9)]
    for method in ("ips", "snips", "dm", "dr", "switch"):
        chosen = [line for line in lines if line["method"] == method]
        ours, theirs, whole = (
            1e3 * float(np.mean(values))
            for values in (
                [line["ours"]["seconds"] for line in chosen],
                [line["theirs"]["seconds"] for line in chosen],
                [line["theirs"]["interval_seconds"] for line in chosen],
            )
        )
        rows.append(row(f"{method}: checks, value and interval, ms", ours, baseline=theirs, baseline_name="OBP, value"))
        named = "OBP, interval of 1,000 draws"
        rows.append(row(f"{method}: the same, ms", ours, baseline=whole, baseline_name=named))
    return rows


def learned(parts: Sequence[Part]) -> list[Row]:
    """Vowpal Wabbit's policies within bounds beside the ring, on equal requests and bounds."""
    worlds = [part.result["learned"] for part in parts if part.cell["top"] == min(p.cell["top"] for p in parts)]
    if not worlds:
        return []
    gaps = [
        abs(part.result["learned"]["vw"][kind]["value"] / part.result["learned"]["weighed"][f"vw {kind}"]["ips"] - 1.0)
        for part in parts
        for kind in part.result["learned"]["vw"]
    ]
    rows = [row("Vowpal Wabbit -t: its estimate of its policy from ours (IPS), relative", max(gaps), bar=1e-4)]
    names = list(dict.fromkeys(line["scores"] for line in worlds[0]["lines"]))
    for width in sorted({line["width"] for line in worlds[0]["lines"]}):
        for scores in names:
            gains, outside = {}, {}
            for how in ("greedy", "gate", "mixed", "ring"):
                lines = [
                    line
                    for world in worlds
                    for line in world["lines"]
                    if (line["width"], line["scores"], line["policy"]) == (width, scores, how)
                ]
                gains[how] = [line["gain"] for line in lines]
                outside[how] = float(np.mean([line["outside"] for line in lines]))
            gate, mixed = (float(np.mean(gains[how])) for how in ("gate", "mixed"))
            mean, ends = mean_interval(gains["ring"])
            name = f"{scores}, {width:g} moved: gain on the ring"
            rows.append(row(name, mean, ci95=ends, baseline=mixed, baseline_name="mixed per request"))
            rows.append(row(name, mean, baseline=gate, baseline_name="gate"))
            rows.append(row(f"{scores}, {width:g} moved: requests outside, gate", outside["gate"]))
            rows.append(row(f"{scores}, {width:g} moved: requests outside, ring", outside["ring"], bar=0.0))
    greedy = {name: [w["weighed"][name]["truth"] - w["before"] for w in worlds] for name in names}
    for name, values in greedy.items():
        mean, ends = mean_interval(values)
        rows.append(row(f"{name}: gain without bounds", mean, ci95=ends))
    return rows


def show(table: Lines) -> None:
    """The estimators, true rewards and those with censoring weights, to be read by people."""
    head = "variant  top    turns by   policy reward method                      bias       sd     rmse    width"
    print(f"\n{head}  coverage")
    for line in table:
        if line["reward"] == "naive" or line["method"].startswith("ips, "):
            continue
        print(
            f"{line['variant']:8} {line['top']:.2f} {line['n']:7} {line['by']:4} {line['policy']:6} {line['reward']:6}"
            f" {line['method']:22} {line['bias']:+9.5f} {line['sd']:8.5f} {line['rmse']:8.5f} {line['width']:8.5f}"
            f"  {line['coverage']:.3f}"
        )
