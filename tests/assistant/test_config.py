from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.config import SHIPPED, load, place_of
from assistant.document import InvalidDocument
from dialog.errors import ConfigError
from tests.assistant.command_line import KEYWORDS, ROOT


def errors(folder: Path, text: str) -> list[str]:
    path = folder / "config.yml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidDocument) as caught:
        load(path)
    return str(caught.value).replace(f"{folder}{os.sep}", "").split("\n")


def test_shipped_file_is_the_one_on_top() -> None:
    assert SHIPPED.read_bytes() == (ROOT / "config.yml").read_bytes()
    assert load().source is None


def test_sections_merge_and_new_plugins_come_last(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(
        f"dialog: {{deadline: 5}}\nplugins:\n  mine:\n    use: {KEYWORDS}\n    options: {{a: [1]}}\n"
        "  routing: {deadline: 1}\nserver:\n"
    )
    shipped, config = load(), load(path)
    assert config.dialog.deadline == 5.0
    assert config.dialog.queue == shipped.dialog.queue
    assert config.server == shipped.server
    assert list(config.plugins) == [*shipped.plugins, "mine"]
    assert config.plugins["routing"].options == shipped.plugins["routing"].options
    assert config.plugins["routing"].deadline == 1.0
    assert config.plugins["mine"].options == {"a": [1]}
    assert place_of(config, "plugins", "mine") == (str(path), 3)
    assert place_of(config, "dialog", "queue")[0] == str(SHIPPED)


def test_every_error_at_once_with_file_line_and_nearest_key(tmp_path: Path) -> None:
    text = """\
assistant:
  sed: 4
  seed: "7"
user:
  timezone: Europe/Berlni
  units: metrc
dialog:
  deadlin: 3
  port: 80
  strikes: 0
  deadline: yes
plugins:
  clock: {dedline: 3, use: keywords.py}
  routng: {enabled: false}
server: 5
plugin_foldr: x
"""
    assert errors(tmp_path, text) == [
        "config.yml:2: assistant.sed: unknown key; did you mean 'seed'?",
        "config.yml:3: assistant.seed: must be an integer, not '7'",
        "config.yml:5: user.timezone: 'Europe/Berlni' is not a time zone such as 'Europe/Berlin', 'UTC' or 'local'; "
        "did you mean 'Europe/Berlin'?",
        "config.yml:6: user.units: must be 'metric' or 'imperial', not 'metrc'; did you mean 'metric'?",
        "config.yml:8: dialog.deadlin: unknown key; did you mean 'deadline'?",
        "config.yml:9: dialog.port: unknown key; did you mean server.port?",
        "config.yml:10: dialog.strikes: must be greater than 0, not 0",
        "config.yml:11: dialog.deadline: must be a number, not True",
        "config.yml:13: plugins.clock.dedline: unknown key; did you mean 'deadline'?",
        "config.yml:15: server: this must be a section with keys of its own, not 5",
        "config.yml:16: plugin_foldr: unknown key; did you mean 'plugin_folder'?",
    ]


def test_a_plugin_that_is_nowhere(tmp_path: Path) -> None:
    assert errors(tmp_path, "plugins:\n  routng: {enabled: false}\n") == [
        "config.yml:2: plugins.routng: there is no plugin of this name; did you mean 'routing'?"
    ]
    assert errors(tmp_path, "plugins:\n  zzz:\n") == [
        "config.yml:2: plugins.zzz: there is no plugin of this name; say with 'use:' where it is"
    ]


def test_duplicate_keys_are_told_with_the_other_errors(tmp_path: Path) -> None:
    assert errors(tmp_path, "dialog:\n  queue: 1\n  queue: 2\n  quee: 3\n") == [
        "config.yml:3: dialog.queue: duplicate key; it stands in line 2 already",
        "config.yml:4: dialog.quee: unknown key; did you mean 'queue'?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dialog:\n\tqueue: 1\n", "config.yml:2: a tab cannot indent YAML; use spaces"),
        ("dialog: [1,\n", "config.yml:2: not YAML: did not find expected node content"),
        ("a: b: c\n", "config.yml:1: not YAML: mapping values are not allowed in this context"),
        ("x: \x01\n", "config.yml:1: control characters are not allowed"),
        ("a: 1\nb: \udcff\n", "config.yml:2: this is not UTF-8 text"),
        ("- 1\n", "config.yml:1: this must be a mapping of sections such as 'dialog:'"),
        ("server: &a\n  origins: *a\n", "config.yml:1: server.origins: an alias makes this value endless"),
        ("? [1]\n: 2\n", "config.yml:1: a key must be a plain word"),
        ("user: {name: !!python/name:os.system x}\n", "config.yml:1: user.name: cannot be read: "),
        ("log: {url: '${URL}'}\n", "config.yml:1: log.url: variables are not put in here; use a key such as 'url_env'"),
        (
            "server: {token_env: '${TOKEN}'}\n",
            "config.yml:1: server.token_env: variables are not put in here; write the bare name of the variable",
        ),
        (
            "log: {url: 'postgresql://me:secret@host/db'}\n",
            "config.yml:1: log.url: a password does not belong in here; use 'log.url_env'",
        ),
    ],
)
def test_a_file_that_cannot_be_taken(tmp_path: Path, text: str, message: str) -> None:
    assert errors(tmp_path, text)[0].startswith(message)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yml: No such file"):
        load(tmp_path / "none.yml")
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text("# nothing yet\n")
    assert load(path).model_dump() == load().model_dump()


def test_hours_and_dates_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    options = "plugins:\n  routing:\n    options: {at: 22:00, on: 2026-11-20}\n"
    path.write_text(options + "user: {quiet_hours: 22:00-07:00}\n")
    config = load(path)
    assert config.user.quiet_hours == "22:00-07:00"
    assert config.plugins["routing"].options["at"] == "22:00"
    assert config.plugins["routing"].options["on"] == "2026-11-20"
    assert errors(tmp_path, "user: {quiet_hours: 22:00}\n") == [
        "config.yml:1: user.quiet_hours: '22:00' is not a span of hours such as '22:00-07:00'"
    ]


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "keywords.py").write_text("")
    path = tmp_path / "config.yml"
    path.write_text(
        "assistant: {data_dir: data}\nlog: {url: 'sqlite:///my.db'}\nplugin_folder: mine\n"
        "plugins:\n  keywords: {options: {file: '{data_dir}/x'}}\n  other: {use: other.py}\n"
    )
    config = load(path)
    assert config.assistant.data_dir == tmp_path / "data"
    assert config.log_url == f"sqlite:///{tmp_path}/my.db"
    assert config.plugin_folder == tmp_path / "mine"
    placed = {plugin.name: plugin for plugin in config.plugin_settings()}
    assert placed["keywords"].use == str(tmp_path / "mine" / "keywords.py")
    assert placed["keywords"].options == {"file": f"{tmp_path}/data/x"}
    assert placed["other"].use == str(tmp_path / "other.py")


def test_overrides_come_last(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text("dialog: {queue: 3}\n")
    config = load(path, {"dialog.queue": 4, "assistant": {"data_dir": str(tmp_path)}})
    assert config.dialog.queue == 4
    assert config.log_url == f"sqlite:///{tmp_path}/log.db"
    with pytest.raises(ConfigError, match=r"overrides: dialog.quee: unknown key; did you mean 'queue'"):
        load(overrides={"dialog.quee": 4})


def test_the_log_url_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load(overrides={"log.url_env": "LOG_URL"})
    monkeypatch.delenv("LOG_URL", raising=False)
    with pytest.raises(ConfigError, match=r"log.url_env: the environment variable LOG_URL is not set"):
        _ = config.log_url
    monkeypatch.setenv("LOG_URL", "postgresql://me:secret@host/db")
    assert config.log_url == "postgresql://me:secret@host/db"


def test_settings_of_the_core() -> None:
    user = {"name": "Ada", "timezone": "Asia/Tokyo"}
    config = load(overrides={"dialog.strikes": 7, "assistant.seed": 3, "user": user})
    settings_ = config.dialog_settings()
    assert (settings_.strikes, settings_.seed) == (7, 3)
    assert settings_.user == {"name": "Ada", "timezone": "Asia/Tokyo", "units": "metric", "quiet_hours": None}


_SHIPPED_TEXT = SHIPPED.read_text()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(_SHIPPED_TEXT)), st.integers(0, 12), st.text(max_size=6))
def test_a_damaged_file_never_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, patch: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.yml"
    damaged = _SHIPPED_TEXT[:start] + patch + _SHIPPED_TEXT[start + length :]
    path.write_bytes(damaged.encode("utf-8", "surrogatepass"))
    try:
        load(path)
    except ConfigError as error:
        assert all(line.startswith(str(path)) for line in str(error).split("\n"))
