"""What goes wrong with versions of models."""

from __future__ import annotations

from dialog.errors import AssistantError


class RegistryError(AssistantError):
    """A version cannot be kept, found or used; the text names it."""


class UnknownVersion(RegistryError):
    """There is no such kind or version."""


class Damaged(RegistryError):
    """Files of a version, or the pointer, are not what was written; the text names the file."""


class Locked(RegistryError):
    """Another process is changing this kind and does not come to an end."""
