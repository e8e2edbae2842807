"""OpenTelemetry spans of committed turns. Nothing is imported unless `server.telemetry` is on.

Where spans go is said by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, ...).
No span holds what anybody said.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from dialog.errors import ConfigError
from dialog.types import Turn

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_NS = 1_000_000_000


class Telemetry:
    """Writes a span `turn` for each committed turn, with a child for each of its stages."""

    def __init__(self, provider: TracerProvider, clock: Callable[[], int] = time.time_ns) -> None:
        """`clock` in nanoseconds since the epoch."""
        self._provider = provider
        self._tracer = provider.get_tracer("assistant")
        self._clock = clock

    @classmethod
    def from_environment(cls) -> Telemetry:
        """Spans over OTLP/HTTP. Raises `ConfigError` when the extra is not installed."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ModuleNotFoundError as error:
            hint = "install the extra: pip install 'learning-assistant[telemetry]'"
            raise ConfigError(f"server.telemetry: {error.name} is missing; {hint}") from None
        named = Resource({SERVICE_NAME: "assistant"}).merge(OTELResourceDetector().detect())
        provider = TracerProvider(resource=named)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def observe(self, turn: Turn) -> None:
        """Write the spans of a turn that has just been committed; the stages lie one after the other."""
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        durations = {stage: max(0, int(seconds * _NS)) for stage, seconds in turn.timings.items()}
        at = end = self._clock()
        at -= sum(durations.values())
        decision = turn.decision
        executed = decision.candidates[decision.executed] if 0 <= decision.executed < len(decision.candidates) else None
        span = self._tracer.start_span(
            "turn",
            kind=SpanKind.SERVER,
            start_time=at,
            attributes={
                "assistant.turn_id": turn.turn_id,
                "assistant.channel": turn.utterance.channel,
                "assistant.skill": executed.skill if executed else "",
                "assistant.intent": executed.intent if executed else "",
                "assistant.policy": decision.policy,
                "assistant.forced_by": decision.forced_by or "",
                "assistant.replies": len(turn.replies),
                "assistant.failures": len(turn.failures),
            },
        )
        if turn.failures:
            span.set_status(Status(StatusCode.ERROR))
        context = set_span_in_context(span)
        for stage, duration in durations.items():
            self._tracer.start_span(stage, context, start_time=at).end(end_time=at + duration)
            at += duration
        span.end(end_time=end)

    def close(self) -> None:
        """Send what is waiting; blocks until it is out or the exporter gives up."""
        self._provider.shutdown()
