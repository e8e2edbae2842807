"""The ledger: what was sent and what was acknowledged, kept by the process that survives, and held against the log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from dialog.types import Turn

_SET = re.compile(r"(\w+) timer set for")  # what the shipped timers say
_RINGS = re.compile(r"Your (\w+) timer is up")
_SHOWN = 20  # mismatches that are spelled out


@dataclass
class Ledger:
    """Messages by id with their acknowledged replies, timers by token, and every disagreement found so far."""

    sent: set[str] = field(default_factory=set)
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    timers: set[str] = field(default_factory=set)  # tokens of timers that the log holds
    heard: set[str] = field(default_factory=set)  # tokens of timers that were heard to ring
    mismatches: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)
    checked: int = 0  # turns held against the ledger
    unacknowledged: int = 0  # turns found in the log although the answer never arrived
    _logged: dict[str, list[str]] = field(default_factory=dict)  # message id -> replies in the log
    _turns: set[int] = field(default_factory=set)
    _rung: set[str] = field(default_factory=set)
    _counts: Counter[str] = field(default_factory=Counter)  # user -> the number in the last count
    _unchecked: dict[str, list[str]] = field(default_factory=dict)

    def send(self, message_id: str) -> None:
        """A message leaves for the assistant."""
        self.sent.add(message_id)

    def acknowledge(self, message_id: str, replies: list[str]) -> None:
        """An answer has arrived; a message that was answered before must get the same answer again."""
        before = self.acknowledged.setdefault(message_id, replies)
        if before is not replies:
            if before != replies:
                self._wrong("answered differently", f"{message_id}: {before} and then {replies}")
        elif message_id not in self._logged:
            self._unchecked[message_id] = replies
        elif self._logged[message_id] != replies:  # committed in an earlier life, answered in this one
            self._wrong("other replies in the log", f"{message_id}: {replies}, log {self._logged[message_id]}")

    def hear(self, replies: list[str]) -> None:
        """The assistant has said something by itself."""
        self.heard.update(token for text in replies for token in _RINGS.findall(text))

    def check(self, turns: list[Turn]) -> None:
        """Hold turns of the log (in order of commit; known ones are skipped) against the ledger."""
        for turn in turns:
            if turn.turn_id not in self._turns:
                self._turns.add(turn.turn_id)
                self.checked += 1
                self._check(turn)
        for message_id in self._unchecked:
            self._wrong("acknowledged, not in the log", message_id)
        self._unchecked.clear()

    def _check(self, turn: Turn) -> None:
        message_id = turn.utterance.message_id
        replies = [reply.text for reply in turn.replies]
        if message_id in self._logged:
            self._wrong("in the log twice", f"{message_id}: {self._logged[message_id]}, turn {turn.turn_id}: {replies}")
        self._logged[message_id] = replies
        if turn.failures:
            self._wrong("failed turn", f"{message_id}: {turn.failures}")
        if turn.utterance.channel == "reminder":
            self._ring(replies)
            return
        if message_id not in self.sent:
            self._wrong("in the log, never sent", message_id)
        if self._unchecked.pop(message_id, None) is None and message_id not in self.acknowledged:
            self.unacknowledged += 1
        if self.acknowledged.get(message_id, replies) != replies:
            self._wrong("other replies in the log", f"{message_id}: {self.acknowledged[message_id]}, log {replies}")
        self._effects(turn.utterance.user_id, message_id, replies)

    def _effects(self, user: str, message_id: str, replies: list[str]) -> None:
        for text in replies:
            self.timers.update(token.lower() for token in _SET.findall(text))
            if text.startswith("count "):
                self._counts[user] += 1
                if int(text.removeprefix("count ")) != self._counts[user]:
                    self._wrong("memory out of step", f"{message_id}: {text}, expected {self._counts[user]}")

    def _ring(self, replies: list[str]) -> None:
        tokens = [token for text in replies for token in _RINGS.findall(text)]
        if not tokens:
            self._wrong("a reminder without its timer", str(replies))
        for token in tokens:
            if token in self._rung:
                self._wrong("timer rang twice", token)
            if token not in self.timers:
                self._wrong("timer rang, never set", token)
            self._rung.add(token)

    @property
    def silent(self) -> set[str]:
        """Timers that are in the log and have not rung, or have not been heard."""
        return self.timers - (self._rung & self.heard)

    async def close(self, turns: AsyncIterator[Turn]) -> None:
        """The last check, over the whole log from its beginning."""
        found: Counter[str] = Counter()
        count = 0
        async for turn in turns:
            count += 1
            message_id = turn.utterance.message_id
            found[message_id] += 1
            if turn.turn_id not in self._turns:
                self._wrong("at the end a turn that no check saw", message_id)
            if self._logged.get(message_id) != [reply.text for reply in turn.replies]:
                self._wrong("at the end other replies", message_id)
        for message_id in self.acknowledged:
            if found[message_id] != 1:
                self._wrong("at the end not in the log once", f"{message_id}: {found[message_id]} times")
        if count != len(self._turns):
            self._wrong("at the end turns are gone", f"{len(self._turns)} seen, {count} there")
        for token in sorted(self.silent):
            self._wrong("timer did not ring", token)

    def _wrong(self, kind: str, detail: str) -> None:
        self.mismatches[kind] += 1
        if len(self.details) < _SHOWN:
            self.details.append(f"{kind}: {detail}")
