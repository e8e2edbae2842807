from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli import COMMANDS, RESERVED, main
from tests.assistant.command_line import ROOT, assistant, light

HEAVY = ("numpy", "pydantic", "sqlalchemy", "yaml", "rich", "prompt_toolkit", "asyncio", "onnxruntime")


def test_help_imports_nothing_heavy() -> None:
    program = f"""
import sys
from assistant.cli import main
try:
    main(["--help"])
except SystemExit as end:
    loaded = [name for name in {HEAVY!r} if name in sys.modules]
    sys.exit(f"{{loaded}} is loaded" if loaded or end.code else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout
    for name in RESERVED:
        assert f"\n  {name} " not in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    assert f"assistant {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_commands_say_so(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name]) == 2
    assert capsys.readouterr().err == f"assistant {name}: not in this version\n"


def test_no_command_and_unknown_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "commands:" in capsys.readouterr().err
    assert main(["chta"]) == 2
    assert "unknown command 'chta'; did you mean 'chat'?" in capsys.readouterr().err


def test_wrong_arguments_and_missing_files(tmp_path: Path) -> None:
    assert assistant("chat", "--frob").returncode == 2
    done = assistant("chat", "--config", "none.yml", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "none.yml: No such file or directory\n")


def test_a_typo_names_file_line_key_and_nearest_key(tmp_path: Path) -> None:
    light(tmp_path, "dialog:\n  deadlin: 3\n")
    line = len((tmp_path / "config.yml").read_text().splitlines())
    expected = f"config.yml:{line}: dialog.deadlin: unknown key; did you mean 'deadline'?\n"
    for command in (["config", "check"], ["chat"], ["parse", "hi"], ["plugin", "list"], ["serve"], ["export", "x"]):
        done = assistant(*command, folder=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


def test_the_file_from_the_environment(tmp_path: Path) -> None:
    light(tmp_path, "dialog: {queue: x}\n")
    done = assistant("config", "check", env={"ASSISTANT_CONFIG": str(tmp_path / "config.yml")})
    assert done.returncode == 1
    assert done.stderr.endswith(": dialog.queue: must be an integer, not 'x'\n")


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    light(tmp_path)
    command = [sys.executable, "-m", "assistant", "config", "check", "--config", tmp_path / "config.yml"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


def test_an_internal_error_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from assistant.commands import init

    def broken(folder: Path) -> list[Path]:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(init, "write_assistant", broken)
    monkeypatch.delenv("ASSISTANT_DEBUG", raising=False)
    assert main(["init", "x"]) == 70
    assert "assistant init: internal error: ZeroDivisionError: oops" in capsys.readouterr().err
    monkeypatch.setenv("ASSISTANT_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["init", "x"])
