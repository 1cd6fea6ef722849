"""Voices at shared microphones: prints, the persons they are taken for, and the names the court gave them.

All recordings of a hearing are one here: who is heard on a spare recording is one of those whom the first one heard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from storage.db.hearings import Hearings
from storage.db.models import LogEntry, VoicePrint, VoiceVector
from storage.ledger.leaf import LeafKind, parse


@dataclass(frozen=True, slots=True)
class Speaker:
    """A person at a shared microphone: `number` there, `name` if the court gave it, and the voice prints' `labels`."""

    track: str
    number: int
    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """A voice print that is still there, with what it sounds like, and the number of its person so far (0: none)."""

    id: int
    track: str
    label: str
    speech_ms: int
    model: str
    voice: int
    vector: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was known of a hearing's voices: whatever adds to that, or takes from it, changes one of these."""

    prints: int
    newest: int
    named: int


class Voices:
    """Voices inside one transaction."""

    def __init__(self, session: Session, hearings: Hearings) -> None:
        self._session = session
        self._hearings = hearings
        self._known: dict[str, list[str]] = {}

    def recordings(self, hearing_id: str) -> list[str]:
        """The ids of the recordings whose voices are one hearing's: the first node's, then the spare ones."""
        if hearing_id not in self._known:
            hearing = self._hearings.get(hearing_id)
            self._known[hearing_id] = [] if hearing is None else [one.id for one in self._hearings.together(hearing)]
        return self._known[hearing_id]

    def of(self, hearing_id: str) -> Sequence[VoicePrint]:
        """In the order in which they were heard."""
        query = select(VoicePrint).where(VoicePrint.hearing_id.in_(self.recordings(hearing_id)))
        return self._session.scalars(query.order_by(VoicePrint.start_ms, VoicePrint.track, VoicePrint.label)).all()

    def heard(self, hearing_id: str) -> list[Heard]:
        """Those that were not deleted, in the order in which they were heard."""
        columns = (VoicePrint.track, VoicePrint.label, VoicePrint.speech_ms, VoicePrint.model, VoicePrint.voice)
        query = select(VoicePrint.id, *columns, VoiceVector.vector).join(VoiceVector)
        query = query.where(VoicePrint.hearing_id.in_(self.recordings(hearing_id)))
        ordered = query.order_by(VoicePrint.start_ms, VoicePrint.track, VoicePrint.label)
        return [Heard(*row) for row in self._session.execute(ordered)]

    def lost(self, hearing_id: str) -> dict[str, int]:
        """The highest number of a person, by microphone, among the prints of which nobody knows any more what they
        sounded like: nobody heard later can be told to be one of those."""
        query = select(VoicePrint.track, func.max(VoicePrint.voice).label("number")).outerjoin(VoiceVector)
        query = query.where(VoicePrint.hearing_id.in_(self.recordings(hearing_id)), VoiceVector.print_id.is_(None))
        return {row.track: row.number for row in self._session.execute(query.group_by(VoicePrint.track))}

    def seen(self, hearing_id: str) -> Seen:
        """For whoever computes outside a transaction: whether that was of what there still is."""
        recordings = self.recordings(hearing_id)
        prints = select(func.count(), func.coalesce(func.max(VoicePrint.id), 0)).join(VoiceVector)
        count, newest = self._session.execute(prints.where(VoicePrint.hearing_id.in_(recordings))).one()
        named = select(func.coalesce(func.max(LogEntry.index), -1)).where(
            LogEntry.hearing_id.in_(recordings), LogEntry.kind == LeafKind.VOICE
        )
        return Seen(count, newest, self._session.scalar(named) or 0)

    def add(self, row: VoicePrint, vector: bytes) -> None:
        """Adds a print that is not there yet."""
        known = select(VoicePrint.id).where(VoicePrint.hearing_id == row.hearing_id, VoicePrint.label == row.label)
        if self._session.scalars(known).first() is None:
            self._session.add(row)
            self._session.flush()
            self._session.add(VoiceVector(print_id=row.id, vector=vector))
            self._session.flush()

    def number(self, numbers: Mapping[int, int]) -> None:
        """Gives prints, by id, the number of their person."""
        if numbers:
            self._session.execute(update(VoicePrint), [{"id": at, "voice": voice} for at, voice in numbers.items()])

    def names(self, hearing_id: str) -> Mapping[str, str]:
        """Label → name, as the ledger's entries state; empty where the name was taken back."""
        stated = select(LogEntry.entry).where(
            LogEntry.hearing_id.in_(self.recordings(hearing_id)), LogEntry.kind == LeafKind.VOICE
        )
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
        """Deletes what the prints of this recording sound like; which utterances were one person's stays known."""
        own = select(VoicePrint.id).where(VoicePrint.hearing_id == hearing_id)
        self._session.execute(delete(VoiceVector).where(VoiceVector.print_id.in_(own)))
