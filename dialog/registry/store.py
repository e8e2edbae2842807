"""`Registry`: keeps the versions of models of any kind, and says which one is in force.

Safe between processes: changes are made under a lock, a version is staged beside its place and renamed into it, the
pointer is one file that is replaced. Whoever is killed in between leaves what was in force; leftovers go with the next
change. Everything here blocks (files, hashes): call it from a thread where an event loop runs.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialog.registry import files, manifest, pointer
from dialog.registry.errors import Damaged, RegistryError, UnknownVersion
from dialog.registry.manifest import Manifest
from dialog.registry.pointer import Pointer

#: The name of what comes with the assistant; using it means: no version of the registry.
SHIPPED = "shipped"
_RESERVED = frozenset({SHIPPED, "current"})
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_STAGING = ".staging-"
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Release:
    """A version whose files have been found to be whole, and the folder they are in."""

    manifest: Manifest
    path: Path


class Registry:
    """The versions below `folder`, which need not exist yet. All methods raise `RegistryError` or one of its kinds."""

    def __init__(self, folder: Path, patience: float = _PATIENCE) -> None:
        """`patience`: seconds to wait for a change that another process is making."""
        self.folder = folder
        self._patience = patience

    def kinds(self) -> list[str]:
        """The kinds that have versions here."""
        return sorted(path.name for path in _folders(self.folder) if _KIND.fullmatch(path.name))

    def versions(self, kind: str) -> list[str]:
        """The names of the versions of a kind, the oldest first (damaged ones, whose age is unknown, last)."""

        def age(name: str) -> tuple[bool, str, str]:
            try:
                return False, self.manifest(kind, name).created, name
            except Damaged:
                return True, "", name

        names = [path.name for path in _folders(self._of(kind)) if _VERSION.fullmatch(path.name)]
        return sorted(names, key=age)

    def manifest(self, kind: str, version: str) -> Manifest:
        """What is known of a version. Raises `UnknownVersion`, `Damaged`."""
        return manifest.read(self._place(kind, version))

    def current(self, kind: str) -> Pointer:
        """The version in force and those before it. Raises `Damaged` when the pointer's file cannot be read."""
        return pointer.read(self._of(kind))

    def stamp(self, kind: str) -> object:
        """Differs after each change of `current`; costs one look at a file."""
        return pointer.stamp(self._of(kind))

    def open(self, kind: str, version: str) -> Release:
        """A version, each file compared with its hash. Raises `UnknownVersion`, `Damaged` (naming the file)."""
        place = self._place(kind, version)
        known = manifest.read(place)
        there = {str(path) for path in files.files_in(place)} - {manifest.NAME}
        for name in sorted(known.files):
            if name not in there:
                raise Damaged(f"{kind} {version}: {place / name} is missing")
            if files.digest(place / name) != known.files[name]:
                raise Damaged(f"{kind} {version}: {place / name} is not what was added (SHA-256 differs)")
        for name in sorted(there - set(known.files)):
            raise Damaged(f"{kind} {version}: {place / name} was not part of what was added")
        return Release(known, place)

    def add(
        self, kind: str, version: str, source: Path, *, metrics: Mapping[str, Any] | None = None,
        parent: str | None = None, note: str = "",
    ) -> Manifest:  # fmt: skip
        """Keep the files in the folder `source` as a version, which never changes from then on.

        Raises `RegistryError` when the name is taken or no name, or the folder is empty or cannot be read.
        """
        kept = self._of(kind)
        if not _VERSION.fullmatch(version) or version in _RESERVED:
            raise RegistryError(
                f"{version!r} cannot be the name of a version: letters, digits and . _ + - are taken, a letter or "
                f"digit first, and neither {' nor '.join(sorted(_RESERVED))}"
            )
        if not source.is_dir():
            raise RegistryError(f"{source} is not a folder")
        names = [name for name in files.files_in(source) if str(name) != manifest.NAME]
        if not names:
            raise RegistryError(f"{source} holds no files")
        try:
            kept.mkdir(parents=True, exist_ok=True)
            with files.locked(kept / ".lock", self._patience):
                self._clear(kept)
                if (kept / version).exists():
                    raise RegistryError(f"{kind} {version} exists already; a version never changes: take another name")
                staging = kept / f"{_STAGING}{uuid.uuid4().hex}"
                try:
                    hashes = _copied(source, names, staging)
                    made = Manifest(kind, version, hashes, metrics=dict(metrics or {}), parent=parent, note=note)
                    files.write(staging / manifest.NAME, made.dump())
                    os.rename(staging, kept / version)
                finally:
                    shutil.rmtree(staging, ignore_errors=True)
                files.sync_folder(kept)
        except OSError as error:
            raise RegistryError(f"{kind} {version} cannot be kept in {kept}: {error}") from error
        return made

    def use(self, kind: str, version: str | None) -> Pointer:
        """Put a version in force (None: the shipped one), having checked its files. Returns the new pointer."""
        if version is not None:
            self.open(kind, version)
        return self._move(kind, lambda known: known.moved(version))

    def rollback(self, kind: str) -> Pointer:
        """Put the version in force that was before; once more goes further back. Its files are checked first."""
        target = self.current(kind).back().version
        if target is not None:
            self.open(kind, target)

        def back(known: Pointer) -> Pointer:
            if known.back().version != target:
                raise RegistryError(f"the current {kind} was changed by somebody else meanwhile; look again")
            return known.back()

        return self._move(kind, back)

    def _move(self, kind: str, change: Callable[[Pointer], Pointer]) -> Pointer:
        kept = self._of(kind)
        try:
            kept.mkdir(parents=True, exist_ok=True)
            with files.locked(kept / ".lock", self._patience):
                self._clear(kept)
                moved = change(pointer.read(kept))
                moved.save(kept)
        except OSError as error:
            raise RegistryError(f"the current {kind} cannot be changed in {kept}: {error}") from error
        return moved

    def _of(self, kind: str) -> Path:
        if not _KIND.fullmatch(kind):
            raise UnknownVersion(f"{kind!r} is not a kind of model: lower-case letters, digits and - _ are taken")
        return self.folder / kind

    def _place(self, kind: str, version: str) -> Path:
        place = self._of(kind) / version
        if not _VERSION.fullmatch(version) or not place.is_dir():
            known = [path.name for path in _folders(place.parent) if _VERSION.fullmatch(path.name)]
            listed = f"there are: {', '.join(sorted(known))}" if known else "there are none"
            raise UnknownVersion(f"there is no {kind} {version!r} in {self.folder} ({listed})")
        return place

    def _clear(self, kept: Path) -> None:
        """Remove what killed processes have left. Only under the lock: nobody else is staging anything then."""
        for left in kept.glob(f"{_STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        for left in kept.glob(f".{pointer.NAME}.*"):
            left.unlink(missing_ok=True)


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _copied(source: Path, names: list[Path], staging: Path) -> dict[str, str]:
    hashes = {}
    staging.mkdir()
    for name in names:
        target = staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        hashes[str(name)] = files.copy(source / name, target)
    for folder in sorted({(staging / name).parent for name in names}):
        files.sync_folder(folder)
    return hashes
