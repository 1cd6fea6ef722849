"""A hearing whose node died for good, and its spare recording, delivered as both nodes do."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from api.nodes import enrol_own
from api.standin import end_on_spare
from court.clock import Anchor
from hardware.devices import AUDIO_RATE
from hardware.inputs import open_input
from recorder.agent import Agent
from recorder.settings import NodeSettings, Pace
from storage.ledger.ed25519 import SigningKey
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, Pcm, recorded, simulated_room, write_wav
from tests.factories.server import Server, batch

BEGAN = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
LATER = 2.5  # seconds after the first the spare began
WRONG = 0.3  # seconds by which its clock is ahead
LOST, END = 20, 34  # seconds: the first died, the hearing ended
KEYS = {name: SigningKey.from_seed(name.encode().ljust(32, b".")) for name in ("first", "spare")}


@dataclass
class MediaClock:
    """Goes as the recording does: what is recorded as fast as it can be read is dated as if it were lived."""

    began: datetime
    agent: Agent | None = None

    def now(self) -> Anchor:
        seconds = 0.0 if self.agent is None else self.agent.meter().seconds
        return Anchor(self.began + timedelta(seconds=seconds), 1000 + seconds, True)


def room_sound() -> Pcm:
    """What is heard in the room: noise that swells as syllables do."""
    made = np.random.default_rng(7)
    loud = np.repeat(made.uniform(0, 1, 40 * 5), AUDIO_RATE // 5)
    return (made.normal(0, 4000, len(loud)) * loud).astype(np.int16)


@dataclass(frozen=True)
class SpareHearing:
    """Their ids."""

    first: str
    spare: str


def two_recordings(server: Server, folder: Path, camera: bool = False) -> SpareHearing:
    """The first heard [0, LOST) of the hearing's seconds, the spare [LATER, END); the court ended it on the spare."""
    sound = room_sound()
    first = _record(server, folder / "first", sound[: LOST * AUDIO_RATE], camera=camera)
    heard = sound[int(LATER * AUDIO_RATE) : END * AUDIO_RATE]
    spare = _record(server, folder / "spare", heard, first, camera=camera)
    moment = BEGAN + timedelta(seconds=END)
    server.clock.utc = max(server.clock.utc, moment)
    with server.context.database.begin() as work:
        end_on_spare(server.context, work, first, spare, END - LATER, "С. Асанова")
    return SpareHearing(first, spare)


def _record(server: Server, folder: Path, sound: Pcm, spare_of: str = "", *, camera: bool = False) -> str:
    folder.mkdir()
    name = folder.name
    clock = MediaClock(BEGAN + timedelta(seconds=LATER + WRONG if spare_of else 0))
    room = simulated_room([write_wav(folder / "judge.wav", sound)], camera)
    settings = NodeSettings(home=folder, name=name, pace=Pace.FAST, planned_hours=0, sound_minutes=0)
    agent = Agent(settings, room, clock, KEYS[name], open_input)
    clock.agent = agent
    hearing = agent.start(CARD, spare_of=spare_of)
    agent.wait()
    found = recorded(agent, hearing)
    enrol_own(server.context, KEYS[name].public)
    node = server.node()
    for segment in found.bodies(LeafKind.SEGMENT):
        content = found.file(segment).read_bytes()
        assert node.put(f"/api/ingest/objects/{segment['sha256']}", content=content).status_code in {200, 201}
    leaves = found.leaves if spare_of else [one for one in found.leaves if one.body.get("state") != "ended"]
    answer = node.post("/api/ingest/leaves", json=batch([leaf.entry for leaf in leaves], KEYS[name]))
    assert answer.status_code == 200, answer.text
    agent.close()
    return hearing
