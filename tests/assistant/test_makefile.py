from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.assistant.command_line import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", "-s", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_python_that_is_too_old_is_told(tmp_path: Path) -> None:
    old = tmp_path / "python2"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make(f"VENV={tmp_path}/venv", f"PYTHON={old} no-such-python", "chat")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Python 3.11 or newer is needed, and none of these is: ")
    assert not (tmp_path / "venv").exists()


def test_a_ready_environment_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir(parents=True)
    for name in ("python", "assistant"):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\necho {name} "$@"\ncat\n')
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / ".serving").touch()
    command = ["make", "-s", f"VENV={tmp_path}", "chat", "ARGS=--user ada"]
    done = subprocess.run(command, cwd=ROOT, input="hi\n", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "assistant chat --user ada\nhi\n", "")


def test_every_pin_is_exact() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(pin.count("==") == 1 and "*" not in pin for pin in pins)
    assert "torch==2.13.0" in pins
    names = [pin.partition("==")[0] for pin in pins]
    assert names == sorted(set(names))
