"""A process that is killed leaves the old index; a damaged one says so, and is built anew."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plugins.product_qa.index import Index, IndexDamaged, manifest, store
from plugins.product_qa.index.manifest import Manifest
from plugins.product_qa.types import CatalogueError
from tests.plugins.product_qa.index.samples import ALL, KETTLE, TENT, Commit, Encoder

ROOT = Path(__file__).parents[4]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    index = Index.open(tmp_path / "index")
    index.update(Commit(KETTLE, mark="shop:1"), Encoder())
    index.update(Commit(TENT, removed=["k3"], mark="shop:2"), Encoder())
    return index


def test_a_commit_that_fails_changes_nothing(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    held = index.search("kettle tent", k=50)

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(manifest, "write", full)
        with pytest.raises(CatalogueError, match=r"index: No space left on device"):
            index.update(Commit(ALL, removed=["t1"], mark="shop:3"), Encoder())
    for one in (index, Index.open(index.folder)):
        assert one.search("kettle tent", k=50) == held
        assert one.mark == "shop:2"
    left = set(index.folder.glob("segment-*.bin"))
    index.update(Commit(removed=["t1"]), None)
    assert not left <= set(index.folder.glob("segment-*.bin"))
    assert len(list(index.folder.glob("segment-*.bin"))) == 2


_WRITER = """
import sys
from pathlib import Path
from plugins.product_qa.index import Index, merge
from tests.plugins.product_qa.index.samples import Commit, passage
merge.FACTOR = 2
index = Index.open(Path(sys.argv[1]))
turn = int(index.mark or 0)
while True:
    old = [f"{kind}{turn}" for kind in "ab"]
    turn += 1
    index.update(Commit([passage(f"{kind}{turn}", f"pair of turn {turn}") for kind in "ab"], old, str(turn)), None)
    print(turn, flush=True)
"""


def test_killed_at_any_moment_it_holds_whole_commits(tmp_path: Path) -> None:
    """Every commit replaces the pair of passages that the one before had put in."""
    folder, told = tmp_path / "index", 0
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for turn in range(3):
        command = [sys.executable, "-c", _WRITER, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
            assert process.stdout is not None
            told = int(process.stdout.readline())
            time.sleep(0.02 + 0.03 * turn)
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split("\n")
        with contextlib.suppress(StopIteration):
            told = next(int(line) for line in reversed(rest[:-1]) if line)
        index = Index.open(folder)
        index.verify()
        assert int(index.mark) >= told
        assert {hit.key for hit in index.search("pair")} == {f"a{index.mark}", f"b{index.mark}"}


def files(index: Index) -> list[Path]:
    return sorted([*index.folder.glob("*.bin"), index.folder / "manifest.json"])


def test_every_damaged_file_is_named_and_built_anew(index: Index) -> None:
    whole = {path: path.read_bytes() for path in files(index)}
    assert {path.name.partition("-")[0] for path in whole} == {"segment", "deleted", "manifest.json"}
    for path, data in whole.items():
        for wrong in (data[: len(data) // 2], data[:64] + bytes([data[64] ^ 4]) + data[65:], b"", None):
            if wrong is None and path.name == manifest.NAME:
                continue  # without a manifest there is no index
            path.unlink()
            if wrong is not None:
                path.write_bytes(wrong)
            with pytest.raises(IndexDamaged, match=rf"{path.name}: .*build the index anew") as caught:
                Index.open(index.folder)
            assert caught.value.path == path
            path.write_bytes(data)
    path = files(index)[0]
    path.write_bytes(b"")
    with pytest.raises(IndexDamaged, match=path.name):
        Index.open(index.folder).update(Commit(ALL), Encoder())
    again = Index.rebuild(index.folder, [Commit(reset=True), Commit(ALL, mark="shop:9")], Encoder())
    assert (len(again), again.mark) == (len(ALL), "shop:9")
    assert {hit.key for hit in index.search("kettle tent", k=50)} == {
        hit.key for hit in again.search("kettle tent", k=50)
    }


def test_a_manifest_of_another_version_is_refused(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.product_qa.index.tokens.VERSION", 99)
    with pytest.raises(IndexDamaged, match=r"manifest\.json: made by another version"):
        Index.open(index.folder)


def test_who_reads_already_goes_on(index: Index, caplog: pytest.LogCaptureFixture) -> None:
    held = index.search("kettle tent", k=50)
    assert held
    (index.folder / manifest.NAME).write_bytes(b"{}")
    with caplog.at_level(logging.WARNING, store.LOG.name):
        assert index.search("kettle tent", k=50) == held
        assert index.search("kettle tent", k=50) == held
    assert len([line for line in caplog.messages if "what was read before stays in use" in line]) == 1
    with pytest.raises(IndexDamaged):
        index.update(Commit(ALL), Encoder())


def test_large_files_are_checked_when_asked(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_CHECKED", 0)
    path = next(index.folder.glob("segment-*.bin"))
    data = path.read_bytes()
    path.write_bytes(data[:64] + bytes([data[64] ^ 1]) + data[65:])
    opened = Index.open(index.folder)
    with pytest.raises(IndexDamaged, match=path.name):
        opened.verify()
    with pytest.raises(IndexDamaged, match=path.name):
        opened.optimise()


def test_the_manifest_may_change_while_it_is_read(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading it and opening its files another process may have replaced both."""
    old = (index.folder / manifest.NAME).read_bytes()
    Index.open(index.folder).optimise()
    new = (index.folder / manifest.NAME).read_bytes()
    answers = [old, new, new]
    reader = Index(index.folder, index.fusion)
    monkeypatch.setattr(reader, "_read", lambda: answers.pop(0) if answers else new)
    assert len(reader) == len(index)
    assert answers == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(CatalogueError, match="file"):
        Index.open(tmp_path / "file" / "index").update(Commit(ALL), None)
    assert Manifest().files == set()
