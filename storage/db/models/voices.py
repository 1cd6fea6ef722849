"""Voice prints of people who share a microphone. Personal data: kept for their hearing alone, deleted with it."""

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base


class VoicePrint(Base):
    """A voice as one window heard it at one microphone; `label` is what its utterances bear.

    It was heard for `speech_ms`. `voice` is the
    number of the person at this microphone, the same all through the hearing. `vector` is the print itself
    (little-endian float32, made by the model of SHA-256 `model`), None once it was deleted.
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
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)
    voice: Mapped[int] = mapped_column(default=0)
