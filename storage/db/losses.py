"""What was told of a hearing and never arrived: given up by its node, or by the court."""

import contextlib
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from court.clock import parse_utc
from court.timeline import GapCause, SampleRange
from storage.db.models import Gap, Hearing, LogEntry, Segment, StateChange, StoredObjectRow
from storage.errors import LedgerError
from storage.ledger.leaf import LeafKind, SignedLeaf, parse


class Losses:
    """Losses inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_segments(self, hearing_id: str) -> list[tuple[Segment, str]]:
        """What is a gap since its object is not here: what the court wrote off, with who and why, and of microphones
        all, with '' before it did. A microphone's leaf comes ahead of its object only where its node lost that."""
        absent, hearing = self._absent(hearing_id), self._session.get(Hearing, hearing_id)
        if not absent or hearing is None:
            return []
        told, heard = self._written_off(hearing_id), hearing.microphones
        return [(one, told.get(one.sha256, "")) for one in absent if one.sha256 in told or one.track in heard]

    def _written_off(self, hearing_id: str) -> dict[str, str]:
        """Who wrote it off and why, by the SHA-256 of the object. No table of its own: such entries are few."""
        told: dict[str, str] = {}
        for _, leaf in self._entries(hearing_id):
            told = {one["sha256"]: _whose(leaf) for one in leaf.body["segments"]} | told
        return told

    def _entries(self, hearing_id: str) -> list[tuple[int, SignedLeaf]]:
        """What the court gave up, with its place in the log."""
        query = select(LogEntry).where(LogEntry.hearing_id == hearing_id, LogEntry.kind == LeafKind.LOSS)
        found = []
        for row in self._session.scalars(query.order_by(LogEntry.index)):
            with contextlib.suppress(LedgerError):  # told by the verifier
                found.append((row.index, parse(row.entry)))
        return found

    def _absent(self, hearing_id: str) -> Sequence[Segment]:
        query = select(Segment).outerjoin(StoredObjectRow, StoredObjectRow.sha256 == Segment.sha256)
        query = query.where(Segment.hearing_id == hearing_id, StoredObjectRow.sha256.is_(None))
        return self._session.scalars(query.order_by(Segment.track, Segment.sequence)).all()

    def without_trace(self, hearing_id: str) -> list[Gap]:
        """Stretches of which no entry says anything, given up by the court."""
        return [
            Gap(
                hearing_id=hearing_id, track=one["track"], start=one["start"], end=one["end"], rate=one["rate"],
                utc=parse_utc(leaf.at), leaf_index=index, cause=GapCause.UNDELIVERED.value,
                device_log=_whose(leaf),
            )
            for index, leaf in self._entries(hearing_id)
            for one in leaf.body.get("stretches", [])
        ]  # fmt: skip

    def awaited(self, hearing_id: str) -> Sequence[Segment]:
        """Segments whose object is not here and that the court did not write off; in order of track and time."""
        written_off = self._written_off(hearing_id)
        return [one for one in self._absent(hearing_id) if one.sha256 not in written_off]


def _whose(loss: SignedLeaf) -> str:
    """Who gave it up, and why."""
    return f"{loss.body['by']}: {loss.body['reason']}"


def undelivered_gap(told: Segment | StateChange, track: str, span: SampleRange, why: str) -> Gap:
    """A gap that no entry states: `told` is what says that there was something."""
    return Gap(
        hearing_id=told.hearing_id,
        track=track,
        start=span.start,
        end=span.end,
        rate=span.rate,
        utc=told.utc,
        leaf_index=told.leaf_index,
        cause=GapCause.UNDELIVERED.value,
        device_log=why,
    )
