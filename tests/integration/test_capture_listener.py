"""The programme feed of a videoconference, pushed to the node by SRT and RTMP: it comes, goes and comes back."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import pytest

from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.child import Child
from hardware.devices import AUDIO_RATE, Source
from hardware.errors import DeviceLost
from hardware.inputs import open_input
from recorder.agent import Agent
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, check_chain, check_tiles, loudness, node, recorded
from tests.factories.waiting import until
from tests.services.processes import LOOPBACK, ffmpeg_program, free_port
from tests.simulators.devices import PlayedDevice

SECRET = "a-pass-phrase-of-the-court"


def address(kind: SourceKind) -> str:
    if kind is SourceKind.SRT:
        return f"srt://{LOOPBACK}:{free_port(socket.SOCK_DGRAM)}?passphrase={SECRET}"
    return f"rtmp://{LOOPBACK}:{free_port()}/live/{SECRET}"


@contextmanager
def sending(where: str) -> Iterator[None]:
    """Picture and sound, sent again and again until somebody takes them."""
    picture = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"]
    sound = ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "12"]
    form = "mpegts" if where.startswith("srt") else "flv"
    send = [ffmpeg_program(), "-v", "error", "-nostdin", *picture, *sound, *coding, "-c:a", "aac", "-f", form, where]
    again = ["sh", "-c", 'while ! "$@"; do sleep 0.1; done', "sh", *send]
    with subprocess.Popen(
        again, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            yield
        finally:
            subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=True)


def port_of(where: str) -> int:
    return int(where.split(":")[2].split("?", maxsplit=1)[0].split("/", maxsplit=1)[0])


def free(where: str) -> bool:
    """Whether nobody listens there any more."""
    kind = socket.SOCK_DGRAM if where.startswith("srt") else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind is socket.SOCK_STREAM))
        with suppress(OSError):
            probe.bind((LOOPBACK, port_of(where)))
            return True
        return False


def record(agent: Agent, seconds: float) -> None:
    end = agent.status().seconds + seconds
    until(lambda: agent.status().seconds >= end, agent.meter)


def remote_heard(agent: Agent) -> bool:
    levels = agent.meter().levels
    return "mic-remote" in levels and levels["mic-remote"].level.peak_db > -30


@pytest.mark.parametrize("kind", [SourceKind.SRT, SourceKind.RTMP])
def test_a_feed_comes_goes_and_comes_back(tmp_path: Path, kind: SourceKind) -> None:
    where = address(kind)
    desk = PlayedDevice(1, 660)

    def opened(spec: Input, channels: int, at: float = 0.0) -> Source:
        return desk if spec.id == "desk" else open_input(spec, channels, at)

    inputs = (Input("desk", SourceKind.ALSA, "desk"), Input("conference", kind, where))
    seats = (Microphone(CourtRole.JUDGE, "desk", 0), Microphone(CourtRole.REMOTE, "conference", 0))
    agent = node(tmp_path, Room("room", inputs, seats, (Camera("remote", "conference"),)), open_source=opened)
    hearing = agent.start(CARD)
    record(agent, 0.5)
    for _ in range(2):
        with sending(where):
            until(lambda: remote_heard(agent), agent.meter)
            record(agent, 1.3)
        until(lambda: not remote_heard(agent), agent.meter)
    until(lambda: not free(where), agent.meter)  # it listens again
    agent.stop()  # does not wait for a sender
    until(lambda: free(where))
    found = recorded(agent, hearing)
    check_chain(found)
    check_tiles(found)
    assert not [one for one in found.bodies(LeafKind.GAP, "mic-judge") if one["end"] > AUDIO_RATE]
    assert {one["cause"] for one in found.bodies(LeafKind.GAP, "mic-remote")} <= {"device_lost", "overrun"}
    heard = [one for one in found.bodies(LeafKind.SEGMENT, "mic-remote") if one["end"] - one["start"] > AUDIO_RATE]
    assert len(heard) >= 2
    for one in heard:
        assert loudness(found.sound("mic-remote")[one["start"] : one["end"]][-AUDIO_RATE // 2 :], 440) > 3500
    shown = found.bodies(LeafKind.SEGMENT, "cam-remote")
    assert len(shown) >= 2
    for one in shown:
        with av.open(found.file(one)) as container:
            assert next(container.decode(video=0)).key_frame
    assert not any(SECRET.encode() in leaf.entry for leaf in found.leaves)
    agent.close()


@pytest.mark.parametrize("kind", [SourceKind.SRT, SourceKind.RTMP])
def test_a_port_that_is_taken_is_named_without_the_secret(kind: SourceKind, monkeypatch: pytest.MonkeyPatch) -> None:
    where, end = address(kind), Child.end
    monkeypatch.setattr(Child, "end", lambda child: f"[in#0 @ 0x5] [{kind} @ 0x6] {where}: {end(child)}")
    port = port_of(where)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind is SourceKind.SRT else socket.SOCK_STREAM) as taken:
        taken.bind((LOOPBACK, port))
        if kind is SourceKind.RTMP:
            taken.listen()
        source = open_input(Input("conference", kind, where), 1)
        with pytest.raises(DeviceLost, match=rf"The listener {kind}://127\.0\.0\.1:{port} lost its sender: ") as lost:
            for _ in source.items():
                pass
        source.close()
    assert str(lost.value).endswith((": input/output error.", ": address already in use."))
    assert SECRET not in str(lost.value)
    assert SECRET not in source.description
