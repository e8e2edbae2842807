"""What the log raises: all of it is a `LogError`."""

from __future__ import annotations

from dialog.errors import LogError


class DuplicateMessage(LogError):
    """A turn with this message id is in the log already; `turn_id` is that turn. Nothing was written."""

    def __init__(self, conversation_id: str, message_id: str, turn_id: int) -> None:
        super().__init__(f"message {message_id!r} of conversation {conversation_id!r} is turn {turn_id} already")
        self.turn_id = turn_id


class BadRecord(LogError):
    """The record itself cannot be logged (not JSON, another user's conversation, a number out of range)."""


class OutcomeUnknown(LogError):
    """The commit itself did not return in time: the turn may be in the log or not.

    Load the conversation again before its next turn; sending the message again is safe, its id is the proof.
    """
