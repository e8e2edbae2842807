"""The file of cases: what is kept, what goes, and who may write at the same time."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from assistant.cases.store import CaseError, CaseStore
from dialog.registry import files
from tests.policies.examples import case


def test_an_erased_user_is_gone_from_every_line(tmp_path: Path) -> None:
    store = CaseStore(tmp_path / "cases.jsonl")
    assert store.erase("ann") == () and not store.path.exists()
    store.add(case("a", user="ann", text="persephone"))
    store.add(case("a", user="ann", text="ophelia"), replace=True)
    store.retire("a")
    store.add(case("b", user="bob", text='says "ann"'))
    with store.path.open("ab") as out:
        out.write(b'{"format": 1, "id": "c", "user": "ann", "text": "persephone\nno case of anybody\n')
    assert store.erase("ann") == ("a",)
    left = store.path.read_bytes()
    assert b"persephone" not in left and b"ophelia" not in left and b"no case of anybody\n" in left
    assert [*store.read().cases] == ["b"] and len(store.read().damaged) == 1
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert store.erase("ann") == () and store.path.read_bytes() == left


def _add(path: Path, start: int) -> None:
    for number in range(start, start + 20):
        CaseStore(path).add(case(f"c{number}", text="x" * 2000))


def test_two_processes_may_add_at_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cases.jsonl"
    forked = multiprocessing.get_context("fork")
    workers = [forked.Process(target=_add, args=(path, start)) for start in (0, 100, 200)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    found = CaseStore(path).read()
    assert len(found.cases) == 60 and not found.damaged


def test_a_store_that_is_locked_or_cannot_be_read(tmp_path: Path) -> None:
    store = CaseStore(tmp_path / "cases.jsonl", patience=0.0)
    with files.locked(tmp_path / ".cases.jsonl.lock", 1.0), pytest.raises(CaseError, match="another process"):
        store.add(case("a"))
    os.mkdir(tmp_path / "folder")
    with pytest.raises(CaseError, match="folder: Is a directory"):
        CaseStore(tmp_path / "folder").read()
