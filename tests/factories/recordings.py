"""Rooms to record, nodes that record them, and what must be true of every recording."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from court.card import HearingCard
from court.clock import Clock
from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from court.timeline import SampleRange, holes, overlaps
from hardware.clock import SystemClock
from hardware.devices import AUDIO_RATE
from hardware.inputs import open_input
from hardware.segment_reader import read_pcm
from recorder.agent import Agent
from recorder.assembly import OpenSource
from recorder.settings import NodeSettings, Pace
from storage.ledger.chain import Chain, check_next
from storage.ledger.ed25519 import SigningKey, VerifyKey
from storage.ledger.leaf import LeafKind, SignedLeaf, parse

Pcm = NDArray[np.int16]

CARD = HearingCard.parse({"case_number": "ГД 4405/24-Б2"})
KEY = SigningKey.from_seed(bytes(32))
ROLES = (CourtRole.JUDGE, CourtRole.SECRETARY, CourtRole.CLAIMANT, CourtRole.RESPONDENT)


def tone(seconds: float, hertz: float, amplitude: int = 8000) -> Pcm:
    t = np.arange(int(seconds * AUDIO_RATE))
    return np.asarray(amplitude * np.sin(2 * np.pi * hertz * t / AUDIO_RATE), np.int16)


def write_wav(path: Path, *channels: Pcm) -> Path:
    """A 48 kHz WAV file of these channels."""
    layout = {1: "mono", 2: "stereo"}.get(len(channels), f"{len(channels)} channels")
    with av.open(path, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=AUDIO_RATE, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.column_stack(channels).reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate = AUDIO_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def simulated_room(files: Iterable[Path], camera: bool = True, hearing: str = "") -> Room:
    """A microphone per mono file, played side by side, and the drawn camera."""
    played = Input("microphones", SourceKind.SIMULATED, files=tuple(map(str, files)))
    seats = zip(ROLES, played.files, strict=False)
    microphones = tuple(Microphone(role, played.id, number) for number, (role, _) in enumerate(seats))
    drawn = Input("camera", SourceKind.SIMULATED, picture="clock")
    cameras = (Camera("overview", drawn.id),) if camera else ()
    return Room("room", (played, drawn), microphones, cameras, hearing=hearing)


def node(
    home: Path,
    room: Room,
    pace: Pace = Pace.FAST,
    open_source: OpenSource = open_input,
    clock: Clock | None = None,
    key: SigningKey = KEY,
) -> Agent:
    settings = NodeSettings(home=home, name="node", pace=pace, planned_hours=0, sound_minutes=0)
    return Agent(settings, room, clock or SystemClock(), key, open_source)


@dataclass(frozen=True)
class Recorded:
    """A hearing as it lies in a node's spool."""

    folder: Path
    leaves: list[SignedLeaf]

    def bodies(self, kind: LeafKind, track: str | None = None) -> list[Mapping[str, Any]]:
        found = [leaf.body for leaf in self.leaves if leaf.kind is kind]
        return [body for body in found if track in (None, body.get("track"))]

    @property
    def tracks(self) -> list[str]:
        return [facts["track"] for facts in self.bodies(LeafKind.HEARING)[0]["tracks"]]

    @property
    def end(self) -> int:
        """The hearing's last sample."""
        last = self.bodies(LeafKind.STATE)[-1]
        assert last["state"] == "ended"
        return int(last["at_sample"])

    def file(self, segment: Mapping[str, Any]) -> Path:
        return self.folder / f"{segment['track']}-{segment['sequence']:05d}.mp4"

    def sound(self, track: str) -> Pcm:
        """The whole track; where nothing was recorded it is zero."""
        whole = np.zeros(self.end, np.int16)
        for segment in self.bodies(LeafKind.SEGMENT, track):
            start, pcm = read_pcm(self.file(segment))
            assert (start, len(pcm)) == (segment["start"], segment.get("samples", segment["end"] - start))
            shown = pcm[: segment["end"] - start]
            whole[start : start + len(shown)] = shown
        return whole


def recorded(agent: Agent, hearing: str) -> Recorded:
    entries = [parse(one.entry) for one in agent.spool.entries(hearing)]
    return Recorded(agent.spool.folder / hearing, entries)


def check_chain(hearing: Recorded) -> None:
    chain = Chain(hearing.leaves[0].hearing, KEY.key_id)
    for leaf in hearing.leaves:
        assert leaf.verify(VerifyKey(KEY.public))
        chain = check_next(chain, leaf)


def check_tiles(hearing: Recorded) -> None:
    """Segments and gaps of every track cover the hearing once, and each file is what its leaf says."""
    import hashlib

    pieces: dict[str, list[SampleRange]] = defaultdict(list)
    for body in (*hearing.bodies(LeafKind.SEGMENT), *hearing.bodies(LeafKind.GAP)):
        pieces[body["track"]].append(SampleRange(body["start"], body["end"], body["rate"]))
    for track in hearing.tracks:
        rate = pieces[track][0].rate
        end = hearing.end * rate // AUDIO_RATE
        assert holes(pieces[track], end) == [], track
        assert overlaps(pieces[track]) == [], track
        assert max(piece.end for piece in pieces[track]) == end, track
    for segment in hearing.bodies(LeafKind.SEGMENT):
        content = hearing.file(segment).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (segment["sha256"], segment["size"])


def loudness(pcm: Pcm, hertz: float) -> float:
    """How strongly a tone stands in `pcm`: its amplitude."""
    t = np.arange(len(pcm))
    wave = np.exp(-2j * np.pi * hertz * t / AUDIO_RATE)
    return float(2 * abs(np.dot(pcm.astype(np.float64), wave)) / max(1, len(pcm)))
