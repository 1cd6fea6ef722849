"""What the pages show, made from what the API says: pure, and without words of any language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from api import schemas
from court.card import HearingCard
from court.hearing import HearingState
from court.openness import Openness
from court.people import Participant

UNSURE_BELOW = 0.5  # a word recognised with less probability is underlined
SAME_SPEAKER_WITHIN = 20.0  # seconds after which the speaker is named again
ROUNDING = 0.1  # seconds; a camera's segments begin at key frames, not at the microphones' cuts


@dataclass(frozen=True, slots=True)
class HearingRow:
    """A line of the list of hearings; `seconds` is None until something was recorded."""

    address: str
    case_number: str
    case_title: str
    state: HearingState
    started: datetime
    seconds: float | None
    room: str
    judge: str
    protocol: str

    @property
    def live(self) -> bool:
        return self.state.live


def hearing_row(summary: schemas.HearingSummary, protocol: str, may_record: bool) -> HearingRow:
    """`protocol` is the state of the newest revision, empty without one. Whoever records goes to the console."""
    console = "/console" if may_record and summary.state.live else ""
    return HearingRow(
        f"/hearings/{summary.id}{console}",
        summary.case_number,
        summary.case_title,
        summary.state,
        summary.started_at,
        summary.duration or None,
        summary.room,
        summary.judge,
        protocol,
    )


@dataclass(frozen=True, slots=True)
class HearingFacts:
    """The hearing's card as its pages show it."""

    id: str
    case_number: str
    case_title: str
    state: HearingState
    closed: bool
    started: datetime
    ended: datetime | None
    seconds: float | None
    court: str
    place: str
    room: str
    judge: str
    secretary: str
    language: str
    participants: tuple[Participant, ...]

    @property
    def live(self) -> bool:
        return self.state.live


def hearing_facts(summary: schemas.HearingSummary, card: HearingCard) -> HearingFacts:
    return HearingFacts(
        id=summary.id,
        case_number=summary.case_number,
        case_title=card.case_title,
        state=summary.state,
        closed=summary.openness is Openness.CLOSED,
        started=summary.started_at,
        ended=summary.ended_at,
        seconds=summary.duration or None,
        court=card.court,
        place=card.place,
        room=summary.room,
        judge=card.judge,
        secretary=card.secretary,
        language=card.language,
        participants=card.participants,
    )


@dataclass(frozen=True, slots=True)
class WordView:
    text: str
    start: float
    end: float
    unsure: bool
    percent: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the transcript, in order of time: `kind` is utterance, note or gap."""

    kind: str
    start: float
    end: float
    id: int = 0
    role: str = ""
    text: str = ""
    same_speaker: bool = False
    flags: tuple[str, ...] = ()
    words: tuple[WordView, ...] = ()
    template: str = ""
    cause: str = ""
    fault: bool = False


@dataclass(frozen=True, slots=True)
class TranscriptView:
    """`version` changes whenever a reader would see something new."""

    entries: tuple[Entry, ...]
    complete: bool
    windows_done: int
    windows_total: int

    @property
    def count(self) -> int:
        return sum(entry.kind == "utterance" for entry in self.entries)

    @property
    def version(self) -> str:
        return f"{len(self.entries)}-{self.windows_done}-{self.windows_total}-{int(self.complete)}"


def transcript_view(
    timeline: schemas.Timeline, complete: bool, windows_done: int, windows_total: int
) -> TranscriptView:
    """Utterances, notes and breaks of every track, woven together by time."""
    gaps = [gap for gap in gaps_view(timeline) if gap.everywhere]
    entries = [
        *(_gap_entry(gap) for gap in gaps),
        *(Entry("note", note.at, note.at, template=note.template, text=note.text) for note in timeline.notes),
        *(_utterance_entry(one) for one in timeline.utterances),
    ]
    rank = {"gap": 0, "note": 1, "utterance": 2}
    entries.sort(key=lambda entry: (entry.start, rank[entry.kind]))
    return TranscriptView(tuple(_mark_same_speaker(entries)), complete, windows_done, windows_total)


def _utterance_entry(one: schemas.UtteranceView) -> Entry:
    words = tuple(
        WordView(one_word.text.strip(), one_word.start, one_word.end, sure < UNSURE_BELOW, round(sure * 100))
        for one_word in one.words
        for sure in [one_word.probability]
    )
    return Entry(
        "utterance", one.start, one.end, id=one.id, role=one.role, text=one.text, flags=tuple(one.flags), words=words
    )


def _gap_entry(gap: "GapView") -> Entry:
    return Entry("gap", gap.start, gap.end, cause=gap.cause, fault=not gap.declared)


def _mark_same_speaker(entries: Sequence[Entry]) -> Iterable[Entry]:
    """An utterance that goes on after the same person's last one does not name the speaker again."""
    before: Entry | None = None
    for entry in entries:
        goes_on = (
            before is not None
            and before.kind == entry.kind == "utterance"
            and before.role == entry.role
            and entry.start - before.end < SAME_SPEAKER_WITHIN
        )
        before = entry
        yield replace(entry, same_speaker=True) if goes_on else entry


@dataclass(frozen=True, slots=True)
class GapView:
    """One stretch without recording, on `tracks`; `everywhere` when no track has it."""

    start: float
    end: float
    cause: str
    declared: bool
    tracks: tuple[str, ...]
    everywhere: bool

    @property
    def length(self) -> float:
        return self.end - self.start


def gaps_view(timeline: schemas.Timeline) -> list[GapView]:
    """Gaps in order of time; the same stretch on several tracks is one line."""
    together: dict[tuple[str, int], list[schemas.GapView]] = {}
    for gap in timeline.gaps:
        together.setdefault((gap.cause, round(gap.start)), []).append(gap)
    names = {one.track for one in timeline.tracks}
    found = []
    for same in together.values():
        tracks = tuple(sorted({gap.track for gap in same}))
        found.append(
            GapView(
                min(gap.start for gap in same),
                max(gap.end for gap in same),
                same[0].cause,
                same[0].declared,
                tracks,
                everywhere=set(tracks) >= names,
            )
        )
    return sorted(found, key=lambda gap: (gap.start, gap.tracks))


@dataclass(frozen=True, slots=True)
class Completeness:
    """`accounted`: every second of every track is recorded or has a stated cause. `faultless`: no cause is a fault."""

    accounted: bool
    gaps: tuple[GapView, ...]

    @property
    def faultless(self) -> bool:
        return all(gap.declared for gap in self.gaps)


def completeness(timeline: schemas.Timeline) -> Completeness:
    pieces: dict[str, list[tuple[float, float]]] = {one.track: [] for one in timeline.tracks}
    for track in timeline.tracks:
        pieces[track.track] += [(one.start, one.end) for one in track.segments]
    for gap in timeline.gaps:
        pieces.setdefault(gap.track, []).append((gap.start, gap.end))
    accounted = all(_covers(spans, timeline.duration) for spans in pieces.values())
    return Completeness(accounted, tuple(gaps_view(timeline)))


def _covers(spans: Iterable[tuple[float, float]], end: float) -> bool:
    reached = 0.0
    for start, stop in sorted(spans):
        if start > reached + ROUNDING:
            return False
        reached = max(reached, stop)
    return reached >= end - ROUNDING


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of the protocol; `signed` is None while it is a draft."""

    number: int
    state: str
    sha256: str
    created: datetime
    signed: datetime | None
    signer: str


@dataclass(frozen=True, slots=True)
class ProtocolView:
    """`expected`: there is no revision yet, but there will be."""

    revisions: tuple[Revision, ...]
    expected: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the ledger holds of the hearing: `size` in bytes, `root` of the court's whole log in hex."""

    segments: int
    size: int
    tracks: tuple[str, ...]
    entries: int
    log_size: int
    root: str


@dataclass(frozen=True, slots=True)
class NodeView:
    """What the recording node says of itself; `unsent_seconds` is the age of the oldest segment not yet delivered."""

    room: str
    message: str
    tracks: tuple[Mapping[str, str], ...]
    unsent_count: int
    unsent_bytes: int
    unsent_seconds: float


def node_view(status: Mapping[str, Any]) -> NodeView:
    """From the answer of the node's `/status`."""
    unsent = status["unsent"]
    return NodeView(
        status["room"],
        status["message"],
        tuple(status["tracks"]),
        unsent["count"],
        unsent["bytes"],
        unsent["oldest_seconds"] or 0.0,
    )
