"""A recorded hearing whose middle was closed, and what a copy of it is made of."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from court.openness import Openness, OpennessSpan
from court.timeline import SampleRange
from hardware.devices import AUDIO_RATE
from protocol.copies.streams import CopiedTrack, Piece
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, Pcm, Recorded, node, recorded, simulated_room, tone, write_wav

SECONDS, CLOSED = 40, (13.3337, 27.7771)
"""The closed part begins and ends within segments, and between two samples."""
OPEN_TONE, CLOSED_TONE = 440.0, 1700.0
ORDERS = [OpennessSpan(*CLOSED, Openness.CLOSED)]


def heard() -> Pcm:
    """A tone while the hearing is open, another one while it is closed."""
    first, last = (round(at * AUDIO_RATE) for at in CLOSED)
    return np.concatenate([
        tone(SECONDS, OPEN_TONE)[:first], tone(SECONDS, CLOSED_TONE)[first:last], tone(SECONDS, OPEN_TONE)[last:],
    ])  # fmt: skip


def recording(home: Path) -> Recorded:
    """Microphones of judge and claimant, and the drawn camera, as the node leaves them."""
    home.mkdir()
    files = [write_wav(home / f"{name}.wav", heard()) for name in ("judge", "claimant")]
    agent = node(home, simulated_room(files))
    hearing = agent.start(CARD)
    agent.wait()
    found = recorded(agent, hearing)
    agent.close()
    return found


def copied_track(hearing: Recorded, track: str) -> CopiedTrack:
    bodies = hearing.bodies(LeafKind.SEGMENT, track)
    pieces = [
        Piece(SampleRange(one["start"], one["end"], one["rate"]), hearing.file(one).read_bytes, True) for one in bodies
    ]
    return CopiedTrack(track, track, bodies[0]["codec"], pieces)


@dataclass(frozen=True)
class Packet:
    start: float
    end: float
    content: bytes


def packets(content: bytes, kind: str) -> Iterator[Packet]:
    """Times in seconds."""
    with av.open(io.BytesIO(content)) as container:
        for one in container.demux(container.streams.best(kind)):
            if one.pts is not None:
                yield Packet(
                    float(one.pts * one.time_base), float((one.pts + one.duration) * one.time_base), bytes(one)
                )


def decoded(content: bytes, number: int = 0) -> Pcm:
    """Sound track `number` of a file."""
    with av.open(io.BytesIO(content)) as container:
        return np.concatenate([one.to_ndarray()[0] for one in container.decode(audio=number)])


def shown(content: bytes) -> list[tuple[float, Any]]:
    """The pictures and when they are shown."""
    with av.open(io.BytesIO(content)) as container:
        return [(float(one.pts * one.time_base), one.to_ndarray(format="rgb24")) for one in container.decode(video=0)]
