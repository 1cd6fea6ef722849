"""What the machine and the secretary make of a recording: transcription windows, utterances, protocols, outbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base

_HEARING = "hearings.id"


class Window(Base):
    """A unit of transcription: all microphones' segments of one sequence number, in one run.

    `state` is pending, claimed, done or failed; a claim older than its lease may be taken over. `claims` counts all
    that ever were, and so names the present one; `attempts` those that count towards giving up. `offered_at` is None
    while the window rests after an attempt that failed. `error` is what the program says of its last failure,
    `reason` a word for what pages can say in their own language (empty: they quote `error`).
    """

    __tablename__ = "windows"
    __table_args__ = (UniqueConstraint("hearing_id", "run", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    run: Mapped[int] = mapped_column(default=1, server_default="1")
    sequence: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), default="pending", index=True)
    offered_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    claims: Mapped[int] = mapped_column(default=0, server_default="0")
    error: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(String(32), default="")


class TranscriptRun(Base):
    """A further transcription of a hearing, made beside those before it; `model` is '' where the settings choose.

    Run 1 is the one that makes itself, and has no row.
    """

    __tablename__ = "transcript_runs"
    __table_args__ = (UniqueConstraint("hearing_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    number: Mapped[int]
    model: Mapped[str] = mapped_column(String(100))
    asked_by: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime]


class Utterance(Base):
    """What one person said in one go. `words` are {text, start_ms, end_ms, probability} on the timeline.

    `alternative` is {language, text}: what it would be in another language that is nearly as probable as `language`,
    without text where nothing recognised that one; {} where there is none, None in rows from before 0007.

    `segment_sha256`, `track`, `engine` and `parameters_key` say exactly what it was made of and by what, so a
    repeated task finds its own work. `engine` and `model` are those of the hearing's language; the transcript's entry
    in the log says which served another. `flags` name the reasons to doubt the text. `voice` is the label of
    the voice print where several people share the microphone, else empty.
    """

    __tablename__ = "utterances"
    __table_args__ = (
        UniqueConstraint(
            *("hearing_id", "run", "segment_sha256", "track", "engine", "parameters_key", "position"),
            name="uq_utterances_work",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    run: Mapped[int] = mapped_column(default=1, server_default="1")
    sequence: Mapped[int]
    track: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(32))
    start_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int] = mapped_column(BigInteger)
    text: Mapped[str]
    words: Mapped[list[dict[str, Any]]]
    language: Mapped[str] = mapped_column(String(8))
    alternative: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    flags: Mapped[list[str]]
    voice: Mapped[str] = mapped_column(String(16), default="")
    engine: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(100))
    parameters_key: Mapped[str] = mapped_column(String(64))
    segment_sha256: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]


class Protocol(Base):
    """One revision of a hearing's protocol; `run` is the version of the transcript it was drafted from, `corrections`
    how many that had then, `edits` how many the working copy had.

    A draft is its `document`, which the entry `draft_index` of the log states. Its PDF follows: `sha256` names that in
    the write-once store and the entry `leaf_index` states it, all three None until then. Signed revisions, and drafts
    of before 0011, were stored with their PDF, and one entry states both. A signed one bears a signature more than the
    revision before it: `signer` is the name in its certificate, `role` as what they signed, `level` that of PAdES.
    """

    __tablename__ = "protocols"
    __table_args__ = (UniqueConstraint("hearing_id", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    revision: Mapped[int]
    run: Mapped[int] = mapped_column(default=1, server_default="1")
    corrections: Mapped[int] = mapped_column(default=0, server_default="0")
    edits: Mapped[int] = mapped_column(default=0, server_default="0")
    state: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    size: Mapped[int | None]
    file_name: Mapped[str] = mapped_column(String(200))
    document: Mapped[dict[str, Any]]
    draft_index: Mapped[int | None] = mapped_column(BigInteger)
    leaf_index: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    signer: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[str] = mapped_column(String(16), default="", server_default="")
    level: Mapped[str] = mapped_column(String(8), default="", server_default="")


class PaperTask(Base):
    """How the attempts at drawing up a hearing's draft, or at rendering its PDF, went: there until one succeeds.

    `task` is the name of the Celery task; `error` what the program said of the last attempt, empty while a worker is
    at it.
    """

    __tablename__ = "paper_tasks"
    __table_args__ = (UniqueConstraint("hearing_id", "task"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    task: Mapped[str] = mapped_column(String(64))
    attempts: Mapped[int]
    tried_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(default="")


class OutboxRow(Base):
    """A task to be sent once the change it belongs to is committed; `sent_at` is set by the dispatcher."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(String(64))
    args: Mapped[list[Any]]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(index=True)
