"""The exception tree: everything the framework raises on purpose is an `AssistantError`."""

from __future__ import annotations


class AssistantError(Exception):
    """Base class of every error that is raised on purpose; its text is fit to be shown to a user."""


class ConfigError(AssistantError):
    """A configuration value is wrong; the text names file, line and key."""


class PluginError(AssistantError):
    """A plugin breaks its contract or cannot be loaded; the text names the plugin."""


class BadUtterance(AssistantError):
    """A message cannot be taken as an utterance (too long, not text, no conversation id)."""


class Busy(AssistantError):
    """The queue of this conversation, or of the whole assistant, is full: try again later."""


class TurnCancelled(AssistantError):
    """The turn was cancelled by a newer utterance (barge-in) before it was committed."""


class LogError(AssistantError):
    """The log could not be read or written (full disk, locked or damaged database): the turn did not happen."""
