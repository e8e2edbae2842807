from __future__ import annotations

import json
from pathlib import Path

from tests.assistant.command_line import KEYWORDS, assistant, light


def test_explains_what_it_would_build(tmp_path: Path) -> None:
    light(tmp_path)
    done = assistant("config", "check", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if not line.startswith((" ", "plugin")))
    assert rows["understanding"] == "keywords-1"
    assert rows["policy"] == "first-1, seed 20"
    assert rows["log"].startswith(f"sqlite:///{tmp_path}/data/log.db ")
    assert rows["configuration"] == "config.yml over the shipped one"
    assert f"keywords       {KEYWORDS} nlu, router, skills; skills: talker" in done.stdout
    assert "understanding  -                        disabled in the configuration" in done.stdout
    assert not (tmp_path / "data").exists()


def test_as_json(tmp_path: Path) -> None:
    light(tmp_path)
    told = json.loads(assistant("config", "check", "--json", folder=tmp_path).stdout)
    assert told["ok"] is True and told["problems"] == []
    assert told["plugins"][-1]["skills"] == ["talker"]
    assert told["server"] == {"url": "http://127.0.0.1:8000", "token_env": "ASSISTANT_TOKEN", "token_set": False}
    (tmp_path / "config.yml").write_text("dialgo: {}\n")
    done = assistant("config", "check", "--json", folder=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "ok": False,
        "problems": [
            {"file": "config.yml", "line": 1, "key": "dialgo", "message": "unknown key; did you mean 'dialog'?"}
        ],
    }


def test_plugins_that_do_not_load(tmp_path: Path) -> None:
    entries = "  broken: {use: broken.py}\n  gone: {use: no.such.module}\n"
    (tmp_path / "broken.py").write_text("raise SystemExit('no')\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "hookless.py").write_text("")
    path = light(tmp_path, entries + "plugin_folder: folder\nlog: {url: nonsense}\n")
    line = len(path.read_text().splitlines())
    done = assistant("config", "check", folder=tmp_path)
    assert done.returncode == 1
    hookless, broken, gone, log = done.stderr.splitlines()
    assert hookless == f"{tmp_path}/folder/hookless.py: skipped: it implements no hook (mark functions with @hookimpl)"
    assert broken == f"config.yml:{line - 3}: plugins.broken: skipped: SystemExit: no"
    assert gone.startswith(f"config.yml:{line - 2}: plugins.gone: skipped: ") and "no.such.module" in gone
    assert log == f"config.yml:{line}: log.url: this is not an SQLAlchemy URL"


def test_nothing_that_understands(tmp_path: Path) -> None:
    path = light(tmp_path)
    path.write_text(path.read_text().replace(f"use: {KEYWORDS}", f"use: {KEYWORDS}\n    enabled: false"))
    done = assistant("config", "check", folder=tmp_path)
    assert done.returncode == 1
    assert [line.partition("plugins: ")[2] for line in done.stderr.splitlines()] == [
        "no plugin in service offers an 'nlu'",
        "no plugin in service offers a 'router'",
    ]
