"""Tables of the log, as SQLAlchemy Core. Compact: names that recur are interned in `symbols`, JSON is kept as text.

Text columns hold what `codec.pack_text` makes of any Python string. Times are epoch seconds. Only what a single process
writes is in here, so ids are given out by that process (see `writer`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

#: The newest revision in `migrations/versions`, and every one before it: all that this code can open.
HEAD = "0001"
REVISIONS = ("0001",)

metadata = MetaData()


def _id() -> TypeEngine[int]:
    # SQLite makes a row id of INTEGER alone, not of BIGINT
    return BigInteger().with_variant(Integer(), "sqlite")


symbols = Table(
    "symbols",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("text", name="uq_symbols_text"),
)

users = Table(
    "users",
    metadata,
    Column("id", _id(), primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("name", name="uq_users_name"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", _id(), primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("user_id", _id(), nullable=False),
    UniqueConstraint("name", name="uq_conversations_name"),
    Index("ix_conversations_user", "user_id"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", _id(), primary_key=True, autoincrement=False),
    Column("conversation_id", _id(), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("message_id", Text, nullable=False),  # see codec.pack_id
    Column("time", Double, nullable=False),
    Column("channel", Integer, nullable=False),
    Column("locale", Integer, nullable=False),
    Column("new_session", Boolean(create_constraint=False), nullable=False),
    Column("out_of_scope", Double, nullable=False),
    Column("nlu", Integer, nullable=False),
    Column("encoder", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("hypotheses", Text),  # JSON [[text, confidence], ...]; null: the text alone, confidence 1
    Column("understood", Text),  # the text that was understood; null: the same text
    Column("interpretations", Text, nullable=False),  # JSON, see codec
    Column("replies", Text, nullable=False),  # JSON, see codec
    Column("metadata", Text),  # JSON object; null: empty
    Column("timings", Text),  # JSON [symbol of the names, microseconds, ...]; null: none
    Column("failures", Text),  # JSON list; null: none
    UniqueConstraint("conversation_id", "sequence", name="uq_turns_sequence"),
    UniqueConstraint("conversation_id", "message_id", name="uq_turns_message"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("turn_id", _id(), primary_key=True, autoincrement=False),
    Column("chosen", SmallInteger, nullable=False),
    Column("executed", SmallInteger, nullable=False),
    Column("forced_by", Integer),  # symbol
    Column("policy", Integer, nullable=False),
    Column("nlu", Integer, nullable=False),
    Column("encoder", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("candidates", Text, nullable=False),  # JSON, see codec
    Column("propensities", Text, nullable=False),  # JSON list of floats, exact
)

events = Table(
    "events",
    metadata,
    Column("turn_id", _id(), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("name", Integer, nullable=False),  # symbol
    Column("time", Double),  # null: the time of the turn's utterance
    Column("data", Text),  # JSON, see codec; null: empty
    Column("metadata", Text),  # JSON object; null: empty
    PrimaryKeyConstraint("turn_id", "position", name="pk_events"),
    sqlite_with_rowid=False,
)

slots = Table(
    "slots",  # slot values as folded up to the last turn, so that loading does not read the whole history
    metadata,
    Column("conversation_id", _id(), nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("conversation_id", "name", name="pk_slots"),
    sqlite_with_rowid=False,
)

rewards = Table(
    "rewards",
    metadata,
    Column("id", _id(), primary_key=True, autoincrement=False),
    Column("turn_id", _id(), nullable=False),
    Column("value", Double, nullable=False),
    Column("source", Integer, nullable=False),
    Column("estimator", Integer, nullable=False),
    Column("hindsight", Boolean(create_constraint=False), nullable=False),
    Column("time", Double, nullable=False),
    Index("ix_rewards_turn", "turn_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", Text, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("payload", Text, nullable=False),
    Column("due", Double, nullable=False),
    Column("conversation", Text, nullable=False),  # by name: an effect may belong to none
    Column("user_id", _id(), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("dispatched_at", Double),
    Column("cancelled_at", Double),
    PrimaryKeyConstraint("key", name="pk_outbox"),
    sqlite_with_rowid=False,
)
_open = outbox.c.dispatched_at.is_(None) & outbox.c.cancelled_at.is_(None)
Index("ix_outbox_due", outbox.c.due, sqlite_where=_open, postgresql_where=_open)
Index("ix_outbox_conversation", outbox.c.conversation, sqlite_where=_open, postgresql_where=_open)
Index("ix_outbox_user", outbox.c.user_id)

memory = Table(
    "memory",
    metadata,
    Column("user_id", _id(), nullable=False),
    Column("skill", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("user_id", "skill", "key", name="pk_memory"),
    sqlite_with_rowid=False,
)

vectors = Table(
    "vectors",  # a cache: may be emptied at any time
    metadata,
    Column("encoder", Integer, nullable=False),
    Column("text_hash", LargeBinary, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # float16, little-endian
    PrimaryKeyConstraint("encoder", "text_hash", name="pk_vectors"),
    sqlite_with_rowid=False,
)
