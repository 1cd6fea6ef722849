"""Stored rows as the API and the pages show them, already sifted by what the caller may see here."""

import contextlib
from collections.abc import Sequence
from typing import Any

from api import schemas
from api.access import Action
from api.caller import Caller
from api.gate import Sieve
from court.card import HearingCard
from court.health import SelfTest
from court.hearing import HearingState
from court.mutes import MuteSpan, mute_spans
from court.openness import openness_of
from court.timeline import GapCause, SampleRange
from protocol.completeness import Outage, find_outages
from protocol.facts import GapFact
from storage.db.models import Gap, Hearing, Segment, Utterance
from storage.db.unit_of_work import UnitOfWork
from storage.errors import LedgerError
from storage.ledger.leaf import LeafKind, parse

SAMPLES_PER_SECOND = 48_000


def duration(hearing: Hearing, pieces: Sequence[Segment | Gap]) -> float:
    """Seconds of the hearing's timeline: its end once it has ended, what has arrived before that."""
    if hearing.end_sample is not None:
        return hearing.end_sample / SAMPLES_PER_SECOND
    return max((piece.end / piece.rate for piece in pieces), default=0.0)


def arrived(uow: UnitOfWork, hearing_id: str) -> list[Segment | Gap]:
    """Everything of the timeline that has arrived, of all tracks."""
    return [*uow.hearings.segments(hearing_id), *uow.hearings.gaps(hearing_id)]


def summary(uow: UnitOfWork, hearing: Hearing) -> schemas.HearingSummary:
    card = HearingCard.parse(hearing.card)
    length = duration(hearing, arrived(uow, hearing.id) if hearing.end_sample is None else [])
    return schemas.HearingSummary(
        id=hearing.id,
        case_number=hearing.case_number,
        case_title=card.case_title,
        court=card.court,
        room=hearing.room,
        judge=card.judge,
        secretary=card.secretary,
        language=card.language,
        state=HearingState(hearing.state),
        started_at=hearing.started_at,
        ended_at=hearing.ended_at,
        duration=length,
        openness=openness_of(uow.hearings.openness(hearing.id), 0.0, float("inf")),
    )


def transcript(uow: UnitOfWork, caller: Caller, hearing: Hearing) -> schemas.Transcript:
    rows = uow.utterances.newest(hearing.id)
    readable = _readable(rows, Sieve(uow, caller, hearing.id, Action.READ))
    return schemas.Transcript(
        hearing=hearing.id,
        complete=hearing.end_sample is not None and uow.windows.unfinished(hearing.id) == 0,
        withheld=len(rows) - len(readable),
        utterances=readable,
    )


def timeline(uow: UnitOfWork, caller: Caller, hearing: Hearing) -> schemas.Timeline:
    """Where what was recorded, for the player; contents of closed stretches are left out where they may not go."""
    segments, gaps = uow.hearings.segments(hearing.id), uow.hearings.gaps(hearing.id)
    late = {one.id for one in uow.hearings.undelivered(hearing.id)}
    hear = Sieve(uow, caller, hearing.id, Action.PLAY)
    read = Sieve(uow, caller, hearing.id, Action.READ)
    notes = [(row.at_sample / SAMPLES_PER_SECOND, row) for row in uow.hearings.notes(hearing.id)]
    return schemas.Timeline(
        hearing=hearing.id,
        state=HearingState(hearing.state),
        duration=duration(hearing, [*segments, *gaps]),
        tracks=[
            schemas.TrackView(
                track=track["track"],
                kind=track["kind"],
                role=track["role"],
                derived=track["derived"],
                segments=[_segment(one, hear, one.id not in late) for one in segments if one.track == track["track"]],
            )
            for track in hearing.tracks
        ],
        gaps=[_gap(one) for one in gaps],
        mutes=[schemas.MuteView(track=one.track, start=one.start, end=one.end) for one in mutes(uow, hearing.id)],
        notes=[
            schemas.NoteView(at=at, template=row.template, text=row.text) for at, row in notes if read.passes(at, at)
        ],
        utterances=_readable(uow.utterances.newest(hearing.id), read),
    )


def mutes(uow: UnitOfWork, hearing_id: str) -> list[MuteSpan]:
    """When microphones were declared muted."""
    declared = []
    for entry in uow.acts.entries(hearing_id, LeafKind.MUTE):
        with contextlib.suppress(LedgerError):  # told by the verifier
            body = parse(entry).body
            declared.append((body["track"], body["at_sample"] / SAMPLES_PER_SECOND, body["muted"]))
    return mute_spans(declared)


def self_test(uow: UnitOfWork, hearing_id: str) -> SelfTest | None:
    """The self-test that the hearing's first entry states; what a later version found is not known here."""
    for entry in uow.acts.entries(hearing_id, LeafKind.HEARING):
        with contextlib.suppress(LedgerError, ValueError, KeyError, TypeError):
            return SelfTest.parse(parse(entry).body["selftest"])
    return None


def captured_tracks(hearing: Hearing) -> list[dict[str, Any]]:
    """The tracks that came from a device; the mix made of them is no evidence of its own."""
    return [one for one in hearing.tracks if not one["derived"]]


def outages(uow: UnitOfWork, hearing: Hearing) -> list[Outage]:
    """All stretches without recording, merged and named as in the protocol."""
    segments, gaps = uow.hearings.segments(hearing.id), uow.hearings.gaps(hearing.id)
    names = [one["track"] for one in captured_tracks(hearing)]
    captured = {name: [span_of(one) for one in segments if one.track == name] for name in names}
    stated = [GapFact(one.track, span_of(one), GapCause(one.cause), one.device_log) for one in gaps]
    return find_outages(captured, stated, duration(hearing, [*segments, *gaps]))


def span_of(piece: Segment | Gap) -> SampleRange:
    return SampleRange(piece.start, piece.end, piece.rate)


def _readable(rows: Sequence[Utterance], sieve: Sieve) -> list[schemas.UtteranceView]:
    return [_utterance(row) for row in rows if sieve.passes(row.start_ms / 1000, row.end_ms / 1000)]


def _utterance(row: Utterance) -> schemas.UtteranceView:
    words = [
        schemas.Word(
            text=word["text"],
            start=word["start_ms"] / 1000,
            end=word["end_ms"] / 1000,
            probability=word["probability"],
        )
        for word in row.words
    ]
    return schemas.UtteranceView(
        id=row.id,
        start=row.start_ms / 1000,
        end=row.end_ms / 1000,
        track=row.track,
        role=row.role,
        text=row.text,
        words=words,
        language=row.language,
        flags=row.flags,
    )


def _segment(row: Segment, sieve: Sieve, here: bool) -> schemas.SegmentView:
    span = span_of(row)
    return schemas.SegmentView(
        sequence=row.sequence,
        start=span.start_seconds,
        end=span.end_seconds,
        partial=row.partial,
        playable=here and sieve.passes(span.start_seconds, span.end_seconds),
    )


def _gap(row: Gap) -> schemas.GapView:
    span = span_of(row)
    return schemas.GapView(
        track=row.track,
        start=span.start_seconds,
        end=span.end_seconds,
        cause=row.cause,
        declared=GapCause(row.cause).declared,
    )
