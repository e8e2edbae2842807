"""`Follower`: a running assistant takes up the version that the registry names, without stopping for it.

A thread of low priority looks at the pointer once a second (one `stat`), loads and warms what it names while the old
model goes on, and hands it over. What cannot be loaded changes nothing: the old model stays, and the reason is told.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from dialog.registry.errors import RegistryError
from dialog.registry.pointer import Pointer
from dialog.registry.store import SHIPPED, Registry, Release

log = logging.getLogger(__name__)
M = TypeVar("M")
_NICE = 10
_JOIN = 10.0  # seconds that stopping waits for a model that is being loaded


class Holder(Protocol[M]):
    """Who answers with the model."""

    def load(self, release: Release | None) -> M:
        """Read a version (None: the shipped one) and warm it up; the model in force answers meanwhile."""
        ...

    def put(self, model: M) -> M:
        """Answer with `model` from now on; what runs ends with the old one. Returns the old one."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A version that has been taken up, and how many seconds loading and warming took."""

    pointer: Pointer
    seconds: float


class Follower(Generic[M]):
    """Keeps `holder` at the current version of `kind`. `holder` is not kept alive by it.

    version: the registry's version that answers (None: the shipped one). problem: why the current one does not.
    """

    def __init__(self, holder: Holder[M], registry: Registry, kind: str, every: float = 1.0) -> None:
        """`every`: seconds between two looks at the pointer."""
        self.registry, self.kind = registry, kind
        self.version: str | None = None
        self.problem: str | None = None
        self._holder = weakref.ref(holder)
        self._every = every
        self._seen: object = None
        self._old: M | None = None
        self._jobs: queue.SimpleQueue[tuple[Future[Taken], Callable[[], Taken]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def begin(self, strict: bool) -> M:
        """The model to start with: the current version, in the calling thread.

        Where it cannot be loaded the shipped one starts instead and `problem` says why; `strict` raises
        `RegistryError` then, and also where no version has been chosen.
        """
        holder = self._held()
        self._seen = self.registry.stamp(self.kind)
        try:
            version = self.registry.current(self.kind).version
            if version is None and strict:
                raise RegistryError(f"no version of {self.kind} has been chosen: assistant models use {self.kind} ...")
            model = self._load(holder, version)
        except RegistryError as error:
            if strict:
                raise
            self._failed(error, "the shipped one is used")
            return holder.load(None)
        self.version = version
        return model

    def start(self) -> None:
        """Begin to look at the pointer, in a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"follow_{self.kind}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; a model that is being loaded is waited for."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(_JOIN)
        self._refuse()

    def use(self, version: str | None) -> Future[Taken]:
        """Load a version (None: the shipped one), then make it the current one, then answer with it.

        The future raises `RegistryError` when the version is unknown, damaged or cannot be loaded; nothing has
        changed then.
        """
        return self._soon(lambda: self._take(version, lambda: self.registry.use(self.kind, version)))

    def rollback(self) -> Future[Taken]:
        """The same with the version that was in force before."""

        def back() -> Taken:
            version = self.registry.current(self.kind).back().version
            return self._take(version, lambda: self.registry.rollback(self.kind))

        return self._soon(back)

    # -- in the thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # loading a model must not take the processor from those who answer
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while self._holder() is not None:
            try:
                job = self._jobs.get(timeout=self._every)
            except queue.Empty:
                self._old = None  # by now nothing runs with it any more: it is freed here, not on the event loop
                self._look()
                continue
            if job is None:
                return
            future, work = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except (RegistryError, OSError) as error:
                future.set_exception(error)
        self._refuse()

    def _refuse(self) -> None:
        """Answer what came too late."""
        with contextlib.suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None and job[0].set_running_or_notify_cancel():
                    job[0].set_exception(RegistryError(f"nobody uses models of kind {self.kind} any more"))

    def _look(self) -> None:
        """Take up what the pointer names, where that has changed."""
        try:
            stamp = self.registry.stamp(self.kind)
            if stamp == self._seen:
                return
            self._seen = stamp
            known = self.registry.current(self.kind)
            if known.version != self.version or self.problem is not None:
                self._take(known.version, lambda: known)
        except (RegistryError, OSError) as error:
            self._failed(error, f"{self.version or SHIPPED} stays")

    def _take(self, version: str | None, choose: Callable[[], Pointer]) -> Taken:
        holder = self._held()
        start = time.perf_counter()
        model = self._load(holder, version)
        pointer = choose()
        self._old = holder.put(model)
        self.version, self.problem = version, None
        seconds = time.perf_counter() - start
        log.info("%s %s has been taken up (%.2f s)", self.kind, version or SHIPPED, seconds)
        return Taken(pointer, seconds)

    def _load(self, holder: Holder[M], version: str | None) -> M:
        release = None if version is None else self.registry.open(self.kind, version)
        try:
            return holder.load(release)
        except Exception as error:  # whatever is wrong with a model, the one in force must go on
            reason = f"{type(error).__name__}: {error}"
            raise RegistryError(f"{self.kind} {version or SHIPPED} cannot be loaded: {reason}") from error

    def _failed(self, error: Exception, instead: str) -> None:
        if self.problem != str(error):  # told once, not each second
            log.error("%s; %s", error, instead)
        self.problem = str(error)

    def _held(self) -> Holder[M]:
        holder = self._holder()
        if holder is None:
            raise RegistryError(f"nobody uses models of kind {self.kind} any more")
        return holder

    def _soon(self, work: Callable[[], Taken]) -> Future[Taken]:
        """Have it done by the thread, one thing after the other."""
        future: Future[Taken] = Future()
        self._jobs.put((future, work))
        if self._thread is None:
            self.start()
        elif not self._thread.is_alive():
            self._refuse()
        return future
