"""Versions of models: the command, and a real server that exchanges its understanding under load."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import yaml

from assistant.building import load_host
from assistant.config import load
from dialog.log import Log
from dialog.registry import Registry
from dialog.types import Turn
from nlu.runtime import Understander
from tests.assistant.command_line import ROOT, assistant
from tests.nlu.versions import another

DEADLINE = 30.0
USED = {"understanding", "routing", "smalltalk", "fallback"}
SENTENCES = ("hello there", "play some jazz", "what is the weather in rome", "wake me up at seven", "how are you")


def configured(folder: Path, model: str | None = None) -> Path:
    """A configuration with few plugins whose understanding follows the registry in `folder`/data."""
    plugins: dict[str, object] = {name: {"enabled": False} for name in load().plugins if name not in USED}
    options = {"models": "{data_dir}/models"} | ({"model": model} if model else {})
    plugins["understanding"] = {"options": options}
    sections = {
        "assistant": {"data_dir": str(folder / "data")},
        "server": {"rate": 1e6, "burst": 1_000_000},
        "plugins": plugins,
    }
    path = folder / "config.yml"
    path.write_text(yaml.safe_dump(sections), encoding="utf-8")
    return path


def models(config: Path, *arguments: str | Path) -> dict[str, object]:
    """Run `assistant models ... --json`, which must succeed."""
    done = assistant("models", *arguments, "--config", config, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@dataclass
class Server:
    """A server process under load: what was answered, and what was not."""

    http: httpx.AsyncClient
    output: Path
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    stopping: bool = False

    async def talk(self, user: str) -> None:
        """One user who sends the next sentence as soon as the answer is there."""
        number = 0
        while not self.stopping:
            body = {"sender": user, "message": SENTENCES[number % len(SENTENCES)]}
            answer = await self.http.post("/webhooks/rest/webhook", json=body)
            if answer.status_code == 200 and answer.json() and answer.json()[0]["text"]:
                self.answered += 1
            else:
                self.failed.append(f"{answer.status_code} {answer.text}")
            number += 1

    async def more(self, turns: int = 40) -> None:
        """Wait until so many more turns have been answered."""
        aim = self.answered + turns
        await eventually(lambda: asyncio.sleep(0, self.answered >= aim))

    async def listed(self) -> dict[str, str]:
        answer: dict[str, dict[str, str]] = (await self.http.get("/models")).json()
        return answer["nlu"]

    async def answering(self, version: str) -> bool:
        return (await self.listed())["answering"] == version

    async def choose(self, **body: object) -> httpx.Response:
        return await self.http.post("/models/nlu/current", json=body)


async def eventually(happens: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            if await happens():
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(config: Path, token: str = "") -> AsyncIterator[Server]:
    """`assistant serve` in a process of its own, on a free port."""
    output = config.with_name("server.log")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "ASSISTANT_TOKEN": token, "PYTHONWARNINGS": "error"}
    with output.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "assistant", "serve", "--config", str(config), "--port", "0",
            stdin=asyncio.subprocess.DEVNULL, stdout=sink, stderr=sink, env=environment, cwd=config.parent,
        )  # fmt: skip
    try:
        url: list[str] = []

        async def listens() -> bool:
            assert process.returncode is None, output.read_text()
            url.extend(re.findall(r"listens on (\S+)", output.read_text()))
            return bool(url)

        await eventually(listens)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(base_url=url[0], timeout=DEADLINE, headers=headers) as http:
            yield Server(http, output)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), DEADLINE) == 0, output.read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def logged(folder: Path) -> list[Turn]:
    async with await Log.open(f"sqlite:///{folder}/data/log.db") as log:
        return [turn async for turn in log.turns()]


def fitted(config: Path, folder: Path | None) -> Understander:
    """What the assistant of this configuration makes of the model in `folder`."""
    return Understander.load(folder).with_examples(load_host(load(config)).examples())


async def test_exchange_under_load_without_a_failed_turn(tmp_path: Path) -> None:
    config = configured(tmp_path)
    second, third = another(tmp_path / "made", "second"), another(tmp_path / "made", "third", 4.0)
    registry = Registry(tmp_path / "data" / "models")
    registry.add("nlu", "second", second)
    registry.add("nlu", "third", third)
    async with serving(config) as server, asyncio.TaskGroup() as users:
        for number in range(8):
            users.create_task(server.talk(f"user{number}"))
        await server.more()
        chosen = await asyncio.to_thread(models, config, "use", "nlu", "second")  # another process moves the pointer
        assert chosen["version"] == "second" and chosen["before"] == "shipped"
        await eventually(lambda: server.answering("second"))
        await server.more()
        answer = await server.choose(version="third")  # and so does the server itself
        assert answer.status_code == 200, answer.text
        assert answer.json()["version"] == "third" and answer.json()["model"].startswith("third+")
        await server.more()
        back = await asyncio.to_thread(models, config, "rollback", "nlu")
        assert back["version"] == "second"
        await eventually(lambda: server.answering("second"))
        await server.more()
        assert (await server.choose(version="shipped")).status_code == 200
        await server.more()
        server.stopping = True
    assert server.failed == []
    turns = await logged(tmp_path)
    assert len(turns) == server.answered
    known = {model.version: model for model in (fitted(config, folder) for folder in (None, second, third))}
    one, two, three = known
    order = [one, two, three, two, one]
    for user in {turn.utterance.conversation_id for turn in turns}:
        versions = [turn.understanding.nlu for turn in turns if turn.utterance.conversation_id == user]
        changes = [version for at, version in enumerate(versions) if at == 0 or version != versions[at - 1]]
        assert changes == order  # each version once, in the order of the exchanges: no turn went back
    sure = {(text, name): model.parse([text])[0].intents[0] for text in SENTENCES for name, model in known.items()}
    for turn in turns:  # the version in the record is the one that answered: the probabilities are its own
        intent, probability = sure[turn.utterance.text, turn.understanding.nlu]
        top = turn.understanding.interpretations[0]
        assert (top.intent, top.probability) == (intent, round(probability, 6))
        assert turn.decision.nlu == turn.understanding.nlu


async def test_what_cannot_be_loaded_leaves_the_server_as_it_is(tmp_path: Path) -> None:
    config = configured(tmp_path)
    for name in ("good", "torn"):
        Registry(tmp_path / "data" / "models").add("nlu", name, another(tmp_path / "made", name))
    kept = tmp_path / "data" / "models" / "nlu"
    branch = kept / "torn" / "branch.onnx"
    branch.write_bytes(branch.read_bytes()[:1000])
    async with serving(config) as server, asyncio.TaskGroup() as users:
        users.create_task(server.talk("user"))
        assert (await server.choose(version="good")).status_code == 200
        answer = await server.choose(version="torn")
        assert answer.status_code == 409 and "branch.onnx" in answer.json()["message"]
        done = await asyncio.to_thread(assistant, "models", "use", "nlu", "torn", "--config", config)
        assert done.returncode == 1 and "branch.onnx is not what was added" in done.stderr
        assert (await server.choose(version="nothing")).status_code == 404
        listed = await server.listed()
        assert listed["current"] == listed["answering"] == "good" and listed["problem"] is None
        # the pointer moved by force, to something that is damaged: told, and the old one goes on
        pointer = json.loads((kept / "current.json").read_text())
        (kept / "current.json").write_text(json.dumps(pointer | {"version": "torn", "sequence": 9}))

        async def told() -> bool:
            return "branch.onnx" in ((await server.listed())["problem"] or "")

        await eventually(told)
        assert await server.answering("good")
        await server.more(10)
        assert "good stays" in server.output.read_text()
        server.stopping = True
    assert server.failed == []


async def test_bad_requests_and_who_may_exchange(tmp_path: Path) -> None:
    token = "a token that is long enough"
    async with serving(configured(tmp_path), token) as server:
        for body in ({}, {"version": "x", "rollback": True}, {"version": 3}, {"rollback": "yes"}, {"rollback": False}):
            assert (await server.choose(**body)).status_code == 400
        assert (await server.choose(rollback=True)).status_code == 409
        assert (await server.http.post("/models/policy/current", json={"version": "x"})).status_code == 404
        for method, path in (("GET", "/models"), ("POST", "/models/nlu/current")):
            answer = await server.http.request(method, path, headers={"Authorization": "Bearer wrong"})
            assert answer.status_code == 401
        listed = await server.listed()
        assert listed["answering"] == listed["current"] == "shipped" and listed["versions"] == []


async def test_a_user_of_the_server_may_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import jwt

    secret = "a secret that is long enough for HS256"
    monkeypatch.setenv("ASSISTANT_JWT_SECRET", secret)
    claims = {"user": {"username": "alice", "role": "user"}}
    async with serving(configured(tmp_path)) as server:
        for role, status in (("user", 403), ("admin", 200)):
            claims["user"]["role"] = role
            server.http.headers["Authorization"] = f"Bearer {jwt.encode(claims, secret, 'HS256')}"
            assert (await server.http.get("/models")).status_code == status
            assert (await server.choose(version="shipped")).status_code == status


def test_the_command(tmp_path: Path) -> None:
    config = configured(tmp_path)
    assert models(config, "list") == {}
    figures = tmp_path / "figures.json"
    figures.write_text('{"intent_accuracy": 88.8}')
    made = models(
        config, "add", "nlu", another(tmp_path / "made", "m"), "--version", "v2", "--metrics", figures, "--note", "new"
    )
    assert made["version"] == "v2" and made["parent"] is None and made["note"] == "new"
    assert models(config, "use", "nlu", "v2")["sequence"] == 1
    done = assistant("models", "list", "--config", config)
    lines = done.stdout.splitlines()
    assert lines[0] == "  nlu shipped"
    assert lines[1].startswith("* nlu v2") and "intent_accuracy=88.8" in lines[1] and lines[1].endswith("new")
    parsed = json.loads(assistant("parse", "play some jazz", "--config", config, "--json").stdout)
    assert parsed["intent"]["confidence"] == pytest.approx(
        fitted(config, tmp_path / "made" / "m").parse(["play some jazz"])[0].intents[0][1], abs=1e-6
    )
    assert models(config, "rollback", "nlu")["version"] == "shipped"
    for arguments, reason in (
        (("rollback", "nlu"), "nothing to roll back to"),
        (("use", "nlu", "v3"), "there are: v2"),
        (("add", "nlu", tmp_path / "nowhere"), "is not a folder"),
        (("add", "nlu", tmp_path), "cannot be used as a model"),
        (("add", "nlu", tmp_path / "made" / "m", "--version", "v2"), "v2 exists already"),
        (("add", "nlu", tmp_path / "made" / "m", "--metrics", config), f"{config}: not JSON"),
    ):
        done = assistant("models", *arguments, "--config", config)
        assert done.returncode == 1 and reason in done.stderr, done.stderr
    assert assistant("models", "use", "nul", "v2", "--config", config).returncode == 2


def test_a_configuration_that_names_a_model_is_mentioned(tmp_path: Path) -> None:
    made = another(tmp_path / "made", "m")
    config = configured(tmp_path, model=str(made))
    models(config, "add", "nlu", made)
    done = assistant("models", "use", "nlu", "m", "--config", config)
    assert done.returncode == 0 and "plugins.understanding.options.model" in done.stdout
