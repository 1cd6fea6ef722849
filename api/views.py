"""What the pages show, made from what the API says: pure, and without words of any language."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api import schemas
from api.in_step import records
from court.card import HearingCard
from court.health import SelfTest
from court.hearing import HearingState
from court.openness import Openness
from court.people import Participant
from protocol.completeness import Outage, Unsettled

UNEXPLAINED = "unexplained"


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
class GapView:
    """One stretch that the first node did not record, on `tracks`; `everywhere` when on all. `spare`: the spare did."""

    start: float
    end: float
    cause: str
    declared: bool
    tracks: tuple[str, ...]
    everywhere: bool
    spare: bool = False

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Completeness:
    """`accounted`: every second of every track is recorded or has a stated cause. `faultless`: no cause is a fault."""

    accounted: bool
    gaps: tuple[GapView, ...]

    @property
    def faultless(self) -> bool:
        return all(gap.declared or gap.spare for gap in self.gaps)


def completeness(found: Sequence[Outage], tracks: Collection[str], live: bool) -> Completeness:
    """`found` on the captured `tracks`, as the protocol tells it. What a live hearing lacks is still on its way."""
    return Completeness(
        accounted=all(one.cause is not None or one.spare for one in found),
        gaps=tuple(
            GapView(
                one.start,
                one.end,
                one.cause.value if one.cause else UNEXPLAINED,
                one.declared,
                one.tracks,
                everywhere=set(one.tracks) >= set(tracks),
                spare=one.spare,
            )
            for one in found
            if one.cause or one.spare or not live
        ),
    )


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of the protocol; `sha256` is its PDF's, None until that is there, `signed` None on a draft. `role`:
    as what it was signed, `level`: of PAdES."""

    number: int
    state: str
    sha256: str | None
    created: datetime
    signed: datetime | None
    signer: str
    role: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class ProtocolView:
    """`expected`: there is no revision yet, but there will be. `failure` is what the program said when it gave up
    drawing up the draft or making its PDF. `full`: the newest is a full protocol; `other` names the form that it can be
    changed for. `unsettled` keeps it from being signed; `faulty`: part of the recording is missing.
    """

    revisions: tuple[Revision, ...]
    expected: bool
    failure: str = ""
    full: bool = False
    other: str = ""
    unsettled: tuple[Unsettled, ...] = ()
    faulty: bool = False

    @property
    def coming(self) -> bool:
        """Whether the draft or its PDF is still being made."""
        return not self.failure and (self.expected or (bool(self.revisions) and self.revisions[-1].sha256 is None))

    @property
    def version(self) -> str:
        """What a page that shows this sends, to be told only what it does not show yet."""
        newest = self.revisions[-1] if self.revisions else None
        told = (newest.number, newest.sha256 is not None) if newest else (0, False)
        return f"{told[0]}-{told[1]:d}-{bool(self.failure):d}"

    @property
    def signatures(self) -> tuple[Revision, ...]:
        """Those that the newest revision bears, in their order: each was made in a revision of its own."""
        first = max((at for at, one in enumerate(self.revisions) if one.role != "judge"), default=0)
        return tuple(one for one in self.revisions[first:] if one.signed is not None)

    @property
    def judge_awaited(self) -> bool:
        return bool(self.signatures) and all(one.role != "judge" for one in self.signatures)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the ledger holds of the hearing: `size` in bytes, `root` of the court's whole log in hex; `late` are the
    segments whose bytes are still on their way, `given_up` those that the node lost, `lost` those that the court wrote
    off; `tested` is the room's self-test before it."""

    segments: int
    size: int
    tracks: tuple[str, ...]
    entries: int
    log_size: int
    root: str
    late: int = 0
    late_size: int = 0
    given_up: int = 0
    lost: int = 0
    tested: SelfTest | None = None


@dataclass(frozen=True, slots=True)
class NodeView:
    """What the recording node says of itself.

    `unsent` is what has not been delivered, `own` of it what belongs to the hearing shown; `delivery` says why nothing
    gets through, `free` and `reserve` are bytes of its disk; `muted` are the microphones declared so.
    """

    room: str
    message: str
    tracks: tuple[Mapping[str, str], ...]
    unsent: "Unsent"
    own: "Unsent"
    delivery: str
    free: int
    reserve: int
    muted: tuple[str, ...] = ()

    @property
    def short_of_room(self) -> bool:
        return self.free < self.reserve


@dataclass(frozen=True, slots=True)
class Unsent:
    """Segments and entries that the server does not have, the bytes of the segments, and how long the oldest waits."""

    count: int = 0
    size: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SpareView:
    """The spare node beside the first. `recording`: it records this hearing; `first`: so does the first node.

    `answers`: it can be reached; `message` is what is wrong with it, in its own words, `delivery` why
    nothing of it gets through.
    """

    answers: bool
    recording: bool
    first: bool
    message: str
    node: str
    unsent: "Unsent"
    delivery: str = ""


def spare_view(first: Mapping[str, Any] | None, spare: Mapping[str, Any] | None, hearing_id: str) -> SpareView:
    """From the answers of both nodes' `/status`; None for one that does not answer."""
    here = first is not None and _records_live(first, hearing_id)
    if spare is None:
        return SpareView(False, False, here, "", "", Unsent())
    recording = _records_live(spare, hearing_id)
    unsent, delivery = _unsent(spare["unsent"]), spare.get("delivery", "")
    return SpareView(True, recording, here, spare["message"], spare["node"], unsent, delivery)


def _records_live(status: Mapping[str, Any], hearing_id: str) -> bool:
    return records(status, hearing_id) and status["state"] is not None and HearingState(status["state"]).live


def node_view(status: Mapping[str, Any], hearing_id: str = "") -> NodeView:
    """From the answer of the node's `/status`; a node of an earlier version leaves out what it does not know."""
    by_hearing = {one["hearing"]: one for one in status.get("unsent_by_hearing", ())}
    disk = status.get("disk", {})
    return NodeView(
        status["room"],
        status["message"],
        tuple(status["tracks"]),
        _unsent(status["unsent"]),
        _unsent(by_hearing[hearing_id]) if hearing_id in by_hearing else Unsent(),
        status.get("delivery", ""),
        disk.get("free", 0),
        disk.get("reserve", 0),
        tuple(status.get("muted", ())),
    )


def _unsent(told: Mapping[str, Any]) -> Unsent:
    return Unsent(told["count"], told["bytes"], told["oldest_seconds"] or 0.0)
