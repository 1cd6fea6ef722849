"""Ledger entries of a node as rows for asking questions. The entry is the truth; a row only repeats it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from api.errors import Unusable
from court.card import HearingCard
from court.clock import parse_utc
from court.errors import CourtError
from court.hearing import HearingState, step
from storage.db.models import Gap, Hearing, NoteRow, OpennessRow, Segment, StateChange
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.bodies import COURT_END
from storage.ledger.leaf import Leaf, LeafKind

_LIMITS = {"room": 200, "codec": 16, "track": 64, "by": 200}
NODE = "node"
"""Who gave an order on openness where its entry names nobody: the secretary, whom the journal names."""
_MAX_INT = 2**31 - 1  # of the database columns


def project(uow: UnitOfWork, leaf: Leaf, index: int) -> None:
    """Adds the rows of the entry that was appended at `index`; raises Unusable if its fact cannot be."""
    for field, limit in _LIMITS.items():
        if len(str(leaf.body.get(field, ""))) > limit:
            raise refused(leaf, f"its {field!r} is longer than {limit} characters")
    try:
        _PROJECTIONS[leaf.kind](uow, leaf, index)
    except Unusable:
        raise
    except CourtError as error:
        raise refused(leaf, str(error)) from None
    uow.session.flush()


def _hearing(uow: UnitOfWork, leaf: Leaf, index: int) -> None:
    if uow.hearings.get(leaf.hearing) is not None:
        raise refused(leaf, "another node has already opened this hearing")
    card = HearingCard.parse(leaf.body["card"])
    tracks = [track["track"] for track in leaf.body["tracks"]]
    if len(set(tracks)) < len(tracks):
        raise refused(leaf, "one track stands there twice")
    uow.hearings.add(
        Hearing(
            id=leaf.hearing,
            case_number=card.case_number.verbatim,
            case_key=card.case_number.key,
            card=card.as_fields(),
            room=leaf.body["room"],
            state=HearingState.RECORDING.value,
            tracks=leaf.body["tracks"],
            started_at=parse_utc(leaf.body["started"]["utc"]),
            spare_of=leaf.body.get("spare_of"),
        )
    )


def _state(uow: UnitOfWork, leaf: Leaf, index: int) -> None:
    hearing = _locked(uow, leaf)
    state, at_sample, utc = HearingState(leaf.body["state"]), leaf.body["at_sample"], _utc(leaf)
    if not (state.live or state is HearingState.ENDED):
        raise refused(leaf, f"a node cannot make a hearing {state.value!r}")
    if leaf.body.keys() & COURT_END:
        raise refused(leaf, "only the court ends a hearing on a spare recording, or for a reason")
    if uow.hearings.court_end(hearing.id) is None:  # else its node is back: it tells what it did, and undoes nothing
        hearing.state = step(HearingState(hearing.state), state).value
        if state is HearingState.ENDED:
            hearing.end_sample, hearing.ended_at = at_sample, utc
    uow.hearings.add(
        StateChange(hearing_id=hearing.id, state=state.value, at_sample=at_sample, utc=utc, leaf_index=index)
    )


def _segment(uow: UnitOfWork, leaf: Leaf, index: int) -> None:
    body = leaf.body
    track = _track(uow, leaf)
    stored = uow.log.object(body["sha256"])
    if stored is not None and stored.size != body["size"]:
        raise refused(leaf, f"its object {body['sha256']} has {stored.size} bytes, not {body['size']}")
    if not 0 < body["init_size"] < min(body["size"], _MAX_INT) or body["sequence"] > _MAX_INT:
        raise refused(leaf, "its sizes or its sequence number cannot be right")
    if uow.hearings.segment(leaf.hearing, track, body["sequence"]) is not None:
        raise refused(leaf, f"track {track!r} already has a segment {body['sequence']}")
    uow.hearings.add(
        Segment(
            **_stretch(leaf, track, index),
            sequence=body["sequence"],
            sha256=body["sha256"],
            size=body["size"],
            init_size=body["init_size"],
            codec=body["codec"],
            partial=body["partial"],
        )
    )


def _gap(uow: UnitOfWork, leaf: Leaf, index: int) -> None:
    body = leaf.body
    stretch = _stretch(leaf, _track(uow, leaf), index)
    uow.hearings.add(Gap(**stretch, cause=body["cause"], device_log=body["device_log"]))


def _note(uow: UnitOfWork, leaf: Leaf, index: int) -> None:
    body = leaf.body
    hearing = _locked(uow, leaf)
    uow.hearings.add(
        NoteRow(
            hearing_id=hearing.id,
            at_sample=body["at_sample"],
            template=body["template"],
            text=body["text"],
            leaf_index=index,
        )
    )


def _openness(uow: UnitOfWork, leaf: Leaf, index: int) -> None:
    """While a hearing lasts its node states the court's orders; what comes after its end is no node's to order."""
    body = leaf.body
    hearing = _locked(uow, leaf)
    live = HearingState(hearing.state).live or uow.hearings.court_end(hearing.id) is not None
    if not live or body["end_ms"] is not None:
        raise refused(leaf, "a node orders openness only while it records, and until the next order")
    uow.hearings.add(
        OpennessRow(
            hearing_id=hearing.id,
            start_ms=body["start_ms"],
            end_ms=None,
            openness=body["openness"],
            ordered_by=body.get("by", NODE),
            leaf_index=index,
        )
    )


def _sync(uow: UnitOfWork, leaf: Leaf, index: int) -> None:
    """It stands in the log alone."""
    announced = {one["track"] for one in _locked(uow, leaf).tracks}
    if not {leaf.body["track"], leaf.body["reference"]} <= announced:
        raise refused(leaf, "the hearing announced no such tracks")


def _mute(uow: UnitOfWork, leaf: Leaf, index: int) -> None:
    """No row: what is muted is read from the entries, of which a hearing has few."""
    if leaf.body["track"] not in _locked(uow, leaf).microphones:
        raise refused(leaf, f"the hearing announced no microphone {leaf.body['track']!r}")


_PROJECTIONS: dict[LeafKind, Callable[[UnitOfWork, Leaf, int], None]] = {
    LeafKind.HEARING: _hearing,
    LeafKind.STATE: _state,
    LeafKind.SEGMENT: _segment,
    LeafKind.GAP: _gap,
    LeafKind.NOTE: _note,
    LeafKind.OPENNESS: _openness,
    LeafKind.SYNC: _sync,
    LeafKind.MUTE: _mute,
}


def _stretch(leaf: Leaf, track: str, index: int) -> dict[str, Any]:
    """The columns that segments and gaps share."""
    body = leaf.body
    return {
        "hearing_id": leaf.hearing,
        "track": track,
        "start": body["start"],
        "end": body["end"],
        "rate": body["rate"],
        "utc": _utc(leaf),
        "leaf_index": index,
    }


def _track(uow: UnitOfWork, leaf: Leaf) -> str:
    """The leaf's track, which the hearing must have announced with this rate."""
    name, rate = leaf.body["track"], leaf.body["rate"]
    if not any((one["track"], one["rate"]) == (name, rate) for one in _locked(uow, leaf).tracks):
        raise refused(leaf, f"the hearing announced no track {name!r} with {rate} ticks per second")
    return str(name)


def _locked(uow: UnitOfWork, leaf: Leaf) -> Hearing:
    hearing = uow.hearings.lock(leaf.hearing)
    if hearing is None:
        raise refused(leaf, "its hearing is unknown")
    return hearing


def _utc(leaf: Leaf) -> datetime:
    return parse_utc(leaf.body["anchor"]["utc"])


def refused(leaf: Leaf, complaint: str) -> Unusable:
    return Unusable(f"Leaf {leaf.seq} ({leaf.kind.value}) of hearing {leaf.hearing} cannot be accepted: {complaint}.")
