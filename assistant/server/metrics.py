"""Figures for Prometheus: what the turns cost, what fails, what waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dialog.types import Turn

_CHANNELS = frozenset({"repl", "rest", "realtime", "reminder"})  # clients name channels: no label for each whim
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_QUARANTINED = ": quarantined"


@dataclass(frozen=True, slots=True)
class Figures:
    """What is read at the moment of a scrape."""

    stats: Mapping[str, Any]  # of the dialog core: running, queued, conversations, quarantined
    commits: int
    sockets: int
    requests: int


class Metrics:
    """Counts turns as they are committed (`observe`) and reads the rest when asked (`render`)."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, figures: Callable[[], Figures]) -> None:
        import prometheus_client as prometheus  # the chat does not need it

        # no creation time for each figure: twice the lines and no news
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._generate = prometheus.generate_latest
        self._registry = prometheus.CollectorRegistry()
        registry = self._registry
        self._turns = prometheus.Counter("assistant_turns", "Committed turns.", ["channel"], registry=registry)
        self._seconds = prometheus.Histogram(
            "assistant_turn_seconds", "Time of a turn by stage.", ["stage"], registry=registry, buckets=_BUCKETS
        )
        self._failures = prometheus.Counter(
            "assistant_failures", "Failures of plugins and parts.", ["plugin"], registry=registry
        )
        self._responses = prometheus.Counter(
            "assistant_http_responses", "Answered HTTP requests.", ["status"], registry=registry
        )
        registry.register(_Reading(figures))
        prometheus.ProcessCollector(registry=registry)

    def observe(self, turn: Turn) -> None:
        """Count one committed turn."""
        channel = turn.utterance.channel
        self._turns.labels(channel if channel in _CHANNELS else "other").inc()
        for stage, seconds in turn.timings.items():
            self._seconds.labels(stage).observe(seconds)
        self._seconds.labels("total").observe(sum(turn.timings.values()))
        for failure in turn.failures:
            if not failure.endswith(_QUARANTINED):  # said besides the failure that led to it
                self._failures.labels(failure.partition(":")[0]).inc()

    def responded(self, status: int) -> None:
        """Count one answered request."""
        self._responses.labels(str(status)).inc()

    def render(self) -> bytes:
        """All figures in Prometheus' text format."""
        return self._generate(self._registry)


class _Reading:
    """A collector for what is somebody else's figure."""

    def __init__(self, figures: Callable[[], Figures]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Any]:
        """The metric families at this moment."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        figures = self._figures()
        gauges = {
            "assistant_turns_running": ("Turns under way.", figures.stats["running"]),
            "assistant_queue_length": ("Utterances that wait.", figures.stats["queued"]),
            "assistant_conversations": ("Conversations in memory.", figures.stats["conversations"]),
            "assistant_sockets": ("Open websockets.", figures.sockets),
            "assistant_requests_running": ("Requests that wait for a turn.", figures.requests),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(name, text, value)
        text = "Transactions of the log; assistant_turns_total over this is how many turns share a commit."
        yield CounterMetricFamily("assistant_log_commits", text, figures.commits)
        quarantined = GaugeMetricFamily("assistant_plugin_quarantined", "Plugins out of service.", labels=["plugin"])
        for plugin in figures.stats["quarantined"]:
            quarantined.add_metric([plugin], 1)
        yield quarantined
