"""The Celery task that transcribes windows. The database decides who works on which; doubled tasks do no harm."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from celery import Celery

from court.errors import CourtError
from storage.db.models import Utterance as UtteranceRow
from storage.ledger.leaf import LeafKind
from storage.queue import TRANSCRIBE_WINDOW, register_task
from storage.turns import FIRST_RUN
from transcribe.audio import window_sound
from transcribe.claims import kept
from transcribe.context import TranscribeContext
from transcribe.diarise.channel import dominant_channels
from transcribe.diarise.embedding import Embedder
from transcribe.diarise.port import Diariser
from transcribe.diarise.shared import SharedMicrophones
from transcribe.engines.port import Engine
from transcribe.hotwords import expecting
from transcribe.jobs import Job, claim, give_back, still_ours, text_changed
from transcribe.pipeline import Stretch, Tongues, parameters_of, transcribe_stretches
from transcribe.records import again, parameters_key, rows_of, utterances_sha256
from transcribe.speech import Utterance
from transcribe.voices import HeardVoice, heard, keep, settle

TOGETHER = 8
"""Windows of a hearing that one task takes where so many wait: about two minutes, which Whisper decodes as one batch.

More would save little, and whatever is more urgent waits for so long.
"""

_log = structlog.get_logger(__name__)


def register(app: Celery, context: TranscribeContext) -> None:
    """Makes `app` serve the task transcribe.window()."""

    def window(*_named: object) -> None:  # tasks of earlier versions named their window
        with suppress(CourtError):  # told in one sentence, in the log and at the window: Celery need not add where
            transcribe_next(context)

    register_task(app, TRANSCRIBE_WINDOW, window)


def transcribe_next(context: TranscribeContext) -> bool:
    """Transcribes the window whose turn it is, and those that wait behind it; False if there is none.

    Raises as `transcribe`.
    """
    while True:
        with context.database.read() as work:
            turn = work.windows.next_turn(context.clock.now().utc)
        if turn is None:
            return False
        hearing_id, sequence, run = turn
        if transcribe(context, hearing_id, sequence, run, TOGETHER):
            return True  # else another worker was faster, or the window was given up: there may be more


def transcribe(
    context: TranscribeContext, hearing_id: str, sequence: int, run: int = FIRST_RUN, together: int = 1
) -> bool:
    """Transcribes the window unless it is done or another worker has it, and with it those of its hearing that wait
    behind it, `together` in all; True if this call stored a transcript.

    After a failure a window waits for its next attempt, alone, or is given up and shows why; the first error is raised
    once everything else is done. Where no further attempt can help, none is made.
    """
    jobs = claim(context, hearing_id, sequence, run, together)
    if not jobs:
        return False
    with kept(context.database, context.clock, context.drain, [one.window for one in jobs]):
        texts = _texts(context, jobs)
    errors, stored = [], 0
    for job, text in texts:
        try:
            if isinstance(text, Exception):
                raise text
            stored += _store(context, job, text)
        except Exception as error:  # noqa: BLE001 - raised below, when the other windows are stored
            give_back(context, job, error)
            errors.append(error)
    if errors:
        raise errors[0]
    return stored > 0


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


def _means(context: TranscribeContext, job: Job) -> _Means:
    engine = context.engine_for(job.language, job.model) if job.model else context.engine_for(job.language)
    engine, tongues = expecting(engine, context.tongues_for(job.language), job.language, job.names, context.glossary)
    return _Means(engine, tongues, context.embedder() if job.shared else None)


@dataclass(frozen=True, slots=True)
class _Text:
    """A window's text, what made it, and the voices that were told apart for it now.

    `together` are the windows that were recognised with it, itself among them; none where it was alone. Words depend
    on what else lies in a recogniser's window.
    """

    rows: Sequence[UtteranceRow]
    means: _Means
    voices: Sequence[HeardVoice] = ()
    together: Sequence[int] = ()


def _texts(context: TranscribeContext, jobs: Sequence[Job]) -> list[tuple[Job, _Text | Exception]]:
    """Each job's text, or why it has none: where one of several fails, each is tried by itself."""
    try:
        return list(zip(jobs, _made(context, jobs), strict=True))
    except Exception as error:  # noqa: BLE001 - it is the window's, whatever it is
        if len(jobs) == 1:
            return [(jobs[0], error)]
        _log.warning("windows_failed_together", **jobs[0].name, windows=len(jobs), error=str(error))
    return [one for job in jobs for one in _texts(context, [job])]


def _made(context: TranscribeContext, jobs: Sequence[Job]) -> list[_Text]:
    means = _means(context, jobs[0])
    before = [_made_before(context, job, means) for job in jobs]
    recognised = iter(
        _recognised(context, [job for job, text in zip(jobs, before, strict=True) if text is None], means)
    )
    return [text or next(recognised) for text in before]


def _recognised(context: TranscribeContext, jobs: Sequence[Job], means: _Means) -> list[_Text]:
    if not jobs:
        return []
    told = [SharedMicrophones(dominant_channels, means.embed, job.shared) if means.embed else None for job in jobs]
    stretches = [_stretch(context, job, one or dominant_channels) for job, one in zip(jobs, told, strict=True)]
    said = transcribe_stretches(stretches, jobs[0].language, means.engine, tongues=means.tongues)
    together = [job.window.sequence for job in jobs] if len(jobs) > 1 else []
    return [
        _text(job, utterances, heard(one.voices, utterances) if one else [], means, together)
        for job, utterances, one in zip(jobs, said, told, strict=True)
    ]


def _stretch(context: TranscribeContext, job: Job, diarise: Diariser) -> Stretch:
    start, pcm = window_sound(context.store, job.segments) if job.segments else (0.0, {})
    return Stretch(pcm, start, diarise)


def _text(
    job: Job, said: Sequence[Utterance], voices: Sequence[HeardVoice], means: _Means, together: Sequence[int]
) -> _Text:
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
    return _Text(rows, means, voices, together)


def _made_before(context: TranscribeContext, job: Job, means: _Means) -> _Text | None:
    """The window's text as another run made it of the same sound, by the same model in the same way."""
    window = job.window
    if window.run == FIRST_RUN:
        return None
    with context.database.read() as work:
        stated = work.utterances.transcripts(window.hearing_id, {window.sequence})
        for body in stated:
            hashes = {one["track"]: one["sha256"] for one in body.get("segments", ())}
            same = (body["engine"], body["parameters_key"], hashes) == (means.engine.name, means.key, job.hashes)
            if same and body.get("run", FIRST_RUN) != window.run:
                made = work.utterances.newest(window.hearing_id, body.get("run", FIRST_RUN))
                rows = [one for one in made if one.sequence == window.sequence]
                rows.sort(key=lambda one: one.position)
                if utterances_sha256(rows) == body["utterances_sha256"]:
                    copies = [again(one, window.run) for one in rows]
                    return _Text(copies, means, together=body.get("together", ()))
    return None


def _store(context: TranscribeContext, job: Job, text: _Text) -> bool:
    """Utterances, voices, ledger entry, state and the offer of the protocol: all of it or nothing."""
    window, means = job.window, text.means
    body = {
        "run": window.run,
        "sequence": window.sequence,
        "segments": [{"track": track, "sha256": sha256} for track, sha256 in job.hashes.items()],
        "engine": means.engine.name,
        "model_sha256": means.engine.model_sha256,
        "parameters": parameters_of(means.engine, means.tongues, means.voice_model),
        "parameters_key": means.key,
        "utterances_sha256": utterances_sha256(text.rows),
        **({"together": list(text.together)} if text.together else {}),
    }
    with context.database.begin() as work:
        hearing = still_ours(work, job)
        if hearing is None:
            return False
        grown = keep(work, hearing, window.sequence, text.voices, means.voice_model)
        work.utterances.add_all(text.rows)
        work.log.record(LeafKind.TRANSCRIPT, window.hearing_id, context.clock.now().utc, body, context.key)
        work.windows.done(window.hearing_id, window.sequence, window.run)
        text_changed(work, hearing, window, context)
    _log.info("window_transcribed", **job.name, utterances=len(text.rows))
    if grown:
        settle(context.database, window.hearing_id)
    return True
