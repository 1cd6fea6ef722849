"""A short civil hearing as the protocol's draft sees it, and a clock that stands still."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from court.card import HearingCard
from court.clock import Anchor
from court.hearing import HearingState
from court.notes import Note, NoteTemplate
from court.people import CourtRole
from court.timeline import GapCause, SampleRange
from protocol.facts import GapFact, HearingFacts, LedgerFact, ModelFact, StateChange, TrackFact, Utterance

HEARING = "019ab000-0000-7000-8000-00000000beef"
STARTED = datetime(2026, 11, 22, 4, 5, 1, tzinfo=UTC)
LENGTH = 120.0
BREAK = (60.0, 70.0)
ZONE = ZoneInfo("Asia/Bishkek")
OPENING_WORDS = "Судебное заседание объявляется открытым."
CARD = HearingCard.parse(
    {
        "case_number": "ГД 4405/24-Б2",
        "case_title": "Дело по иску Садыковой А. М. к Нурланову Е. С. о взыскании долга",
        "language": "ru",
        "court": "Первомайский районный суд",
        "place": "г. Бишкек, зал № 1",
        "judge": "Асанов Б. Т.",
        "secretary": "Иманова А. К.",
        "participants": [
            {"role": "claimant", "name": "Садыкова А. М.", "present": True, "note": "личность установлена"},
            {"role": "witness", "name": "Жумабаев Т. О.", "present": False, "note": "извещён"},
        ],
    }
)
TRACKS = (
    ("mic-judge", CourtRole.JUDGE, "audio", 48_000),
    ("mic-claimant", CourtRole.CLAIMANT, "audio", 48_000),
    ("cam-hall", None, "video", 90_000),
)


class StoppedClock:
    """Always the moment it was given."""

    def __init__(self, utc: datetime = STARTED + timedelta(minutes=10)) -> None:
        self.utc = utc

    def now(self) -> Anchor:
        return Anchor(self.utc, 0.0, True)


def ticks(start: float, end: float, rate: int = 48_000) -> SampleRange:
    return SampleRange(round(start * rate), round(end * rate), rate)


def track(name: str, role: CourtRole | None, kind: str, rate: int) -> TrackFact:
    pieces = (ticks(0.0, BREAK[0], rate), ticks(BREAK[1], LENGTH, rate))
    return TrackFact(name, role, kind, False, "simulated", pieces, 4096)


def facts() -> HearingFacts:
    """Two microphones, one camera, one break, nothing missing."""
    return HearingFacts(
        hearing=HEARING,
        card=CARD,
        room="Зал № 1",
        started=STARTED,
        ended=STARTED + timedelta(seconds=LENGTH),
        length=LENGTH,
        zone=ZONE,
        notes=(
            Note(2.0, NoteTemplate.OPENING, "Заседание открыто"),
            Note(9.0, NoteTemplate.RECORDING_ANNOUNCED, "Объявлено о ведении записи"),
            Note(14.0, NoteTemplate.APPEARANCE, ""),
            Note(30.0, NoteTemplate.MOTION, "Ходатайство о приобщении расписки"),
            Note(80.0, NoteTemplate.ANNOUNCEMENT, "Иск удовлетворён; обжалование в течение 30 дней"),
            Note(110.0, NoteTemplate.CLOSING, ""),
        ),
        states=(
            StateChange(0.0, HearingState.RECORDING),
            StateChange(BREAK[0], HearingState.PAUSED),
            StateChange(BREAK[1], HearingState.RECORDING),
            StateChange(LENGTH, HearingState.ENDED),
        ),
        tracks=tuple(track(*one) for one in TRACKS),
        gaps=tuple(GapFact(name, ticks(*BREAK, rate), GapCause.BREAK, "") for name, _, _, rate in TRACKS),
        utterances=(
            said(CourtRole.JUDGE, 1.2, "Тишина в зале."),
            said(CourtRole.JUDGE, 2.5, OPENING_WORDS),
            said(CourtRole.JUDGE, 9.5, "Ведётся аудиозапись."),
            said(CourtRole.CLAIMANT, 31.0, "Прошу приобщить расписку.", "low_confidence"),
            said(CourtRole.JUDGE, 81.0, "Иск удовлетворить полностью."),
        ),
        untranscribed=(),
        openness=(),
        models=(ModelFact("faster-whisper base", "d0" * 32),),
        ledger=LedgerFact(42, "5c" * 32),
    )


def said(role: CourtRole, start: float, text: str, *flags: str) -> Utterance:
    return Utterance(f"mic-{role.value}", role, start, start + 3.0, text, flags)


def with_outage(start: float, end: float, cause: GapCause | None, log: str = "") -> HearingFacts:
    """The same hearing with the claimant's microphone lost for [start, end) seconds before the break."""
    whole = facts()
    judge, claimant, camera = whole.tracks
    pieces = (ticks(0.0, start), ticks(end, BREAK[0]), claimant.segments[1])
    gaps = (GapFact(claimant.track, ticks(start, end), cause, log),) if cause else ()
    return replace(whole, tracks=(judge, replace(claimant, segments=pieces), camera), gaps=(*whole.gaps, *gaps))
