"""The endpoint against a real local server: the protocol, its faults, deadlines, budgets."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from dialog.errors import ConfigError
from plugins.math import endpoint as module
from plugins.math.channels import PromptChannel, of_endpoint
from plugins.math.consensus import solve
from plugins.math.endpoint import Endpoint, EndpointOptions
from plugins.math.prompts import ALGEBRAIC
from plugins.math.template import template_of
from plugins.math.wire import Failure, completion
from tests.plugins.math.server import http, packed, refuses, says, serving


def made(url: str, **options: Any) -> Endpoint:
    return Endpoint(EndpointOptions(base_url=url, model="m", **{"timeout": 5.0, "retries": 0, **options}), seed=1)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)


async def test_n_completions_are_n_requests_with_the_key() -> None:
    async def answer(body: dict[str, Any]) -> bytes:
        return says("Answer = A")

    async with serving(answer) as server:
        options = EndpointOptions(base_url=server.url, model="small", key_env="KEY", retries=0)
        endpoint = Endpoint(options, environ={"KEY": "secret"})
        got = await endpoint.complete("what", 3, system="be brief")
        await endpoint.close()
    assert got.texts == ("Answer = A",) * 3 and got.tokens == 90 and got.problem == ""
    assert server.keys == ["bearer secret"] * 3
    assert server.asked[0]["messages"][0] == {"role": "system", "content": "be brief"}
    assert server.asked[0]["model"] == "small" and "n" not in server.asked[0]


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Internal Server Error", "503 Unavailable"])
async def test_a_passing_fault_is_tried_again(status: str) -> None:
    left = [refuses(status, "Retry-After: 0"), refuses(status)]

    async def answer(body: dict[str, Any]) -> bytes:
        return left.pop() if left else says("ok")

    async with serving(answer) as server:
        endpoint = made(server.url, retries=2)
        got = await endpoint.complete("what")
        await endpoint.close()
    assert got.texts == ("ok",) and len(server.asked) == 3


@pytest.mark.parametrize(
    ("answer", "problem", "requests"),
    [
        (refuses("401 Unauthorized"), "the server says 401", 1),
        (refuses("429 Too Many Requests", "Retry-After: 3600"), "the server says 429", 1),
        (refuses("500 Internal Server Error"), "the server says 500", 2),
        (http(b"<html>hello</html>"), "the answer is not JSON", 2),
        (http(b"[" * 100_000), "the answer is not JSON", 2),
        (http(b"{}"), "the answer is not a chat completion", 2),
        (http(b'{"choices": []}'), "the answer is not a chat completion", 2),
        (says("x", choices=[{"message": {"content": None}}]), "the answer is not a chat completion", 2),
        (says("x" * 400_000), "the answer is refused: it is larger than 262144 bytes", 1),
        (http(b"x" * 400_000, "400 Bad Request"), "the answer is refused: it is larger than 262144 bytes", 1),
        (packed(10_000_000), "the answer is refused: it is compressed, though that was not asked for", 1),
        (b"", "no connection", 2),
    ],
)
async def test_a_fault_costs_only_its_completion(answer: bytes, problem: str, requests: int) -> None:
    async def send(body: dict[str, Any]) -> bytes:
        return answer

    async with serving(send) as server:
        endpoint = made(server.url, retries=1)
        got = await endpoint.complete("what")
        await endpoint.close()
    assert (got.texts, got.problem, len(server.asked)) == ((), problem, requests)


async def test_what_came_before_the_deadline_counts() -> None:
    arrived = 0

    async def answer(body: dict[str, Any]) -> bytes:
        nonlocal arrived
        arrived += 1
        if arrived == 2:
            await asyncio.sleep(20)
        return says("in time")

    async with serving(answer) as server:
        endpoint = made(server.url)
        got = await endpoint.complete("what", 3, deadline=1.5)
        await endpoint.close()
    assert got.texts == ("in time", "in time") and "deadline" in got.problem
    assert not endpoint.resting


async def test_a_dead_endpoint_rests_is_told_once_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]

    async def answer(body: dict[str, Any]) -> bytes:
        return says("back")

    async with serving(answer) as server:
        options = EndpointOptions(base_url=server.url, model="m", retries=0)
        endpoint = Endpoint(options, clock=lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert (await endpoint.complete("what")).texts == ()
            assert endpoint.resting
            assert "left alone" in (await endpoint.complete("what")).problem
            now[0] += module.LONGEST_REST + 1
    assert len([line for line in caplog.messages if "does not answer" in line]) == 1
    async with serving(answer) as server:
        endpoint._wire._base_url = server.url
        await endpoint._wire.close()
        with caplog.at_level(logging.WARNING):
            assert (await endpoint.complete("what")).texts == ("back",)
        await endpoint.close()
    assert len([line for line in caplog.messages if "answers again" in line]) == 1


async def test_the_loop_runs_on_while_a_server_is_slow() -> None:
    async def answer(body: dict[str, Any]) -> bytes:
        await asyncio.sleep(0.3)
        return says("slow")

    async with serving(answer) as server:
        endpoint = made(server.url)
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        beat = asyncio.create_task(tick())
        assert (await endpoint.complete("what")).texts == ("slow",)
        beat.cancel()
        await endpoint.close()
    assert ticks >= 5


async def test_concurrency_is_bounded() -> None:
    async def answer(body: dict[str, Any]) -> bytes:
        await asyncio.sleep(0.02)
        return says("ok")

    async with serving(answer) as server:
        endpoint = made(server.url, concurrency=2)
        assert len((await endpoint.complete("what", 6)).texts) == 6
        await endpoint.close()
    assert server.most == 2


async def test_token_budgets_of_turn_and_hour() -> None:
    now = [0.0]

    async def answer(body: dict[str, Any]) -> bytes:
        return says("ok")

    async with serving(answer) as server:
        settings = {"max_tokens": 100, "turn_tokens": 150, "hour_tokens": 200, "retries": 0, "concurrency": 1}
        options = EndpointOptions(base_url=server.url, model="m", **settings)  # type: ignore[arg-type]
        endpoint = Endpoint(options, clock=lambda: now[0])
        purse = endpoint.allowance()
        for _ in range(2):  # 30 tokens each, 100 and more reserved
            assert (await endpoint.complete("what", allowance=purse)).texts == ("ok",)
        assert "turn" in (await endpoint.complete("what", allowance=purse)).problem
        while not (got := await endpoint.complete("what")).problem:
            pass
        assert "hour" in got.problem and len(server.asked) == 4
        now[0] = 3601.0
        assert (await endpoint.complete("what")).texts == ("ok",)
        await endpoint.close()


def test_usage_is_believed_only_within_reason() -> None:
    good = b'{"choices": [{"message": {"content": "a"}}], "usage": {"total_tokens": %s}}'
    assert completion(good % b"12") == ("a", 12)
    for wrong in (b"-4", b"true", b'"7"', b"1e400", b"null"):
        assert completion(good % wrong) == ("a", 0)
    assert isinstance(completion(b"\xff\xfe"), Failure)


def test_options_come_from_section_then_environment() -> None:
    environ = {"OPENAI_BASE_URL": "http://localhost:1/v1", "OPENAI_MODEL": "tiny", "OPENAI_API_KEY": "k"}
    options = EndpointOptions.read({}, environ)
    assert (options.base_url, options.model, options.key(environ)) == ("http://localhost:1/v1", "tiny", "k")
    elsewhere = EndpointOptions.read({"base_url": "http://other:1/v1"}, environ)
    assert elsewhere.key(environ) == "none", "a key goes nowhere but where its environment says"
    with pytest.raises(ConfigError, match=r"endpoint\.base_url"):
        EndpointOptions.read({"base_url": "ftp://x"}, environ)
    with pytest.raises(ConfigError, match=r"endpoint\.nonsense"):
        EndpointOptions.read({"nonsense": 1}, environ)
    with pytest.raises(ConfigError, match="MISSING_KEY"):
        EndpointOptions(base_url="http://x:1", model="m", key_env="MISSING_KEY").key({})


async def test_channels_derive_programs_from_what_the_model_writes() -> None:
    async def answer(body: dict[str, Any]) -> bytes:
        python = "def solution" in body["messages"][-1]["content"] or "solution(" in body["messages"][-1]["content"]
        text = "```python\ndef solution(A, B, C):\n    return A * (B - C)\n```" if python else "So:\nAnswer = A*(B-C)"
        return says(text)

    template = template_of(
        "each adult meal costs $5 and kids eat free. if a group of 15 people came in and 8 were kids, how much is it?"
    )
    async with serving(answer) as server:
        endpoint = made(server.url)
        found = [one for channel in of_endpoint(endpoint, 5.0) for one in await channel.derive(template, 2)]
        await endpoint.close()
    assert [one.channel for one in found] == ["algebraic"] * 2 + ["python"] * 2
    assert [one.answer for one in found] == [35] * 4
    assert "5" not in server.asked[0]["messages"][-1]["content"], "the model sees letters, never the numbers"


async def test_the_channels_of_one_turn_share_its_budget() -> None:
    async def answer(body: dict[str, Any]) -> bytes:
        return says("nothing", usage={"total_tokens": 400})

    template = template_of("3 apples and 4 pears, how many?")
    async with serving(answer) as server:
        endpoint = made(server.url, max_tokens=100, turn_tokens=1000)
        channels = of_endpoint(endpoint, 5.0)
        for turn in (1, 2):
            verdict = await solve(channels, template, None, floor=0.5, rounds=5, deadline=10.0)
            assert verdict.why == "nothing" and len(server.asked) == 2 * turn, "the same question again is a new turn"
        assert "turn" in channels[0].problem
        await endpoint.close()


async def test_a_channel_reports_what_it_could_not_read() -> None:
    async def answer(body: dict[str, Any]) -> bytes:
        return says("Answer = __import__('os').system('true')")

    async with serving(answer) as server:
        endpoint = made(server.url)
        found = await PromptChannel(ALGEBRAIC, endpoint, 5.0).derive(template_of("3 apples and 4 pears, how many?"), 1)
        await endpoint.close()
    assert found[0].answer is None and found[0].failure
