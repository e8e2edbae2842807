"""A running holder follows the registry: what is taken up, what is told, and what changes nothing."""

from __future__ import annotations

import json
import threading
import time
import weakref
from pathlib import Path

import pytest

from dialog.registry import Damaged, Follower, Registry, RegistryError, Release, UnknownVersion
from tests.dialog.test_registry import add


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models", patience=5.0)


class Model:
    """A model with an identity, so that its end can be watched."""

    def __init__(self, text: str) -> None:
        self.text = text


class Holder:
    """Answers with the text in the model's card; a card that says "bad" cannot be loaded."""

    def __init__(self) -> None:
        self.model = Model("shipped")
        self.loads = 0
        self.gate = threading.Event()
        self.gate.set()

    def load(self, release: Release | None) -> Model:
        self.gate.wait(10)
        self.loads += 1
        text = "shipped" if release is None else json.loads((release.path / "inside/card.json").read_text())["text"]
        if text == "bad":
            raise ValueError("bad weights")
        return Model(text)

    def put(self, model: Model) -> Model:
        old, self.model = self.model, model
        return old


def following(registry: Registry) -> tuple[Holder, Follower[Model]]:
    holder = Holder()
    follower = Follower(holder, registry, "nlu", every=0.01)
    holder.model = follower.begin(strict=False)
    return holder, follower


def wait_until(happens: object, patience: float = 10.0) -> None:
    end = time.monotonic() + patience
    while not happens():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def test_a_change_elsewhere_is_taken_up_and_the_old_model_freed(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path, "v1", "v2")
    registry.use("nlu", "v1")
    holder, follower = following(registry)
    assert holder.model.text == "v1" and follower.version == "v1"
    old = weakref.ref(holder.model)
    follower.start()
    holder.gate.clear()
    registry.use("nlu", "v2")
    time.sleep(0.05)
    assert holder.model.text == "v1"  # as long as the new one is being loaded
    holder.gate.set()
    wait_until(lambda: holder.model.text == "v2")
    wait_until(lambda: old() is None)
    registry.rollback("nlu")
    wait_until(lambda: holder.model.text == "v1")
    registry.use("nlu", None)
    wait_until(lambda: holder.model.text == "shipped" and follower.version is None)
    follower.stop()


def test_what_cannot_be_loaded_changes_nothing_and_is_told_once(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(registry, tmp_path, "v1", "bad")
    registry.use("nlu", "v1")
    holder, follower = following(registry)
    with pytest.raises(RegistryError, match="bad cannot be loaded: ValueError: bad weights"):
        follower.use("bad").result(10)
    assert registry.current("nlu").version == "v1" and holder.model.text == "v1"
    registry.use("nlu", "bad")  # by somebody who did not try it out
    wait_until(lambda: follower.problem is not None)
    time.sleep(0.1)
    assert holder.model.text == "v1" and follower.version == "v1"
    assert len([line for line in caplog.records if "bad weights" in line.getMessage()]) == 1
    assert "v1 stays" in caplog.text
    registry.rollback("nlu")
    wait_until(lambda: follower.problem is None)
    assert holder.model.text == "v1"
    (registry.folder / "nlu" / "current.json").write_text("{")
    wait_until(lambda: "current.json" in (follower.problem or ""))
    assert holder.model.text == "v1"
    follower.stop()


def test_use_and_rollback_in_the_running_process(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path, "v1", "v2")
    holder, follower = following(registry)
    assert follower.use("v1").result(10).pointer.version == "v1"
    assert follower.use("v2").result(10).pointer.before == (None, "v1")
    assert holder.model.text == "v2"
    assert follower.rollback().result(10).pointer.version == "v1"
    assert holder.model.text == "v1" == follower.version
    loads = holder.loads
    time.sleep(0.1)  # several looks at a pointer that it has moved itself
    assert holder.loads == loads
    with pytest.raises(UnknownVersion):
        follower.use("v9").result(10)
    follower.stop()
    with pytest.raises(RegistryError, match="any more"):
        follower.use("v2").result(10)


def test_a_start_with_a_damaged_current_version(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path, "v1")
    registry.use("nlu", "v1")
    (registry.folder / "nlu" / "v1" / "weights.bin").write_bytes(b"")
    holder, follower = following(registry)
    assert holder.model.text == "shipped" and follower.version is None
    assert follower.problem is not None and "weights.bin" in follower.problem
    with pytest.raises(Damaged):
        Follower(holder, registry, "nlu").begin(strict=True)


def test_a_holder_that_is_gone_ends_the_thread(registry: Registry, tmp_path: Path) -> None:
    holder, follower = following(registry)
    follower.start()
    thread = follower._thread
    assert thread is not None and thread.is_alive()
    del holder
    wait_until(lambda: not thread.is_alive())
