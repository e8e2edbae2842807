"""What the entity-contrast benchmark prints and draws."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.common import Row, row
from benchmarks.entity_contrast_cells import METHODS
from benchmarks.entity_contrast_results import RATES, Change, Results
from benchmarks.paired import holm

#: (method, what it is compared with): each step, and each variant with the entity loss of the paper.
PAIRS = (
    ("joint+steps", "joint"), ("gazetteer", "joint"), ("encoder", "gazetteer"), ("encoder", "joint+steps"),
    ("entity", "encoder"), ("joint+entity", "joint"), ("entity", "joint"), ("point", "encoder"), ("point", "entity"),
    ("outside", "entity"), ("boundary", "entity"), ("guard", "entity"), ("joint+noise", "joint+steps"),
    ("ours", "ours-entity"), ("ours-quiet", "joint+steps"), ("ours-quiet", "joint"), ("ours", "ours-quiet"),
    ("ours", "joint+noise"), ("ours", "joint+steps"), ("ours", "entity"), ("ours", "joint"),
)  # fmt: skip
#: Domains with fewer gold items in a clean test view are shown, but a bar on them would measure chance.
DOMAIN_ITEMS = 200
TOTAL, ALONE, DOMAIN = -15.0, -5.0, 2.0


def report(results: Results, args: argparse.Namespace, load: Sequence[float]) -> int:
    """Print (and draw) everything; the exit code: 1 when a claim failed."""
    changes = paired(results)
    domains = by_domain(results)
    filed = common.report("entity-contrast", results.seeds, claims(results, domains, args.quick), load)
    table = results.table()
    if args.pictures:
        draw(results, args.pictures)
    if args.json:
        shared = {key: value for key, value in results.cells[0].items() if key not in ("row", "set", "seed")}
        details = {
            "settings": shared, "notes": results.notes(), "table": table, "changes": changes, "domains": domains,
        }  # fmt: skip
        print(json.dumps(asdict(filed) | details, ensure_ascii=False, indent=2))
        return 0 if filed.met else 1
    show(table, changes, domains)
    return filed.show(False)


def views(results: Results, view: str) -> list[tuple[str, str]]:
    """The sets that have a view, as parts."""
    return [part for part in results.parts if part[1] == view]


def paired(results: Results) -> list[dict[str, Any]]:
    """Relative changes, in percent, of every pair of methods on every part and on the mean of the sets of a view.

    p values are adjusted (Holm) over the pairs of a part and rate.
    """
    out: list[dict[str, Any]] = []
    scopes = {f"{name} {view}": [(name, view)] for name, view in results.parts}
    for view in ("clean", "recognised"):
        if len(views(results, view)) > 1:
            scopes[f"mean {view}"] = views(results, view)
    for scope, parts in scopes.items():
        for rate in RATES:
            lines = []
            for ours, base in PAIRS:
                change = results.change(ours, base, parts, rate) if results.has(ours, base) else None
                if change is not None:
                    lines.append({"ours": ours, "base": base, "scope": scope, "rate": rate} | percent(change))
            for line, p in zip(lines, holm([line["p"] for line in lines]), strict=True):
                line["p_holm"] = p
            out += lines
    return out


def percent(change: Change) -> dict[str, Any]:
    """A change in percent, rounded."""
    low, high = (round(100 * value, 2) for value in (change.low, change.high))
    return {"change": round(100 * change.change, 2), "ci95": [low, high], "p": change.p}


def by_domain(results: Results) -> list[dict[str, Any]]:
    """Change of SEMER, ICER and IRER by domain, of the entity loss alone and in all."""
    out = []
    for name, view in results.parts:
        sizes = results.domains(name)
        for ours, base in (("entity", "encoder"), ("entity", "joint"), ("ours", "joint")):
            if not results.has(ours, base) or len(sizes) < 2:
                continue
            for domain, items in sizes.items():
                line: dict[str, Any] = {
                    "ours": ours, "base": base, "set": name, "view": view, "domain": domain, "items": items,
                }  # fmt: skip
                for rate in RATES:
                    change = results.change(ours, base, [(name, view)], rate, domain)
                    line[rate] = None if change is None else percent(change)
                out.append(line)
    return out


def claims(results: Results, domains: Sequence[dict[str, Any]], quick: bool) -> list[Row]:
    """The rows against bars; `quick` only asks whether what is claimed has the right sign."""
    rows: list[Row] = []

    def add(title: str, ours: str, base: str, view: str, bar: float | None) -> None:
        parts = views(results, view)
        change = results.change(ours, base, parts) if results.has(ours, base) and parts else None
        if change is not None:
            found = percent(change)
            rows.append(row(f"SEMER, {title}, {view}, mean of sets, %", found["change"], ci95=found["ci95"],
                            baseline_name=base, bar=bar))  # fmt: skip

    for view in ("clean", "recognised"):
        add("ours", "ours", "joint", view, TOTAL if not quick else 0.0 if view == "recognised" else None)
        add("ours without recognised copies", "ours-quiet", "joint", view, None if quick else TOTAL)
        add("paper's whole method", "entity", "joint", view, None if quick else TOTAL)
        add("entity loss alone", "entity", "encoder", view, None if quick else ALONE)
        add("entity loss alone, in ours", "ours", "ours-entity", view, None if quick else ALONE)
    for ours, base in (("entity", "encoder"), ("ours", "joint")):
        if results.has(ours, base):
            for kind in ("alignment", "uniformity"):
                values = [np.mean([results.level(name, *part, f"mean_{kind}").mean() for part in results.parts])
                          for name in (ours, base)]  # fmt: skip
                bar = float(values[1]) if kind == "alignment" else None
                rows.append(row(f"{kind} of the means, {ours}, mean of views", float(values[0]),
                                baseline=float(values[1]), baseline_name=base, bar=bar))  # fmt: skip
    for ours, base in (("entity", "encoder"), ("ours", "joint")):
        judged = [line for line in domains if line["ours"] == ours and line["base"] == base
                  and line["items"] >= DOMAIN_ITEMS and line["semer"] is not None]  # fmt: skip
        if judged:
            worst = max(judged, key=lambda line: float(line["semer"]["change"]))
            title = f"SEMER, {ours}, worst domain ({worst['set']} {worst['view']} {worst['domain']}), %"
            rows.append(row(title, worst["semer"]["change"], ci95=worst["semer"]["ci95"], baseline_name=base,
                            bar=None if quick else DOMAIN))  # fmt: skip
    return rows


def show(table: Sequence[dict[str, Any]], changes: Sequence[dict[str, Any]], domains: Sequence[dict[str, Any]]) -> None:
    """Tables for people."""
    for name, view in dict.fromkeys((line["set"], line["view"]) for line in table):
        print(f"{name}, {view} (%, mean ± sd over seeds)")
        head = ("SEMER", "ICER", "IRER", "slot F1")
        print(f"  {'':<44}" + "".join(f"{text:>16}" for text in head) + f"{'alignment':>11}{'uniformity':>11}{'s':>6}")
        for line in table:
            if (line["set"], line["view"]) != (name, view):
                continue
            texts = "".join(f"{spread(line, rate):>16}" for rate in (*RATES, "slot_f1"))
            shape = f"{line['mean_alignment']:>11.3f}{line['mean_uniformity']:>11.2f}{line['seconds']:>6.0f}"
            print(f"  {METHODS[line['row']].title:<44}{texts}{shape}")
    print("SEMER, relative change in %")
    for line in changes:
        if line["rate"] == "semer":
            low, high = line["ci95"]
            print(f"  {line['scope']:<18}{line['ours'] + ' / ' + line['base']:<28}"
                  f"{line['change']:+7.1f} [{low:+.1f}, {high:+.1f}] p {line['p_holm']:.3f}")  # fmt: skip
    for line in domains:
        if (line["ours"], line["base"]) == ("ours", "joint"):
            shown = [
                f"{rate.upper()} {'-' if line[rate] is None else format(line[rate]['change'], '+.1f')}"
                for rate in RATES
            ]
            print(f"  {line['set']} {line['view']:<11}{line['domain']:<22}{line['items']:>6} items  {'  '.join(shown)}")


def spread(line: dict[str, Any], rate: str) -> str:
    """A rate in percent with its deviation, where there is one."""
    sd = line[f"{rate}_sd"]
    return f"{100 * line[rate]:.2f}" + ("" if sd is None else f" ± {100 * sd:.2f}")


def draw(results: Results, folder: Path) -> None:
    """`semer.png`: relative SEMER of every method against the joint model, by set and view."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [name for name in results.rows if name != "joint"]
    if not results.has("joint") or not rows:
        return
    parts = list(results.parts)
    figure, axes = pyplot.subplots(figsize=(2 + 1.6 * len(parts), 0.5 + 0.45 * len(rows)), layout="constrained")
    height = 0.8 / len(parts)
    for index, part in enumerate(parts):
        found = [results.change(name, "joint", [part]) for name in rows]
        values = [0.0 if change is None else 100 * change.change for change in found]
        bounds = [(0.0, 0.0) if c is None else (100 * (c.change - c.low), 100 * (c.high - c.change)) for c in found]
        errors = np.maximum(np.array(bounds).T, 0)
        places = np.arange(len(rows)) + index * height
        axes.barh(places, values, height, xerr=errors, label=" ".join(part), error_kw={"linewidth": 0.6})
    axes.set_yticks(np.arange(len(rows)) + 0.4 - height / 2, [METHODS[name].title for name in rows])
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("SEMER, % change against the joint model")
    axes.legend(fontsize=7)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "semer.png", dpi=120)
    pyplot.close(figure)
