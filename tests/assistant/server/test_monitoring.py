"""Health, metrics, spans, and what the logs do not hold."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from assistant.server.telemetry import Telemetry
from dialog.errors import LogError
from tests.assistant.server.serving import DEADLINE, Running, ask, receive, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


async def scrape(server: Running) -> dict[tuple[str, str], float]:
    """Samples by name and first label."""
    answer = await server.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


async def test_health(server: Running) -> None:
    health = (await server.http.get("/health")).json()
    assert health["status"] == "ok" and health["log"] == "ok"
    assert (health["nlu"], health["policy"]) == ("first-word 1", "first 1")
    assert health["running"] == health["queued"] == 0 and health["quarantined"] == []


async def test_health_when_the_log_fails(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(conversation_id: str) -> None:
        raise LogError("the disk is gone")

    monkeypatch.setattr(server.state.assistant.log, "load", fails)
    answer = await server.http.get("/health")
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["log"]) == ("failing", "the disk is gone")
    answer = await server.say("hi", "somebody new")
    assert answer.status_code == 503 and answer.json()["message"] == "the disk is gone"


async def test_metrics(server: Running) -> None:
    before = await scrape(server)
    await server.say("hi")
    await server.say("hi", input_channel="a-channel-that-nobody-knows")
    await server.say("broken")
    async with server.socket() as socket:
        await ask(socket, "hi")
        after = await scrape(server)

    def grown(name: str, label: str = "") -> float:
        return after[name, label] - before.get((name, label), 0.0)

    assert grown("assistant_turns_total", "rest") == 2
    assert grown("assistant_turns_total", "other") == 1
    assert grown("assistant_turns_total", "realtime") == 1
    for stage in ("understand", "propose", "route", "act", "commit", "total"):
        assert grown("assistant_turn_seconds_count", stage) == 4
        assert grown("assistant_turn_seconds_sum", stage) > 0
    assert grown("assistant_failures_total", "robot") == 1
    assert grown("assistant_http_responses_total", "200") == 4
    assert 1 <= grown("assistant_log_commits_total") <= 4
    assert after["assistant_sockets", ""] == 1
    assert after["assistant_queue_length", ""] == after["assistant_turns_running", ""] == 0


async def test_quarantined_plugins_are_named(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        for _ in range(3):
            await server.say("broken")
        assert (await scrape(server))["assistant_plugin_quarantined", "robot"] == 1
        assert (await server.http.get("/health")).json()["quarantined"] == ["robot"]


async def test_spans_of_a_turn(server: Running) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry = Telemetry(provider)
    server.state.dialog.observers.append(telemetry.observe)
    try:
        await server.say("confidential words")
    finally:
        server.state.dialog.observers.remove(telemetry.observe)
    *stages, turn = exporter.get_finished_spans()
    assert turn.name == "turn" and turn.context is not None
    assert [span.name for span in stages] == ["understand", "propose", "route", "act", "commit"]
    assert all(span.parent is not None and span.parent.span_id == turn.context.span_id for span in stages)
    assert turn.start_time == stages[0].start_time and turn.end_time == stages[-1].end_time
    assert turn.attributes is not None
    assert (turn.attributes["assistant.skill"], turn.attributes["assistant.channel"]) == ("robot", "rest")
    assert not any("confidential" in span.to_json() for span in (*stages, turn))
    telemetry.close()


async def test_spans_leave_over_otlp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[bytes] = []

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = head.partition("content-length: ")[2].split()[0]
        bodies.append(head.partition("\r\n")[0].encode() + await reader.readexactly(int(length)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    collector = await asyncio.start_server(collect, "127.0.0.1", 0)
    async with collector:
        port = collector.sockets[0].getsockname()[1]
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "my-robot")
        async with serving(tmp_path, telemetry=True) as server:
            await server.say("confidential words")
    assert len(bodies) == 1
    assert bodies[0].startswith(b"post /v1/traces")
    assert b"my-robot" in bodies[0] and b"understand" in bodies[0] and b"confidential" not in bodies[0]


async def test_texts_stay_out_of_the_logs(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    secret = "confidential-words"
    await server.say(secret)
    await server.say(f"{secret} " * 1000)
    await server.http.post("/webhooks/rest/webhook?token=the-token", content=f'{{"message": "{secret}')
    await server.http.post("/model/parse", json={"text": secret})
    async with server.socket("?token=the-token") as socket:
        await ask(socket, secret)
        await socket.send(f'{{"type": "{secret}"}}')
        await receive(socket)
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert any("POST '/webhooks/rest/webhook' 200" in line for line in logged)
    assert not any(secret in line or "the-token" in line for line in logged)


async def test_nothing_is_imported_for_what_is_off() -> None:
    program = """
import sys
from assistant.server.app import create_app
from assistant.server.settings import ServerSettings
create_app(lambda: None, ServerSettings())
print([name for name in ("opentelemetry", "jwt", "numpy") if name in sys.modules])
"""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(child.communicate(), DEADLINE)
    assert out.decode().strip() == "[]"
