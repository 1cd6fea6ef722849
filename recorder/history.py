"""What a hearing's leaves say about where its recording stands. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from court.clock import parse_utc
from court.hearing import HearingState
from court.notes import Note, NoteTemplate
from court.openness import Openness, OpennessSpan
from hardware.devices import AUDIO_RATE
from recorder.plan import Plan
from recorder.track_facts import TrackFacts
from storage.ledger.chain import Chain
from storage.ledger.leaf import LeafKind, parse

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class History:
    """`covered` is, per track, the tick up to which segments and gaps tile its timeline; `windows` counts segments.

    `mark` is the last moment stated: sample (48 kHz) and time of day, once the
    hearing began. `deeds` counts states and notes: what the secretary did. `orders` are those on openness,
    `notes` the secretary's, `muted` the microphones that are declared so.
    """

    chain: Chain
    card: Mapping[str, Any] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)
    tracks: tuple[TrackFacts, ...] = ()
    covered: dict[str, int] = field(default_factory=dict)
    windows: int = 0
    mark: tuple[int, datetime] = (0, _NEVER)
    deeds: int = 0
    orders: list[OpennessSpan] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    spare_of: str = ""
    muted: set[str] = field(default_factory=set)

    def read(self, entry: bytes) -> None:
        """Takes the next entry of the chain; raises LedgerError if it is damaged."""
        leaf = parse(entry)
        body = leaf.body
        self.chain = self.chain.after(leaf, entry)
        if leaf.kind is LeafKind.HEARING:
            self.card = body["card"]
            self.spare_of = body.get("spare_of", "")
            self.tracks = tuple(TrackFacts.parse(facts) for facts in body["tracks"])
            self.covered = {track.track: 0 for track in self.tracks}
        elif leaf.kind is LeafKind.STATE:
            self.plan = Plan(HearingState(body["state"]), body["at_sample"], self.plan.steps + 1, body.get("by", ""))
            self.mark = (body["at_sample"], parse_utc(body["anchor"]["utc"]))
        elif leaf.kind in (LeafKind.SEGMENT, LeafKind.GAP):
            self.covered[body["track"]] = body["end"]
            self.mark = (body["end"] * AUDIO_RATE // body["rate"], parse_utc(body["anchor"]["utc"]))
        elif leaf.kind is LeafKind.OPENNESS:
            self.orders.append(OpennessSpan(body["start_ms"] / 1000, None, Openness(body["openness"])))
        elif leaf.kind is LeafKind.NOTE:
            self.notes.append(_note(body))
        elif leaf.kind is LeafKind.MUTE:
            (self.muted.add if body["muted"] else self.muted.discard)(body["track"])
        if leaf.kind is LeafKind.SEGMENT:
            self.windows = max(self.windows, body["sequence"] + 1)
        if leaf.kind in (LeafKind.STATE, LeafKind.NOTE):
            self.deeds += 1


def _note(body: Mapping[str, Any]) -> Note:
    at, template = body["at_sample"] / AUDIO_RATE, NoteTemplate(body["template"])
    return Note(at, template, body["text"], body.get("key", ""), body.get("by", ""))


def read_history(hearing: str, author: str, entries: Iterable[bytes]) -> History:
    """From all entries of the hearing by this node, in their order."""
    history = History(Chain(hearing, author))
    for entry in entries:
        history.read(entry)
    return history
