"""First schema."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "conversations",
        Column("id", _ID, autoincrement=False, nullable=False),
        Column("name", Text(), nullable=False),
        Column("user_id", _ID, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("name", name="uq_conversations_name"),
    )
    op.create_index("ix_conversations_user", "conversations", ["user_id"], unique=False)
    op.create_table(
        "decisions",
        Column("turn_id", _ID, autoincrement=False, nullable=False),
        Column("chosen", SmallInteger(), nullable=False),
        Column("executed", SmallInteger(), nullable=False),
        Column("forced_by", Integer(), nullable=True),
        Column("policy", Integer(), nullable=False),
        Column("nlu", Integer(), nullable=False),
        Column("encoder", Integer(), nullable=False),
        Column("seed", BigInteger(), nullable=False),
        Column("candidates", Text(), nullable=False),
        Column("propensities", Text(), nullable=False),
        PrimaryKeyConstraint("turn_id"),
    )
    op.create_table(
        "events",
        Column("turn_id", _ID, nullable=False),
        Column("position", SmallInteger(), nullable=False),
        Column("name", Integer(), nullable=False),
        Column("time", Double(), nullable=True),
        Column("data", Text(), nullable=True),
        Column("metadata", Text(), nullable=True),
        PrimaryKeyConstraint("turn_id", "position", name="pk_events"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "memory",
        Column("user_id", _ID, nullable=False),
        Column("skill", Text(), nullable=False),
        Column("key", Text(), nullable=False),
        Column("value", Text(), nullable=False),
        PrimaryKeyConstraint("user_id", "skill", "key", name="pk_memory"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        Column("key", Text(), nullable=False),
        Column("kind", Integer(), nullable=False),
        Column("payload", Text(), nullable=False),
        Column("due", Double(), nullable=False),
        Column("conversation", Text(), nullable=False),
        Column("user_id", _ID, nullable=False),
        Column("attempts", Integer(), nullable=False),
        Column("dispatched_at", Double(), nullable=True),
        Column("cancelled_at", Double(), nullable=True),
        PrimaryKeyConstraint("key", name="pk_outbox"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["due"],
        unique=False,
        sqlite_where=text("dispatched_at IS NULL AND cancelled_at IS NULL"),
        postgresql_where=text("dispatched_at IS NULL AND cancelled_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_conversation",
        "outbox",
        ["conversation"],
        unique=False,
        sqlite_where=text("dispatched_at IS NULL AND cancelled_at IS NULL"),
        postgresql_where=text("dispatched_at IS NULL AND cancelled_at IS NULL"),
    )
    op.create_index("ix_outbox_user", "outbox", ["user_id"], unique=False)
    op.create_table(
        "rewards",
        Column("id", _ID, autoincrement=False, nullable=False),
        Column("turn_id", _ID, nullable=False),
        Column("value", Double(), nullable=False),
        Column("source", Integer(), nullable=False),
        Column("estimator", Integer(), nullable=False),
        Column("hindsight", Boolean(), nullable=False),
        Column("time", Double(), nullable=False),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_rewards_turn", "rewards", ["turn_id"], unique=False)
    op.create_table(
        "slots",
        Column("conversation_id", _ID, nullable=False),
        Column("name", Text(), nullable=False),
        Column("value", Text(), nullable=False),
        PrimaryKeyConstraint("conversation_id", "name", name="pk_slots"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "symbols",
        Column("id", Integer(), autoincrement=False, nullable=False),
        Column("text", Text(), nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("text", name="uq_symbols_text"),
    )
    op.create_table(
        "turns",
        Column("id", _ID, autoincrement=False, nullable=False),
        Column("conversation_id", _ID, nullable=False),
        Column("sequence", Integer(), nullable=False),
        Column("message_id", Text(), nullable=False),
        Column("time", Double(), nullable=False),
        Column("channel", Integer(), nullable=False),
        Column("locale", Integer(), nullable=False),
        Column("new_session", Boolean(), nullable=False),
        Column("out_of_scope", Double(), nullable=False),
        Column("nlu", Integer(), nullable=False),
        Column("encoder", Integer(), nullable=False),
        Column("text", Text(), nullable=False),
        Column("hypotheses", Text(), nullable=True),
        Column("understood", Text(), nullable=True),
        Column("interpretations", Text(), nullable=False),
        Column("replies", Text(), nullable=False),
        Column("metadata", Text(), nullable=True),
        Column("timings", Text(), nullable=True),
        Column("failures", Text(), nullable=True),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("conversation_id", "message_id", name="uq_turns_message"),
        UniqueConstraint("conversation_id", "sequence", name="uq_turns_sequence"),
    )
    op.create_table(
        "users",
        Column("id", _ID, autoincrement=False, nullable=False),
        Column("name", Text(), nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_table(
        "vectors",
        Column("encoder", Integer(), nullable=False),
        Column("text_hash", LargeBinary(), nullable=False),
        Column("vector", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("encoder", "text_hash", name="pk_vectors"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Back to an empty database."""
    op.drop_table("vectors")
    op.drop_table("users")
    op.drop_table("turns")
    op.drop_table("symbols")
    op.drop_table("slots")
    op.drop_index("ix_rewards_turn", table_name="rewards")
    op.drop_table("rewards")
    op.drop_index("ix_outbox_user", table_name="outbox")
    op.drop_index(
        "ix_outbox_conversation",
        table_name="outbox",
        sqlite_where=text("dispatched_at IS NULL AND cancelled_at IS NULL"),
        postgresql_where=text("dispatched_at IS NULL AND cancelled_at IS NULL"),
    )
    op.drop_index(
        "ix_outbox_due",
        table_name="outbox",
        sqlite_where=text("dispatched_at IS NULL AND cancelled_at IS NULL"),
        postgresql_where=text("dispatched_at IS NULL AND cancelled_at IS NULL"),
    )
    op.drop_table("outbox")
    op.drop_table("memory")
    op.drop_table("events")
    op.drop_table("decisions")
    op.drop_index("ix_conversations_user", table_name="conversations")
    op.drop_table("conversations")
