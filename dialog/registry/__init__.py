"""Versions of models of any kind: kept in folders that never change, chosen by one pointer that is replaced as a whole.

    <folder>/<kind>/<version>/       the files of one version and its `manifest.json`
    <folder>/<kind>/current.json     the pointer: the version in force, and where a rollback leads

`Registry` keeps the versions and moves the pointer; `Follower` lets a running assistant take up what it names.
"""

from dialog.registry.errors import Damaged, Locked, RegistryError, UnknownVersion
from dialog.registry.follow import Follower, Holder, Taken
from dialog.registry.manifest import Manifest
from dialog.registry.pointer import Pointer, Step
from dialog.registry.store import SHIPPED, Registry, Release

__all__ = [
    "SHIPPED", "Damaged", "Follower", "Holder", "Locked", "Manifest", "Pointer", "Registry", "RegistryError", "Release",
    "Step", "Taken", "UnknownVersion",
]  # fmt: skip
