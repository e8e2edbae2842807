from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plugins.product_qa.index.arrays import ArrayFile, ArrayWriter, IndexDamaged
from plugins.product_qa.index.names import Names, packed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with ArrayWriter(tmp_path / "some.bin") as file:
        file.add("numbers", np.arange(1000, dtype=np.uint32))
        file.add("none", np.empty(0, np.float32))
        file.stream("blocks", np.int8, (4, 3), (np.full((2, 3), value, np.int8) for value in (1, 2)))
    return tmp_path / "some.bin"


def test_arrays_come_back_and_cannot_be_written(path: Path) -> None:
    file = ArrayFile(path)
    file.verify()
    assert file["numbers"].tolist() == list(range(1000))
    assert file["none"].shape == (0,)
    assert file["blocks"].tolist() == [[1] * 3] * 2 + [[2] * 3] * 2
    assert set(file) == {"numbers", "none", "blocks"}
    assert len(file) == 3
    with pytest.raises(ValueError, match="read-only"):
        file["numbers"][0] = 1


def test_they_stay_when_the_file_is_deleted(path: Path) -> None:
    file = ArrayFile(path)
    path.unlink()
    file.verify()
    assert int(file["numbers"].sum()) == 499500


def test_a_file_cut_off_anywhere_is_noticed(path: Path) -> None:
    data = path.read_bytes()
    for size in [*range(0, len(data), 97), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(IndexDamaged, match=r"some\.bin: the file is cut off"):
            ArrayFile(path)


def test_a_changed_byte_is_noticed(path: Path) -> None:
    data = path.read_bytes()
    start = int(np.frombuffer(data, np.uint8).argmax())
    assert ArrayFile(path)["numbers"] is not None
    for place in (70, 1000, start, len(data) - 30, len(data) - 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(IndexDamaged, match=r"some\.bin"):
            ArrayFile(path).verify()


def test_what_is_missing_is_named(path: Path) -> None:
    with pytest.raises(IndexDamaged, match="'vectors'"):
        ArrayFile(path)["vectors"]
    with pytest.raises(IndexDamaged, match=r"other\.bin: No such file"):
        ArrayFile(path.with_name("other.bin"))


def test_an_error_while_writing_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="numbers"), ArrayWriter(tmp_path / "half.bin") as file:
        file.stream("numbers", np.uint8, (5,), [np.zeros(4, np.uint8)])
    assert not (tmp_path / "half.bin").exists()


def test_names_are_found() -> None:
    texts = [b"", b"a", b"ab", "é".encode(), b"\xff"]
    names = Names(*packed(texts))
    assert list(names) == texts
    assert [names.find(text) for text in texts] == list(range(5))
    assert names.find(b"aa") == names.find(b"\xff\xff") == -1
    assert Names(*packed([])).find(b"a") == -1
