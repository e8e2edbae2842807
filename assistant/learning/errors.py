"""What keeps the assistant from learning."""

from __future__ import annotations

from dialog.errors import AssistantError


class LearningError(AssistantError):
    """The log, the bounds or the settings do not allow to learn; the text says which. Nothing has been changed."""
