"""A court's installation after two hearings: recorded, transcribed, drafted, one of them signed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from api.verification import verify
from court.people import UserRole
from protocol.context import ProtocolContext, make_context
from protocol.demo_key import make_demo_pkcs12
from protocol.settings import ProtocolSettings
from protocol.tasks import sign_protocol
from storage.db.migrate import upgrade
from storage.db.models import (
    Utterance,
)
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from tests.factories.drafts import draw_up
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import Server, make_server
from transcribe.records import utterances_sha256

OTHER = HEARING[:-1] + "2"


def filled(database: Database, folder: Path) -> Server:
    """Two hearings, one view of the first, a checkpoint over all of it."""
    made = make_server(database, folder)
    made.receive(made_hearing())
    made.receive(made_hearing(OTHER))
    made.user(UserRole.JUDGE).get(f"/media/{HEARING}/mic-judge/0.mp4")
    made.client().get("/api/log/checkpoint")
    return made


def worked(database: Database, folder: Path) -> Server:
    """As `filled`, both hearings transcribed and drafted, the first signed."""
    made = filled(database, folder)
    protocols = protocols_of(made, folder)
    make_demo_pkcs12(protocols.signer.pkcs12, "Айжамал", made.clock)
    for hearing in (HEARING, OTHER):
        transcribe(made, hearing)
        draw_up(protocols, hearing)
    sign_protocol(protocols, HEARING, "secretary")
    return made


def protocols_of(server: Server, folder: Path) -> ProtocolContext:
    context = server.context
    return make_context(
        ProtocolSettings(), database=context.database, store=context.store, key=context.server_key,
        clock=context.clock, home=folder, site="http://court.test", keep=timedelta(days=1),
    )  # fmt: skip


def transcribe(server: Server, hearing: str) -> None:
    """One utterance in each of the hearing's windows, entered as the worker enters it."""
    for sequence in range(3):
        with server.context.database.begin() as work:
            segment = work.hearings.segment(hearing, "mic-judge", sequence)
            assert segment is not None
            row = utterance(hearing, sequence, segment_sha256=segment.sha256)
            body = {
                "sequence": sequence, "engine": row.engine, "model_sha256": row.model,
                "parameters_key": row.parameters_key, "utterances_sha256": utterances_sha256([row]),
            }  # fmt: skip
            work.utterances.add_all([row])
            work.log.record(LeafKind.TRANSCRIPT, hearing, server.clock.utc, body, server.context.server_key)
            work.windows.done(hearing, sequence)


def utterance(hearing: str, sequence: int, **other: Any) -> Utterance:
    told: dict[str, Any] = {
        "hearing_id": hearing, "sequence": sequence, "track": "mic-judge", "role": "judge", "start_ms": 1000,
        "end_ms": 2000, "text": "Садитесь, пожалуйста.", "words": [], "language": "ru", "flags": [],
        "engine": "whisper", "model": "d0" * 32, "parameters_key": "a" * 64, "segment_sha256": "1" * 64, "position": 0,
    }  # fmt: skip
    return Utterance(**told | other)


def faults(server: Server, hearing: str | None = None) -> list[str]:
    return list(verify(server.context, hearing))


def kept_installation(folder: Path) -> Path:
    """Worked through on SQLite, to be copied."""
    database = Database(f"sqlite:///{folder}/courtrec.db")
    upgrade(database.engine)
    worked(database, folder)
    database.dispose()
    return folder


@contextmanager
def copy_of(kept: Path, folder: Path) -> Iterator[Server]:
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    database = Database(f"sqlite:///{folder}/courtrec.db")
    yield make_server(database, folder)
    database.dispose()
