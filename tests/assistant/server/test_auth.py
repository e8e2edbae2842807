"""Who may come in: hosts, origins, tokens, users."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
import pytest_asyncio
from starlette.datastructures import Headers, QueryParams
from websockets.exceptions import InvalidStatus

from assistant.server.auth import Authenticator, Principal, Unauthorized
from assistant.server.origin import OriginCheck, host_name, is_loopback
from assistant.server.problem import HTTPProblem
from assistant.server.settings import ServerSettings
from dialog.errors import ConfigError
from tests.assistant.server.serving import Running, ask, serving, texts

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOKEN = "a-token-of-enough-characters"
SECRET = "a-secret-of-at-least-thirty-two-bytes"


def signed(username: Any, role: Any = "user", secret: str = SECRET, **claims: Any) -> str:
    return jwt.encode({"user": {"username": username, "role": role}, **claims}, secret, algorithm="HS256")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSISTANT_TOKEN", TOKEN)
        patch.setenv("ASSISTANT_JWT_SECRET", SECRET)
        origins = ("https://chat.example.com",)
        async with serving(tmp_path_factory.mktemp("server"), origins=origins, hosts=("bot.example.com",)) as running:
            yield running


def principal(authenticator: Authenticator, headers: dict[str, str], query: str = "", protocols: Any = ()) -> Principal:
    return authenticator.principal(Headers(headers), QueryParams(query), protocols)


@pytest.mark.parametrize(
    ("headers", "query", "protocols"),
    [
        ({"authorization": f"Bearer {TOKEN}"}, "", ()),
        ({"authorization": f"bearer  {TOKEN} "}, "", ()),
        ({}, f"token={TOKEN}", ()),
        ({}, "", ("realtime", f"bearer.{TOKEN}")),
        ({}, "", ("realtime", f"openai-insecure-api-key.{TOKEN}")),
    ],
)
async def test_ways_to_give_the_token(headers: dict[str, str], query: str, protocols: Any) -> None:
    assert principal(Authenticator(TOKEN), headers, query, protocols) == Principal(None, "admin")


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, ""),
        ({}, "token="),
        ({"authorization": "Bearer"}, ""),
        ({"authorization": f"Basic {TOKEN}"}, ""),
        ({"authorization": f"Bearer {TOKEN}x"}, ""),
        ({"authorization": f"Bearer {TOKEN[:-1]}"}, ""),
        ({"authorization": "Bearer wrong"}, f"token={TOKEN}"),
        ({"authorization": "Bearer \udcff"}, ""),
        ({}, "token=a.b.c"),
    ],
)
async def test_wrong_tokens(headers: dict[str, str], query: str) -> None:
    with pytest.raises(Unauthorized):
        authenticator = Authenticator(TOKEN)
        headers = {key: value.encode("utf-8", "surrogateescape").decode("latin-1") for key, value in headers.items()}
        principal(authenticator, headers, query)


async def test_jwt_in_the_form_of_rasa() -> None:
    authenticator = Authenticator(None, SECRET)
    assert principal(authenticator, {}, f"token={signed('ann')}") == Principal("ann", "user")
    assert principal(authenticator, {}, f"token={signed('root', 'admin')}") == Principal("root", "admin")
    unsigned = jwt.encode({"user": {"username": "ann", "role": "admin"}}, None, algorithm="none")
    for token in (
        signed("ann", secret="another-secret-of-at-least-32-bytes!"),
        signed("ann", "owner"),
        signed(""),
        signed(3),
        signed("a\nb"),
        signed("ann", exp=time.time() - 60),
        unsigned,
        jwt.encode({}, SECRET, algorithm="HS256"),
        jwt.encode({"user": "ann"}, SECRET, algorithm="HS256"),
    ):
        with pytest.raises(Unauthorized):
            principal(authenticator, {}, f"token={token}")
    with pytest.raises(ConfigError, match="32 bytes"):
        Authenticator(None, "short")


async def test_beyond_the_loopback_a_token_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_TOKEN", raising=False)
    with pytest.raises(ConfigError, match=r"server\.host: 0\.0\.0\.0 .* MY_TOKEN"):
        Authenticator.from_environment(True, "0.0.0.0", "MY_TOKEN", None)
    monkeypatch.setenv("MY_TOKEN", "short")
    with pytest.raises(ConfigError, match="16 characters"):
        Authenticator.from_environment(True, "0.0.0.0", "MY_TOKEN", None)
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    assert not Authenticator.from_environment(True, "0.0.0.0", "MY_TOKEN", None).open
    monkeypatch.delenv("MY_TOKEN")
    assert Authenticator.from_environment(False, "127.0.0.1", "MY_TOKEN", None).open


async def test_what_counts_as_exposed() -> None:
    assert not ServerSettings().exposed
    assert not ServerSettings(host="::1").exposed
    assert ServerSettings(host="0.0.0.0").exposed
    assert ServerSettings(host="192.168.1.5").exposed
    assert ServerSettings(hosts=("bot.example.com",)).exposed  # reached through a proxy


async def test_loopback_and_host_names() -> None:
    assert all(is_loopback(host) for host in ("localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]"))
    assert not any(is_loopback(host) for host in ("", "localhost.evil.com", "10.0.0.1", "example.com", "0.0.0.0"))
    names = {"A.com:80": "a.com", "[::1]:5": "::1", "1.2.3.4": "1.2.3.4", "[": "", "": ""}
    assert {text: host_name(text) for text in names} == names


async def test_hosts() -> None:
    def answered(check: OriginCheck, host: str) -> bool:
        try:
            check.check_host(Headers({"host": host}))
        except HTTPProblem as problem:
            assert problem.status == 403
            return False
        return True

    at_home = OriginCheck(True, hosts=["Bot.example.com"])
    assert all(answered(at_home, host) for host in ("localhost:8000", "[::1]:8000", "127.0.0.1", "bot.example.com:443"))
    assert not any(answered(at_home, host) for host in ("", "evil.com", "localhost.evil.com", "127.0.0.1.evil.com"))
    assert answered(OriginCheck(False), "anything.example.com")  # a token protects it
    assert not answered(OriginCheck(False, hosts=["bot.example.com"]), "127.0.0.1")


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "127.0.0.1:8000", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("https://chat.example.com", "127.0.0.1:8000", True),
        ("https://CHAT.example.com/", "127.0.0.1:8000", True),
        ("http://127.0.0.1:9000", "127.0.0.1:8000", False),
        ("http://evil.com", "127.0.0.1:8000", False),
        ("null", "127.0.0.1:8000", False),
        ("", "", False),
        ("http://", "", False),
    ],
)
async def test_origins(origin: str | None, host: str, allowed: bool) -> None:
    check = OriginCheck(True, origins=["https://chat.example.com"])
    headers = Headers({"host": host} | ({} if origin is None else {"origin": origin}))
    if allowed:
        check.check_origin(headers)
    else:
        with pytest.raises(HTTPProblem, match=r"server\.origins"):
            check.check_origin(headers)


async def test_matrix_over_http(server: Running) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    rows: list[tuple[str, str, dict[str, str], int]] = [
        ("GET", "/health", {}, 200),
        ("GET", "/metrics", {}, 401),
        ("GET", "/metrics", bearer, 200),
        ("GET", "/webhooks/rest/", {}, 401),
        ("GET", f"/webhooks/rest/?token={TOKEN}", {}, 200),
        ("POST", "/webhooks/rest/webhook", {}, 401),
        ("POST", "/webhooks/rest/webhook", bearer, 200),
        ("POST", "/webhooks/rest/webhook", {"Authorization": "Bearer nonsense"}, 401),
        ("POST", "/webhooks/rest/webhook", bearer | {"Host": "evil.com"}, 403),
        ("POST", "/webhooks/rest/webhook", bearer | {"Host": "bot.example.com"}, 200),
        ("POST", "/webhooks/rest/webhook", bearer | {"Origin": "http://evil.com"}, 403),
        ("POST", "/webhooks/rest/webhook", bearer | {"Origin": "https://chat.example.com"}, 200),
        ("GET", "/health", {"Host": "evil.com"}, 403),
        ("GET", "/nowhere", {}, 401),
        ("GET", "/nowhere", bearer, 404),
        ("POST", "/model/parse", {}, 401),
    ]
    for method, path, headers, status in rows:
        content = b'{"message": "hi"}' if method == "POST" else None
        answer = await server.http.request(method, path, headers=headers, content=content)
        assert answer.status_code == status, (method, path, headers)
        if status == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
    assert (await server.http.get("/health")).json() == {"status": "ok"}  # nothing more for strangers
    assert "version" in (await server.http.get("/health", headers=bearer)).json()


async def test_cross_origin_headers(server: Running) -> None:
    asked = {"Origin": "https://chat.example.com", "Access-Control-Request-Method": "POST"}
    answer = await server.http.options("/webhooks/rest/webhook", headers=asked)
    assert answer.headers["access-control-allow-origin"] == "https://chat.example.com"
    answer = await server.http.options("/webhooks/rest/webhook", headers=asked | {"Origin": "https://evil.com"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("query", "headers", "protocols", "status"),
    [
        ("", {}, None, 401),
        ("?token=nonsense", {}, None, 401),
        (f"?token={TOKEN}", {"Origin": "http://evil.com"}, None, 403),
        (f"?token={TOKEN}", {"Origin": "null"}, None, 403),
        (f"?token={TOKEN}", {}, None, 101),
        (f"?token={TOKEN}", {"Origin": "https://chat.example.com"}, None, 101),
        ("", {"Authorization": f"Bearer {TOKEN}"}, None, 101),
        ("", {}, ["realtime", f"bearer.{TOKEN}"], 101),
        (f"?token={signed('ann')}", {}, None, 101),
        (f"?token={signed('ann')}&user=bob", {}, None, 403),
    ],
)
async def test_matrix_over_websocket(
    server: Running, query: str, headers: dict[str, str], protocols: Any, status: int
) -> None:
    opening = server.socket(query, additional_headers=headers, subprotocols=protocols)
    if status == 101:
        async with opening as socket:
            assert texts(await ask(socket, "hi")) == ["you said: hi"]
        return
    with pytest.raises(InvalidStatus) as refused:
        async with opening:
            pass
    assert refused.value.response.status_code == status


async def test_a_conversation_belongs_to_who_began_it(server: Running) -> None:
    async def say(token: str, sender: str, **metadata: str) -> tuple[int, str]:
        body = {"sender": sender, "message": "who", "metadata": metadata}
        answer = await server.http.post(f"/webhooks/rest/webhook?token={token}", json=body)
        return answer.status_code, answer.json()[0]["text"] if answer.status_code == 200 else answer.json()["message"]

    ann, bob, root = signed("ann"), signed("bob"), signed("root", "admin")
    assert await say(ann, "c1") == (200, "you are ann on rest")
    assert (await say(bob, "c1"))[0] == 403
    assert await say(bob, "c2") == (200, "you are bob on rest")
    assert await say(root, "c1") == (200, "you are ann on rest")  # an admin goes on in the owner's name
    assert (await say(root, "c1", user_id="bob"))[0] == 403
    assert await say(TOKEN, "c3", user_id="carl") == (200, "you are carl on rest")
    assert (await say(ann, "c3"))[0] == 403
    assert (await say(ann, "c1", user_id="bob"))[0] == 403
    with pytest.raises(InvalidStatus):
        async with server.socket(f"?conversation=c1&token={bob}"):
            pass
    async with server.socket(f"?conversation=c1&token={ann}") as socket:
        assert texts(await ask(socket, "who")) == ["you are ann on realtime"]


async def test_the_owner_is_known_after_a_restart(server: Running) -> None:
    url = f"/webhooks/rest/webhook?token={signed('dora')}"
    await server.http.post(url, json={"sender": "kept", "message": "hi"})
    server.state.owners._known.clear()  # as after a restart: only the log knows
    url = f"/webhooks/rest/webhook?token={signed('eve')}"
    assert (await server.http.post(url, json={"sender": "kept", "message": "hi"})).status_code == 403


async def test_a_user_without_a_sender_has_a_conversation_of_her_own(server: Running) -> None:
    answer = await server.http.post(f"/webhooks/rest/webhook?token={signed('fay')}", json={"message": "who"})
    assert answer.json() == [{"recipient_id": "fay", "text": "you are fay on rest"}]
