"""Voices at shared microphones: prints, the persons they are taken for, and the names the court gave them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.db.models import LogEntry, VoicePrint
from storage.ledger.leaf import LeafKind, parse


@dataclass(frozen=True, slots=True)
class Speaker:
    """A person at a shared microphone: `number` there, `name` if the court gave it, and the voice prints' `labels`."""

    track: str
    number: int
    name: str
    labels: tuple[str, ...]


class Voices:
    """Voices inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, hearing_id: str) -> Sequence[VoicePrint]:
        """In the order in which they were heard."""
        query = select(VoicePrint).where(VoicePrint.hearing_id == hearing_id)
        return self._session.scalars(query.order_by(VoicePrint.start_ms, VoicePrint.track, VoicePrint.label)).all()

    def add(self, row: VoicePrint) -> None:
        """Adds a print that is not there yet."""
        known = select(VoicePrint.id).where(VoicePrint.hearing_id == row.hearing_id, VoicePrint.label == row.label)
        if self._session.scalars(known).first() is None:
            self._session.add(row)
            self._session.flush()

    def names(self, hearing_id: str) -> Mapping[str, str]:
        """Label → name, as the ledger's entries state; empty where the name was taken back."""
        stated = select(LogEntry.entry).where(LogEntry.hearing_id == hearing_id, LogEntry.kind == LeafKind.VOICE)
        bodies = [parse(entry).body for entry in self._session.scalars(stated.order_by(LogEntry.index))]
        return {label: body["name"] for body in bodies for label in body["voices"]}

    def speakers(self, hearing_id: str) -> list[Speaker]:
        """The people at shared microphones, in order of microphone and number."""
        names = self.names(hearing_id)
        labels: dict[tuple[str, int], list[str]] = {}
        for row in self.of(hearing_id):
            labels.setdefault((row.track, row.voice), []).append(row.label)
        return [
            Speaker(track, number, next((names[one] for one in own if names.get(one)), ""), tuple(own))
            for (track, number), own in sorted(labels.items())
        ]

    def by_label(self, hearing_id: str) -> dict[str, Speaker]:
        """The person of each voice print."""
        return {label: one for one in self.speakers(hearing_id) for label in one.labels}

    def forget(self, hearing_id: str) -> None:
        """Deletes the prints themselves; which utterances were one person's stays known."""
        own = update(VoicePrint).where(VoicePrint.hearing_id == hearing_id)
        self._session.execute(own.values(vector=None))
