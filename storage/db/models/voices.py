"""Voice prints of people who share a microphone. Personal data: kept for their hearing alone, deleted with it."""

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base


class VoicePrint(Base):
    """A voice as one window of a recording heard it; `label` is what its utterances bear.

    It was heard for `speech_ms`, the first time at `start_ms`, at the hearing's microphone `track`: where a spare
    recording heard it, at the one that its own stands in for, and on the timeline of the hearing. `voice` is the
    number of the person at this microphone, the same all through the hearing. `model` is the SHA-256 of what made it.
    """

    __tablename__ = "voice_prints"
    __table_args__ = (UniqueConstraint("hearing_id", "label"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey("hearings.id"), index=True)
    track: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(16))
    sequence: Mapped[int]
    start_ms: Mapped[int]
    speech_ms: Mapped[int]
    model: Mapped[str] = mapped_column(String(64))
    voice: Mapped[int] = mapped_column(default=0)


class VoiceVector(Base):
    """What a print sounds like (little-endian float32), in a table that no backup holds; gone once it was deleted."""

    __tablename__ = "voice_vectors"

    print_id: Mapped[int] = mapped_column(ForeignKey("voice_prints.id"), primary_key=True, autoincrement=False)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
