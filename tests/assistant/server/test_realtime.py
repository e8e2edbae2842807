from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from tests.assistant.server.serving import Running, ask, eventually, receive, send, serving, texts, until, write

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


async def test_session_created_and_updated(server: Running) -> None:
    async with server.socket("?conversation=c1") as socket:
        created = await receive(socket)
        assert created["type"] == "session.created"
        session = created["session"]
        assert (session["object"], session["type"]) == ("realtime.session", "realtime")
        assert (session["output_modalities"], session["conversation"]) == (["text"], "c1")
        await send(socket, "session.update", session={"type": "realtime", "output_modalities": ["text"]})
        updated = await receive(socket)
        assert (updated["type"], updated["session"]) == ("session.updated", session)


async def test_the_events_of_a_response(server: Running) -> None:
    async with server.socket() as socket:
        created = await receive(socket)
        item = {"id": "mine", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
        await send(socket, "conversation.item.create", item=item)
        await send(socket, "response.create", response={"metadata": {"topic": "x"}})
        events = await until(socket, "response.done")
    assert [event["type"] for event in events] == [
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    by_type = {event["type"]: event for event in events}
    assert events[0]["item"]["id"] == "mine" and events[0]["previous_item_id"] is None
    assert by_type["response.created"]["response"]["status"] == "in_progress"
    assert by_type["response.output_text.delta"]["delta"] == "you said: hello"
    done = by_type["response.done"]["response"]
    assert (done["status"], done["metadata"]) == ("completed", {"topic": "x"})
    assert done["conversation_id"] == created["session"]["conversation"]
    assert done["output"][0]["content"] == [{"type": "output_text", "text": "you said: hello"}]
    answered = by_type["conversation.item.done"]
    assert (answered["previous_item_id"], answered["item"]["role"]) == ("mine", "assistant")
    ids = [event["event_id"] for event in [created, *events]]
    assert len(set(ids)) == len(ids)
    assert {event["response_id"] for event in events if "response_id" in event} == {done["id"]}


async def test_reply_parts_are_content_parts(server: Running) -> None:
    async with server.socket() as socket:
        events = await ask(socket, "show")
    parts = events[-1]["response"]["output"][0]["content"]
    assert [part["text"] for part in parts] == ["one\n\ntwo", "look", "choose\n\nwell", ""]
    assert parts[1]["image"].endswith("cat.png")
    assert parts[2]["buttons"] == [{"title": "Yes", "payload": "/affirm"}]
    assert parts[3]["data"] == {"key": [1, None]}
    indices = [event["content_index"] for event in events if event["type"] == "response.output_text.done"]
    assert indices == [0, 1, 2, 3]


async def test_messages_that_wait_are_answered_one_by_one(server: Running) -> None:
    async with server.socket() as socket:
        for text in ("a", "b"):
            await write(socket, text)
        await send(socket, "response.create")
        events = await until(socket, "response.done")
    assert texts(events) == ["you said: a", "you said: b"]
    assert len(events[-1]["response"]["output"]) == 2


async def test_cancel(server: Running) -> None:
    async with server.socket() as socket:
        await write(socket, "slow 20")
        await send(socket, "response.create")
        await until(socket, "response.output_text.done")
        await send(socket, "response.create")
        refused = (await until(socket, "error"))[-1]["error"]
        assert refused["code"] in ("conversation_already_has_active_response", "nothing_to_answer")
        await send(socket, "response.cancel")
        done = (await until(socket, "response.done"))[-1]["response"]
        assert done["status"] == "cancelled"
        assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        assert done["output"][0]["status"] == "incomplete"
        assert texts(await ask(socket, "and now")) == ["you said: and now"]
        await send(socket, "response.cancel", event_id="late")
        error = (await until(socket, "error"))[-1]["error"]
        assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "late")


async def test_a_fired_timer_is_a_response_of_its_own(server: Running) -> None:
    async with server.socket() as socket:
        events = await ask(socket, "timer")
        assert texts(events) == ["timer set"]
        fired = await until(socket, "response.done")
    assert texts(fired) == ["time is up: tea"]
    assert fired[0]["type"] == "response.created" or fired[1]["type"] == "response.created"
    assert fired[-1]["response"]["metadata"] == {"unsolicited": "true"}
    assert fired[-1]["response"]["id"] != events[-1]["response"]["id"]


async def test_reconnecting_continues(server: Running) -> None:
    async with server.socket("?conversation=back") as socket:
        first = await ask(socket, "count", id="item-1")
    async with server.socket("?conversation=back") as socket:
        again = await ask(socket, "count", id="item-1")  # not sure that it arrived: the recorded replies come again
        assert texts(again) == texts(first) == ["one", "two", "three"]
        await ask(socket, "more")
    turns = [turn async for turn in server.state.assistant.log.turns("back")]
    assert [turn.utterance.text for turn in turns] == ["count", "more"]


async def test_a_client_that_vanishes_in_a_response(server: Running) -> None:
    async with server.socket("?conversation=gone") as socket:
        await write(socket, "slow 0.2", id="m")
        await send(socket, "response.create")
        await until(socket, "response.output_text.done")
        socket.transport.abort()
    await eventually(lambda: not server.state.sessions)
    turns = [turn async for turn in server.state.assistant.log.turns("gone")]
    assert [reply.text for reply in turns[0].replies] == ["starting", "working", "done"]


def item(**fields: object) -> dict[str, object]:
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    return {"type": "conversation.item.create", "event_id": "e1", "item": {**message, **fields}}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "invalid_event"),
        ("{", "invalid_event"),
        ("[]", "invalid_event"),
        ("null", "invalid_event"),
        (b"\x00\x01", "invalid_frame"),
        ("{}", "missing_type"),
        ('{"type": 3}', "missing_type"),
        ('{"type": "nonsense", "event_id": "e1"}', "unknown_event"),
        ('{"type": "input_audio_buffer.append", "event_id": "e1"}', "unsupported"),
        ('{"type": "session.update", "event_id": "e1"}', "missing_parameter"),
        ('{"type": "session.update", "session": 3, "event_id": "e1"}', "invalid_event"),
        ('{"type": "session.update", "session": {"output_modalities": ["audio"]}, "event_id": "e1"}', "invalid_value"),
        ('{"type": "response.create", "event_id": "e1"}', "nothing_to_answer"),
        ('{"type": "response.create", "response": [], "event_id": "e1"}', "invalid_event"),
        ('{"type": "response.cancel", "event_id": "e1"}', "response_cancel_not_active"),
        ('{"type": "conversation.item.create", "event_id": "e1"}', "missing_parameter"),
        (json.dumps(item(role="assistant")), "invalid_value"),
        (json.dumps(item(type="function_call_output")), "invalid_value"),
        (json.dumps(item(content=[])), "missing_parameter"),
        (json.dumps(item(content="hi")), "invalid_event"),
        (json.dumps(item(content=[{"type": "input_audio"}])), "invalid_value"),
        (json.dumps(item(content=[{"type": "input_text", "text": 3}])), "invalid_value"),
        (json.dumps(item(id="x" * 300)), "invalid_event"),
        ('{"type": "x", "a": ' + "[" * 5000 + "]" * 5000 + "}", "invalid_event"),
        ('{"type": "x", "a": NaN}', "invalid_event"),
        ('{"type": "\\ud800"}', "invalid_event"),
        ("x" * 200_000, "invalid_event"),
    ],
)
async def test_a_malformed_frame_is_answered_and_changes_nothing(
    server: Running, frame: str | bytes, code: str
) -> None:
    async with server.socket() as socket:
        await receive(socket)
        await socket.send(frame)
        event = await receive(socket)
        assert event["type"] == "error"
        error = event["error"]
        assert error["code"] == code and error["message"]
        if isinstance(frame, str) and '"e1"' in frame and code != "invalid_event":
            assert error["event_id"] == "e1"
        assert texts(await ask(socket, "still there")) == ["you said: still there"]


async def test_a_message_that_is_too_long_fails_its_response_only(server: Running) -> None:
    async with server.socket() as socket:
        response = (await ask(socket, "a" * 100_000))[-1]["response"]
        assert response["status"] == "failed"
        assert response["status_details"]["error"]["code"] == "invalid_message"
        assert texts(await ask(socket, "short")) == ["you said: short"]


async def test_busy(server: Running) -> None:
    dialog, utterance = server.state.dialog, server.state.assistant.utterance
    async with server.socket("?conversation=crowd") as socket:
        await receive(socket)
        crowd = [dialog.send(utterance("slow 20", "crowd"))]
        await eventually(lambda: dialog.running)
        crowd += [dialog.send(utterance("slow 20", "crowd")) for _ in range(16)]
        response = (await ask(socket, "hi"))[-1]["response"]
        assert response["status"] == "failed"
        error = response["status_details"]["error"]
        assert (error["type"], error["code"]) == ("server_error", "busy")
        assert (await server.say("hi", "crowd")).status_code == 429
        for handle in crowd:
            handle.cancel()
        await eventually(lambda: not dialog.queued and not dialog.running)
        assert texts(await ask(socket, "hi")) == ["you said: hi"]


async def test_more_messages_than_may_wait(server: Running) -> None:
    async with server.socket() as socket:
        for number in range(16):
            await write(socket, f"message {number}")
        await socket.send(json.dumps(item()))
        assert (await receive(socket))["error"]["code"] == "too_many_items"


@pytest.mark.parametrize(
    ("frame", "code"),
    [("x" * 300_000, 1009), (b"\x81\x82\x00\x00\x00\x00\xff\xfe", 1007), (b"\xc3\x80\x00\x00\x00\x00", 1002)],
)
async def test_what_breaks_the_websocket_closes_it_but_not_the_conversation(
    server: Running, frame: str | bytes, code: int
) -> None:
    async with server.socket("?conversation=broken", max_size=None) as socket:
        await ask(socket, "before")
        if isinstance(frame, bytes):  # raw bytes on the wire: invalid UTF-8, reserved bits
            socket.transport.write(frame)
        else:
            await socket.send(frame)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await receive(socket)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == code
    async with server.socket("?conversation=broken") as socket:
        assert texts(await ask(socket, "after")) == ["you said: after"]


async def test_a_conversation_id_that_cannot_be(server: Running) -> None:
    from websockets.exceptions import InvalidStatus

    for query in ("?conversation=" + "x" * 300, "?conversation=a%0Ab"):
        with pytest.raises(InvalidStatus) as refused:
            async with server.socket(query):
                pass
        assert refused.value.response.status_code == 400


async def test_subprotocol(server: Running) -> None:
    async with server.socket(subprotocols=["realtime"]) as socket:
        assert socket.subprotocol == "realtime"
