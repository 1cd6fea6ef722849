"""Hearings, and what was recorded of them."""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeVar

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from court.case_number import match_key
from court.clock import parse_utc
from court.hearing import HearingState
from court.openness import Openness, OpennessSpan, closed_stretches
from court.spare import Mark, clock_offset
from court.timeline import GapCause, SampleRange, rests
from storage.db.base import Base
from storage.db.models import (
    Gap,
    Grant,
    Hearing,
    LogEntry,
    NoteRow,
    OpennessRow,
    Protocol,
    Segment,
    StateChange,
    StoredObjectRow,
)
from storage.errors import LedgerError
from storage.ledger.bodies import COURT_END
from storage.ledger.leaf import LeafKind, SignedLeaf, parse

_SOUND_RATE = 48_000

_Row = TypeVar("_Row", bound=Base)


class Hearings:
    """Hearings inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, hearing_id: str) -> Hearing | None:
        return self._session.get(Hearing, hearing_id)

    def lock(self, hearing_id: str) -> Hearing | None:
        """The hearing, locked until the end of the transaction against other writers."""
        return self._session.get(Hearing, hearing_id, with_for_update=True, populate_existing=True)

    def add(self, row: Base) -> None:
        """Adds any row of the hearing's tables."""
        self._session.add(row)

    def find(
        self, search: str = "", granted_to: int | None = None, limit: int = 200, *, spares: bool = False
    ) -> Sequence[Hearing]:
        """Newest first; `search` matches any spelling of the case number, `granted_to` keeps a party to its own.

        Spare recordings are left out, since the hearing they belong to is there; with `spares` they are not.
        """
        query = select(Hearing).order_by(Hearing.started_at.desc(), Hearing.id.desc()).limit(limit)
        if not spares:
            first = aliased(Hearing)
            known = exists().where(first.id == Hearing.spare_of, first.case_key == Hearing.case_key)
            alone = or_(~known, exists().where(Protocol.hearing_id == Hearing.id))
            query = query.where(or_(Hearing.spare_of.is_(None), alone))
        if search:
            query = query.where(Hearing.case_key.contains(match_key(search), autoescape=True))
        if granted_to is not None:
            query = query.join(Grant, Grant.hearing_id == Hearing.id).where(Grant.user_id == granted_to)
        return self._session.scalars(query).all()

    def shown_for(self, recordings: Collection[str], granted_to: int | None = None) -> list[Hearing]:
        """The hearings as which these recordings are shown, newest first; `granted_to` keeps a party to its own."""
        rows = self._session.scalars(select(Hearing).where(Hearing.id.in_(recordings))).all()
        found = {one.id: one for one in (self.first_of(row) or row for row in rows)}
        if granted_to is not None:
            own = set(self._session.scalars(select(Grant.hearing_id).where(Grant.user_id == granted_to)))
            found = {key: one for key, one in found.items() if key in own}
        return sorted(found.values(), key=lambda one: (one.started_at, one.id), reverse=True)

    def spares(self, hearing_id: str) -> Sequence[Hearing]:
        """The spare recordings of a hearing, in the order in which they began; of its own case alone."""
        first = aliased(Hearing)
        query = select(Hearing).join(first, first.id == Hearing.spare_of)
        query = query.where(first.id == hearing_id, first.case_key == Hearing.case_key)
        return self._session.scalars(query.order_by(Hearing.started_at, Hearing.id)).all()

    def together(self, hearing: Hearing) -> list[Hearing]:
        """The recordings of the same hearing, this one among them: that of the first node, then the spare ones.

        Also of one that stands for itself because it got a protocol of its own.
        """
        first = self._named_first(hearing) or hearing
        return [first, *self.spares(first.id)]

    def first_of(self, spare: Hearing) -> Hearing | None:
        """The hearing that a spare recording is shown, heard and guarded as part of.

        None where it stands for itself: it is none, or the first node's entries have not come, or it got a protocol
        of its own before they did.
        """
        first = self._named_first(spare)
        alone = first is not None and self._session.scalar(select(exists().where(Protocol.hearing_id == spare.id)))
        return None if alone else first

    def _named_first(self, spare: Hearing) -> Hearing | None:
        first = self.get(spare.spare_of) if spare.spare_of else None
        return first if first is not None and first.case_key == spare.case_key else None

    def court_end(self, hearing_id: str) -> Mapping[str, Any] | None:
        """The body of the entry by which the court ended the hearing, since its own node did not; None if it did not.

        It names the `spare` recording on which it ended, or the `reason` why its node never comes back.
        """
        query = select(LogEntry.entry).join(StateChange, StateChange.leaf_index == LogEntry.index)
        query = query.where(StateChange.hearing_id == hearing_id, StateChange.state == HearingState.ENDED)
        told = (parse(entry).body for entry in self._session.scalars(query.order_by(LogEntry.index)))
        return next((body for body in told if body.keys() & COURT_END), None)

    def ended_on(self, hearing_id: str) -> str | None:
        """The spare recording on which the court ended the hearing, if it did."""
        return (self.court_end(hearing_id) or {}).get("spare")

    def segments(self, hearing_id: str, track: str | None = None) -> Sequence[Segment]:
        """In order of track and time; those that are lost are gaps."""
        query = select(Segment).where(Segment.hearing_id == hearing_id)
        if track is not None:
            query = query.where(Segment.track == track)
        rows = self._session.scalars(query.order_by(Segment.track, Segment.sequence)).all()
        lost = {one.id for one, _ in self._lost(hearing_id)}
        return [one for one in rows if one.id not in lost] if lost else rows

    def written_off(self, hearing_id: str) -> Sequence[Segment]:
        """Those that the court gave up, and that have not arrived since; in order of track and time."""
        return [one for one, why in self._lost(hearing_id) if why]

    def given_up(self, hearing_id: str) -> Sequence[Segment]:
        """Those that only their node gave up, so far, and that have not arrived since; in order of track and time."""
        return [one for one, why in self._lost(hearing_id) if not why]

    def _lost(self, hearing_id: str) -> list[tuple[Segment, str]]:
        """What is a gap since its object is not here: what the court wrote off, with who and why, and of microphones
        all, with '' before it did. A microphone's leaf comes ahead of its object only where its node lost that."""
        absent, hearing = self._absent(hearing_id), self.get(hearing_id)
        if not absent or hearing is None:
            return []
        told, heard = self._written_off(hearing_id), hearing.microphones
        return [(one, told.get(one.sha256, "")) for one in absent if one.sha256 in told or one.track in heard]

    def _written_off(self, hearing_id: str) -> dict[str, str]:
        """Who wrote it off and why, by the SHA-256 of the object. No table of its own: such entries are few."""
        told: dict[str, str] = {}
        for _, leaf in self._losses(hearing_id):
            told = {one["sha256"]: _whose(leaf) for one in leaf.body["segments"]} | told
        return told

    def _losses(self, hearing_id: str) -> list[tuple[int, SignedLeaf]]:
        """What the court gave up, with its place in the log."""
        query = select(LogEntry).where(LogEntry.hearing_id == hearing_id, LogEntry.kind == LeafKind.LOSS)
        found = []
        for row in self._session.scalars(query.order_by(LogEntry.index)):
            with contextlib.suppress(LedgerError):  # told by the verifier
                found.append((row.index, parse(row.entry)))
        return found

    def window(self, hearing_id: str, sequence: int) -> Sequence[Segment]:
        """The segments of one sequence number whose objects are here, all tracks."""
        query = select(Segment).join(StoredObjectRow, StoredObjectRow.sha256 == Segment.sha256)
        query = query.where(Segment.hearing_id == hearing_id, Segment.sequence == sequence)
        return self._session.scalars(query.order_by(Segment.track)).all()

    def segment(self, hearing_id: str, track: str, sequence: int) -> Segment | None:
        query = select(Segment).where(
            Segment.hearing_id == hearing_id, Segment.track == track, Segment.sequence == sequence
        )
        return self._session.scalars(query).first()

    def undelivered(self, hearing_id: str) -> Sequence[Segment]:
        """Those whose leaf came ahead of their object, which is awaited; in order of track and time."""
        written_off = self._written_off(hearing_id)
        return [one for one in self._absent(hearing_id) if one.sha256 not in written_off]

    def _absent(self, hearing_id: str) -> Sequence[Segment]:
        query = select(Segment).outerjoin(StoredObjectRow, StoredObjectRow.sha256 == Segment.sha256)
        query = query.where(Segment.hearing_id == hearing_id, StoredObjectRow.sha256.is_(None))
        return self._session.scalars(query.order_by(Segment.track, Segment.sequence)).all()

    def named(self, sha256: str) -> Sequence[Segment]:
        """The segments of all hearings that are that object, in the order of their leaves."""
        return self._session.scalars(select(Segment).where(Segment.sha256 == sha256).order_by(Segment.leaf_index)).all()

    def gaps(self, hearing_id: str) -> Sequence[Gap]:
        """In order of time; segments that are lost are among them, and what a lost node never delivered."""
        rows = self._of(Gap, hearing_id, Gap.start)
        lost = [
            _undelivered(one, one.track, SampleRange(one.start, one.end, one.rate), why)
            for one, why in self._lost(hearing_id)
        ]
        lost += self._never_told(hearing_id) + self._without_trace(hearing_id)
        return sorted([*rows, *lost], key=lambda one: one.start / one.rate) if lost else rows

    def _never_told(self, hearing_id: str) -> list[Gap]:
        """The rest of each track, where the court ended the hearing because its node never comes back."""
        end = self.court_end(hearing_id)
        hearing = self.get(hearing_id)
        if end is None or "reason" not in end or hearing is None:
            return []
        last = self._of(StateChange, hearing_id, StateChange.leaf_index)[-1]
        pieces: list[Segment | Gap] = [*self._of(Segment, hearing_id, Segment.end), *self._of(Gap, hearing_id, Gap.end)]
        reached = {one.track: one.end for one in sorted(pieces, key=lambda one: one.end)}
        rates, seconds = {one["track"]: one["rate"] for one in hearing.tracks}, Fraction(end["at_sample"], _SOUND_RATE)
        return [
            _undelivered(last, track, rest, f"{end['by']}: {end['reason']}")
            for track, rest in rests(rates, reached, seconds).items()
        ]

    def _without_trace(self, hearing_id: str) -> list[Gap]:
        """Stretches of which no entry says anything, given up by the court."""
        return [
            Gap(
                hearing_id=hearing_id, track=one["track"], start=one["start"], end=one["end"], rate=one["rate"],
                utc=parse_utc(leaf.at), leaf_index=index, cause=GapCause.UNDELIVERED.value,
                device_log=_whose(leaf),
            )
            for index, leaf in self._losses(hearing_id)
            for one in leaf.body.get("stretches", [])
        ]  # fmt: skip

    def marks(self, hearing_id: str) -> list[Mark]:
        """What ties the timeline to the wall clock: when the hearing's steps and its whole segments of sound were
        entered. A segment that a crash left open was sealed later, and tells nothing."""
        steps = select(StateChange.at_sample, StateChange.utc).where(StateChange.hearing_id == hearing_id)
        sound = select(Segment.end, Segment.utc).where(
            Segment.hearing_id == hearing_id, Segment.rate == _SOUND_RATE, Segment.partial.is_(False)
        )
        rows = [*self._session.execute(steps), *self._session.execute(sound)]
        return [Mark(tick / _SOUND_RATE, utc) for tick, utc in rows]

    def reached(self, hearing_id: str) -> float:
        """Up to which second of the hearing anything is stated."""
        pieces: list[Segment | Gap] = [*self.segments(hearing_id), *self.gaps(hearing_id)]
        return max((one.end / one.rate for one in pieces), default=0.0)

    def _lived(self, hearing_id: str) -> float:
        """Up to behind which second of the hearing its node told anything, a note too."""
        noted = max((one.at_sample + 1 for one in self.notes(hearing_id)), default=0) / _SOUND_RATE
        return max(self.reached(hearing_id), noted)

    def notes(self, hearing_id: str) -> Sequence[NoteRow]:
        return self._of(NoteRow, hearing_id, NoteRow.at_sample)

    def state_changes(self, hearing_id: str) -> Sequence[StateChange]:
        return self._of(StateChange, hearing_id, StateChange.leaf_index)

    def openness(self, hearing_id: str) -> list[OpennessSpan]:
        """The court's orders in the sequence they were given; then what is closed by those on the recordings beside."""
        return [*self._orders(hearing_id), *self.closed_beside(hearing_id)]

    def closed_beside(self, hearing_id: str) -> list[OpennessSpan]:
        """What the orders on the other recordings of the same hearing close: one that either says is closed, is.

        Placed by the nodes' clocks, and wider by what these are unsure of. An order that still runs reaches as far as
        that recording.
        """
        hearing = self.get(hearing_id)
        if hearing is None:
            return []
        others = [one for one in self.together(hearing) if one.id != hearing_id]
        found = []
        for other in others:
            stretches = closed_stretches(self._orders(other.id))
            if not stretches:
                continue
            own, marks, reached = self.marks(hearing_id), self.marks(other.id), self.reached(other.id)
            for start, end in stretches:
                offset = clock_offset(own, marks, start)
                if offset is None:  # nothing tells where: then all of it
                    found.append(OpennessSpan(0.0, None, Openness.CLOSED))
                    continue
                until = min(end, max(reached, start)) + offset.seconds + offset.uncertainty
                since = max(0.0, start + offset.seconds - offset.uncertainty)
                found.append(OpennessSpan(since, max(since, until), Openness.CLOSED))
        return found

    def _orders(self, hearing_id: str) -> list[OpennessSpan]:
        rows = self._of(OpennessRow, hearing_id, OpennessRow.leaf_index)
        # Where the hearing went on beside it, what a node that died was told last says nothing of what it did not live:
        # a node leaves the end open.
        lived = self._lived(hearing_id) if rows and self.ended_on(hearing_id) is not None else None
        found = []
        for row in rows:
            start, end = row.start_ms / 1000, None if row.end_ms is None else row.end_ms / 1000
            if end is None and lived is not None:
                end = max(start, lived)
            found.append(OpennessSpan(start, end, Openness(row.openness)))
        return found

    # Base promises neither hearing_id nor id; the models passed here have both.
    def _of(self, model: type[_Row], hearing_id: str, order: Any) -> Sequence[_Row]:
        query = select(model).where(model.hearing_id == hearing_id)  # type: ignore[attr-defined]
        return self._session.scalars(query.order_by(order, model.id)).all()  # type: ignore[attr-defined]


def _whose(loss: SignedLeaf) -> str:
    """Who gave it up, and why."""
    return f"{loss.body['by']}: {loss.body['reason']}"


def _undelivered(told: Segment | StateChange, track: str, span: SampleRange, why: str) -> Gap:
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
