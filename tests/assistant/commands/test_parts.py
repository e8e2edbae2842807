from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.commands import bench
from assistant.parts import TRAINED, run_part
from dialog.errors import AssistantError


@pytest.mark.parametrize("command", ["train", "eval"])
def test_an_unknown_part(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "nlo"])
    assert end.value.code == 2
    assert "invalid choice: 'nlo'" in capsys.readouterr().err


def test_a_part_gets_its_own_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some_part.py").write_text("def main(argv):\n    return len(argv)\n")
    (tmp_path / "needy_part.py").write_text("import a_library_that_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert run_part("some_part", ["--a", "b"]) == 2
    assert run_part("some_part", []) == 0
    with pytest.raises(AssistantError, match=r"needs a_library_that_nobody_has, .* install the training extra"):
        run_part("needy_part", [])


def test_the_parts_exist() -> None:
    for part in TRAINED.values():
        for module in (part.train, part.evaluate):
            assert Path(*module.split(".")).with_suffix(".py").is_file()


def checkout(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmarks = folder / "benchmarks"
    benchmarks.mkdir()
    monkeypatch.setattr(bench, "FOLDER", benchmarks)


def test_a_benchmark_runs_as_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    checkout(tmp_path, monkeypatch)
    (tmp_path / "benchmarks" / "shared.py").write_text("NUMBER = 5\n")
    (tmp_path / "benchmarks" / "speed.py").write_text(
        "import json, sys\nfrom benchmarks.shared import NUMBER\n"
        'if __name__ == "__main__":\n    print(json.dumps(sys.argv[1:] + [NUMBER]))\n    sys.exit(3)\n'
    )
    assert bench.names() == ["speed"]
    assert main(["bench", "speed", "--json", "--quick"]) == 3
    assert json.loads(capfd.readouterr().out) == ["--json", "--quick", 5]
    assert main(["bench", "sped"]) == 1
    assert "there is no benchmark 'sped'; did you mean 'speed'?" in capfd.readouterr().err


def test_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench, "FOLDER", tmp_path / "benchmarks")
    assert main(["bench", "turn"]) == 1
    assert "they come with a checkout, not with the package" in capsys.readouterr().err
    assert sys.modules["assistant"]
