"""Is every second of every announced track recorded, or declared as a gap?"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from court.hearing import HearingState
from court.timeline import SampleRange, clock_text, holes, overlaps
from storage.ledger.bodies import COURT_END, LeafKind
from storage.ledger.chains import name, place
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.leaf import SignedLeaf

STATE_RATE = 48_000
"""Samples per second in which `at_sample` counts."""

_BY_NODE = frozenset({LeafKind.HEARING, LeafKind.SEGMENT, LeafKind.GAP, LeafKind.SYNC})


def check_tracks(leaves: Sequence[SignedLeaf], live: bool) -> list[Fault]:
    """`leaves` are those of one hearing that can be believed. A `live` hearing need not have an end yet."""
    hearing = leaves[0].hearing
    opening = next((leaf for leaf in leaves if leaf.kind is LeafKind.HEARING), None)
    if opening is None:
        sentence = f"Hearing {hearing} has no opening leaf: what was to be recorded cannot be told."
        return [Fault(FaultKind.MISSING, hearing, sentence)]
    faults = [
        Fault(
            FaultKind.WRONG_KEY,
            place(leaf),
            f"{name(leaf)} is not by key {opening.author}, which recorded this hearing.",
        )
        for leaf in leaves
        if leaf.kind in _BY_NODE and leaf.author != opening.author
    ]
    recorded = [leaf for leaf in leaves if leaf.author == opening.author]
    end = _end(recorded)
    if end is None and not live and not _ended_elsewhere(leaves, opening.author):
        sentence = f"Hearing {hearing} breaks off after leaf {recorded[-1].seq}: no leaf ends it."
        faults.append(Fault(FaultKind.TRUNCATED, hearing, sentence))
    pieces: dict[str, list[SignedLeaf]] = {}
    for leaf in recorded:
        if leaf.kind in (LeafKind.SEGMENT, LeafKind.GAP):
            pieces.setdefault(leaf.body["track"], []).append(leaf)
    for track in opening.body["tracks"]:
        faults += _track_faults(hearing, track, pieces.pop(track["track"], []), end)
    faults += [
        Fault(FaultKind.FOREIGN, place(leaf), f"{name(leaf)} is of track {track}, which was not announced.")
        for track, unannounced in pieces.items()
        for leaf in unannounced
    ]
    return faults


def _end(recorded: Sequence[SignedLeaf]) -> int | None:
    """The sample at which the hearing ended, None if no leaf says so."""
    states = (leaf.body for leaf in recorded if leaf.kind is LeafKind.STATE)
    return max((body["at_sample"] for body in states if body["state"] == HearingState.ENDED), default=None)


def _ended_elsewhere(leaves: Sequence[SignedLeaf], node: str) -> bool:
    """Whether the court says that the hearing ended, because its own node did not answer or never comes back.

    A node cannot say so of another's hearing: its chain there would have to begin with the opening leaf.
    """
    return any(leaf.kind is LeafKind.STATE and leaf.author != node and leaf.body.keys() & COURT_END for leaf in leaves)


def _track_faults(hearing: str, track: dict[str, Any], pieces: Sequence[SignedLeaf], end: int | None) -> list[Fault]:
    rate, title = track["rate"], f"Track {track['track']} of hearing {hearing}"
    where = f"{hearing}/{track['track']}"
    faults = [
        Fault(
            FaultKind.CONTRADICTORY,
            place(leaf),
            f"{name(leaf)} counts {leaf.body['rate']} ticks per second on a track of {rate}.",
        )
        for leaf in pieces
        if leaf.body["rate"] != rate
    ]
    ranges = [SampleRange(leaf.body["start"], leaf.body["end"], rate) for leaf in pieces]
    until = max((piece.end for piece in ranges), default=0) if end is None else end * rate // STATE_RATE
    for start, stop in holes(ranges, until):
        sentence = f"{title} is neither recorded nor declared as a gap {_span(start, stop, rate)}."
        faults.append(Fault(FaultKind.INCOMPLETE, where, sentence))
    for start, stop in overlaps(ranges):
        sentence = f"{title} is accounted for twice {_span(start, stop, rate)}."
        faults.append(Fault(FaultKind.CONTRADICTORY, where, sentence))
    return faults + _numbering_faults(title, where, pieces)


def _numbering_faults(title: str, where: str, pieces: Sequence[SignedLeaf]) -> list[Fault]:
    segments = [leaf.body for leaf in pieces if leaf.kind is LeafKind.SEGMENT]
    segments.sort(key=lambda body: (body["start"], body["end"]))
    return [
        Fault(
            FaultKind.CONTRADICTORY,
            f"{where}/{after['sequence']}",
            f"{title} has segment {after['sequence']} (object {after['sha256']}) later than segment "
            f"{before['sequence']}: the numbers do not follow the time.",
        )
        for before, after in pairwise(segments)
        if after["sequence"] <= before["sequence"]
    ]


def _span(start: int, stop: int, rate: int) -> str:
    return f"from {clock_text(start / rate)} to {clock_text(stop / rate)} (ticks {start} to {stop})"
