"""Reads value types back out of the database: the inverse of `book`. Every function does a bounded amount of work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Row, Select, func, select

from dialog.events import NOTES, Event
from dialog.log import codec
from dialog.log.codec import loads, pack_id, pack_text, text_hash, unpack_id, unpack_text
from dialog.log.records import LoadedConversation, OutboxItem
from dialog.log.schema import (
    conversations,
    decisions,
    events,
    memory,
    metadata,
    outbox,
    rewards,
    slots,
    turns,
    users,
    vectors,
)
from dialog.log.symbols import Symbols
from dialog.types import Decision, ForcedBy, Hypothesis, Reward, Turn, Understanding, Utterance

RECENT = 256  # turns whose message ids are loaded, and events of the session at most

_TURN: Select[Any] = (
    select(
        turns,
        conversations.c.name.label("conversation"),
        users.c.name.label("user"),
        decisions.c.candidates,
        decisions.c.propensities,
        decisions.c.chosen,
        decisions.c.executed,
        decisions.c.forced_by,
        decisions.c.policy,
        decisions.c.nlu.label("decision_nlu"),
        decisions.c.encoder.label("decision_encoder"),
        decisions.c.seed,
    )
    .join(conversations, conversations.c.id == turns.c.conversation_id)
    .join(users, users.c.id == conversations.c.user_id)
    .join(decisions, decisions.c.turn_id == turns.c.id)
)


def _events(
    connection: Connection, turn_ids: Sequence[int], times: Mapping[int, float], symbols: Symbols
) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = {}
    query = select(events).where(events.c.turn_id.in_(turn_ids)).order_by(events.c.turn_id, events.c.position)
    for turn_id, _, name, time, data, more in connection.execute(query):
        found.setdefault(turn_id, []).append(
            Event(
                symbols.text(name),
                times[turn_id] if time is None else time,
                codec.unpack_data(data),
                {} if more is None else loads(more),
            )
        )
    return found


def _turn(row: Row[Any], happened: Sequence[Event], symbols: Symbols) -> Turn:
    text = symbols.text
    heard = unpack_text(row.text)
    if row.hypotheses is None:
        hypotheses: tuple[Hypothesis, ...] = (Hypothesis(heard),)
    else:
        hypotheses = tuple(Hypothesis(said, confidence) for said, confidence in loads(row.hypotheses))
    utterance = Utterance(
        unpack_text(row.conversation),
        hypotheses,
        unpack_id(row.message_id),
        unpack_text(row.user),
        text(row.channel),
        text(row.locale),
        row.time,
        {} if row.metadata is None else loads(row.metadata),
    )
    readings = codec.unpack_interpretations(row.interpretations, text)
    understanding = Understanding(
        heard if row.understood is None else unpack_text(row.understood),
        readings,
        row.out_of_scope,
        None,
        text(row.nlu),
        text(row.encoder),
    )
    decision = Decision(
        codec.unpack_candidates(row.candidates, readings, text),
        tuple(loads(row.propensities)),
        row.chosen,
        row.executed,
        text(row.policy),
        text(row.decision_nlu),
        text(row.decision_encoder),
        row.seed,
        None if row.forced_by is None else cast(ForcedBy, text(row.forced_by)),
    )
    return Turn(
        row.id,
        utterance,
        understanding,
        decision,
        tuple(happened),
        codec.unpack_replies(row.replies, text),
        codec.unpack_timings(row.timings, text),
        () if row.failures is None else tuple(loads(row.failures)),
    )


def _decode(connection: Connection, query: Select[Any], symbols: Symbols) -> list[tuple[Turn, Row[Any]]]:
    rows = connection.execute(query).all()
    if not rows:
        return []
    times = {row.id: row.time for row in rows}
    happened = _events(connection, list(times), times, symbols)
    return [(_turn(row, happened.get(row.id, ()), symbols), row) for row in rows]


def turn(connection: Connection, symbols: Symbols, turn_id: int) -> Turn | None:
    """One turn, or None."""
    found = _decode(connection, _TURN.where(turns.c.id == turn_id), symbols)
    return found[0][0] if found else None


def find(connection: Connection, symbols: Symbols, conversation_id: str, message_id: str) -> Turn | None:
    """The turn that a message of a conversation became, or None."""
    query = _TURN.where(conversations.c.name == pack_text(conversation_id))
    found = _decode(connection, query.where(turns.c.message_id == pack_id(message_id)), symbols)
    return found[0][0] if found else None


#: A turn, whether it began a session, and its rewards with their times.
Found = tuple[Turn, bool, Sequence[tuple[Reward, float]]]


def page(connection: Connection, symbols: Symbols, query: Select[Any], after: int, size: int) -> list[Found]:
    """The next `size` turns with an id above `after`, in the order of their commits."""
    found = _decode(connection, query.where(turns.c.id > after).order_by(turns.c.id).limit(size), symbols)
    judged = rewards_of(connection, symbols, [row.id for _, row in found])
    return [(turn, bool(row.new_session), judged.get(row.id, ())) for turn, row in found]


def selection(
    conversation_id: str | None = None,
    user_id: str | None = None,
    since: float | None = None,
    until: float | None = None,
) -> Select[Any]:
    """Turns of a conversation, of a user, or of a time `since <= t < until`; all of them without arguments."""
    query = _TURN
    if conversation_id is not None:
        query = query.where(conversations.c.name == pack_text(conversation_id))
    if user_id is not None:
        query = query.where(users.c.name == pack_text(user_id))
    if since is not None:
        query = query.where(turns.c.time >= since)
    if until is not None:
        query = query.where(turns.c.time < until)
    return query


def load(connection: Connection, symbols: Symbols, conversation_id: str) -> LoadedConversation:
    """What is needed to go on with a conversation."""
    query = (
        select(conversations.c.id, users.c.name)
        .join(users, users.c.id == conversations.c.user_id)
        .where(conversations.c.name == pack_text(conversation_id))
    )
    known = connection.execute(query).first()
    if known is None:
        return LoadedConversation(None, 0, 0.0, (), {}, ())
    columns = (turns.c.id, turns.c.sequence, turns.c.time, turns.c.message_id, turns.c.new_session)
    recent = connection.execute(
        select(*columns).where(turns.c.conversation_id == known.id).order_by(turns.c.sequence.desc()).limit(RECENT)
    ).all()
    folded = connection.execute(select(slots.c.name, slots.c.value).where(slots.c.conversation_id == known.id))
    values = {unpack_text(name): loads(value) for name, value in folded}
    user = unpack_text(known.name)
    if not recent:
        return LoadedConversation(user, 0, 0.0, (), values, ())
    session = list(recent)
    for index, row in enumerate(recent):
        if row.new_session:
            session = list(recent[: index + 1])
            break
    times = {row.id: row.time for row in session}
    happened = _events(connection, list(times), times, symbols)
    stored: list[Event] = []
    for row in session:  # newest first, until there are enough
        stored[:0] = _standing(happened.get(row.id, []))
        if len(stored) >= RECENT:
            break
    skill, intent = _last(connection, recent[0].id, symbols)
    return LoadedConversation(
        user,
        recent[0].sequence + 1,
        recent[0].time,
        tuple(stored[-RECENT:]),
        values,
        tuple(unpack_id(row.message_id) for row in reversed(recent)),
        skill,
        intent,
    )


def _standing(happened: list[Event]) -> list[Event]:
    """A turn's events without notes and without those that it took back itself."""
    happened = [event for event in happened if event.name not in NOTES]
    for index in range(len(happened) - 1, -1, -1):
        if happened[index].name == "rewind":
            return happened[index + 1 :]
    return happened


def _last(connection: Connection, turn_id: int, symbols: Symbols) -> tuple[str | None, str | None]:
    """Skill and intent of the candidate that answered a turn."""
    query = select(turns.c.interpretations, decisions.c.candidates, decisions.c.executed)
    query = query.join(decisions, decisions.c.turn_id == turns.c.id).where(turns.c.id == turn_id)
    readings, candidates, executed = connection.execute(query).one()
    found = codec.unpack_candidates(candidates, codec.unpack_interpretations(readings, symbols.text), symbols.text)
    if not 0 <= executed < len(found):
        return None, None
    return found[executed].skill, found[executed].intent


def remembered(connection: Connection, user_id: str) -> dict[tuple[str, str], Any]:
    """All that skills keep about a user, by (skill, key)."""
    query = (
        select(memory.c.skill, memory.c.key, memory.c.value)
        .join(users, users.c.id == memory.c.user_id)
        .where(users.c.name == pack_text(user_id))
    )
    return {(unpack_text(skill), unpack_text(key)): loads(value) for skill, key, value in connection.execute(query)}


def pending(
    connection: Connection, symbols: Symbols, since: float, until: float, limit: int, conversation: str | None = None
) -> list[OutboxItem]:
    """Effects due in a span of time and neither dispatched nor called off, the longest due first."""
    columns = (outbox.c.key, outbox.c.kind, outbox.c.payload, outbox.c.due, outbox.c.conversation, outbox.c.attempts)
    query = (
        select(*columns)
        .where(outbox.c.due >= since, outbox.c.due <= until)
        .where(outbox.c.dispatched_at.is_(None), outbox.c.cancelled_at.is_(None))
        .order_by(outbox.c.due)
        .limit(limit)
    )
    if conversation is not None:
        query = query.where(outbox.c.conversation == pack_text(conversation))
    return [
        OutboxItem(unpack_text(key), symbols.text(kind), loads(payload), due, unpack_text(conversation), attempts)
        for key, kind, payload, due, conversation, attempts in connection.execute(query)
    ]


def rewards_of(
    connection: Connection, symbols: Symbols, turn_ids: Iterable[int]
) -> dict[int, list[tuple[Reward, float]]]:
    """Rewards and their times, by turn, in the order in which they were given."""
    found: dict[int, list[tuple[Reward, float]]] = {}
    query = select(rewards).where(rewards.c.turn_id.in_(list(turn_ids))).order_by(rewards.c.id)
    for row in connection.execute(query):
        source = cast(Any, symbols.text(row.source))
        reward = Reward(row.value, source, symbols.text(row.estimator), bool(row.hindsight))
        found.setdefault(row.turn_id, []).append((reward, row.time))
    return found


def cached_vectors(connection: Connection, symbols: Symbols, encoder: str, texts: Sequence[str]) -> dict[str, Any]:
    """Vectors of those texts that are in the cache."""
    import numpy as np

    key = symbols.find(encoder)
    by_hash = {text_hash(text): text for text in texts}
    if key is None:
        return {}
    found: dict[str, Any] = {}
    hashes = list(by_hash)
    for start in range(0, len(hashes), 500):
        query = select(vectors.c.text_hash, vectors.c.vector)
        query = query.where(vectors.c.encoder == key, vectors.c.text_hash.in_(hashes[start : start + 500]))
        for digest, packed in connection.execute(query):
            found[by_hash[bytes(digest)]] = np.frombuffer(packed, dtype="<f2").astype(np.float32)
    return found


def kept(connection: Connection, symbols: Symbols, user_id: str) -> list[tuple[str, Any]]:
    """What a user's export holds beside the turns: memory and open effects, as names and values."""
    found = [(f"memory.{skill}.{key}", value) for (skill, key), value in remembered(connection, user_id).items()]
    query = (
        select(outbox.c.key, outbox.c.kind, outbox.c.payload, outbox.c.due)
        .join(users, users.c.id == outbox.c.user_id)
        .where(users.c.name == pack_text(user_id), outbox.c.dispatched_at.is_(None), outbox.c.cancelled_at.is_(None))
    )
    for key, kind, payload, due in connection.execute(query):
        value = {"kind": symbols.text(kind), "payload": loads(payload), "due": due}
        found.append((f"outbox.{unpack_text(key)}", value))
    return found


def stats(connection: Connection, path: Path | None) -> dict[str, int]:
    """Number of rows by table, and bytes of the database."""
    found: dict[str, int] = {}
    for table in metadata.sorted_tables:
        found[table.name] = connection.execute(select(func.count()).select_from(table)).scalar() or 0
    if path is None:
        found["bytes"] = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar() or 0
    else:
        files = (Path(f"{path}{suffix}") for suffix in ("", "-wal"))
        found["bytes"] = sum(file.stat().st_size for file in files if file.exists())
    return found
