from __future__ import annotations

import json
import stat
from pathlib import Path

from assistant.cases.store import CaseStore
from assistant.repl.history import history_file
from dialog.registry import Registry
from tests.assistant.command_line import assistant, light
from tests.policies.examples import case


def test_export_then_erase(tmp_path: Path) -> None:
    light(tmp_path)
    assert assistant("chat", "--user", "ada", stdin=b"hi\nwhatever\n", folder=tmp_path).returncode == 0
    assert assistant("chat", "--user", "bob", stdin=b"hi\n", folder=tmp_path).returncode == 0
    typed = history_file(tmp_path / "data", "ada")
    typed.parent.mkdir()
    typed.write_text("+hi\n")

    done = assistant("export", "ada", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["text"] for event in events if event["event"] == "user"] == ["hi", "whatever"]
    assert [event["text"] for event in events if event["event"] == "bot"] == ["Hello.", "You said 'whatever'."]
    assert assistant("export", "ada", "--json", "--output", "ada.json", folder=tmp_path).returncode == 0
    assert json.loads((tmp_path / "ada.json").read_text()) == events
    assert stat.S_IMODE((tmp_path / "ada.json").stat().st_mode) == 0o600
    again = assistant("export", "ada", "--output", "ada.json", folder=tmp_path)
    assert (again.returncode, again.stderr) == (1, "assistant export: ada.json: File exists\n")
    everyone = assistant("export", "--all", folder=tmp_path).stdout.splitlines()
    assert {json.loads(line)["sender_id"] for line in everyone} == {"chat-ada", "chat-bob"}

    asked = assistant("erase", "ada", folder=tmp_path)
    assert (asked.returncode, asked.stderr) == (1, "assistant erase: say --yes to erase without being asked\n")
    done = assistant("erase", "ada", "--yes", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    counts = {"turns": 2, "conversations": 1, "cases": 0, "history files": 1}
    assert json.loads(done.stdout) == {"user": "ada", **counts, "policies": []}
    assert not typed.exists()
    for command in (["export", "ada"], ["erase", "ada", "--yes"]):
        done = assistant(*command, folder=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"assistant {command[0]}: nothing is known of a user 'ada'\n"
    assert assistant("export", "bob", folder=tmp_path).returncode == 0


def test_without_a_log(tmp_path: Path) -> None:
    light(tmp_path)
    for command in (["export", "ada"], ["erase", "ada", "--yes"]):
        done = assistant(*command, folder=tmp_path)
        assert done.returncode == 1
        assert f"there is no log at {tmp_path}/data/log.db" in done.stderr
    assert not (tmp_path / "data").exists()


def test_policies_that_hold_vectors_of_erased_cases_are_named(tmp_path: Path) -> None:
    light(tmp_path)
    store, registry = CaseStore.of(tmp_path / "data"), Registry(tmp_path / "data" / "models")
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "policy.json").write_text("{}")
    for name, ids in (("without", []), ("other", ["b"]), ("with", ["a", "b"])):
        registry.add("policy", name, tmp_path / "policy", metrics={"absorbed": {"ids": ids}})
    store.add(case("a", user="ann"))
    store.add(case("b", user="bob"))
    assert assistant("chat", "--user", "ada", stdin=b"hi\n", folder=tmp_path).returncode == 0
    done = assistant("erase", "ann", "--yes", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 cases" in done.stdout and "remain in the policies with; learn and promote" in done.stdout
    found = json.loads(assistant("erase", "bob", "--yes", "--json", folder=tmp_path).stdout)
    assert found["cases"] == 1 and found["policies"] == ["other", "with"]
