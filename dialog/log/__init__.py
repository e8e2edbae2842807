"""The log: everything that was heard, decided, done, said and judged. See `Log` for what it promises."""

from dialog.log.erasure import Erasure
from dialog.log.errors import BadRecord, DuplicateMessage, OutcomeUnknown
from dialog.log.records import LoadedConversation, MemoryWrite, OutboxItem, TurnRecord
from dialog.log.store import Log

__all__ = [
    "BadRecord",
    "DuplicateMessage",
    "Erasure",
    "LoadedConversation",
    "Log",
    "MemoryWrite",
    "OutboxItem",
    "OutcomeUnknown",
    "TurnRecord",
]
