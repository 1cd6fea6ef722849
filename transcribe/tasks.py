"""The Celery task that transcribes one window. The database decides who works; delivering twice does no harm."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog
from celery import Celery

from court.clock import Clock
from court.errors import CourtError
from storage.db.models import Hearing, Segment
from storage.db.unit_of_work import Database, UnitOfWork
from storage.db.work import MAX_ATTEMPTS, NO_RECOGNISER
from storage.keys import SigningKey
from storage.ledger.leaf import LeafKind
from storage.queue import TRANSCRIBE_WINDOW, offer_draft, register_task
from storage.worm.port import WormStore
from transcribe.audio import window_sound
from transcribe.engines.port import Engine
from transcribe.errors import NoEngine
from transcribe.pipeline import Tongues, parameters_of, transcribe_window
from transcribe.records import parameters_key, rows_of, utterances_sha256
from transcribe.speech import Utterance

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TranscribeContext:
    """What the task works with; made once by the worker's composition root.

    `engine_for` gives the engine of a hearing's language, `tongues_for` the languages that may be heard beside it,
    `key` signs the server's ledger entries.
    """

    database: Database
    store: WormStore
    key: SigningKey
    clock: Clock
    engine_for: Callable[[str], Engine]
    tongues_for: Callable[[str], Tongues | None] = lambda language: None


@dataclass(frozen=True, slots=True)
class _Job:
    """A claimed window. `attempt` is also the proof of the claim: whoever takes it over counts one more."""

    hearing_id: str
    sequence: int
    attempt: int
    language: str
    segments: tuple[Segment, ...]

    @property
    def hashes(self) -> dict[str, str]:
        return {one.track: one.sha256 for one in self.segments}


def register(app: Celery, context: TranscribeContext) -> None:
    """Makes `app` serve the task transcribe.window(hearing_id, sequence)."""

    def window(hearing_id: str, sequence: int) -> None:
        with suppress(CourtError):  # told in one sentence, in the log and at the window: Celery need not add where
            transcribe(context, hearing_id, sequence)

    register_task(app, TRANSCRIBE_WINDOW, window)


def transcribe(context: TranscribeContext, hearing_id: str, sequence: int) -> bool:
    """Transcribes the window unless it is done or another worker has it; True if this call stored its transcript.

    After a failure the window waits for its next attempt, or is given up and shows why; the error is raised either way.
    Where no engine is set for the language, no further attempt is made.
    """
    job = _claim(context, hearing_id, sequence)
    if job is None:
        return False
    try:
        engine, tongues = context.engine_for(job.language), context.tongues_for(job.language)
        utterances: list[Utterance] = []
        if job.segments:
            start, pcm = window_sound(context.store, job.segments)
            utterances = transcribe_window(pcm, start, job.language, engine, tongues=tongues)
        return _store(context, job, engine, tongues, utterances)
    except Exception as error:
        _give_back(context, job, error)
        raise


def _claim(context: TranscribeContext, hearing_id: str, sequence: int) -> _Job | None:
    now = context.clock.now().utc
    with context.database.begin() as work:
        hearing = work.hearings.lock(hearing_id)
        if hearing is None or not work.windows.claim(hearing_id, sequence, now):
            return None
        window = work.windows.get(hearing_id, sequence)
        if window is None or window.attempts > MAX_ATTEMPTS:
            # Nobody was left to report the attempts before: this window ends its workers.
            work.windows.failed(hearing_id, sequence, f"The worker died {MAX_ATTEMPTS} times at this window.")
            offer_draft(work, hearing, context.clock.now().utc)
            return None
        microphones = {one["track"] for one in hearing.tracks if one["kind"] == "audio" and not one["derived"]}
        segments = [one for one in work.hearings.window(hearing_id, sequence) if one.track in microphones]
        return _Job(hearing_id, sequence, window.attempts, hearing.card["language"], tuple(segments))


def _store(
    context: TranscribeContext, job: _Job, engine: Engine, tongues: Tongues | None, utterances: list[Utterance]
) -> bool:
    """Utterances, ledger entry, state and the offer of the protocol: all of it or nothing."""
    rows = rows_of(job.hearing_id, job.sequence, utterances, engine=engine, tongues=tongues, segments=job.hashes)
    body = {
        "sequence": job.sequence,
        "segments": [{"track": track, "sha256": sha256} for track, sha256 in job.hashes.items()],
        "engine": engine.name,
        "model_sha256": engine.model_sha256,
        "parameters": parameters_of(engine, tongues),
        "parameters_key": parameters_key(engine, tongues),
        "utterances_sha256": utterances_sha256(rows),
    }
    with context.database.begin() as work:
        hearing = _still_ours(work, job)
        if hearing is None:
            return False
        work.utterances.add_all(rows)
        work.log.record(LeafKind.TRANSCRIPT, job.hearing_id, context.clock.now().utc, body, context.key)
        work.windows.done(job.hearing_id, job.sequence)
        offer_draft(work, hearing, context.clock.now().utc)
    _log.info("window_transcribed", hearing=job.hearing_id, sequence=job.sequence, utterances=len(rows))
    return True


def _give_back(context: TranscribeContext, job: _Job, error: Exception) -> None:
    sentence = str(error) if isinstance(error, CourtError) else f"{type(error).__name__}: {error}"
    with context.database.begin() as work:
        hearing = _still_ours(work, job)
        for_good = NO_RECOGNISER if isinstance(error, NoEngine) else ""
        if hearing is not None and work.windows.failed(job.hearing_id, job.sequence, sentence, for_good):
            offer_draft(work, hearing, context.clock.now().utc)
    _log.warning("window_failed", hearing=job.hearing_id, sequence=job.sequence, attempt=job.attempt, error=sentence)


def _still_ours(work: UnitOfWork, job: _Job) -> Hearing | None:
    """The hearing, locked, if the job's claim still stands; None if another worker took the window over."""
    hearing = work.hearings.lock(job.hearing_id)
    window = work.windows.get(job.hearing_id, job.sequence)
    ours = window is not None and window.state == "claimed" and window.attempts == job.attempt
    return hearing if ours else None
