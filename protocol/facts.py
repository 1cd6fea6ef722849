"""What a draft is made from: everything that is known about one hearing, gathered by whoever can read it."""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from court.attendance import Tick
from court.card import HearingCard
from court.case_number import CaseNumber
from court.health import SelfTest
from court.hearing import HearingState
from court.mutes import MuteSpan
from court.notes import Note
from court.openness import OpennessSpan
from court.people import CourtRole
from court.stages import StageKind
from court.timeline import GapCause, SampleRange


@dataclass(frozen=True, slots=True)
class StateChange:
    """The hearing entered `state` at `at` seconds."""

    at: float
    state: HearingState


@dataclass(frozen=True, slots=True)
class TrackFact:
    """One microphone or camera and the ranges of its segments; `derived` for a mix made of other tracks."""

    track: str
    role: CourtRole | None
    kind: str
    derived: bool
    device: str
    segments: tuple[SampleRange, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class GapFact:
    """A stretch of a track without recording, with the line the device or the recorder logged."""

    track: str
    range: SampleRange
    cause: GapCause
    device_log: str


@dataclass(frozen=True, slots=True)
class Cover:
    """[start, end) seconds of a track that a spare recording accounts for, give or take `slack` seconds: with what it
    recorded, or, where `cause` says so, with the court's break."""

    track: str
    start: float
    end: float
    slack: float
    cause: GapCause | None


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words the machine recognised on one microphone, [start, end) seconds; `flags` are doubts.

    Where several people share the microphone, `voice` tells them apart (0: nobody did), and `speaker` is the name that
    the court gave. `corrected_by` is who corrected or confirmed the words last, empty where nobody did, `language` what
    they were recognised in, empty where that is not known.
    """

    track: str
    role: CourtRole | None
    start: float
    end: float
    text: str
    flags: tuple[str, ...] = ()
    voice: int = 0
    speaker: str = ""
    corrected_by: str = ""
    language: str = ""


class Standing(StrEnum):
    """Whose word a stage stands on: a note's or a state's, a person's who accepted it, or the program's alone.

    One that a person refused stands on nothing, and in no draft.
    """

    CERTAIN = "certain"
    ACCEPTED = "accepted"
    PROPOSED = "proposed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the hearing that began at `at` seconds: noted, or heard in the words of `quote`.

    `evidence` is `note:<n>`, `state:<n>` or `utterance:<n>`, and `stage:0` where a person accepted what the present
    transcript has no words for. `by` is who accepted or refused it; `doubtful` when the words are.
    """

    kind: StageKind
    at: float
    evidence: str
    quote: str
    standing: Standing = Standing.CERTAIN
    by: str = ""
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class ModelFact:
    """A recogniser that took part; `sha256` of its weights, hexadecimal."""

    engine: str
    sha256: str


@dataclass(frozen=True, slots=True)
class LedgerFact:
    """The court's evidence log just after the last fact of this hearing (RFC 6962 tree size, root)."""

    size: int
    root: str


@dataclass(frozen=True, slots=True)
class HearingFacts:
    """One hearing. `started` and `ended` are UTC, `length` seconds of the timeline, `zone` the court's.

    `covers` is what spare recordings account for where the first node did not record; `spares` are their ids.
    `untranscribed` are [start, end) seconds of speech the machine was given and could not transcribe,
    `untranscribed_because` the reasons it gave, each once, `no_recogniser` that nothing recognises the hearing's
    language here, `hotwords` that a recogniser was told words beforehand. `tested` is the room's self-test before the
    hearing, `mutes` are the stretches in which microphones were declared muted, `awaited` the segments of tracks that
    were stated and are not here, `stages` what of the hearing's course was told or heard, `attendance` what the
    secretary ticked.
    """

    hearing: str
    card: HearingCard
    room: str
    started: datetime
    ended: datetime
    length: float
    zone: tzinfo
    notes: tuple[Note, ...]
    states: tuple[StateChange, ...]
    tracks: tuple[TrackFact, ...]
    gaps: tuple[GapFact, ...]
    utterances: tuple[Utterance, ...]
    untranscribed: tuple[tuple[float, float], ...]
    openness: tuple[OpennessSpan, ...]
    models: tuple[ModelFact, ...]
    ledger: LedgerFact
    hotwords: bool = False
    untranscribed_because: tuple[str, ...] = ()
    no_recogniser: bool = False
    covers: tuple[Cover, ...] = ()
    spares: tuple[str, ...] = ()
    tested: SelfTest | None = None
    mutes: tuple[MuteSpan, ...] = ()
    awaited: tuple[tuple[str, SampleRange], ...] = ()
    stages: tuple[Stage, ...] = ()
    attendance: tuple[Tick, ...] = ()


def recording_name(case: CaseNumber, started: datetime, zone: tzinfo, hearing: str) -> str:
    """A name that explains itself: case, local date and time of the start, end of the hearing's id.

    Letters of any alphabet stay; what file systems do not carry becomes a dash.
    """
    number = re.sub(r"[^\w.]+", "-", case.verbatim.replace(" ", "_")).strip("-")
    return f"{number}_{started.astimezone(zone):%Y-%m-%d_%H%M}_{hearing[-8:]}"
