"""In which order a backlog is delivered over a slow line. Pure.

Leaves go in the order of their chain, each as soon as it can: a microphone's once its segment's bytes are on the
server, a camera's or the mix's ahead of its bytes wherever anything else waits, for the server takes it so. Where
nothing but pictures and the mix wait, the line keeps pace, and bytes go first: the court states each segment that
came ahead of its bytes, and so has nothing to state. Of the bytes, microphones come first, for protocols are made of
them; the hearing that runs now before older ones, these as they were recorded.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum

BATCH = 64
"""Leaves in one request, at most."""

ENOUGH = 16
"""So many leaves go before the next segment's bytes; fewer wait for it, to go together."""

_MIX, _CAMERA = "mix", "cam-"


class Rank(IntEnum):
    """The kinds of tracks, the most urgent first."""

    SPEECH = 0
    MIX = 1
    PICTURES = 2


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that the server has not confirmed, or whose segment's bytes it has not. `position` is its place in the
    spool, `seq` its number in the hearing's chain; `track` is empty where it states no segment.
    """

    position: int
    hearing: str
    seq: int
    track: str
    leaf_waits: bool
    bytes_wait: bool

    @property
    def bytes_first(self) -> bool:
        """Whether the bytes must be there before the leaf."""
        return bool(self.track) and rank(self.track) is Rank.SPEECH

    @property
    def leisurely(self) -> bool:
        """Whether nobody's protocol waits for it."""
        return bool(self.track) and not self.bytes_first


@dataclass(frozen=True, slots=True)
class Leaves:
    """Send these entries of one hearing, in this order."""

    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bytes:
    """Send the segment of this entry, or a piece of it."""

    position: int


def rank(track: str) -> Rank:
    """What is not known for a mix or a camera is taken for a microphone."""
    if track.startswith(_CAMERA):
        return Rank.PICTURES
    return Rank.MIX if track == _MIX else Rank.SPEECH


def next_step(waiting: Sequence[Waiting], running: str | None, without: Collection[int] = ()) -> Leaves | Bytes | None:
    """What to send now of all that is `waiting`, in the order of the chains; None where nothing can be.

    `running` is the hearing being recorded; `without` are positions whose bytes cannot be sent at present.
    """
    following = min(
        (one for one in waiting if one.bytes_wait and one.position not in without),
        key=lambda one: (rank(one.track), one.hearing != running, one.position),
        default=None,
    )
    if following is not None and all(one.leisurely for one in waiting):
        return Bytes(following.position)
    chains: dict[str, list[Waiting]] = {}
    for one in waiting:
        if one.leaf_waits:
            chains.setdefault(one.hearing, []).append(one)
    for hearing in sorted(chains, key=lambda one: (one != running, chains[one][0].position)):
        leaves = _ready(chains[hearing])
        together = following is not None and following.bytes_first and following.hearing == hearing
        if len(leaves) >= (ENOUGH if together else 1):
            return Leaves(tuple(one.position for one in leaves))
    return None if following is None else Bytes(following.position)


def _ready(chain: Sequence[Waiting]) -> Sequence[Waiting]:
    """The leaves at the front of a chain that the server takes now."""
    front = chain[:BATCH]
    held_up = (number for number, one in enumerate(front) if one.bytes_first and one.bytes_wait)
    return front[: next(held_up, len(front))]
