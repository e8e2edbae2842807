from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dialog.errors import AssistantError
from plugins.math.solver.folder import CARD, open_folder
from plugins.math.solver.runtime import SolverRuntime
from plugins.math.solver.weights import SolverError
from tests.plugins.math.solver import tiny


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.make(tmp_path / "solver", members=2)


def test_a_whole_folder_has_a_version_that_hangs_on_its_bytes(folder: Path, tmp_path: Path) -> None:
    first = open_folder(folder)
    assert first.version.startswith("tiny+") and first.members == ("m0", "m1") and first.has_retrieval
    assert open_folder(tiny.make(tmp_path / "same", members=2)).version == first.version
    assert open_folder(tiny.make(tmp_path / "other", members=2, seed=5)).version != first.version


@pytest.mark.parametrize("name", ["m0.branch.onnx", "m1.decoders.npz", "retrieval.npz", CARD])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(SolverError, match=f"{name}: the file is missing"):
        SolverRuntime.load(folder, tiny.TinyTrunk())


@pytest.mark.parametrize("name", ["m0.branch.onnx", "m1.decoders.npz", "retrieval.npz"])
@pytest.mark.parametrize("kept", [0, 0.5, 1])
def test_a_damaged_file_is_named(folder: Path, name: str, kept: float) -> None:
    path = folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)] + (b"x" if kept == 1 else b""))
    with pytest.raises(SolverError, match=f"{name}: damaged"):
        SolverRuntime.load(folder, tiny.TinyTrunk())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format is 2; this program reads 1"),
        ({"encoder": None}, "encoder is missing"),
        ({"members": []}, "members is missing"),
        ({"members": ["../m0"]}, "members: different names"),
        ({"members": ["m0", "m0"]}, "members: different names"),
        ({"members": ["m0", "m2"]}, "files: 'm1.branch.onnx' is not expected"),
        ({"symbols": {"operators": ["+"]}}, r"symbols\.operators is \['\+'\]; this program has"),
        ({"files": {"m0.branch.onnx": "0"}}, "is not named"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    folder = tiny.make(tmp_path / "solver", members=2, changed=change)
    with pytest.raises(SolverError, match=message):
        open_folder(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "\udcff"])
def test_a_card_that_is_no_card_is_refused(folder: Path, text: str) -> None:
    (folder / CARD).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SolverError, match=r"solver\.json"):
        open_folder(folder)


def test_a_solver_of_another_encoder_is_refused(folder: Path) -> None:
    trunk = tiny.TinyTrunk()
    trunk.version = "another+2"
    with pytest.raises(AssistantError, match=r"stands on the encoder tiny-encoder\+1, not on another\+2"):
        SolverRuntime.load(folder, trunk)


def test_a_file_that_is_whole_but_no_model_is_named(tmp_path: Path) -> None:
    folder = tiny.make(tmp_path / "solver")
    (folder / "m0.branch.onnx").write_bytes(b"nonsense")
    card = json.loads((folder / CARD).read_text())
    from plugins.math.solver.folder import digest

    card["files"]["m0.branch.onnx"] = digest(folder / "m0.branch.onnx")
    (folder / CARD).write_text(json.dumps(card))
    with pytest.raises(SolverError, match=r"m0\.branch\.onnx: cannot be read"):
        SolverRuntime.load(folder, tiny.TinyTrunk())
