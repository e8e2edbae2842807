from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.assistant.server.serving import Running, eventually, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


async def test_health_of_the_channel(server: Running) -> None:
    assert (await server.http.get("/webhooks/rest/")).json() == {"status": "ok"}


async def test_message_objects(server: Running) -> None:
    answer = await server.say("show")
    assert answer.status_code == 200
    assert answer.json() == [
        {"recipient_id": "alice", "text": "one"},
        {"recipient_id": "alice", "text": "two"},
        {"recipient_id": "alice", "text": "look"},
        {"recipient_id": "alice", "image": "https://example.com/cat.png"},
        {"recipient_id": "alice", "text": "choose\n\nwell", "buttons": [{"title": "Yes", "payload": "/affirm"}]},
        {"recipient_id": "alice", "custom": {"key": [1, None]}},
    ]


async def test_missing_sender_is_the_default_conversation(server: Running) -> None:
    answer = await server.http.post("/webhooks/rest/webhook", json={"message": "hi"})
    assert answer.json() == [{"recipient_id": "default", "text": "you said: hi"}]


async def test_missing_message_is_an_empty_list(server: Running) -> None:
    for body in ({"sender": "alice"}, {}, {"message": None}):
        answer = await server.http.post("/webhooks/rest/webhook", json=body)
        assert (answer.status_code, answer.json()) == (200, [])


async def test_stream_is_one_json_object_a_line(server: Running) -> None:
    body = {"sender": "alice", "message": "slow 0.3"}
    times = []
    async with server.http.stream("POST", "/webhooks/rest/webhook?stream=true", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            times.append((json.loads(line)["text"], asyncio.get_running_loop().time()))
    assert [text for text, _ in times] == ["starting", "working", "done"]
    assert times[0][1] < times[2][1]  # the first part did not wait for the last


async def test_stream_tells_an_error_before_it_begins(server: Running) -> None:
    answer = await server.http.post("/webhooks/rest/webhook?stream=true", json={"message": "x" * 5000})
    assert answer.status_code == 400
    assert "4000" in answer.json()["message"]


async def test_intent_message_bypasses_the_understanding(server: Running) -> None:
    assert (await server.say('/timer_fired{"name": "egg"}')).json()[0]["text"] == "time is up: egg"


async def test_channel_and_number_as_sender(server: Running) -> None:
    answer = await server.say("who", sender=17, input_channel="kiosk")
    assert answer.json() == [{"recipient_id": "17", "text": "you are 17 on kiosk"}]


async def test_senders_are_users_of_their_own(server: Running) -> None:
    for sender in ("dora", "emil"):
        assert (await server.say("who", sender=sender)).json()[0]["text"].startswith(f"you are {sender} ")


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"[]", "object"),
        (b'"hi"', "object"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"message": 1}', "'message' must be a string"),
        (b'{"message": "hi", "sender": true}', "'sender' must be a string"),
        (b'{"message": "hi", "sender": "a\\nb"}', "'sender'"),
        (b'{"message": "hi", "metadata": []}', "'metadata' must be an object"),
        (b'{"message": "hi", "metadata": {"message_id": 3}}', "'message_id' must be a string"),
        (b'{"message": "hi", "metadata": {"x": NaN}}', "NaN"),
        (b'{"message": "hi", "metadata": {"x": 1e999}}', "number out of range"),
        (b'{"message": "hi", "metadata": {"x": %s}}' % (b"9" * 5000), "number out of range"),
        (b'{"message": "a\\u0000b"}', "U+0000"),
        (b'{"message": "\\ud800"}', "surrogate"),
        (b'{"message": "hi", "sender": "%s"}' % (b"x" * 256), "255"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested"),
        (b"[" * 100_000, "nested"),
        (b'{"a": [%s]}' % (b"1," * 20_000 + b"1"), "more than 10000 values"),
    ],
)
async def test_malformed_bodies(server: Running, body: bytes, part: str) -> None:
    answer = await server.http.post("/webhooks/rest/webhook", content=body)
    error = answer.json()
    assert (answer.status_code, error["status"], error["description"]) == (400, 400, "Bad Request")
    assert part in error["message"]


ODD_TEXTS = [
    "",
    "   ",
    "\t\r\n",
    "\x07\x1b[31m red",
    "\N{GRINNING FACE} \N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}",
    "مرحبا بالعالم",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "a" * 4000,
]


@pytest.mark.parametrize("text", ODD_TEXTS)
async def test_odd_texts_are_answered(server: Running, text: str) -> None:
    answer = await server.say(text)
    assert answer.status_code == 200
    assert "".join(message["text"] for message in answer.json()).strip()


async def test_a_text_that_is_too_long(server: Running) -> None:
    answer = await server.say("a" * 100_000)
    assert answer.status_code == 400
    assert "4000" in answer.json()["message"]


async def test_a_body_that_is_too_large(server: Running) -> None:
    limit = server.state.settings.max_body
    answer = await server.http.post("/webhooks/rest/webhook", content=b" " * (limit + 1))
    assert answer.status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(limit // 1000 + 2):
            yield b" " * 1000

    answer = await server.http.post("/webhooks/rest/webhook", content=chunks())  # without a length
    assert answer.status_code == 413


async def test_a_repeated_message_id_gets_the_recorded_replies(server: Running) -> None:
    first = await server.say("count", "carol", metadata={"message_id": "m1"})
    again = await server.say("something else", "carol", metadata={"message_id": "m1"})
    assert again.json() == first.json()
    headers = {"Idempotency-Key": "m1"}
    body = {"sender": "carol", "message": "count"}
    third = await server.http.post("/webhooks/rest/webhook", json=body, headers=headers)
    assert third.json() == first.json()
    turns = [turn async for turn in server.state.assistant.log.turns("carol")]
    assert [turn.utterance.message_id for turn in turns] == ["m1"]


async def test_an_error_of_a_skill_is_an_apology(server: Running) -> None:
    answer = await server.say("broken thing")
    assert answer.status_code == 200
    assert "sorry" in answer.json()[0]["text"].lower()
    assert "RuntimeError" not in answer.text


async def test_busy_conversation(server: Running) -> None:
    waiting = [asyncio.create_task(server.say("slow 0.05")) for _ in range(30)]
    answers = await asyncio.gather(*waiting)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and len(refused) < 30
    assert all("busy" in answer.json()["message"] and answer.headers["retry-after"] for answer in refused)
    assert all(answer.status_code in (200, 429) for answer in answers)


async def test_a_cancelled_turn_gives_what_was_said(server: Running) -> None:
    running = asyncio.create_task(server.say("slow 20", "erin"))
    await eventually(lambda: server.state.dialog.running)
    server.state.dialog._conversations["erin"].barge_in()
    assert [message["text"] for message in (await running).json()] in (["starting"], [])


async def test_parse(server: Running) -> None:
    answer = await server.http.post("/model/parse", json={"text": "show me"})
    result = answer.json()
    assert result["text"] == "show me"
    assert result["intent"] == {"name": "show", "confidence": 0.9}
    assert result["intent_ranking"] == [{"name": "show", "confidence": 0.9}]
    assert result["text_tokens"] == [[0, 4], [5, 7]]
    assert result["entities"] == [
        {"entity": "rest", "value": "me", "start": 5, "end": 7, "confidence_entity": 1.0, "extractor": "nlu"}
    ]
    assert result["response_selector"]["default"]["response"]["utter_action"] == "utter_None"
    explicit = (await server.http.post("/model/parse", json={"text": '/buy{"what": ["a", "b"]}'})).json()
    assert set(explicit) == {"text", "intent", "entities", "intent_ranking"}
    assert [entity["value"] for entity in explicit["entities"]] == ["a", "b"]


async def test_parse_errors_have_the_shape_of_the_api(server: Running) -> None:
    for body in (b"{", b'{"text": 3}', b"{}"):
        answer = await server.http.post("/model/parse", content=body)
        error = answer.json()
        assert answer.status_code == error["code"] == 400
        assert error["status"] == "failure" and error["message"] and error["version"]


async def test_unknown_paths_and_methods(server: Running) -> None:
    missing = await server.http.get("/nowhere")
    assert (missing.status_code, missing.json()["status"]) == (404, 404)
    wrong = await server.http.get("/webhooks/rest/webhook")
    assert wrong.status_code == 405


@pytest.mark.parametrize("query", ["", "?stream=true"])
async def test_a_client_that_vanishes_loses_nothing(server: Running, query: str) -> None:
    sender = f"bob{query}"
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    body = json.dumps({"sender": sender, "message": "slow 0.2", "metadata": {"message_id": "gone"}}).encode()
    head = f"POST /webhooks/rest/webhook{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    await eventually(lambda: server.state.gate.running)
    writer.transport.abort()
    again = await server.say("slow 0.2", sender=sender, metadata={"message_id": "gone"})
    assert [message["text"] for message in again.json()] == ["starting", "working", "done"]
    turns = [turn async for turn in server.state.assistant.log.turns(sender)]
    assert len(turns) == 1
    await eventually(lambda: not server.state.gate.running)


async def test_an_old_message_id_gets_the_recorded_replies_too(server: Running) -> None:
    first = await server.say("hi", "dave", metadata={"message_id": "old"})
    server.state.dialog._conversations["dave"].seen.clear()  # as after hundreds of other messages
    again = await server.say("hi", "dave", metadata={"message_id": "old"})
    assert again.json() == first.json()
    turns = [turn async for turn in server.state.assistant.log.turns("dave")]
    assert len(turns) == 1
