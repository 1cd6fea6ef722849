"""Two minutes of hearing with a break, recorded and transcribed, and what became of its protocol."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from court.hearing import HearingState
from court.timeline import GapCause
from protocol.context import ProtocolContext, make_context, signer_files
from protocol.demo_key import make_demo_pkcs12
from protocol.settings import ProtocolSettings
from storage.db import models
from storage.db.unit_of_work import Database, UnitOfWork
from storage.ledger.leaf import LeafKind, parse
from storage.worm.local import LocalStore
from storage.worm.port import StoredObject, object_key
from tests.factories.ledger import SERVER_KEY
from tests.factories.protocol import BREAK, CARD, HEARING, LENGTH, OPENING_WORDS, STARTED, TRACKS, StoppedClock

RATE = 48_000


def court_after_a_hearing(database: Database, folder: Path) -> ProtocolContext:
    """Where drafts and signatures are made, with the secretary's key."""
    settings = ProtocolSettings()
    make_demo_pkcs12(signer_files(settings, folder / "keys").pkcs12, CARD.secretary, StoppedClock())
    made = make_context(
        settings,
        database=database,
        store=LocalStore(folder / "objects"),
        key=SERVER_KEY,
        clock=StoppedClock(),
        home=folder,
        site="https://court.example",
        keep=timedelta(days=3650),
    )
    record_hearing(made)
    return made


def record_hearing(context: ProtocolContext) -> None:
    """Two minutes of hearing with a break, transcribed, as ingest and transcription leave it."""
    tracks = [
        {"track": name, "role": role.value if role else "", "kind": kind, "rate": rate, "derived": False, "device": "x"}
        for name, role, kind, rate in TRACKS
    ]
    with context.database.begin() as work:
        work.hearings.add(
            models.Hearing(
                id=HEARING, case_number=CARD.case_number.verbatim, case_key=CARD.case_number.key,
                card=CARD.as_fields(), room="Зал № 1", state=HearingState.ENDED.value, tracks=tracks,
                started_at=STARTED, ended_at=STARTED + timedelta(seconds=LENGTH), end_sample=round(LENGTH * RATE),
            )
        )  # fmt: skip
        work.session.flush()
        for name, _, _, rate in TRACKS:
            add_segment(work, name, 0, (0.0, BREAK[0]), rate)
            add_segment(work, name, 1, (BREAK[1], LENGTH), rate)
            work.hearings.add(
                models.Gap(
                    hearing_id=HEARING, track=name, start=round(BREAK[0] * rate), end=round(BREAK[1] * rate), rate=rate,
                    cause=GapCause.BREAK.value, device_log="", utc=STARTED, leaf_index=0,
                )
            )  # fmt: skip
        for state, at in (("recording", 0.0), ("paused", BREAK[0]), ("recording", BREAK[1]), ("ended", LENGTH)):
            work.hearings.add(
                models.StateChange(
                    hearing_id=HEARING, state=state, at_sample=round(at * RATE), utc=STARTED, leaf_index=round(at)
                )
            )
        note = {"at_sample": 2 * RATE, "template": "opening", "text": "Заседание открыто"}
        work.hearings.add(models.NoteRow(hearing_id=HEARING, leaf_index=0, **note))
        work.log.record(LeafKind.NOTE, HEARING, STARTED, note, SERVER_KEY)
        work.windows.add(HEARING, 0)
    transcribe(context, OPENING_WORDS)


def add_segment(work: UnitOfWork, track: str, sequence: int, span: tuple[float, float], rate: int) -> None:
    sha256 = hashlib.sha256(f"{track} {sequence}".encode()).hexdigest()
    work.log.add_object(StoredObject(object_key(sha256), "", sha256, 1000), STARTED, None)
    work.hearings.add(
        models.Segment(
            hearing_id=HEARING, track=track, sequence=sequence, start=round(span[0] * rate), end=round(span[1] * rate),
            rate=rate, sha256=sha256, size=1000, init_size=10, codec="flac", partial=False, utc=STARTED, leaf_index=0,
        )
    )  # fmt: skip


def transcribe(context: ProtocolContext, text: str, parameters: str = "a" * 64) -> None:
    """A run of the recogniser over the first window, with its ledger entry."""
    run = {"sequence": 0, "engine": "whisper", "model_sha256": "d0" * 32, "parameters_key": parameters}
    body = {**run, "utterances_sha256": "0" * 64}
    with context.database.begin() as work:
        work.utterances.add_all(
            [
                models.Utterance(
                    hearing_id=HEARING, sequence=0, track="mic-judge", role="judge", start_ms=2500, end_ms=5500,
                    text=text, words=[], language="ru", flags=[], engine="whisper", model="d0" * 32,
                    parameters_key=parameters, segment_sha256="1" * 64, position=0,
                )
            ]
        )  # fmt: skip
        work.log.record(LeafKind.TRANSCRIPT, HEARING, STARTED, body, SERVER_KEY)
        work.windows.done(HEARING, 0)


def revisions(context: ProtocolContext) -> list[models.Protocol]:
    with context.database.read() as work:
        return list(work.protocols.of(HEARING, documents=True))


def bodies(context: ProtocolContext, kind: LeafKind) -> list[Any]:
    with context.database.read() as work:
        return [parse(row.entry).body for row in work.log.entries(HEARING) if row.kind == kind.value]


def state(context: ProtocolContext) -> str:
    with context.database.read() as work:
        hearing = work.hearings.get(HEARING)
        assert hearing is not None
        return hearing.state
