"""The assistant as it is shipped, through its command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.assistant.command_line import assistant


def shipped(folder: Path) -> Path:
    path = folder / "config.yml"
    path.write_text("assistant: {data_dir: data}\nuser: {timezone: UTC}\n")
    return path


def test_the_configuration_is_sound(tmp_path: Path) -> None:
    shipped(tmp_path)
    done = assistant("config", "check", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_parse(tmp_path: Path) -> None:
    shipped(tmp_path)
    done = assistant("parse", "wake me up at seven tomorrow", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["intent"]["name"] == "alarm_set"
    spans = {(entity["entity"], entity["start"], entity["end"]) for entity in told["entities"]}
    assert spans == {("time", 14, 19), ("date", 20, 28)}


def test_five_skills_in_a_pipe(tmp_path: Path) -> None:
    shipped(tmp_path)
    script = (
        b"what time is it in tokyo\nset a timer for ten minutes\nadd milk and eggs to my shopping list\n"
        b"what is on my shopping list\nhow many feet are in two miles\n"
    )
    done = assistant("chat", "--plain", stdin=script, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    expected = (r"\d?\d:\d\d [AP]M .*Tokyo", "10 minutes", "milk and eggs", "milk and eggs", "10,560 feet")
    said = done.stdout.splitlines()
    assert len(said) == len(expected)
    for answer, pattern in zip(said, expected, strict=True):
        assert re.search(pattern, answer), answer
