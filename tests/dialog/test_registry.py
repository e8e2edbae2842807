"""The registry of versions: whole or not at all, also between processes and when killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dialog.registry import (
    Damaged,
    Locked,
    Registry,
    RegistryError,
    UnknownVersion,
    files,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models", patience=5.0)


def model(folder: Path, text: str) -> Path:
    """A model of two files, one of them in a folder of its own."""
    (folder / "inside").mkdir(parents=True)
    (folder / "weights.bin").write_bytes(text.encode() * 1000)
    (folder / "inside" / "card.json").write_text(json.dumps({"text": text}))
    return folder


def add(registry: Registry, tmp_path: Path, *versions: str) -> None:
    for version in versions:
        registry.add("nlu", version, model(tmp_path / f"made-{version}", version))


def test_a_version_is_kept_with_what_is_known_of_it(registry: Registry, tmp_path: Path) -> None:
    assert registry.kinds() == [] and registry.versions("nlu") == [] and registry.current("nlu").version is None
    source = model(tmp_path / "made", "one")
    made = registry.add("nlu", "v1", source, metrics={"accuracy": 0.9}, parent="v0", note="better")
    assert set(made.files) == {"weights.bin", "inside/card.json"}
    release = registry.open("nlu", "v1")
    assert release.manifest == made == registry.manifest("nlu", "v1")
    assert made.metrics == {"accuracy": 0.9} and made.parent == "v0" and made.note == "better"
    assert (release.path / "weights.bin").read_bytes() == (source / "weights.bin").read_bytes()
    assert registry.kinds() == ["nlu"] and registry.versions("nlu") == ["v1"]
    assert registry.current("nlu").version is None  # keeping one does not put it in force


def test_use_and_rollback_as_far_as_the_shipped_one(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path, "v1", "v2", "v3")
    for version in ("v1", "v2", "v2", "v3"):
        assert registry.use("nlu", version).version == version
    assert registry.current("nlu").before == (None, "v1", "v2")
    assert [registry.rollback("nlu").version for _ in range(3)] == ["v2", "v1", None]
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        registry.rollback("nlu")
    pointer = registry.current("nlu")
    assert pointer.sequence == 7
    assert [step.version for step in pointer.history] == ["v1", "v2", "v2", "v3", "v2", "v1", None]


def test_each_change_shows_in_the_stamp_even_to_the_same_version(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path, "v1")
    seen = [registry.stamp("nlu")]
    for version in ("v1", "v1", None):
        registry.use("nlu", version)
        seen.append(registry.stamp("nlu"))
    assert len(set(seen)) == 4 and registry.stamp("nlu") == seen[-1]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", "x" * 101, "shipped", "current", "a b", "ä"])
def test_names_that_are_none(registry: Registry, tmp_path: Path, name: str) -> None:
    source = model(tmp_path / "made", "x")
    with pytest.raises(RegistryError, match="cannot be the name"):
        registry.add("nlu", name, source)
    if name:
        with pytest.raises(UnknownVersion):
            registry.open("nlu", name)
    with pytest.raises(UnknownVersion, match="not a kind"):
        registry.add("../nlu", "v1", source)


def test_what_cannot_be_kept(registry: Registry, tmp_path: Path) -> None:
    source = model(tmp_path / "made", "x")
    registry.add("nlu", "v1", source)
    with pytest.raises(RegistryError, match="v1 exists already"):
        registry.add("nlu", "v1", source)
    with pytest.raises(RegistryError, match="is not a folder"):
        registry.add("nlu", "v2", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RegistryError, match="holds no files"):
        registry.add("nlu", "v2", tmp_path / "empty")
    (source / "link").symlink_to(tmp_path)
    with pytest.raises(RegistryError, match="link to a folder"):
        registry.add("nlu", "v2", source)
    (source / "link").unlink()
    (source / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RegistryError, match="not a regular file"):
        registry.add("nlu", "v2", source)
    with pytest.raises(UnknownVersion, match="there are: v1"):
        registry.use("nlu", "v2")
    assert registry.versions("nlu") == ["v1"]


def test_a_full_disk_leaves_nothing_behind(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> str:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    add(registry, tmp_path, "v1")
    monkeypatch.setattr(files, "copy", full)
    with pytest.raises(RegistryError, match="No space left"):
        add(registry, tmp_path, "v2")
    assert sorted(path.name for path in (registry.folder / "nlu").iterdir()) == [".lock", "v1"]


@pytest.mark.parametrize("harm", ["changed", "cut", "missing", "more", "manifest", "no manifest", "other manifest"])
def test_a_damaged_version_is_refused_and_the_old_one_stays(registry: Registry, tmp_path: Path, harm: str) -> None:
    add(registry, tmp_path, "v1", "v2")
    registry.use("nlu", "v1")
    place = registry.folder / "nlu" / "v2"
    weights, known = place / "weights.bin", place / "manifest.json"
    if harm == "changed":
        data = bytearray(weights.read_bytes())
        data[500] ^= 1
        weights.write_bytes(data)
    elif harm == "cut":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif harm == "missing":
        weights.unlink()
    elif harm == "more":
        (place / "inside" / "more.bin").write_bytes(b"x")
    elif harm == "manifest":
        known.write_text(known.read_text()[:-20])
    elif harm == "no manifest":
        known.unlink()
    else:
        known.write_text((registry.folder / "nlu" / "v1" / "manifest.json").read_text())
    with pytest.raises(Damaged, match=r"more\.bin|weights\.bin|manifest\.json"):
        registry.use("nlu", "v2")
    assert registry.current("nlu").version == "v1" and registry.open("nlu", "v1")
    assert registry.versions("nlu")[-1 if "manifest" in harm else 1] == "v2"  # still listed, so that it can be seen


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1, "sequence": 1, "before": [], "history": []}', "\xff"])
def test_a_damaged_pointer_is_told_and_not_overwritten(registry: Registry, tmp_path: Path, text: str) -> None:
    add(registry, tmp_path, "v1")
    path = registry.folder / "nlu" / "current.json"
    path.write_bytes(text.encode("latin-1"))
    for asked in (registry.current, registry.rollback, lambda kind: registry.use(kind, "v1")):
        with pytest.raises(Damaged, match=r"current\.json"):
            asked("nlu")
    assert path.read_bytes() == text.encode("latin-1")


def test_rollback_checks_the_files(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path, "v1", "v2")
    registry.use("nlu", "v1")
    registry.use("nlu", "v2")
    (registry.folder / "nlu" / "v1" / "weights.bin").write_bytes(b"")
    with pytest.raises(Damaged):
        registry.rollback("nlu")
    assert registry.current("nlu").version == "v2"


def test_a_change_under_way_elsewhere_is_waited_for_and_then_told(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models", patience=0.1)
    add(registry, tmp_path, "v1")
    with files.locked(registry.folder / "nlu" / ".lock", 1.0), pytest.raises(Locked, match="another process"):
        registry.use("nlu", "v1")
    assert registry.use("nlu", "v1").version == "v1"


_WRITER = """
import sys
from pathlib import Path
from dialog.registry import Registry

registry, name, source = Registry(Path(sys.argv[1])), sys.argv[2], Path(sys.argv[3])
for number in range(8):
    registry.add("nlu", f"{name}-{number}", source)
    registry.use("nlu", f"{name}-{number}")
"""


def test_processes_that_write_at_once_lose_nothing(registry: Registry, tmp_path: Path) -> None:
    source = model(tmp_path / "made", "x")
    command = [sys.executable, "-c", _WRITER, str(registry.folder)]
    writers = [subprocess.Popen([*command, name, str(source)], cwd=ROOT) for name in ("a", "b", "c")]
    sequences = [0]
    while any(writer.poll() is None for writer in writers):  # a reader meanwhile: never half a version or pointer
        for version in registry.versions("nlu"):
            registry.open("nlu", version)
        sequences.append(registry.current("nlu").sequence)
    assert all(writer.returncode == 0 for writer in writers)
    assert sequences == sorted(sequences)
    pointer = registry.current("nlu")
    assert pointer.sequence == 24 and len(registry.versions("nlu")) == 24
    assert pointer.before == (None, *(step.version for step in pointer.history[:-1]))


_VICTIM = """
import os, shutil, signal, sys
from pathlib import Path
from dialog.registry import Registry

folder, source, what, count = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], [int(sys.argv[4])]

def deadly(module, name):
    real = getattr(module, name)
    def call(*args, **more):
        count[0] -= 1
        if count[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **more)
    setattr(module, name, call)

for name in ("fsync", "replace", "rename", "unlink", "mkdir", "open"):
    deadly(os, name)
registry = Registry(folder)
if what == "add":
    registry.add("nlu", "new", source)
elif what == "use":
    registry.use("nlu", "v2")
else:
    registry.rollback("nlu")
os.write(1, b"done")
"""


@pytest.mark.parametrize("what", ["add", "use", "rollback"])
def test_a_kill_at_any_step_leaves_what_was_in_force(registry: Registry, tmp_path: Path, what: str) -> None:
    """The process is killed before each call that changes the disk, one after the other."""
    add(registry, tmp_path, "v1", "v2")
    source = model(tmp_path / "made", "x" * 100)
    aim = {"add": "v1", "use": "v2", "rollback": None}[what]
    outcomes = set()
    for count in range(1, 60):
        registry.use("nlu", None)
        registry.use("nlu", "v1")
        old = registry.current("nlu")
        command = [sys.executable, "-c", _VICTIM, str(registry.folder), str(source), what, str(count)]
        done = subprocess.run(command, capture_output=True, cwd=ROOT, timeout=60, check=False)
        now = registry.current("nlu")
        changed = now.sequence == old.sequence + 1 and now.version == aim
        assert now == old or changed
        assert all(registry.open("nlu", version) for version in registry.versions("nlu"))
        kept = sorted({*registry.versions("nlu")} - {"v1", "v2"})  # renamed before the kill: whole, as checked above
        assert kept in ([], ["new"]) and (what == "add" or not kept)
        for version in kept:
            (registry.folder / "nlu" / version).rename(tmp_path / f"new-{count}")
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        outcomes.add(changed or bool(kept))
    else:
        pytest.fail("it never came to its end")
    assert done.stdout == b"done" and count > 4
    assert outcomes == {False, True}  # kills on both sides of the moment of change
    registry.use("nlu", "v2")
    left = sorted(path.name for path in (registry.folder / "nlu").iterdir())
    assert left == [".lock", "current.json", "v1", "v2"]  # no leftovers of the killed


def test_no_heavy_library_is_imported() -> None:
    code = "import sys, dialog.registry; print([n for n in ('numpy', 'torch', 'onnxruntime') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
