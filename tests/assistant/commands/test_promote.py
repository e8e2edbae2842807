"""Putting a policy in force: only what is certified or waived, one at a time, nothing damaged, also over HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.cli import main
from dialog.registry import Registry
from dialog.registry.trial import Trials
from policies.base import SoftmaxBase
from policies.policy import Policy
from tests.assistant.test_models import configured as serving_configured
from tests.assistant.test_models import eventually, logged, serving

CERTIFIED = {"certificate": {"passed": True, "refused": [], "failed": []}}
REFUSED = {"certificate": {"passed": False, "refused": ["support is too thin"], "failed": []}}


def kept(folder: Path, name: str, metrics: Any, temperature: float = 0.3) -> Registry:
    """A policy without layers, which answers by another temperature, as a version."""
    made = folder / "made" / name
    Policy(SoftmaxBase(temperature)).save(made)
    registry = Registry(folder / "data" / "models")
    registry.add("policy", name, made, metrics=metrics)
    return registry


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yml"
    path.write_text(yaml.safe_dump({"assistant": {"data_dir": str(tmp_path / "data")}}))
    return path


def do(config: Path, *arguments: str) -> int:
    return main([*arguments, "--config", str(config)])


def test_only_what_is_certified(tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = kept(tmp_path, "good", CERTIFIED)
    kept(tmp_path, "thin", REFUSED)
    kept(tmp_path, "bare", {})
    for name, reason in (("thin", "it is not certified: support is too thin"), ("bare", "it has no certificate")):
        for how in ((), ("--canary", "0.1")):
            assert do(config, "promote", name, *how) == 1
            assert reason in capsys.readouterr().err
        assert do(config, "models", "use", "policy", name) == 1  # nor by another way
        assert reason in capsys.readouterr().err
    assert do(config, "promote", "bare", "--force") == 1
    assert "--force needs --note" in capsys.readouterr().err
    assert registry.current("policy").version is None and Trials(registry, "policy").read().versions == ()
    assert do(config, "promote", "bare", "--shadow") == 0  # whoever looks on needs none
    assert do(config, "promote", "good", "--json") == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["in_force"] == "good"
    assert do(config, "promote", "bare", "--force", "--note", "tried at home") == 0
    assert registry.current("policy").version == "bare"
    trial = Trials(registry, "policy").read()
    assert trial.waivers == {"bare": "tried at home"} and trial.shadow is None  # it is in force now
    assert do(config, "rollback") == 0 and registry.current("policy").version == "good"
    assert do(config, "policy", "show", "bare", "--json") == 0
    assert json.loads(capsys.readouterr().out.partition("\n{")[2].join(["{", ""]))["waiver"] == "tried at home"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("promote", "nothing"), "there is no policy 'nothing'"),
        (("promote", "torn"), "policy.json is not what was added"),
        (("promote", "torn", "--shadow"), "policy.json is not what was added"),
        (("promote", "good", "--canary", "1.5"), "--canary 1.5: a share between 0 and 1"),
        (("promote", "shipped", "--shadow"), "shipped cannot be on trial"),
        (("rollback",), "nothing to roll back to"),
        (("policy", "show", "nothing"), "there is no policy 'nothing'"),
        (("models", "add", "policy", "{tmp}"), "cannot be used as a policy"),
    ],
)
def test_refusals(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
) -> None:
    registry = kept(tmp_path, "good", CERTIFIED)
    kept(tmp_path, "torn", CERTIFIED)
    (tmp_path / "data" / "models" / "policy" / "torn" / "policy.json").write_text("{}")
    assert do(config, *(argument.format(tmp=tmp_path) for argument in arguments)) == 1
    assert reason in capsys.readouterr().err
    assert registry.current("policy").version is None and Trials(registry, "policy").read().versions == ()


def test_two_promotions_at_once(tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = kept(tmp_path, "one", CERTIFIED)
    kept(tmp_path, "two", CERTIFIED)
    begun, go = threading.Event(), threading.Event()

    def first() -> None:
        with Trials(registry, "policy").alone():
            begun.set()
            go.wait(10)
            registry.use("policy", "one")

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait(10)
    assert do(config, "promote", "two") == 1
    assert "somebody else is putting a policy in force" in capsys.readouterr().err
    go.set()
    thread.join()
    assert registry.current("policy").version == "one"
    assert do(config, "promote", "two") == 0 and registry.current("policy").version == "two"


async def test_a_running_server(tmp_path: Path) -> None:
    config = serving_configured(tmp_path)
    kept(tmp_path, "good", CERTIFIED)
    kept(tmp_path, "thin", REFUSED)
    kept(tmp_path, "torn", CERTIFIED)
    (tmp_path / "data" / "models" / "policy" / "torn" / "policy.json").write_text("{}")
    async with serving(config) as server, asyncio.TaskGroup() as users:
        users.create_task(server.talk("user"))

        async def listed() -> dict[str, Any]:
            found: dict[str, Any] = (await server.http.get("/models")).json()["policy"]
            return found

        known = await listed()
        assert (known["current"], known["model"], known["shadow"], known["canary"]) == (
            "shipped",
            "softmax-1",
            None,
            None,
        )
        for body, status, reason in (
            ({"version": "thin"}, 409, "support is too thin"),
            ({"version": "torn"}, 409, "policy.json"),
            ({"version": "nothing"}, 404, "there is no policy"),
            ({"rollback": True}, 409, "nothing to roll back to"),
        ):
            answer = await server.http.post("/models/policy/current", json=body)
            assert answer.status_code == status and reason in answer.json()["message"]
        answer = await server.http.post("/models/policy/current", json={"version": "good"})
        assert answer.status_code == 200 and answer.json()["model"] == "good"
        await server.more(5)
        assert await asyncio.to_thread(do, config, "promote", "thin", "--shadow") == 0

        async def shadowed() -> bool:
            return (await listed())["shadow"] == "thin"

        await eventually(shadowed)
        await server.more(5)
        assert (await server.http.post("/models/policy/current", json={"rollback": True})).status_code == 200
        await server.more(5)
        assert (await listed())["problems"] == {} and (await listed())["trial_problem"] is None
        server.stopping = True
    assert server.failed == []
    turns = await logged(tmp_path)
    used = [turn.decision.policy for turn in turns]
    changes = [name for at, name in enumerate(used) if at == 0 or name != used[at - 1]]
    assert changes[-2:] == ["good", "softmax-1"] and set(changes) == {"good", "softmax-1"}
    noted = [event.data["policy"] for turn in turns for event in turn.events if event.name == "policy_shadow"]
    assert noted and set(noted) == {"thin"}
