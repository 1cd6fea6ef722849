"""A recorded hearing whose middle was closed, and what a copy of it is made of."""

import atexit
import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from api.copy_orders import Ordering, Wish, put_order
from api.copying import make_copy
from api.gate import shown_hearing
from api.nodes import enrol_own
from court.openness import Openness, OpennessSpan
from court.timeline import SampleRange
from hardware.devices import AUDIO_RATE
from protocol.copies.streams import CopiedTrack, Piece
from storage.db.models import Copy, NoteRow, Utterance
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, KEY, Pcm, Recorded, node, recorded, simulated_room, tone, write_wav
from tests.factories.server import Server, batch
from tests.factories.spare_hearing import MediaClock

SECONDS, CLOSED = 40, (13.3337, 27.7771)
"""The closed part begins and ends within segments, and between two samples."""
OPEN_TONE, CLOSED_TONE = 440.0, 1700.0
OPEN_WORDS, CLOSED_WORDS = "Слушается дело", "тайна усыновления"
OPEN_NOTE, CLOSED_NOTE = "заметка для всех", "закрытая заметка"
BY = Ordering("secretary", "secretary", "10.1.2.3")
ORDERS = [OpennessSpan(*CLOSED, Openness.CLOSED)]


def heard() -> Pcm:
    """A tone while the hearing is open, another one while it is closed."""
    first, last = (round(at * AUDIO_RATE) for at in CLOSED)
    return np.concatenate([
        tone(SECONDS, OPEN_TONE)[:first], tone(SECONDS, CLOSED_TONE)[first:last], tone(SECONDS, OPEN_TONE)[last:],
    ])  # fmt: skip


def babble(seconds: float = SECONDS, seed: int = 1) -> Pcm:
    """Noise that is now loud, now faint, as syllables are, and duller than white."""
    chance = np.random.default_rng(seed)
    noise = np.convolve(chance.standard_normal(round(seconds * AUDIO_RATE)), np.ones(8) / 8, "same")
    steps = np.exp(chance.normal(6, 1.2, round(seconds * 8) + 1))
    return np.asarray(noise * steps.repeat(AUDIO_RATE // 8)[: len(noise)], np.int16)


def recording(heard: Callable[[], Pcm] = heard) -> Recorded:
    """Microphones of judge and claimant, and the drawn camera, as the node leaves them: recorded once for all tests,
    which alter nothing of it."""
    return _recorded(heard)


@cache
def _recorded(heard: Callable[[], Pcm]) -> Recorded:
    folder = tempfile.TemporaryDirectory(prefix="courtrec-copies-")
    atexit.register(folder.cleanup)
    home = Path(folder.name)
    files = [write_wav(home / f"{name}.wav", heard()) for name in ("judge", "claimant")]
    clock = MediaClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    clock.agent = agent = node(home, simulated_room(files), clock=clock)
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


def deliver(server: Server, found: Recorded) -> None:
    """As the node of the recording does."""
    enrol_own(server.context, KEY.public)
    browser = server.node()
    for segment in found.bodies(LeafKind.SEGMENT):
        content = found.file(segment).read_bytes()
        assert browser.put(f"/api/ingest/objects/{segment['sha256']}", content=content).status_code in {200, 201}
    answer = browser.post("/api/ingest/leaves", json=batch([one.entry for one in found.leaves], KEY))
    assert answer.status_code == 200, answer.text


def delivered(server: Server, *, closed: bool = True, heard: Callable[[], Pcm] = heard) -> str:
    """The recording, as its node delivers it to the server; its middle was closed by the court."""
    found = recording(heard)
    deliver(server, found)
    hearing = found.leaves[0].hearing
    if closed:
        server.order(hearing, Openness.CLOSED, *(round(at * 1000) for at in CLOSED))
    said = ((2000, 4000, OPEN_WORDS), (13_000, 14_000, "на границе"), (20_000, 22_000, CLOSED_WORDS))
    server.transcribe(
        Utterance(
            hearing_id=hearing, sequence=number, track="mic-judge", role="judge", start_ms=start, end_ms=end, text=text,
            words=[], language="ru", flags=[], engine="e", model="m", parameters_key="ab" * 32,
            segment_sha256="0" * 64, position=0,
        )
        for number, (start, end, text) in enumerate(said)
    )  # fmt: skip
    with server.context.database.begin() as work:
        for at, text in ((1, OPEN_NOTE), (21, CLOSED_NOTE)):
            row = NoteRow(hearing_id=hearing, at_sample=at * AUDIO_RATE, template="free", text=text, leaf_index=0)
            work.hearings.add(row)
    return hearing


def ordered(server: Server, hearing: str, wish: Wish) -> Copy:
    """Ordered and made, or failed."""
    with server.context.database.begin() as work:
        number = put_order(server.context, work, shown_hearing(work, hearing), wish, BY)
    make_copy(server.context, number)
    with server.context.database.read() as work:
        row = work.copies.get(number)
    assert row is not None
    return row
