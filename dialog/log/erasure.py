"""Deletes what must go: one user, or all that is older than the retention period. From every table and every file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, delete, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from dialog.errors import LogError
from dialog.log.codec import loads, pack_text, text_hash, unpack_text
from dialog.log.database import Database, explain, migrate
from dialog.log.schema import (
    conversations,
    decisions,
    events,
    memory,
    metadata,
    outbox,
    rewards,
    slots,
    symbols,
    turns,
    users,
    vectors,
)

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was deleted from the log, and from how many backup files."""

    turns: int
    conversations: int
    backups: int = 0
    symbols: frozenset[int] = field(default=frozenset(), repr=False)


Delete = Callable[[Connection], Erasure]


def _interpretation_symbols(row: list[Any]) -> Iterable[int]:
    yield row[0]
    for entity in row[2] if len(row) > 2 and isinstance(row[2], list) else ():  # else those of an earlier one
        yield entity[0]
        yield entity[4]


def _symbols_of(turn_query: Select[Any], connection: Connection) -> Iterable[set[int]]:
    """The symbols in use, turn by turn."""
    columns = (
        turns.c.channel, turns.c.locale, turns.c.nlu, turns.c.encoder, turns.c.interpretations, turns.c.replies,
        turns.c.timings, decisions.c.candidates, decisions.c.forced_by, decisions.c.policy,
        decisions.c.nlu, decisions.c.encoder,
    )  # fmt: skip
    wanted = turn_query.with_only_columns(*columns, maintain_column_froms=True)
    wanted = wanted.join(decisions, decisions.c.turn_id == turns.c.id)
    for row in connection.execute(wanted):
        channel, locale, nlu, encoder, readings, replies, timings, candidates, *rest = row
        found = {channel, locale, nlu, encoder, *(key for key in rest if key is not None)}
        for reading in loads(readings):
            found.update(_interpretation_symbols(reading))
        found.update(reply[1] for reply in loads(replies) if len(reply) > 1)
        if timings is not None:
            found.add(loads(timings)[0])
        for skill, intent, domain, place, _, names, *_values in loads(candidates):
            found.update((skill, intent, domain, names))  # 0 stands for none
            if not isinstance(place, int):
                found.update(_interpretation_symbols(place))
        yield found


def _sweep_symbols(connection: Connection, suspects: set[int]) -> frozenset[int]:
    """Delete those of the suspected names that nothing uses any more (an intent can be a user's own words)."""
    for column in (events.c.name, outbox.c.kind, rewards.c.source, rewards.c.estimator, vectors.c.encoder):
        if suspects:
            suspects -= set(connection.execute(select(column).where(column.in_(suspects)).distinct()).scalars())
    after = 0
    while suspects:
        last = connection.execute(
            select(func.max(turns.c.id)).where(
                turns.c.id.in_(select(turns.c.id).where(turns.c.id > after).order_by(turns.c.id).limit(_BATCH))
            )
        ).scalar()
        if last is None:
            break
        for used in _symbols_of(select(turns).where(turns.c.id > after, turns.c.id <= last), connection):
            suspects -= used
        after = last
    if suspects:
        connection.execute(delete(symbols).where(symbols.c.id.in_(suspects)))
    return frozenset(suspects)


def _delete_turns(connection: Connection, chosen: Select[Any]) -> tuple[int, set[int]]:
    """Delete the turns whose ids `chosen` selects, with all that hangs on them; gives their symbols."""
    suspects: set[int] = set()
    for used in _symbols_of(select(turns).where(turns.c.id.in_(chosen)), connection):
        suspects |= used
    for column, owner in ((events.c.name, events.c.turn_id), (rewards.c.estimator, rewards.c.turn_id)):
        suspects |= set(connection.execute(select(column).where(owner.in_(chosen)).distinct()).scalars())
    said = select(func.coalesce(turns.c.understood, turns.c.text)).where(turns.c.id.in_(chosen))
    hashes = list({text_hash(unpack_text(text)) for text in connection.execute(said).scalars()})
    for start in range(0, len(hashes), _BATCH):  # a cache: who else said the same words has them encoded again
        connection.execute(delete(vectors).where(vectors.c.text_hash.in_(hashes[start : start + _BATCH])))
    for table in (rewards, events, decisions):
        connection.execute(delete(table).where(table.c.turn_id.in_(chosen)))
    return connection.execute(delete(turns).where(turns.c.id.in_(chosen))).rowcount, suspects


def delete_user(user_id: str) -> Delete:
    """Everything about one user."""

    def work(connection: Connection) -> Erasure:
        user = connection.execute(select(users.c.id).where(users.c.name == pack_text(user_id))).scalar()
        if user is None:
            return Erasure(0, 0)
        theirs = select(conversations.c.id).where(conversations.c.user_id == user)
        count, suspects = _delete_turns(connection, select(turns.c.id).where(turns.c.conversation_id.in_(theirs)))
        suspects |= set(connection.execute(select(outbox.c.kind).where(outbox.c.user_id == user)).scalars())
        connection.execute(delete(slots).where(slots.c.conversation_id.in_(theirs)))
        for table in (outbox, memory):
            connection.execute(delete(table).where(table.c.user_id == user))
        talks = connection.execute(delete(conversations).where(conversations.c.user_id == user)).rowcount
        connection.execute(delete(users).where(users.c.id == user))
        return Erasure(count, talks, symbols=_sweep_symbols(connection, suspects))

    return work


def delete_before(before: float) -> Delete:
    """Turns from before a time, and what is left over: empty conversations, settled effects, users without a trace.

    Effects that are still to happen stay, and so does what skills keep about a user.
    """

    def work(connection: Connection) -> Erasure:
        count, suspects = _delete_turns(connection, select(turns.c.id).where(turns.c.time < before))
        settled = or_(outbox.c.dispatched_at.is_not(None), outbox.c.cancelled_at.is_not(None))
        connection.execute(delete(outbox).where(settled, outbox.c.due < before))
        talking = select(turns.c.conversation_id)
        waiting = select(outbox.c.conversation)
        empty = conversations.c.id.not_in(talking) & conversations.c.name.not_in(waiting)
        connection.execute(delete(slots).where(slots.c.conversation_id.in_(select(conversations.c.id).where(empty))))
        talks = connection.execute(delete(conversations).where(empty)).rowcount
        traces = [select(table.c.user_id) for table in (conversations, memory, outbox)]
        connection.execute(delete(users).where(*(users.c.id.not_in(trace) for trace in traces)))
        return Erasure(count, talks, symbols=_sweep_symbols(connection, suspects))

    return work


def carry_out(connection: Connection, work: Delete) -> Erasure:
    """Delete in one transaction, then make sure that the bytes are gone too. Raises `LogError` when they are not."""
    sqlite = connection.dialect.name == "sqlite"
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "BEGIN")
        try:
            done = work(connection)
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        if not sqlite:  # a plain VACUUM would leave the rows in the files until their space is used again
            connection.exec_driver_sql(f"VACUUM (FULL) {', '.join(metadata.tables)}")
            return done
        connection.exec_driver_sql("VACUUM")
        busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
    except SQLAlchemyError as error:
        raise LogError(f"the log could not be cleared: {explain(error)}") from error
    if busy:
        raise LogError("rows were deleted, but another program is reading the log, so old pages remain: run it again")
    return done


def clear_file(path: Path, work: Delete) -> Erasure:
    """Delete from a backup file."""
    database = Database(f"sqlite:///{path}")
    try:
        with database.engine(write=True).connect() as connection:
            migrate(connection)
            return carry_out(connection, work)
    except SQLAlchemyError as error:
        raise LogError(f"the backup {path} could not be cleared: {explain(error)}") from error
    finally:
        database.close()
