"""Limits of the dialog core, with the units they are in. The values come from `dialog:` of `config.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """How one plugin is loaded: `use` is an entry-point name or dotted module, `deadline` in seconds."""

    name: str
    use: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    deadline: float | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class DialogSettings:
    """Bounds that hold for every conversation. Times in seconds, text in characters."""

    seed: int = 0
    deadline: float = 2.0  # of one skill handler
    lock_deadline: float = 30.0  # for another turn of the same user to be done
    understand_deadline: float = 5.0
    commit_deadline: float = 10.0
    queue: int = 16  # waiting utterances of one conversation
    max_queued: int = 2000  # waiting utterances of all conversations
    max_conversations: int = 2000  # kept in memory; the others are folded again from the log
    max_text: int = 4000
    session_timeout: float = 180.0
    strikes: int = 3  # failures in a row until a plugin is quarantined
    block_limit: float = 1.0  # a plugin may hold the event loop that long
    interrupt: float = 0.85  # a request this probable leaves the active form
    view_events: int = 100  # events of the session that a skill sees
    user: Mapping[str, Any] = field(default_factory=dict)  # defaults of the user settings
