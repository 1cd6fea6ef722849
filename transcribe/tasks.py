"""The Celery task that transcribes one window. The database decides who works on which; doubled tasks do no harm."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from celery import Celery

from court.clock import Clock
from court.errors import CourtError
from hardware.errors import MediaUnreadable
from storage.db.models import Hearing, Segment, Window
from storage.db.models import Utterance as UtteranceRow
from storage.db.unit_of_work import Database, UnitOfWork
from storage.db.work import ALTERED, MAX_ATTEMPTS, NO_RECOGNISER, UNREADABLE, WORKER_DIED
from storage.errors import ObjectAltered, ObjectMissing, WrongHash
from storage.keys import SigningKey
from storage.ledger.leaf import LeafKind
from storage.queue import TRANSCRIBE_WINDOW, offer_draft, register_task
from storage.turns import FIRST_RUN
from storage.worm.port import WormStore
from transcribe.audio import window_sound
from transcribe.claims import Drain, kept
from transcribe.diarise.channel import dominant_channels
from transcribe.diarise.embedding import Embedder
from transcribe.diarise.shared import SharedMicrophones
from transcribe.engines.port import Engine
from transcribe.errors import AlteredSound, NoEngine, UnusableSound
from transcribe.pipeline import Tongues, parameters_of, transcribe_window
from transcribe.records import again, parameters_key, rows_of, utterances_sha256
from transcribe.voices import HeardVoice, heard, keep, shared

_log = structlog.get_logger(__name__)


class EngineFor(Protocol):
    """Gives the engine of a language; with `model` that one and no other. Raises NoEngine."""

    def __call__(self, language: str, model: str = "") -> Engine: ...


class TonguesFor(Protocol):
    """Gives the languages that may be heard beside a hearing's own, None where nothing tells them apart."""

    def __call__(self, language: str) -> Tongues | None: ...


def _no_tongues(language: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class TranscribeContext:
    """What the task works with; made once by the worker's composition root. `key` signs the server's ledger entries.

    `embedder` gives the model that tells voices at shared microphones apart, None where there is none.
    """

    database: Database
    store: WormStore
    key: SigningKey
    clock: Clock
    engine_for: EngineFor
    tongues_for: TonguesFor = _no_tongues
    embedder: Callable[[], Embedder | None] = lambda: None
    drain: Drain = field(default_factory=Drain)


@dataclass(frozen=True, slots=True)
class _Job:
    """A claimed window, as it was read with its claim, and what it is made of. `model` is '' where settings choose."""

    window: Window
    language: str
    model: str
    segments: tuple[Segment, ...]
    shared: Mapping[str, int]

    @property
    def hashes(self) -> dict[str, str]:
        return {one.track: one.sha256 for one in self.segments}

    @property
    def name(self) -> dict[str, Any]:
        """For the program's log."""
        return {"hearing": self.window.hearing_id, "sequence": self.window.sequence, "run": self.window.run}


def register(app: Celery, context: TranscribeContext) -> None:
    """Makes `app` serve the task transcribe.window()."""

    def window(*_named: object) -> None:  # tasks of earlier versions named their window
        with suppress(CourtError):  # told in one sentence, in the log and at the window: Celery need not add where
            transcribe_next(context)

    register_task(app, TRANSCRIBE_WINDOW, window)


def transcribe_next(context: TranscribeContext) -> bool:
    """Transcribes the window whose turn it is; False if there is none. Raises as `transcribe`."""
    while True:
        with context.database.read() as work:
            turn = work.windows.next_turn(context.clock.now().utc)
        if turn is None:
            return False
        hearing_id, sequence, run = turn
        if transcribe(context, hearing_id, sequence, run):
            return True  # else another worker was faster, or the window was given up: there may be more


def transcribe(context: TranscribeContext, hearing_id: str, sequence: int, run: int = FIRST_RUN) -> bool:
    """Transcribes the window unless it is done or another worker has it; True if this call stored its transcript.

    After a failure the window waits for its next attempt, or is given up and shows why; the error is raised either way.
    Where no further attempt can help, none is made.
    """
    job = _claim(context, hearing_id, sequence, run)
    if job is None:
        return False
    try:
        with kept(context.database, context.clock, context.drain, job.window):
            means = _means(context, job)
            made = _made_before(context, job, means) or _recognised(context, job, means)
        return _store(context, job, means, made)
    except Exception as error:
        _give_back(context, job, error)
        raise


def _claim(context: TranscribeContext, hearing_id: str, sequence: int, run: int) -> _Job | None:
    now = context.clock.now().utc
    with context.database.begin() as work:
        hearing = work.hearings.lock(hearing_id)
        window = work.windows.claim(hearing_id, sequence, now, run) if hearing is not None else None
        if hearing is None or window is None:
            return None
        if window.attempts > MAX_ATTEMPTS:
            # Nobody was left to report the attempts before: this window ends its workers.
            sentence = f"The worker died {MAX_ATTEMPTS} times at this window."
            work.windows.failed(hearing_id, sequence, sentence, reason=WORKER_DIED, for_good=True, run=run)
            _text_changed(work, hearing, window, context)
            return None
        microphones = {one["track"] for one in hearing.tracks if one["kind"] == "audio" and not one["derived"]}
        segments = [one for one in work.hearings.window(hearing_id, sequence) if one.track in microphones]
        return _Job(
            window, hearing.card["language"], work.runs.model(hearing_id, run), tuple(segments), shared(hearing)
        )


@dataclass(frozen=True, slots=True)
class _Means:
    """What a window is transcribed with; `embed` tells voices at shared microphones apart, if there are any."""

    engine: Engine
    tongues: Tongues | None
    embed: Embedder | None

    @property
    def voice_model(self) -> str:
        return self.embed.model_sha256 if self.embed else ""

    @property
    def key(self) -> str:
        return parameters_key(self.engine, self.tongues, self.voice_model)


def _means(context: TranscribeContext, job: _Job) -> _Means:
    engine = context.engine_for(job.language, job.model) if job.model else context.engine_for(job.language)
    return _Means(engine, context.tongues_for(job.language), context.embedder() if job.shared else None)


@dataclass(frozen=True, slots=True)
class _Made:
    """A window's text, and the voices that were told apart for it now."""

    rows: Sequence[UtteranceRow]
    voices: Sequence[HeardVoice] = ()


def _recognised(context: TranscribeContext, job: _Job, means: _Means) -> _Made:
    if not job.segments:
        return _Made([])
    diarise = SharedMicrophones(dominant_channels, means.embed, job.shared) if means.embed else None
    start, pcm = window_sound(context.store, job.segments)
    said = transcribe_window(
        pcm, start, job.language, means.engine, tongues=means.tongues, diarise=diarise or dominant_channels
    )
    voices = heard(diarise.voices, said) if diarise else []
    rows = rows_of(
        job.window.hearing_id,
        job.window.sequence,
        said,
        run=job.window.run,
        engine=means.engine,
        tongues=means.tongues,
        segments=job.hashes,
        voices={one.place: one.voice.label for one in voices},
        voice_model=means.voice_model,
    )
    return _Made(rows, voices)


def _made_before(context: TranscribeContext, job: _Job, means: _Means) -> _Made | None:
    """The window's text as another run made it of the same sound, by the same model in the same way."""
    window = job.window
    if window.run == FIRST_RUN:
        return None
    with context.database.read() as work:
        stated = work.utterances.transcripts(window.hearing_id, window.sequence)
        for body in stated:
            hashes = {one["track"]: one["sha256"] for one in body.get("segments", ())}
            same = (body["engine"], body["parameters_key"], hashes) == (means.engine.name, means.key, job.hashes)
            if same and body.get("run", FIRST_RUN) != window.run:
                made = work.utterances.newest(window.hearing_id, body.get("run", FIRST_RUN))
                rows = [one for one in made if one.sequence == window.sequence]
                rows.sort(key=lambda one: one.position)
                if utterances_sha256(rows) == body["utterances_sha256"]:
                    return _Made([again(one, window.run) for one in rows])
    return None


def _store(context: TranscribeContext, job: _Job, means: _Means, made: _Made) -> bool:
    """Utterances, voices, ledger entry, state and the offer of the protocol: all of it or nothing."""
    window, engine, rows = job.window, means.engine, made.rows
    body = {
        "run": window.run,
        "sequence": window.sequence,
        "segments": [{"track": track, "sha256": sha256} for track, sha256 in job.hashes.items()],
        "engine": engine.name,
        "model_sha256": engine.model_sha256,
        "parameters": parameters_of(engine, means.tongues, means.voice_model),
        "parameters_key": means.key,
        "utterances_sha256": utterances_sha256(rows),
    }
    with context.database.begin() as work:
        hearing = _still_ours(work, job)
        if hearing is None:
            return False
        keep(work, hearing, window.sequence, made.voices, means.voice_model)
        work.utterances.add_all(rows)
        work.log.record(LeafKind.TRANSCRIPT, window.hearing_id, context.clock.now().utc, body, context.key)
        work.windows.done(window.hearing_id, window.sequence, window.run)
        _text_changed(work, hearing, window, context)
    _log.info("window_transcribed", **job.name, utterances=len(rows))
    return True


def _text_changed(work: UnitOfWork, hearing: Hearing, window: Window, context: TranscribeContext) -> None:
    """A draft follows, unless it is another version of the text that people see."""
    if work.runs.shown(hearing.id) == window.run:
        offer_draft(work, hearing, context.clock.now().utc, changed=True)


def _give_back(context: TranscribeContext, job: _Job, error: Exception) -> None:
    sentence = str(error) if isinstance(error, CourtError) else f"{type(error).__name__}: {error}"
    reason, for_good = _why(error)
    window = job.window
    with context.database.begin() as work:
        hearing = _still_ours(work, job)
        if hearing is not None and work.windows.failed(
            window.hearing_id, window.sequence, sentence, reason=reason, for_good=for_good, run=window.run
        ):
            _text_changed(work, hearing, window, context)
    _log.warning("window_failed", **job.name, attempt=window.attempts, error=sentence)


def _why(error: Exception) -> tuple[str, bool]:
    """The window's reason, and whether no further attempt can help."""
    if isinstance(error, NoEngine):
        return NO_RECOGNISER, True
    if isinstance(error, MediaUnreadable | UnusableSound):  # the bytes are those that were recorded, and stay so
        return UNREADABLE, True
    damaged = isinstance(error, AlteredSound | ObjectAltered | ObjectMissing | WrongHash)
    return ALTERED if damaged else "", False


def _still_ours(work: UnitOfWork, job: _Job) -> Hearing | None:
    """The hearing, locked, if the job's claim still stands; None if another worker took the window over."""
    held = job.window
    hearing = work.hearings.lock(held.hearing_id)
    window = work.windows.get(held.hearing_id, held.sequence, held.run)
    ours = window is not None and window.state == "claimed" and window.claims == held.claims
    return hearing if ours else None
