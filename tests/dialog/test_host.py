"""The one door for plugins: what is loaded, what is skipped, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dialog.errors import PluginError
from dialog.host import Host
from dialog.plugin import hookimpl
from dialog.settings import PluginSettings
from tests.dialog.helpers import Backup, Bad, Echo, core_plugin, plugin, running, say

LOCAL = """
from dialog.plugin import hookimpl
from dialog.skill import Skill, intent

class Local(Skill):
    name, domain, description = "local", "test", "From a folder."

    @intent("echo")
    async def echo(self, turn):
        yield "local"

@hookimpl
def skills(config):
    return [Local()]
"""


def test_every_plugin_that_is_skipped_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "raises.py").write_text("raise RuntimeError('at import')")
    (tmp_path / "exits.py").write_text("import sys; sys.exit(3)")
    (tmp_path / "syntax.py").write_text("def broken(:")
    (tmp_path / "empty.py").write_text("x = 1")
    (tmp_path / "hook.py").write_text(
        "from dialog.plugin import hookimpl\n@hookimpl\ndef skills(config, wrong):\n    return []\n"
    )
    (tmp_path / "late.py").write_text(
        "from dialog.plugin import hookimpl\n@hookimpl\ndef skills():\n    raise KeyError('later')\n"
    )
    settings = [PluginSettings("missing"), PluginSettings("off", enabled=False)]
    host = Host(settings, tmp_path, objects={"core": core_plugin(), "echo": plugin(Echo())})
    errors = {name: record.error or "" for name, record in host.records.items()}
    for name, reason in {
        "raises": "RuntimeError: at import", "exits": "SystemExit: 3", "syntax": "SyntaxError", "empty": "no hook",
        "hook": "wrong", "late": "KeyError: 'later'", "missing": "neither a module", "off": "disabled",
    }.items():  # fmt: skip
        assert reason in errors[name], errors
    assert host.skills.keys() == {"echo"}


def test_a_local_folder_is_loaded_by_path(tmp_path: Path) -> None:
    (tmp_path / "local.py").write_text(LOCAL)
    host = Host([], tmp_path)
    assert host.skills["local"].description == "From a folder."
    assert str(tmp_path) not in sys.path
    assert host.records["local"].hooks == ("skills",)


def test_two_that_claim_the_same_intent_are_reported_with_both_names() -> None:
    host = Host([], objects={"bad": plugin(Bad()), "backup": plugin(Backup())})
    assert host.records["backup"].notes == ["skills 'bad' and 'backup' both claim the intent 'raise'"]


def test_a_skill_of_the_same_name_is_refused() -> None:
    host = Host([], objects={"one": plugin(Echo()), "two": plugin(Echo())})
    assert "exists already (from one)" in host.records["two"].notes[0]
    assert host.records["two"].skills == ()


def test_nonsense_offers_are_named() -> None:
    @hookimpl
    def nlu():
        return "not an NLU"

    host = Host([], objects={"odd": SimpleNamespace(nlu=nlu)})
    with pytest.raises(PluginError, match="odd: nlu\\(\\) returned str"):
        host.nlu()


async def test_reload_swaps_plugins_without_dropping_a_conversation(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "local.py").write_text(LOCAL)
    async with running(tmp_path / "log.db", folder=folder) as dialog:
        assert await say(dialog, "echo") == ["local"]
        (folder / "local.py").write_text(LOCAL.replace('yield "local"', 'yield "newer"'))
        await dialog.reload(Host([], folder, objects={"core": core_plugin()}))
        assert await say(dialog, "echo") == ["newer"]
        assert len([turn async for turn in dialog.log.turns("c")]) == 2


async def test_reload_returns_under_steady_load_and_no_turn_fails(tmp_path: Path) -> None:
    import asyncio

    async with running(tmp_path / "log.db", Echo()) as dialog:
        stop = asyncio.Event()

        async def user(name: str) -> int:
            turns = 0
            while not stop.is_set():
                assert await say(dialog, "echo x", name) == ["echo x"]
                turns += 1
            return turns

        users = [asyncio.create_task(user(f"c{n}")) for n in range(8)]
        for _ in range(3):
            async with asyncio.timeout(5):
                await dialog.reload(Host([], None, 7, {"core": core_plugin(), "echo": plugin(Echo())}))
        stop.set()
        assert min(await asyncio.gather(*users)) > 0


def test_values_of_entities_are_gathered_and_nonsense_costs_only_itself() -> None:
    def listing(values: object) -> SimpleNamespace:
        @hookimpl
        def entities(config: object) -> object:
            return values

        return SimpleNamespace(entities=entities)

    objects = {"core": core_plugin(), "a": listing({"city": ["Rome"]}), "b": listing({"city": ["Bern"], "bad": "text"})}
    host = Host([], objects=objects)
    assert host.entities() == {"city": ["Rome", "Bern"]}
    assert host.records["b"].notes == ["entities(): the values of 'bad' are not a list of texts"]
