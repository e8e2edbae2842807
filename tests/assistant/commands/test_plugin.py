from __future__ import annotations

import json
from pathlib import Path

from tests.assistant.command_line import KEYWORDS, assistant, light


def test_list(tmp_path: Path) -> None:
    light(tmp_path)
    done = assistant("plugin", "list", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    records = {record["name"]: record for record in json.loads(done.stdout)}
    assert records["keywords"]["source"] == str(KEYWORDS)
    assert records["keywords"]["hooks"] == ["nlu", "router", "skills"]
    assert records["routing"]["error"] == "disabled in the configuration"
    assert "keywords" in assistant("plugin", "list", folder=tmp_path).stdout


def test_a_new_plugin_is_sound(tmp_path: Path) -> None:
    done = assistant("plugin", "new", "rain_radar", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    done = assistant("plugin", "check", "plugins/rain_radar.py", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["skills"], told["intents"], told["problems"]) == (["rain_radar"], ["rain_radar_tell"], [])
    again = assistant("plugin", "new", "rain_radar", folder=tmp_path)
    assert again.returncode == 1
    assert again.stderr == "assistant plugin: plugins/rain_radar.py exists already; nothing was written\n"
    for name in ("rain-radar", "class", "_x", "1x", "../x"):
        assert assistant("plugin", "new", name, folder=tmp_path).returncode == 1
    assert [path.name for path in (tmp_path / "plugins").iterdir()] == ["rain_radar.py"]


def test_what_is_wrong_with_a_plugin(tmp_path: Path) -> None:
    header = "from dialog.plugin import hookimpl\n"
    (tmp_path / "hooks.py").write_text(header + "@hookimpl\ndef skils(): ...\n@hookimpl\ndef examples(): ...\n")
    done = assistant("plugin", "check", "hooks.py", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "hooks.py: there is no hook 'skils'; did you mean 'skills'?\n")
    (tmp_path / "arguments.py").write_text(header + "@hookimpl\ndef skills(conf): ...\n")
    done = assistant("plugin", "check", "arguments.py", folder=tmp_path)
    assert done.returncode == 1 and "conf" in done.stderr
    (tmp_path / "contract.py").write_text(header + "@hookimpl\ndef router():\n    return 3\n")
    done = assistant("plugin", "check", "contract.py", folder=tmp_path)
    assert done.returncode == 1 and "does not fulfil Router" in done.stderr
    done = assistant("plugin", "check", "none.py", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "assistant plugin: none.py does not exist\n")
    assert assistant("plugin", "check", "nowhere", folder=tmp_path).returncode == 1


def test_a_shipped_plugin_by_name() -> None:
    done = assistant("plugin", "check", "routing")
    assert done.returncode == 0, done.stderr
