"""Sound nobody can use: it has a clear state, and the hearing behind it in the queue gets its text all the same."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from api.transcript_view import transcript_view
from api.web.labels import FAILURES
from recorder.boxes import init_size
from recorder.encode import SoundFile
from storage.db.models import Segment, Window
from storage.db.unit_of_work import Database
from storage.db.work import ALTERED, MAX_ATTEMPTS, NO_RECOGNISER, UNREADABLE
from storage.queue import EmbeddedWorker, Sweeper, make_queue
from tests.factories.ledger import HEARING, MOMENT
from tests.factories.queues import empty_embedded_broker
from tests.factories.transcription import OTHER_HEARING, Court, spoken
from tests.factories.waiting import until
from tests.unit.test_views import timeline
from transcribe.engines.select import Engines
from transcribe.settings import TranscribeSettings
from transcribe.tasks import register

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def court(database: Database, tmp_path: Path) -> Court:
    """Two hearings with a window each: the other one's is good."""
    made = Court(database, tmp_path)
    made.open(HEARING)
    made.open(OTHER_HEARING)
    made.record(spoken(seconds=1.0), OTHER_HEARING)
    return made


def stored(court: Court, content: bytes, seconds: float = 5.0, track: str = "mic-judge", start: float = 0.0) -> None:
    """What a node may have stated and delivered, whatever the bytes are."""
    sha256 = hashlib.sha256(content).hexdigest()
    kept = court.context.store.put(sha256, content, len(content), MOMENT + timedelta(days=1))
    with court.database.begin() as work:
        work.log.add_object(kept, MOMENT, None)
        work.hearings.add(
            Segment(
                hearing_id=HEARING, track=track, sequence=0, start=round(start * 48_000),
                end=round((start + seconds) * 48_000), rate=48_000, sha256=sha256, size=len(content), init_size=0,
                codec="flac", partial=False, utc=MOMENT, leaf_index=0,
            )
        )  # fmt: skip


def as_file(court: Court, sound: np.ndarray) -> bytes:
    """A segment as the recorder writes it, of samples at 48 kHz."""
    path = court.folder / "made.mp4"
    file = SoundFile(path)
    file.write(0, sound)
    file.seal()
    return path.read_bytes()


def at_8_khz(court: Court) -> bytes:
    """As a recorder would write it that keeps another rate than ours."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("recorder.encode.AUDIO_RATE", 8_000)
        patched.setattr("recorder.encode._SAMPLE", Fraction(1, 8_000))
        return as_file(court, np.ones(16_000, np.int16))


def head_alone(court: Court) -> bytes:
    content = as_file(court, np.zeros(48_000, np.int16))
    return content[: init_size(content)]


@pytest.fixture
def work_off(court: Court) -> Iterator[Callable[[], None]]:
    """Lets a real worker do everything there is to do; attempts that fail are offered again at once."""
    empty_embedded_broker()
    app = make_queue()
    settings = TranscribeSettings(engines={"kk": "none"})
    nothing_for_others = Engines(settings, court.folder)
    register(
        app,
        replace(
            court.context,
            engine_for=lambda language, model="": court.engine if language == "ru" else nothing_for_others(language),
        ),
    )
    worker, sweeper = EmbeddedWorker(app), Sweeper(court.database, app)
    worker.start()

    def finished() -> bool:
        court.moment += timedelta(seconds=11)
        sweeper.sweep(court.moment)
        return all(one.state in ("done", "failed") for hearing in (HEARING, OTHER_HEARING) for one in windows(hearing))

    def windows(hearing: str) -> list[Window]:
        with court.database.read() as work:
            return list(work.windows.of(hearing))

    yield lambda: until(finished)
    worker.stop()


def outcome(court: Court) -> tuple[str, str, int]:
    with court.database.read() as work:
        window = work.windows.get(HEARING, 0)
    assert window is not None
    return window.state, window.reason, window.attempts


def test_the_other_hearing_always_gets_its_text(court: Court, work_off: Callable[[], None]) -> None:
    work_off()
    assert court.texts(OTHER_HEARING) == [("mic-judge", "слово-ru")]


BAD: dict[str, Callable[[Court], bytes]] = {
    "zero-length": lambda court: b"",
    "no samples": head_alone,
    "8 kHz": at_8_khz,
    "no media at all": lambda court: b"this is no sound" * 1000,
    "cut off in its head": lambda court: as_file(court, np.zeros(48_000, np.int16))[:200],
    "too long": lambda court: as_file(court, np.zeros(48_000 * 130, np.int16)),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_sound_is_given_up_at_once_and_says_so(
    court: Court, work_off: Callable[[], None], kind: str
) -> None:
    stored(court, BAD[kind](court))
    work_off()
    assert outcome(court) == ("failed", UNREADABLE, 1)
    assert court.texts(OTHER_HEARING) == [("mic-judge", "слово-ru")]
    page = shown(court)
    assert page.complete
    assert page.reasons == (UNREADABLE,)
    assert page.reasons[0] in FAILURES


def shown(court: Court):  # type: ignore[no-untyped-def] # of transcript_view
    with court.database.read() as work:
        return transcript_view(timeline(), [], work.windows.of(HEARING, 1), ended=True)


def test_a_part_that_claims_ten_hours_is_refused_before_it_fills_the_memory(
    court: Court, work_off: Callable[[], None]
) -> None:
    content = as_file(court, np.zeros(48_000, np.int16))
    stored(court, content)
    stored(court, content, track="mic-claimant", start=10 * 3600.0)
    work_off()
    assert outcome(court) == ("failed", UNREADABLE, 1)
    assert "36005 seconds" in court.window()[2]
    assert court.texts(OTHER_HEARING) == [("mic-judge", "слово-ru")]


def test_a_corrupt_object_is_tried_until_it_is_given_up(court: Court, work_off: Callable[[], None]) -> None:
    content = as_file(court, np.ones(48_000, np.int16))
    stored(court, content)
    [path] = [one for one in (court.folder / "objects").rglob("*") if one.is_file() and one.read_bytes() == content]
    path.chmod(0o644)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    work_off()
    assert outcome(court) == ("failed", ALTERED, MAX_ATTEMPTS)
    assert shown(court).reasons == (ALTERED,)
    assert court.texts(OTHER_HEARING) == [("mic-judge", "слово-ru")]


@pytest.mark.parametrize("language", ["ky", "kk"])
def test_a_language_that_nothing_recognises_is_given_up_at_once(
    court: Court, work_off: Callable[[], None], language: str
) -> None:
    with court.database.begin() as work:
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        hearing.card = {"language": language}
    court.record(spoken(seconds=1.0))
    work_off()
    assert outcome(court) == ("failed", NO_RECOGNISER, 1)
    assert shown(court).no_recogniser
    assert court.texts(OTHER_HEARING) == [("mic-judge", "слово-ru")]


def test_clipped_sound_is_transcribed(court: Court, work_off: Callable[[], None]) -> None:
    loud = {track: np.clip(pcm.astype(np.int32) * 40, -32768, 32767).astype(np.int16)
            for track, pcm in spoken().items()}  # fmt: skip
    court.record(loud)
    work_off()
    assert outcome(court)[0] == "done"
    assert court.texts() != []


def test_thirty_two_microphones_are_one_window(court: Court, work_off: Callable[[], None]) -> None:
    more = [f"mic-seat-{number}" for number in range(30)]
    with court.database.begin() as work:
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        tracks = [{"track": one, "kind": "audio", "derived": False, "role": "", "rate": 48_000} for one in more]
        hearing.tracks = [*hearing.tracks, *tracks]
    sound = spoken()
    quiet = (sound["mic-claimant"] // 4).astype(np.int16)
    court.record({**sound, **dict.fromkeys(more, quiet)})
    work_off()
    assert outcome(court)[0] == "done"
    assert {track for track, _ in court.texts()} == {"mic-judge"}, "one voice at 32 microphones is one speaker"
    assert len(court.transcripts()[-1]["segments"]) == 32


def test_ten_hours_of_an_old_hearing_hold_up_no_other(court: Court) -> None:
    """2 400 windows wait; the one of the hearing that just ended is next, and a failing one lets the rest pass."""
    with court.database.begin() as work:
        for hearing_id, ended in ((HEARING, MOMENT - timedelta(days=3)), (OTHER_HEARING, MOMENT)):
            hearing = work.hearings.lock(hearing_id)
            assert hearing is not None
            hearing.ended_at = ended
        for sequence in range(1, 2400):
            work.session.add(
                Window(
                    hearing_id=HEARING, run=1, sequence=sequence, state="pending", offered_at=MOMENT, attempts=0,
                    claims=0, error="", reason="",
                )
            )  # fmt: skip
        work.session.flush()
        assert work.windows.next_turn(MOMENT) == (OTHER_HEARING, 0, 1)
        work.windows.done(OTHER_HEARING, 0)
        assert work.windows.next_turn(MOMENT) == (HEARING, 0, 1)
        assert work.windows.claim(HEARING, 0, MOMENT)
        work.windows.failed(HEARING, 0, "It fails.")
        assert work.windows.next_turn(MOMENT) == (HEARING, 1, 1), "it rests"
        work.windows.offer_failed(MOMENT)
        assert work.windows.next_turn(MOMENT) == (HEARING, 1, 1), "what was tried least comes first"
