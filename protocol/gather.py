"""The facts of one hearing, read from the database as of one transaction."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from court.card import HearingCard
from court.correction import Deed
from court.health import SelfTest
from court.hearing import HearingState
from court.lines import Line
from court.mutes import mute_spans
from court.notes import Note, NoteTemplate
from court.people import CourtRole
from court.timeline import GapCause, SampleRange
from protocol.cue import Cues
from protocol.cues import load_cues
from protocol.errors import ProtocolError
from protocol.facts import (
    GapFact,
    HearingFacts,
    LedgerFact,
    ModelFact,
    Stage,
    StateChange,
    TrackFact,
    Utterance,
)
from protocol.filling import Filled, covers, filled, notes_beside, spoken
from protocol.stages import stages
from storage.db import models
from storage.db.unit_of_work import UnitOfWork
from storage.db.voices import Speaker
from storage.db.work import NO_RECOGNISER
from storage.ledger import merkle
from storage.ledger.leaf import LeafKind, body_of
from storage.worm.port import WormStore

AUDIO_RATE = 48_000
# What the document itself or a reader adds to the log is not what it was made from.
_NOT_EVIDENCE = (LeafKind.DRAFT, LeafKind.PROTOCOL, LeafKind.SIGNATURE, LeafKind.ACCESS, LeafKind.COPY)


def gather(
    work: UnitOfWork,
    hearing: models.Hearing,
    zone: tzinfo,
    store: WormStore | None = None,
    cues: Path | None = None,
) -> HearingFacts:
    """Everything a draft needs; raises ProtocolError while the hearing has not ended.

    With the `store` spare recordings are placed by what they heard, without it by clocks alone. `cues` is the folder of
    the court's own (protocol.cues).
    """
    if hearing.ended_at is None or hearing.end_sample is None:
        raise ProtocolError(
            f"The hearing {hearing.case_number} has not ended: stop the recording before its protocol is drafted."
        )
    found = filled(work, store, hearing)
    # What a node that came back recorded behind the end, which the court stated, is not of the hearing.
    end = hearing.end_sample
    segments = [one for one in work.hearings.segments(hearing.id) if one.start * AUDIO_RATE < end * one.rate]
    run = work.runs.shown(hearing.id)
    parts = (hearing, *work.hearings.spares(hearing.id))
    windows = [window for one in parts for window in work.windows.of(one.id, run)]
    card, notes, states = HearingCard.parse(hearing.card), _notes(work, hearing), _states(work, hearing)
    utterances = _said(work, hearing, found)
    return HearingFacts(
        hearing=hearing.id,
        card=card,
        room=hearing.room,
        started=hearing.started_at,
        ended=hearing.ended_at,
        length=hearing.end_sample / AUDIO_RATE,
        zone=zone,
        notes=notes,
        states=states,
        tracks=tuple(_track(track, segments) for track in hearing.tracks),
        gaps=tuple(
            GapFact(one.track, SampleRange(one.start, one.end, one.rate), GapCause(one.cause), one.device_log)
            for one in work.hearings.gaps(hearing.id)
            if one.start * AUDIO_RATE < end * one.rate
        ),
        utterances=utterances,
        untranscribed=_untranscribed(work.windows.of(hearing.id, run), segments),
        openness=tuple(work.hearings.openness(hearing.id)),
        models=tuple(ModelFact(*one) for one in work.utterances.models(hearing.id, run)),
        hotwords=work.utterances.hotwords_told(hearing.id, run),
        ledger=_ledger(work, hearing.id),
        untranscribed_because=_reasons(windows),
        no_recogniser=any(one.state == "failed" and one.reason == NO_RECOGNISER for one in windows),
        covers=tuple(covers(work, hearing, found)),
        spares=tuple(one.id for one in work.hearings.spares(hearing.id)),
        tested=_tested(work, hearing.id),
        mutes=tuple(
            mute_spans(
                (body["track"], body["at_sample"] / AUDIO_RATE, body["muted"])
                for body in _bodies(work, hearing.id, LeafKind.MUTE)
            )
        ),
        awaited=tuple(
            (one.track, SampleRange(one.start, one.end, one.rate)) for one in work.hearings.undelivered(hearing.id)
        ),
        stages=_stages(work, hearing, notes, states, utterances, load_cues(cues)),
        attendance=tuple(work.decisions.attendance(hearing.id)),
    )


def gather_stages(
    work: UnitOfWork, hearing: models.Hearing, store: WormStore, cues: Path | None
) -> tuple[tuple[Stage, ...], tuple[Utterance, ...]]:
    """The stages as a draft would have them, and the utterances that their evidence counts in."""
    said = _said(work, hearing, filled(work, store, hearing))
    return _stages(work, hearing, _notes(work, hearing), _states(work, hearing), said, load_cues(cues)), said


def _stages(
    work: UnitOfWork,
    hearing: models.Hearing,
    notes: tuple[Note, ...],
    states: tuple[StateChange, ...],
    said: tuple[Utterance, ...],
    cues: Mapping[str, Cues],
) -> tuple[Stage, ...]:
    language, decisions = HearingCard.parse(hearing.card).language, work.decisions.stages(hearing.id)
    return tuple(stages(notes, states, said, cues, language, decisions))


def _states(work: UnitOfWork, hearing: models.Hearing) -> tuple[StateChange, ...]:
    return tuple(
        StateChange(one.at_sample / AUDIO_RATE, HearingState(one.state))
        for one in work.hearings.state_changes(hearing.id)
    )


def _notes(work: UnitOfWork, hearing: models.Hearing) -> tuple[Note, ...]:
    """The hearing's own, and those that only a spare recording has, in time order."""
    own = [(one.at_sample / AUDIO_RATE, one) for one in work.hearings.notes(hearing.id)]
    told = sorted([*own, *notes_beside(work, hearing)], key=lambda one: one[0])
    return tuple(Note(at, NoteTemplate(one.template), one.text) for at, one in told)


def _track(track: dict[str, Any], segments: Sequence[models.Segment]) -> TrackFact:
    own = [one for one in segments if one.track == track["track"]]
    return TrackFact(
        track=track["track"],
        role=_role(track["role"]),
        kind=track["kind"],
        derived=track["derived"],
        device=track["device"],
        segments=tuple(SampleRange(one.start, one.end, one.rate) for one in own),
        bytes=sum(one.size for one in own),
    )


def _role(name: str) -> CourtRole | None:
    return CourtRole(name) if name else None


def _said(work: UnitOfWork, hearing: models.Hearing, found: Sequence[Filled]) -> tuple[Utterance, ...]:
    """The hearing's own utterances, and of spare recordings those in what they fill, in time order."""
    voices = work.voices.by_label(hearing.id)
    own = [_utterance(row, row.track, 0.0, voices.get(row.voice)) for row in work.lines.of(hearing.id)]
    beside = [_utterance(row, one.track, one.offset.seconds, voices.get(row.voice)) for one, row in spoken(work, found)]
    return tuple(sorted([*own, *beside], key=lambda one: one.start) if beside else own)


def _utterance(row: Line, track: str, later: float, voice: Speaker | None = None) -> Utterance:
    start, end = row.start_ms / 1000 + later, row.end_ms / 1000 + later
    number, name = (voice.number, voice.name) if voice else (0, "")
    by = row.mark.by if row.mark and row.mark.deed != Deed.UNDO else ""
    return Utterance(
        track, _role(row.role), start, end, row.text, row.flags, number, row.speaker or name, by, row.language
    )


def _untranscribed(
    windows: Iterable[models.Window], segments: Sequence[models.Segment]
) -> tuple[tuple[float, float], ...]:
    failed = {one.sequence for one in windows if one.state == "failed"}
    spans: dict[int, tuple[float, float]] = {}
    for one in segments:
        if one.sequence in failed:
            start, end = spans.get(one.sequence, (float("inf"), 0.0))
            spans[one.sequence] = min(start, one.start / one.rate), max(end, one.end / one.rate)
    return tuple(sorted(spans.values()))


def _reasons(windows: Iterable[models.Window]) -> tuple[str, ...]:
    """What the program says of windows it gave up, each sentence once; what the form itself can say is left to it."""
    said = (one.error for one in windows if one.state == "failed" and one.reason != NO_RECOGNISER)
    return tuple(dict.fromkeys(error for error in said if error))


def _tested(work: UnitOfWork, hearing: str) -> SelfTest | None:
    """What the hearing's first entry states; what a later version found is not known here."""
    for body in _bodies(work, hearing, LeafKind.HEARING):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return SelfTest.parse(body["selftest"])
    return None


def _bodies(work: UnitOfWork, hearing: str, kind: LeafKind) -> list[Mapping[str, Any]]:
    """What the hearing's entries of one kind state, in order."""
    query = select(models.LogEntry.entry).where(models.LogEntry.hearing_id == hearing, models.LogEntry.kind == kind)
    return [body_of(entry) for entry in work.session.scalars(query.order_by(models.LogEntry.index))]


def _ledger(work: UnitOfWork, hearing: str) -> LedgerFact:
    """The log just after the last entry the draft rests on, so that drafting again states the same root."""
    query = select(func.max(models.LogEntry.index)).where(
        models.LogEntry.hearing_id == hearing, models.LogEntry.kind.not_in([kind.value for kind in _NOT_EVIDENCE])
    )
    last = work.session.scalar(query)
    size = 0 if last is None else last + 1
    return LedgerFact(size, merkle.root_at(size, work.log.node).hex())
