from __future__ import annotations

from pathlib import Path

from tests.assistant.command_line import assistant


def test_a_small_assistant_of_ones_own_works(tmp_path: Path) -> None:
    done = assistant("init", "mine", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    mine = tmp_path / "mine"
    assert {str(path.relative_to(mine)) for path in mine.rglob("*") if path.is_file()} == {
        "config.yml", "plugins/dice.py", "tests/test_dice.yml", "README.md", ".gitignore",
    }  # fmt: skip
    assert (mine / "README.md").read_text().startswith("# mine\n")
    done = assistant("config", "check", folder=mine)
    assert done.returncode == 0, done.stderr
    assert f"{mine}/plugins/dice.py skills; skills: dice" in done.stdout
    done = assistant("test", folder=mine)  # with the shipped understanding, which learns the new intent
    assert (done.returncode, done.stdout) == (0, "1 passed, 0 failed\n"), done.stderr


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    done = assistant("init", ".", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "assistant init: README.md exists already; nothing was written\n"
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    done = assistant("init", "README.md", folder=tmp_path)
    assert done.stderr == "assistant init: README.md exists and is not a folder\n"
