"""Versions on trial: one that only looks on (shadow), and one that decides for a share of the conversations (canary).

    <folder>/<kind>/trial.json       beside the pointer, replaced as a whole

A version on trial is not in force: it never gets more than its share, and what goes wrong with it costs nobody a turn.
The same file keeps waivers: the versions that may be put in force without a certificate, with who wanted it so and why.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from dialog.registry import files
from dialog.registry.errors import Damaged, Locked, RegistryError
from dialog.registry.manifest import now
from dialog.registry.store import Registry, Release

log = logging.getLogger(__name__)
NAME = "trial.json"
_FORMAT = 1
_PATIENCE = 10.0
_JOIN = 10.0
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Trial:
    """shadow: the version that looks on. canary: the version that decides for `share` (0 to 1) of the conversations.

    waivers: the reason, by version, why it may be in force without a certificate. at: when this was last changed.
    """

    shadow: str | None = None
    canary: str | None = None
    share: float = 0.0
    waivers: Mapping[str, str] = field(default_factory=dict)
    at: str = ""

    def picks(self, conversation_id: str) -> bool:
        """Whether the canary decides in this conversation: all its turns, the same on every machine."""
        return self.canary is not None and point(conversation_id, self.canary) < self.share

    def without(self, version: str) -> Trial:
        """The trial after `version` has been put in force, or given up."""
        return replace(
            self,
            shadow=None if self.shadow == version else self.shadow,
            canary=None if self.canary == version else self.canary,
            share=0.0 if self.canary == version else self.share,
        )

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions on trial."""
        return tuple(dict.fromkeys(version for version in (self.shadow, self.canary) if version is not None))


def point(conversation_id: str, version: str) -> float:
    """Where a conversation lies in [0, 1) for a version: even over conversations, independent between versions."""
    digest = hashlib.blake2b(f"{version}\x00{conversation_id}".encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "big") / 2**64


class Trials:
    """Reads and changes the trial of one kind. Changes are made under the registry's lock; all of it blocks."""

    def __init__(self, registry: Registry, kind: str, patience: float = _PATIENCE) -> None:
        """`patience`: seconds to wait for a change that another process is making."""
        self.registry, self.kind = registry, kind
        self._folder = registry.folder / kind
        self._patience = patience

    def read(self) -> Trial:
        """What is on trial. Raises `Damaged`, naming the file, when it is not what was written."""
        path = self._folder / NAME
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return Trial()
        except (OSError, ValueError) as error:
            raise Damaged(f"{path} cannot be read: {error}") from None
        return _checked(data, path)

    def stamp(self) -> object:
        """Differs after each change; costs one look at the file."""
        try:
            found = (self._folder / NAME).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def shadow(self, version: str) -> Trial:
        """Let a version look on. Its files are checked first. Raises `RegistryError` or one of its kinds."""
        self.registry.open(self.kind, version)
        return self.change(lambda known: replace(known, shadow=version))

    def canary(self, version: str, share: float) -> Trial:
        """Let a version decide for a share of the conversations, above 0 and below 1. Its files are checked first."""
        if not 0.0 < share < 1.0:
            raise RegistryError(f"the share of a canary lies between 0 and 1, not {share}")
        self.registry.open(self.kind, version)
        return self.change(lambda known: replace(known, canary=version, share=share))

    def waive(self, version: str, reason: str) -> Trial:
        """Note why a version may be in force without a certificate. Raises `RegistryError` without a reason."""
        if not reason.strip():
            raise RegistryError("a waiver needs a reason")
        self.registry.manifest(self.kind, version)
        return self.change(lambda known: replace(known, waivers={**known.waivers, version: reason.strip()}))

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold off others who want to promote meanwhile: the second one gets `Locked` at once, and nothing changes."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with files.locked(self._folder / ".promotion", 0.0):
                yield
        except Locked:
            raise Locked(f"somebody else is putting a {self.kind} in force at this moment; look again") from None

    def change(self, how: Callable[[Trial], Trial]) -> Trial:
        """Replace the trial by `how(trial)`, with nobody else changing it meanwhile. Raises `Locked`, `Damaged`."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with files.locked(self._folder / ".lock", self._patience):
                for left in self._folder.glob(f".{NAME}.*"):  # of a process that was killed
                    left.unlink(missing_ok=True)
                changed = replace(how(self.read()), at=now())
                files.write(self._folder / NAME, json.dumps({"format": _FORMAT, **asdict(changed)}, indent=1) + "\n")
        except OSError as error:
            raise RegistryError(f"the trial of {self.kind} cannot be changed in {self._folder}: {error}") from error
        return changed


def _checked(data: object, path: Path) -> Trial:
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise Damaged(f"{path} is not a trial of format {_FORMAT}")
    try:
        found = Trial(**{key: value for key, value in data.items() if key != "format"})
    except TypeError:
        raise Damaged(f"{path} does not hold what a trial holds") from None
    names = all(isinstance(name, (str, type(None))) for name in (found.shadow, found.canary))
    share = isinstance(found.share, float | int) and not isinstance(found.share, bool) and 0.0 <= found.share < 1.0
    waived = isinstance(found.waivers, dict) and all(isinstance(text, str) for text in found.waivers.values())
    if not (names and share and waived and isinstance(found.at, str)):
        raise Damaged(f"{path} does not hold what a trial holds")
    return found


class TrialHolder(Protocol[M]):
    """Who has the versions on trial answer."""

    def load(self, release: Release | None) -> M:
        """Read a version and warm it up."""
        ...

    def put_trial(self, trial: Trial, models: Mapping[str, M]) -> None:
        """What is on trial from now on, and the models of those versions that could be loaded."""
        ...


class TrialFollower(Generic[M]):
    """Keeps a running holder at what is on trial. A version that cannot be loaded is not on trial; `problem` says why.

    A thread of low cost looks at the file (one `stat`) every `every` seconds. `holder` is not kept alive by it.
    """

    def __init__(self, holder: TrialHolder[M], trials: Trials, every: float = 1.0) -> None:
        self.trials = trials
        self.problem: str | None = None
        self._holder = weakref.ref(holder)
        self._every = every
        self._seen: object = ()
        self._loaded: dict[str, M] = {}
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take up what is on trial, then look for changes in a thread of its own."""
        if self._thread is None:
            self.look()
            self._thread = threading.Thread(target=self._run, name=f"trial_{self.trials.kind}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(_JOIN)

    def _run(self) -> None:
        while not self._end.wait(self._every) and self._holder() is not None:
            self.look()

    def look(self) -> None:
        """Take up what is on trial, where that has changed."""
        holder = self._holder()
        stamp = self.trials.stamp()
        if holder is None or stamp == self._seen:
            return
        self._seen = stamp
        problems: list[str] = []
        try:
            trial = self.trials.read()
        except RegistryError as error:
            trial = Trial()
            problems.append(str(error))
        loaded: dict[str, M] = {}
        for version in trial.versions:
            model = self._load(holder, version, problems)
            if model is not None:
                loaded[version] = model
        self._loaded = loaded
        self.problem = "; ".join(problems) or None
        if self.problem:
            log.error("%s: %s", self.trials.kind, self.problem)
        holder.put_trial(trial, loaded)

    def _load(self, holder: TrialHolder[M], version: str, problems: list[str]) -> M | None:
        known = self._loaded.get(version)
        if known is not None:
            return known
        try:
            return holder.load(self.trials.registry.open(self.trials.kind, version))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the version in force must go on
            problems.append(f"{version} is not on trial: {type(error).__name__}: {error}")
            return None
