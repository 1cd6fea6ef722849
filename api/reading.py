"""Stored rows as the API and the pages show them, already sifted by what the caller may see here."""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

from api import schemas
from api.access import Action
from api.caller import Caller
from api.gate import Sieve
from court.card import HearingCard
from court.correction import Span
from court.health import SelfTest
from court.hearing import HearingState
from court.lines import Line, Mark
from court.mutes import MuteSpan, mute_spans
from court.openness import openness_of
from court.timeline import GapCause, SampleRange
from protocol import completeness
from protocol.completeness import Outage, find_outages
from protocol.facts import GapFact
from protocol.filling import Filled, covers, filled, notes_beside, spoken
from storage.db.models import Gap, Hearing, Segment
from storage.db.unit_of_work import UnitOfWork
from storage.db.voices import Speaker
from storage.errors import LedgerError
from storage.ledger.leaf import LeafKind, parse
from storage.worm.port import WormStore

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


def transcript(uow: UnitOfWork, caller: Caller, hearing: Hearing, store: WormStore) -> schemas.Transcript:
    said = _said(uow, hearing, filled(uow, store, hearing))
    readable = _readable(said, Sieve(uow, caller, hearing.id, Action.READ))
    parts, run = [hearing, *uow.hearings.spares(hearing.id)], uow.runs.shown(hearing.id)
    return schemas.Transcript(
        hearing=hearing.id,
        complete=hearing.end_sample is not None and not any(uow.windows.unfinished(one.id, run) for one in parts),
        withheld=len(said) - len(readable),
        utterances=readable,
    )


def said(uow: UnitOfWork, caller: Caller, hearing: Hearing, store: WormStore, run: int) -> list[schemas.UtteranceView]:
    """What the caller may read of one version of the transcript, in order of time."""
    found = _said(uow, hearing, filled(uow, store, hearing), run)
    return _readable(found, Sieve(uow, caller, hearing.id, Action.READ))


def said_by(uow: UnitOfWork, hearing: Hearing, store: WormStore) -> list[schemas.UtteranceView]:
    """All that was said, unsifted, in order of time: for whoever sifts it by openness alone."""
    return _said(uow, hearing, filled(uow, store, hearing))


def holding(
    uow: UnitOfWork, caller: Caller, hearing: Hearing, store: WormStore, query: str
) -> list[schemas.UtteranceView]:
    """The lines with all words of `query` among those that the caller may read: never another one, nor how many."""
    recordings = [hearing.id, *(one.id for one in uow.hearings.spares(hearing.id))]
    wanted = set().union(*(uow.search.lines(one, query) for one in recordings))
    if not wanted:
        return []
    within = uow.lines.spans(hearing.id, wanted)
    found = [one for one in _said(uow, hearing, filled(uow, store, hearing), within=within) if one.id in wanted]
    return _readable(found, Sieve(uow, caller, hearing.id, Action.READ))


def timeline(
    uow: UnitOfWork, caller: Caller, hearing: Hearing, store: WormStore, within: Sequence[Span] | None = None
) -> schemas.Timeline:
    """Where what was recorded, for the player; contents of closed stretches are left out where they may not go. Of the
    words, those `within`."""
    segments, gaps = recorded(uow, hearing)
    fills = filled(uow, store, hearing)
    late = {one.id for one in uow.hearings.undelivered(hearing.id)}
    hear = Sieve(uow, caller, hearing.id, Action.PLAY)
    read = Sieve(uow, caller, hearing.id, Action.READ)
    notes = [(row.at_sample / SAMPLES_PER_SECOND, row) for row in uow.hearings.notes(hearing.id)]
    notes = sorted([*notes, *notes_beside(uow, hearing)], key=lambda one: one[0])
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
                segments=[
                    *(_segment(one, hear, one.id not in late) for one in segments if one.track == track["track"]),
                    *(part for one in fills if one.track == track["track"] for part in _parts(uow, one, hear)),
                ],
            )
            for track in hearing.tracks
        ],
        gaps=[_gap(one) for one in gaps],
        fills=[_fill(one) for one in fills],
        mutes=[schemas.MuteView(track=one.track, start=one.start, end=one.end) for one in mutes(uow, hearing.id)],
        notes=[
            schemas.NoteView(at=at, template=row.template, text=row.text) for at, row in notes if read.passes(at, at)
        ],
        utterances=_readable(_said(uow, hearing, fills, within=within), read),
    )


def recorded(uow: UnitOfWork, hearing: Hearing) -> tuple[list[Segment], list[Gap]]:
    """Segments and gaps of the hearing: what its node recorded behind the end that the court stated is not of it."""
    end = duration(hearing, []) if hearing.end_sample is not None else float("inf")
    segments = [one for one in uow.hearings.segments(hearing.id) if one.start / one.rate < end]
    return segments, [one for one in uow.hearings.gaps(hearing.id) if one.start / one.rate < end]


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


def outages(uow: UnitOfWork, hearing: Hearing, store: WormStore) -> list[Outage]:
    """All stretches that the hearing's own node did not record, merged and named as in the protocol."""
    beside = covers(uow, hearing, filled(uow, store, hearing))
    return find_outages(*_stated(uow, hearing), beside)


def unexplained(uow: UnitOfWork, hearing: Hearing) -> list[tuple[str, SampleRange]]:
    """The stretches of the hearing's tracks that nothing was stated of."""
    return completeness.unexplained(*_stated(uow, hearing))


def unsettled(uow: UnitOfWork, hearing: Hearing, found: Iterable[Outage]) -> list[completeness.Unsettled]:
    """What keeps the protocol of a hearing with these outages from being signed."""
    captured = {one["track"] for one in captured_tracks(hearing)}
    awaited = [(one.track, span_of(one)) for one in uow.hearings.undelivered(hearing.id) if one.track in captured]
    return completeness.unsettled(found, awaited)


def _stated(uow: UnitOfWork, hearing: Hearing) -> tuple[dict[str, list[SampleRange]], list[GapFact], float]:
    """The segments of each captured track, the gaps, and the hearing's length in seconds."""
    segments, gaps = recorded(uow, hearing)
    names = [one["track"] for one in captured_tracks(hearing)]
    captured = {name: [span_of(one) for one in segments if one.track == name] for name in names}
    stated = [GapFact(one.track, span_of(one), GapCause(one.cause), one.device_log) for one in gaps]
    return captured, stated, duration(hearing, [*segments, *gaps])


def span_of(piece: Segment | Gap) -> SampleRange:
    return SampleRange(piece.start, piece.end, piece.rate)


def _said(
    uow: UnitOfWork,
    hearing: Hearing,
    fills: Sequence[Filled],
    run: int | None = None,
    within: Sequence[Span] | None = None,
) -> list[schemas.UtteranceView]:
    """All utterances in order of time: the hearing's own, and of the spare recordings those in what they fill.

    Of that version of the transcript, or of the one that is shown; of the hearing's own those `within`.
    """
    end = float("inf") if hearing.end_sample is None else duration(hearing, [])
    voices = uow.voices.by_label(hearing.id)
    own = [
        utterance(row, voices.get(row.voice))
        for row in uow.lines.of(hearing.id, run, within)
        if row.start_ms / 1000 < end
    ]
    beside = [
        _utterance(row, one.track, one.offset.seconds, voices.get(row.voice)) for one, row in spoken(uow, fills, run)
    ]
    return sorted([*own, *beside], key=lambda one: one.start)


def _readable(said: Sequence[schemas.UtteranceView], sieve: Sieve) -> list[schemas.UtteranceView]:
    return [one for one in said if sieve.passes(one.start, one.end)]


def utterance(row: Line, voice: Speaker | None = None) -> schemas.UtteranceView:
    """On the timeline of its own recording."""
    return _utterance(row, row.track, 0.0, voice)


def _utterance(row: Line, track: str, later: float, voice: Speaker | None = None) -> schemas.UtteranceView:
    """The line on the hearing's own track, so many seconds later than the row says."""
    words = [
        schemas.Word(
            text=word.text,
            start=word.start_ms / 1000 + later,
            end=word.end_ms / 1000 + later,
            probability=word.probability,
        )
        for word in row.words
    ]
    return schemas.UtteranceView(
        id=row.id,
        start=row.start_ms / 1000 + later,
        end=row.end_ms / 1000 + later,
        track=track,
        role=row.role,
        text=row.text,
        words=words,
        language=row.language,
        other_language=row.alternative.get("language", ""),
        other_text=row.alternative.get("text", ""),
        flags=list(row.flags),
        voice=voice.number if voice else 0,
        speaker=row.speaker or (voice.name if voice else ""),
        vouched=row.vouched,
        correction=_correction(row.mark),
    )


def _correction(mark: Mark | None) -> schemas.CorrectionView | None:
    return schemas.CorrectionView(deed=mark.deed, by=mark.by, at=mark.at, machine=mark.machine) if mark else None


def _segment(row: Segment, sieve: Sieve, here: bool) -> schemas.SegmentView:
    span = span_of(row)
    return schemas.SegmentView(
        sequence=row.sequence,
        start=span.start_seconds,
        end=span.end_seconds,
        partial=row.partial,
        playable=here and sieve.passes(span.start_seconds, span.end_seconds),
    )


def _parts(uow: UnitOfWork, one: Filled, sieve: Sieve) -> list[schemas.SegmentView]:
    parts = []
    for each in one.fills:
        start, end = each.span.start_seconds, each.span.end_seconds
        row = uow.hearings.segment(one.spare, one.source, each.sequence)
        here = row is not None and uow.log.object(row.sha256) is not None
        playable = here and sieve.passes(start, end)
        parts.append(
            schemas.SegmentView(
                sequence=each.sequence, start=start, end=end, partial=False, playable=playable, spare=True
            )
        )
    return parts


def _fill(one: Filled) -> schemas.FillView:
    return schemas.FillView(
        track=one.track,
        start=one.span.start_seconds,
        end=one.span.end_seconds,
        spare=one.spare,
        uncertainty=one.offset.uncertainty,
        heard=one.offset.heard,
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
