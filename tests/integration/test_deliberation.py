"""Break and deliberation: the cut lies at the press, and nothing that is said behind it is kept, measured or told."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.child_node import free_port
from hardware.devices import AUDIO_RATE, AudioBlock
from hardware.levels import SILENT
from recorder.script import GRID
from recorder.spool import Spool
from storage.ledger.leaf import LeafKind, parse
from tests.factories.command_line import COMMAND, ROOT
from tests.factories.recordings import CARD, Pcm, Recorded, loudness, node, recorded
from tests.factories.waiting import until
from tests.integration.test_capture_live import ROOM
from tests.simulators.devices import PlayedDevice, opener

OPEN, SECRET = 440.0, 1777.0  # Hz: what may be heard, what is said in deliberation
FRAME = AUDIO_RATE // 100


class Switched(PlayedDevice):
    """Tells every block of its tone apart by its pitch: SECRET from the moment `secret` is set, until it is cleared."""

    def __init__(self) -> None:
        super().__init__(1, OPEN)
        self.secret = threading.Event()

    def _sound(self, number: int) -> AudioBlock:
        self.hertz = SECRET if self.secret.is_set() else OPEN
        return super()._sound(number)


def frames_with(pcm: Pcm, hertz: float) -> list[int]:
    """The numbers of the 10 ms frames in which that tone is to be heard."""
    whole = len(pcm) // FRAME
    return [one for one in range(whole) if loudness(pcm[one * FRAME : (one + 1) * FRAME], hertz) > 1000]


@pytest.mark.parametrize("step", ["deliberate", "pause"])
def test_nothing_said_after_the_press_is_kept_in_any_file(tmp_path: Path, step: str) -> None:
    talkers = {"front": Switched(), "back": Switched()}
    agent = node(tmp_path, ROOM, open_source=opener({**talkers, "door": PlayedDevice(0)}))
    hearing = agent.start(CARD)
    until(lambda: agent.status().seconds > 1)
    getattr(agent, step)()
    for talker in talkers.values():
        talker.secret.set()  # they begin to talk the moment the step is confirmed
    pressed = agent.status().seconds
    until(lambda: agent.status().seconds > pressed + 1)
    for talker in talkers.values():
        talker.secret.clear()
    quiet = agent.status().seconds
    until(lambda: agent.status().seconds > quiet + 0.3)
    agent.resume()
    resumed = agent.status().seconds
    until(lambda: agent.status().seconds > resumed + 0.5)
    agent.stop()
    found = recorded(agent, hearing)
    agent.close()
    check_nothing_leaked(found, {"deliberate": "deliberation", "pause": "break"}[step])


def check_nothing_leaked(found: Recorded, cause: str) -> None:
    cut, resumed = (one["at_sample"] for one in found.bodies(LeafKind.STATE)[1:3])
    assert cut % GRID == 0
    for track in (one for one in found.tracks if not one.startswith("cam-")):
        pcm = found.sound(track)
        assert len(frames_with(pcm, OPEN)) > 50  # what may be heard is there, so the measure is one
        assert frames_with(pcm, SECRET) == [], track
        ends = [(one["start"], one["end"]) for one in found.bodies(LeafKind.SEGMENT, track)]
        assert all(end <= cut or start >= resumed for start, end in ends)
        assert (cut, resumed) in [
            (one["start"], one["end"]) for one in found.bodies(LeafKind.GAP, track) if one["cause"] == cause
        ]
    stated = {found.file(one).name for one in found.bodies(LeafKind.SEGMENT)}
    assert {path.name for path in found.folder.iterdir()} == stated  # no file besides


@dataclass(frozen=True)
class NodeProcess:
    client: httpx.Client
    home: Path
    log: Path
    process: "subprocess.Popen[bytes]"


@pytest.fixture
def real_node(tmp_path: Path) -> Iterator[NodeProcess]:
    """A node process of its own; its room hears OPEN, and SECRET from the 6th second to the 8th."""
    room, keys, log = tmp_path / "room.toml", tmp_path / "home" / "keys", tmp_path / "node.log"
    said = f"if(between(t,6,8),{SECRET},{OPEN})"
    room.write_text(f"""name = "room"
[[input]]
id = "desk"
source = "lavfi"
address = "aevalsrc='0.3*sin(2*PI*{said}*t)':s=48000,aformat=sample_fmts=s16"
[[microphone]]
role = "judge"
input = "desk"
channel = 0
""")
    keys.mkdir(parents=True)
    (keys / "node.token").write_text("token")
    port = free_port()
    environment = {
        "PATH": "/usr/bin:/bin", "COURTREC_HOME": str(tmp_path / "home"), "COURTREC_NODE_PORT": str(port),
        "COURTREC_NODE_PLANNED_HOURS": "0", "COURTREC_NODE_SOUND_MINUTES": "0",
    }  # fmt: skip
    with log.open("wb") as said_by_node:
        process = subprocess.Popen(
            [sys.executable, *COMMAND[1:], "node", "run", "--room", str(room)],
            env=environment, cwd=ROOT, stdout=said_by_node, stderr=said_by_node,
        )  # fmt: skip
        headers = {"Authorization": "Bearer token"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, trust_env=False) as client:
            try:
                until(lambda: answers(client) or process.poll() is not None, log.read_text)
                yield NodeProcess(client, tmp_path / "home", log, process)
            finally:
                process.terminate()
                process.wait()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/status").is_success
    except httpx.HTTPError:
        return False


def test_the_real_node_isolates_the_microphones(real_node: NodeProcess) -> None:
    client, home, process = real_node.client, real_node.home, real_node.process
    hearing = client.post("/start", json={"case_number": "1"}).json()["hearing"]
    until(lambda: client.get("/status").json()["seconds"] > 1)
    assert client.post("/deliberate").json()["state"] == "deliberation"
    told = []
    with client.stream("GET", "/levels") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                told.append(json.loads(line.removeprefix("data: ")))
                if told[-1]["seconds"] > 8.5:
                    break
    client.post("/resume")
    until(lambda: client.get("/status").json()["seconds"] > 10)
    assert client.post("/stop").json()["state"] == "ended"

    process.terminate()
    process.wait()
    with closing(Spool(home / "spool")) as spool:
        found = Recorded(spool.folder / hearing, [parse(one.entry) for one in spool.entries(hearing)])
    check_nothing_leaked(found, "deliberation")
    # What levels and speech detection told meanwhile is the same whatever was said: nothing.
    silent = {"rms_db": round(SILENT.rms_db, 1), "peak_db": round(SILENT.peak_db, 1), "speech": False}
    later = [one for one in told if one["state"] == "deliberation" and one["seconds"] > 6]
    assert len(later) > 15
    assert all(one["levels"] == {"mic-judge": silent} for one in later)
    kept = {path for path in home.rglob("*") if path.is_file() and "keys" not in path.parts}
    assert {path for path in kept if path.suffix == ".mp4"} == {found.file(x) for x in found.bodies(LeafKind.SEGMENT)}
    assert not re.search(r"level|speech|rms", real_node.log.read_text(), re.IGNORECASE)
