"""Corrections of transcripts, and the index of their words"""

import sqlalchemy as sa
from alembic import op

from court.folding import folded
from storage.db.base import UtcDateTime

revision = "0010"
down_revision = "0009"

_BATCH = 1000


def upgrade() -> None:
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hearing_id", sa.String(length=36), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_corrections_hearing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
        sa.UniqueConstraint("hearing_id", "number", name=op.f("uq_corrections_hearing_id_number")),
        sa.UniqueConstraint("hearing_id", "key", name=op.f("uq_corrections_hearing_id_key")),
    )
    op.create_index(op.f("ix_corrections_hearing_id"), "corrections", ["hearing_id"])
    op.create_index(op.f("ix_corrections_at"), "corrections", ["at"])
    words = op.create_table(
        "line_words",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hearing_id", sa.String(length=36), nullable=False),
        sa.Column("line", sa.String(length=48), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_line_words_hearing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_words")),
        sa.UniqueConstraint("hearing_id", "line", name=op.f("uq_line_words_hearing_id_line")),
    )
    op.create_index(op.f("ix_line_words_hearing_id"), "line_words", ["hearing_id"])
    if op.get_bind().dialect.name == "sqlite":
        _index_of_sqlite()
    else:
        op.execute("CREATE INDEX line_words_index ON line_words USING gin (to_tsvector('simple', words))")
    op.add_column("protocols", sa.Column("corrections", sa.Integer(), nullable=False, server_default="0"))
    _fill(words)


def _index_of_sqlite() -> None:
    """An index beside the table, kept in step by triggers (SQLite FTS5, external content).

    The words are folded already, so the tokenizer must not fold й into и."""
    op.execute(
        "CREATE VIRTUAL TABLE line_words_index USING fts5(words, content='line_words', content_rowid='id', "
        'tokenize="unicode61 remove_diacritics 0")'
    )
    op.execute(
        "CREATE TRIGGER line_words_added AFTER INSERT ON line_words BEGIN "
        "INSERT INTO line_words_index(rowid, words) VALUES (new.id, new.words); END"
    )
    op.execute(
        "CREATE TRIGGER line_words_removed AFTER DELETE ON line_words BEGIN "
        "INSERT INTO line_words_index(line_words_index, rowid, words) VALUES ('delete', old.id, old.words); END"
    )


def _fill(words: sa.Table) -> None:
    """What was transcribed before."""
    bind, last = op.get_bind(), 0
    utterances = sa.table("utterances", sa.column("id"), sa.column("hearing_id"), sa.column("text"))
    while True:
        query = sa.select(utterances).where(utterances.c.id > last).order_by(utterances.c.id).limit(_BATCH)
        rows = bind.execute(query).all()
        if not rows:
            return
        last = rows[-1].id
        bind.execute(
            sa.insert(words), [{"hearing_id": h, "line": str(n), "words": folded(text)} for n, h, text in rows]
        )
