"""Writes turn records inside a transaction: the inverse of `reader`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.sql import and_

from dialog.events import Event
from dialog.log import codec, schema
from dialog.log.codec import dumps, pack_id, pack_text, text_hash
from dialog.log.database import insert
from dialog.log.errors import BadRecord, DuplicateMessage
from dialog.log.records import OutboxItem, TurnRecord
from dialog.log.symbols import Symbols, Undo

_CACHED = 20_000  # conversations, and vectors, whose presence in the database is remembered
_INT64 = range(-(2**63), 2**63)
_OUTBOX = (
    "ON CONFLICT (key) DO UPDATE SET kind=excluded.kind, payload=excluded.payload, due=excluded.due,"
    " conversation=excluded.conversation, user_id=excluded.user_id, attempts=0, cancelled_at=NULL"
    " WHERE outbox.dispatched_at IS NULL"
)
_SLOT = "ON CONFLICT (conversation_id, name) DO UPDATE SET value=excluded.value"
_MEMORY = "ON CONFLICT (user_id, skill, key) DO UPDATE SET value=excluded.value"
_CLEARING = frozenset(("session_started", "restart", "reset_slots"))


class _Slots:
    """Slot changes of one transaction, folded."""

    def __init__(self) -> None:
        self.cleared: set[int] = set()
        self.values: dict[tuple[int, str], str | None] = {}

    def fold(self, conversation: int, record: TurnRecord) -> None:
        """Apply the events of one turn."""
        cleared, values = record.new_session, dict[str, str | None]()
        for event in record.events:
            if event.name == "slot":
                value = event.data.get("value")
                values[str(event.data.get("name"))] = None if value is None else dumps(value)
            elif event.name == "active_loop" and event.data.get("name") is None:
                values["requested_slot"] = None
            elif event.name in _CLEARING:
                cleared, values = True, {}
            elif event.name == "rewind":  # takes back the turn's own message, and what followed it
                cleared, values = record.new_session, {}
        if cleared:
            self.cleared.add(conversation)
            for key in [key for key in self.values if key[0] == conversation]:
                del self.values[key]
        for name, packed in values.items():
            self.values[conversation, pack_text(name)] = packed

    def write(self, connection: Connection) -> None:
        """Bring the table up to date."""
        table = schema.slots
        if self.cleared:
            connection.execute(delete(table).where(table.c.conversation_id.in_(self.cleared)))
        gone = [{"c": key[0], "n": key[1]} for key, value in self.values.items() if value is None]
        if gone:
            where = and_(table.c.conversation_id == bindparam("c"), table.c.name == bindparam("n"))
            connection.execute(delete(table).where(where), gone)
        kept = [(*key, value) for key, value in self.values.items() if value is not None]
        insert(connection, table, kept, _SLOT)


class Book:
    """What the writer keeps in memory about the database, and how it writes turns into it."""

    def __init__(self, *, vectors: bool = True) -> None:
        self.undo = Undo()
        self.symbols = Symbols(self.undo)
        self.turn_id = 0  # the newest that was given out
        self.reward_id = 0
        self._vectors = vectors
        self._users: dict[str, int] = {}
        self._conversations: dict[str, tuple[int, int]] = {}
        self._known_vectors: dict[tuple[int, bytes], None] = {}
        self._next: dict[str, int] = {}

    def load(self, connection: Connection) -> None:
        """Read the highest ids and all symbols."""
        self.symbols.load(connection)
        for table in (schema.users, schema.conversations, schema.turns, schema.rewards):
            self._next[table.name] = (connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1
        self.turn_id = self._next["turns"] - 1
        self.reward_id = self._next["rewards"] - 1

    def forget(self) -> None:
        """Drop all cached ids: rows were deleted."""
        self._users.clear()
        self._conversations.clear()
        self._known_vectors.clear()

    def _new_id(self, table: str) -> int:
        key = self._next[table]
        self._next[table] = key + 1
        return key

    def _resolve_users(self, connection: Connection, names: Iterable[str]) -> None:
        missing = {pack_text(name): name for name in names if name not in self._users}
        if not missing:
            return
        table = schema.users
        for key, packed in connection.execute(select(table.c.id, table.c.name).where(table.c.name.in_(missing))):
            self.undo.put(self._users, missing.pop(packed), key)
        rows = [(self._new_id("users"), packed) for packed in missing]
        insert(connection, table, rows)
        for key, packed in rows:
            self.undo.put(self._users, missing[packed], key)

    def _resolve(self, connection: Connection, records: Sequence[TurnRecord]) -> None:
        """Give every conversation and user of these records an id."""
        if len(self._conversations) > _CACHED:
            self._conversations.clear()
        if len(self._users) > _CACHED:
            self._users.clear()
        if len(self._known_vectors) > _CACHED:
            self._known_vectors.clear()
        heard = [record.utterance for record in records]
        owners = {u.conversation_id: u.user_id for u in heard if u.conversation_id not in self._conversations}
        if not owners:
            return
        missing = {pack_text(name): name for name in owners}
        table = schema.conversations
        query = select(table.c.id, table.c.name, table.c.user_id).where(table.c.name.in_(missing))
        for key, packed, user in connection.execute(query):
            self.undo.put(self._conversations, missing.pop(packed), (key, user))
        self._resolve_users(connection, {owners[name] for name in missing.values()})
        rows = []
        for packed, name in missing.items():
            row = (self._new_id("conversations"), packed, self._users[owners[name]])
            rows.append(row)
            self.undo.put(self._conversations, name, (row[0], row[2]))
        insert(connection, table, rows)

    def write(self, connection: Connection, items: Sequence[tuple[int, TurnRecord]]) -> dict[int, BadRecord]:
        """Write turns under the ids they were given; the ones that cannot be logged come back with the reason."""
        bad: dict[int, BadRecord] = {}
        self._resolve(connection, [record for _, record in items])
        self._resolve_users(connection, {record.utterance.user_id for _, record in items})
        turns, decisions, events, vectors = [], [], [], []
        memory: dict[tuple[int, str, str], Any] = {}
        outbox: dict[str, tuple[Any, ...]] = {}
        cancelled: set[str] = set()
        slots = _Slots()
        for turn_id, record in items:
            try:
                conversation, user = self._conversations[record.utterance.conversation_id]
                if self._users[record.utterance.user_id] != user:
                    name = record.utterance.conversation_id
                    raise BadRecord(f"conversation {name!r} belongs to another user than {record.utterance.user_id!r}")
                turn = self._turn_row(turn_id, conversation, record)
                decision = self._decision_row(turn_id, record)
                happened = [self._event_row(turn_id, i, e, record) for i, e in enumerate(record.events)]
                sent = {item.key: self._outbox_row(item, user) for item in record.outbox}
                kept = {
                    (user, pack_text(write.skill), pack_text(write.key)): None
                    if write.value is None
                    else dumps(write.value)
                    for write in record.memory
                }
                slots.fold(conversation, record)
            except BadRecord as error:
                bad[turn_id] = error
                continue
            except (TypeError, ValueError, AttributeError, OverflowError) as error:
                bad[turn_id] = BadRecord(f"the record cannot be logged: {error}")
                continue
            turns.append(turn)
            decisions.append(decision)
            events += happened
            memory.update(kept)
            cancelled.update(record.cancelled)
            for key in record.cancelled:
                outbox.pop(key, None)
            outbox.update(sent)
            if self._vectors and record.understanding.vector is not None:
                vectors += self._vector_row(record)
        self.symbols.flush(connection)
        insert(connection, schema.turns, turns)
        insert(connection, schema.decisions, decisions)
        insert(connection, schema.events, events)
        slots.write(connection)
        self._write_memory(connection, memory)
        if cancelled:
            times = [record.utterance.time for _, record in items]
            cancel_outbox(connection, cancelled, max(times))
        insert(connection, schema.outbox, list(outbox.values()), _OUTBOX)
        insert(connection, schema.vectors, vectors, "ON CONFLICT DO NOTHING")
        return bad

    def _turn_row(self, turn_id: int, conversation: int, record: TurnRecord) -> tuple[Any, ...]:
        intern, heard, known = self.symbols.intern, record.utterance, record.understanding
        hypotheses = None
        if len(heard.hypotheses) != 1 or heard.hypotheses[0].confidence != 1.0:
            hypotheses = dumps([[h.text, h.confidence] for h in heard.hypotheses])
        return (
            turn_id,
            conversation,
            record.sequence,
            pack_id(heard.message_id),
            float(heard.time),
            intern(heard.channel),
            intern(heard.locale),
            record.new_session,
            float(known.out_of_scope),
            intern(known.nlu),
            intern(known.encoder),
            pack_text(heard.text),
            hypotheses,
            None if known.text == heard.text else pack_text(known.text),
            codec.pack_interpretations(known.interpretations, intern),
            codec.pack_replies(record.replies, intern),
            dumps(heard.metadata) if heard.metadata else None,
            codec.pack_timings(record.timings, intern),
            dumps(record.failures) if record.failures else None,
        )

    def _decision_row(self, turn_id: int, record: TurnRecord) -> tuple[Any, ...]:
        intern, decision = self.symbols.intern, record.decision
        if decision.seed not in _INT64:
            raise BadRecord(f"the seed {decision.seed} of the decision does not fit into 64 bits")
        if len(decision.propensities) != len(decision.candidates):
            raise BadRecord(f"{len(decision.candidates)} candidates but {len(decision.propensities)} propensities")
        return (
            turn_id,
            decision.chosen,
            decision.executed,
            None if decision.forced_by is None else intern(decision.forced_by),
            intern(decision.policy),
            intern(decision.nlu),
            intern(decision.encoder),
            decision.seed,
            codec.pack_candidates(decision, record.understanding.interpretations, intern),
            dumps(decision.propensities),
        )

    def _event_row(self, turn_id: int, position: int, event: Event, record: TurnRecord) -> tuple[Any, ...]:
        return (
            turn_id,
            position,
            self.symbols.intern(event.name),
            None if event.time == record.utterance.time else float(event.time),
            codec.pack_data(event.data),
            dumps(event.metadata) if event.metadata else None,
        )

    def _outbox_row(self, item: OutboxItem, user: int) -> tuple[Any, ...]:
        kind = self.symbols.intern(item.kind)
        key, payload, name = pack_text(item.key), dumps(item.payload), pack_text(item.conversation_id)
        return key, kind, payload, item.due, name, user, item.attempts, None, None

    def _vector_row(self, record: TurnRecord) -> list[tuple[Any, ...]]:
        known = record.understanding
        key = self.symbols.intern(known.encoder), text_hash(known.text)
        if key in self._known_vectors:
            return []
        import numpy as np

        self.undo.put(self._known_vectors, key, None)
        return [(*key, np.asarray(known.vector, dtype="<f2").tobytes())]

    def drop_vectors(self, connection: Connection) -> None:
        """Empty the cache of sentence vectors."""
        self._known_vectors.clear()
        connection.execute(delete(schema.vectors))

    def _write_memory(self, connection: Connection, memory: dict[tuple[int, str, str], Any]) -> None:
        table = schema.memory
        gone = [dict(zip("usk", key, strict=True)) for key, value in memory.items() if value is None]
        if gone:
            same = and_(
                table.c.user_id == bindparam("u"), table.c.skill == bindparam("s"), table.c.key == bindparam("k")
            )
            connection.execute(delete(table).where(same), gone)
        kept = [(*key, value) for key, value in memory.items() if value is not None]
        insert(connection, table, kept, _MEMORY)


def cancel_outbox(connection: Connection, keys: Iterable[str], at: float) -> None:
    """Mark undispatched effects as called off."""
    table = schema.outbox
    still = table.c.dispatched_at.is_(None) & table.c.cancelled_at.is_(None)
    packed = [pack_text(key) for key in keys]
    connection.execute(update(table).where(table.c.key.in_(packed) & still).values(cancelled_at=at))


def duplicate_of(connection: Connection, record: TurnRecord) -> DuplicateMessage | None:
    """The error for a message that is in the log already, or None."""
    turns, conversations = schema.turns, schema.conversations
    heard = record.utterance
    query = (
        select(turns.c.id)
        .join(conversations, conversations.c.id == turns.c.conversation_id)
        .where(conversations.c.name == pack_text(heard.conversation_id))
        .where(turns.c.message_id == pack_id(heard.message_id))
    )
    found = connection.execute(query).scalar()
    return None if found is None else DuplicateMessage(heard.conversation_id, heard.message_id, found)
