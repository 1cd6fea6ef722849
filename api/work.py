"""Which work a hearing is ready for: transcription of its windows, then the draft of its protocol."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from court.hearing import HearingState
from protocol.filling import filled
from storage.db.models import Hearing, Segment
from storage.db.unit_of_work import UnitOfWork
from storage.queue import offer_draft, offer_window


def offer_work(uow: UnitOfWork, hearing_id: str, now: datetime) -> None:
    """Puts into the outbox what became possible; what was offered before is not offered again."""
    hearing = uow.hearings.lock(hearing_id)
    if hearing is None:
        return
    if hearing.spare_of is not None:
        first = uow.hearings.first_of(hearing)
        if first is not None:
            _offer_fills(uow, first, now)
            offer_draft(uow, first, now)
            return
        if hearing.ended_at is None:
            return  # the first node's entries are on their way, most likely; then this is not transcribed twice
    _offer_windows(uow, hearing, now)
    _offer_fills(uow, hearing, now)
    offer_draft(uow, hearing, now)


def _offer_fills(uow: UnitOfWork, first: Hearing, now: datetime) -> None:
    """Of the spare recordings only the windows that fill something are transcribed: the rest is the first node's."""
    spares = uow.hearings.spares(first.id)
    heard = [one for one in filled(uow, None, first) if one.track in first.microphones] if spares else []
    for spare in spares:
        wanted = {each.sequence for one in heard if one.spare == spare.id for each in one.fills}
        if wanted:
            _offer_windows(uow, spare, now, wanted)


def _offer_windows(uow: UnitOfWork, hearing: Hearing, now: datetime, wanted: set[int] | None = None) -> None:
    """Offers the windows that are finished, for every version of the transcript; of these those `wanted`, where that
    is given."""
    runs = uow.runs.numbers(hearing.id)
    offered = {(window.sequence, window.run) for window in uow.windows.of(hearing.id)}
    arrived = uow.session.execute(select(Segment.track, Segment.sequence).where(Segment.hearing_id == hearing.id))
    ended = hearing.state == HearingState.ENDED
    finished = finished_windows(hearing.microphones, ((track, sequence) for track, sequence in arrived), ended)
    for sequence in sorted(finished if wanted is None else finished & wanted):
        for run in runs:
            if (sequence, run) not in offered:
                offer_window(uow, hearing.id, sequence, run, now)


def finished_windows(tracks: set[str], segments: Iterable[tuple[str, int]], ended: bool) -> set[int]:
    """Sequence numbers of which nothing more will come, from the (track, sequence) that have arrived.

    All microphones are cut at the same sample and stated together, so a window is finished when every microphone
    has its segment. One whose microphone was lost is finished when the next window has begun or the hearing ended.
    """
    arrived: dict[int, set[str]] = {}
    for track, sequence in segments:
        if track in tracks:
            arrived.setdefault(sequence, set()).add(track)
    newest = max(arrived, default=-1)
    return {number for number, there in arrived.items() if ended or number < newest or there == tracks}
