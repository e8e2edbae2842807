"""What is refused of a ranker's folder, and that the text names it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlu.encoder import Encoder
from plugins.product_qa.ranker import Ranker, RankerError
from plugins.product_qa.ranker.weights import ARRAYS, CARD, GRAPH, digest, open_folder


@pytest.fixture
def folder(ranker_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ranker_folder, tmp_path / "ranker"))


def change(folder: Path, **values: Any) -> None:
    card = json.loads((folder / CARD).read_text(encoding="utf-8")) | values
    (folder / CARD).write_text(json.dumps(card), encoding="utf-8")


def rewrite(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Other arrays with a checksum that fits."""
    with np.load(folder / ARRAYS) as file:
        arrays = {name: file[name] for name in file.files}
    edit(arrays)
    np.savez(folder / ARRAYS, **arrays)
    change(folder, files={name: digest(folder / name) for name in (GRAPH, ARRAYS)})


@pytest.mark.parametrize("name", [CARD, GRAPH, ARRAYS])
def test_a_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(RankerError, match=f"{name}: the file is missing"):
        open_folder(folder)


@pytest.mark.parametrize("name", [GRAPH, ARRAYS])
def test_a_damaged_file(folder: Path, name: str) -> None:
    raw = bytearray((folder / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(raw)
    with pytest.raises(RankerError, match=f"{name}: damaged"):
        open_folder(folder)


def test_a_card_that_is_no_card(folder: Path) -> None:
    (folder / CARD).write_text("[", encoding="utf-8")
    with pytest.raises(RankerError, match="cannot be read"):
        open_folder(folder)
    (folder / CARD).write_text("[]", encoding="utf-8")
    with pytest.raises(RankerError, match="not an object"):
        open_folder(folder)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"format": 2}, "format is 2"),
        ({"name": ""}, "name is missing"),
        ({"files": {"other": "x"}}, "files: ranker.onnx and ranker.npz are expected"),
        ({"features": ["fully"]}, "other features"),
    ],
)
def test_a_wrong_key(folder: Path, values: dict[str, Any], text: str) -> None:
    change(folder, **values)
    with pytest.raises(RankerError, match=text):
        open_folder(folder)


def test_another_encoder(folder: Path, ranker_encoder: Encoder) -> None:
    change(folder, encoder="other-1")
    with pytest.raises(RankerError, match="stands on the encoder other-1"):
        Ranker.load(folder, ranker_encoder)


def test_arrays_are_checked(folder: Path) -> None:
    rewrite(folder, lambda arrays: arrays.pop("head.bias"))
    with pytest.raises(RankerError, match=r"'head\.bias' is missing"):
        open_folder(folder)


def test_an_array_that_is_not_finite(folder: Path) -> None:
    rewrite(folder, lambda arrays: arrays.update({"final.bias": np.array([np.nan], np.float32)}))
    with pytest.raises(RankerError, match=r"'final.bias' is not finite or has not the shape \(1,\)"):
        open_folder(folder)


def test_a_graph_that_is_none(folder: Path, ranker_encoder: Encoder) -> None:
    (folder / GRAPH).write_bytes(b"no graph")
    change(folder, files={name: digest(folder / name) for name in (GRAPH, ARRAYS)})
    with pytest.raises(RankerError, match=f"{GRAPH}: cannot be read"):
        Ranker.load(folder, ranker_encoder)
