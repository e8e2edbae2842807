"""What one turn costs, through the real assistant: durable log, embedded understanding, all shipped plugins.

    assistant bench turn [--json] [--quick] [--peer FOLDER] [--install]

--peer: a folder made by `python -m benchmarks.peers.rasa.setup FOLDER`; Rasa is then measured in the same run, over the
  same REST channel with the same sentences. Without it the filed figures stand in.
--install: also measure the size of a fresh installation for chatting (needs a package index).
--quick: two seeds, under 90 seconds; bars of absolute times and rates are three times as lenient, for machines that
  have other work; ratios, bytes and counts keep theirs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import common
from benchmarks.common import Row, Steps, row
from benchmarks.peers.rasa.server import Peer, measure
from benchmarks.statistics import bootstrap, mean_interval, paired_ratio, percentile
from benchmarks.turns import inside, outside
from benchmarks.turns.inside import Pairs
from benchmarks.turns.load import Result
from benchmarks.turns.sentences import Sentences

USERS = (1, 16, 64)
#: Rasa 3.6.21 on a loaded 2-core machine, for runs without the peer.
FILED = {
    "p50": 50.0, "p99": 661.0, "rate": 57.0, "growth": 309 / 26, "bytes": 2500.0, "ready": 29.0, "rss": 1154.0,
    "help": 1.7,
}  # fmt: skip
_FILED_NAME = "Rasa 3.6.21 (filed)"
_PEER_NAME = "Rasa 3.6.21 (this run)"


@dataclass(frozen=True)
class Scale:
    """How much is measured: seeds, turns of one user, seconds of a load, and so on."""

    seeds: tuple[int, ...]
    turns: int
    seconds: float
    pairs: int
    counted: int  # turns for the bytes in the log
    starts: int
    swaps: int
    slack: float  # factor on bars of absolute times


FULL = Scale((11, 12, 13, 14, 15), 600, 5.0, 200, 2000, 5, 4, 1.0)
QUICK = Scale((11, 12), 200, 2.5, 100, 1000, 2, 2, 3.0)


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 when a claim fails."""
    parser = common.arguments("turn", "What one turn costs, through the real assistant.")
    parser.add_argument("--peer", type=Path, metavar="FOLDER", help="measure the Rasa that was set up there as well")
    parser.add_argument("--install", action="store_true", help="measure the size of a fresh installation")
    args = parser.parse_args(argv)
    scale = QUICK if args.quick else FULL
    before = os.getloadavg()
    parts = 6 + len(scale.seeds) + bool(args.peer) + bool(args.install)
    with Steps(parts).shown() as steps:
        rows = asyncio.run(Bench(scale, steps).run(args))
    return common.report("turn", scale.seeds, rows, before).show(args.json)


class Bench:
    """One run of the benchmark; `rows` fill up as its parts are done."""

    def __init__(self, scale: Scale, steps: Steps) -> None:
        self._scale = scale
        self._steps = steps
        self._peer: Peer | None = None
        self.rows: list[Row] = []

    async def run(self, args: argparse.Namespace) -> list[Row]:
        """All parts, the peer first."""
        if args.peer:
            self._steps.begin("Rasa")
            scale = self._scale
            seeds, dialog = list(scale.seeds[:3]), 60 if args.quick else 390
            self._peer = await measure(args.peer.resolve(), seeds, USERS, scale.turns // 2, 2 * scale.seconds, dialog)
            self._steps.done()
        await self._inside()
        for name, part in (
            ("REST", self._rest), ("growth", self._growth), ("unmatched", self._unmatched), ("log", self._bytes),
            ("swap", self._swap), ("start", self._start),
        ):  # fmt: skip
            self._steps.begin(name)
            await part()
            self._steps.done()
        if args.install:
            self._steps.begin("install")
            megabytes, packages = await asyncio.to_thread(outside.install_megabytes)
            name = "Rasa 3.6.21 (filed)"
            self._add("installation for chatting, MB", megabytes, bar=450, baseline=2700, baseline_name=name)
            self._add("installation for chatting, packages", packages, baseline=165, baseline_name=name)
            self._steps.done()
        return self.rows

    def _add(self, metric: str, ours: float, **more: object) -> None:
        self.rows.append(row(metric, ours, **more))  # type: ignore[arg-type]

    def _against(self, name: str) -> dict[str, object]:
        """The peer's figure, of this run where there is one."""
        if self._peer is None:
            return {"baseline": FILED[name], "baseline_name": _FILED_NAME} if name in FILED else {}
        return {"baseline": peer_figure(self._peer, name), "baseline_name": _PEER_NAME}

    # -- parts -----------------------------------------------------------------------------------------------

    async def _inside(self) -> None:
        found: dict[int, list[Result]] = {count: [] for count in USERS}
        for seed in self._scale.seeds:
            self._steps.begin(f"in process, seed {seed}")
            async with inside.assistant() as (_, send):
                results = await inside.latency_and_rate(
                    send, Sentences(seed), USERS, self._scale.turns, self._scale.seconds, f"in-{seed}"
                )
            for count, result in results.items():
                found[count].append(result)
            self._steps.done()
        self._profile("in process", found, bars=True)

    async def _rest(self) -> None:
        found: dict[int, list[Result]] = {count: [] for count in USERS}
        with tempfile.TemporaryDirectory() as folder:
            async with outside.served(Path(folder)) as server:
                for seed in self._scale.seeds:
                    send = server.channel.send
                    results = await inside.latency_and_rate(
                        send, Sentences(seed), USERS, self._scale.turns, self._scale.seconds, f"rest-{seed}"
                    )
                    for count, result in results.items():
                        found[count].append(result)
                loaded = server.rss
        self._profile("over REST", found, bars=False)
        self._add("memory after the load, MB", loaded)

    def _profile(self, where: str, found: dict[int, list[Result]], *, bars: bool) -> None:
        slack = self._scale.slack
        one = [[1e3 * value for value in result.latencies] for result in found[1]]
        for share, bar in ((50, 3.0), (99, 15.0)):
            value, bounds = bootstrap(one, percentile(share))
            against = {} if bars and self._peer else self._against(f"p{share}")
            bound = slack * bar if bars else None
            self._add(f"one turn {where}, p{share}, ms", value, ci95=bounds, bar=bound, **against)
        for count in USERS:
            value, bounds = mean_interval([result.rate for result in found[count]])
            against = self._against(f"rate{count}") if self._peer else self._against("rate") if count == 64 else {}
            if bars and self._peer:
                against = {}  # the peer is compared over REST
            bound = 500 / slack if bars and count == 64 else None
            self._add(f"turns/s {where}, {count} users", value, ci95=bounds, bar=bound, better="higher", **against)

    async def _growth(self) -> None:
        runs = []
        for seed in self._scale.seeds[: 1 if self._scale is QUICK else None]:
            async with inside.assistant() as (_, send):
                runs.append(await inside.growth(send, Sentences(seed), f"grow-{seed}", 10, 900, 100))
        self._ratios("turns 900-1,000 over turns 10-110", runs, 1.05, self._against("growth"))

    def _ratios(self, metric: str, runs: list[Pairs], bar: float, against: dict[str, object]) -> None:
        """The cost of one kind of turn over that of another; by the clock only an idle machine can hold a bar."""
        by_clock = None if self._scale is QUICK else bar
        value, bounds = pooled([run.cpu for run in runs])
        self._add(f"CPU time, {metric}", value, ci95=bounds, bar=bar, **against)
        value, bounds = pooled([run.clock for run in runs])
        self._add(f"latency, {metric}", value, ci95=bounds, bar=by_clock, **against)

    async def _unmatched(self) -> None:
        async with inside.assistant() as (_, send):
            sentences = Sentences(self._scale.seeds[0])
            await inside.unmatched(send, sentences, "warm", 20)
            pairs = await inside.unmatched(send, sentences, "pair", self._scale.pairs)
        against: dict[str, object] = {"baseline": 10.0, "baseline_name": "Home Assistant (filed)"}
        self._ratios("unmatched over matched utterance", [pairs], 1.2, against)

    async def _bytes(self) -> None:
        seeds = self._scale.seeds[: 1 if self._scale is QUICK else 3]
        values = [await inside.bytes_per_turn(Sentences(seed), self._scale.counted) for seed in seeds]
        value, bounds = mean_interval(values)
        self._add("bytes logged a turn, without vectors", value, ci95=bounds, bar=1000, **self._against("bytes"))

    async def _swap(self) -> None:
        async with inside.assistant() as (running, send):
            sentences = Sentences(self._scale.seeds[0])
            await inside.unmatched(send, sentences, "warm", 20)
            swapped = await inside.swap(running, send, sentences, 16, self._scale.swaps, "swap")
        failed, during, otherwise, longest = swapped
        p99 = percentile(99)
        ratio, bounds = bootstrap([during], p99)
        usual = bootstrap([otherwise], p99)[0]
        self._add("failed turns during swaps under load", failed, bar=0)
        scaled = [value / usual for value in bounds]
        self._add("p99 during a swap over p99 otherwise, 16 users", ratio / usual, ci95=scaled, bar=2.0)
        self._add("longest swap under load, s", longest)

    async def _start(self) -> None:
        slack = self._scale.slack
        first, times, memory = await outside.ready(self._scale.starts)
        value, bounds = bootstrap([times], percentile(50))
        metric = "process start to first answer, 20 plugins, s"
        self._add(metric, value, ci95=bounds, bar=2.0 * slack, **self._against("ready"))
        self._add("the same, first start ever (log and intents made), s", first)
        value, bounds = bootstrap([memory], percentile(50))
        self._add("idle memory, 20 plugins, MB", value, ci95=bounds, bar=250, **self._against("rss"))
        times = await asyncio.to_thread(outside.help_seconds, 4 * self._scale.starts)
        value, bounds = bootstrap([times], percentile(50))
        self._add("assistant --help, s", value, ci95=bounds, bar=0.2 * slack, **self._against("help"))
        heavy = await asyncio.to_thread(outside.heavy_imports)
        self._add("heavy libraries imported by --help (numpy and such)", len(heavy), bar=0)


def pooled(runs: Sequence[tuple[list[float], list[float]]]) -> tuple[float, list[float]]:
    """The ratio of the two kinds of all runs together, with its interval."""
    first, second = ([value for run in runs for value in run[which]] for which in (0, 1))
    return paired_ratio(first, second)


def peer_figure(peer: Peer, name: str) -> float:
    """A figure of the measured peer by the name that `FILED` uses; `rate16` is the rate with 16 users."""
    if name.startswith("rate"):
        rates: Sequence[float] = [result.rate for result in peer.results[int(name[4:] or 64)]]
        return sum(rates) / len(rates)
    if name.startswith("p"):
        one = [[1e3 * value for value in result.latencies] for result in peer.results[1]]
        return bootstrap(one, percentile(int(name[1:])))[0]
    return {"growth": peer.growth, "bytes": peer.bytes, "ready": peer.ready, "rss": peer.rss, "help": peer.help}[name]


if __name__ == "__main__":
    sys.exit(main())
