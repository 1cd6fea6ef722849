"""Devices that are pulled out and put back, and cameras that restart, under the node's own process."""

import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.clock import elapsed as now
from hardware.devices import AUDIO_RATE
from tests.factories.survival import ROOM, Kept, Record, Survived, note_return, room_sound
from tests.factories.waiting import until
from tests.services.fixtures import or_skip
from tests.services.processes import free_port, rtsp_server
from tests.services.sound import SoundServer
from tests.simulators.service import node_service


def segments(home: Path, track: str) -> int:
    return len(list(home.glob(f"spool/*/{track}-*.mp4")))


def test_a_sound_card_is_pulled_out_and_put_back(
    tmp_path: Path, each_sound: SoundServer, record_property: Record
) -> None:
    """The sound server takes a source away and has it again, as it does with a card on USB."""
    inputs = (replace(ROOM.inputs[0], address="eight.monitor"), ROOM.inputs[1])
    other = Microphone(CourtRole.SECRETARY, "hall", 0)
    hall = Input("hall", SourceKind.PULSE, "two.monitor")
    room = replace(ROOM, inputs=(*inputs, hall), microphones=(*ROOM.microphones, other))
    with each_sound.playing("two", room_sound(60)), node_service(tmp_path, room) as node:
        hearing = str(node.ask("start", case_number="1")["hearing"])
        until(lambda: segments(tmp_path, "mic-judge"))
        node.record(3)
        before = segments(tmp_path, "mic-judge")
        each_sound.unload("eight")
        node.record(4)
        kept = Kept.of(tmp_path)
        each_sound.load("module-null-sink", "sink_name=eight", "rate=48000", "channels=8")
        ended = now()
        until(lambda: segments(tmp_path, "mic-judge") > before)
        node.record(2)
        node.ask("stop")
    found = Survived.read(tmp_path, hearing, kept)
    for track in ("mic-judge", "mic-witness"):
        assert {gap["cause"] for gap in found.gaps(track)} == {"device_lost"}
        assert "The sound source eight.monitor" in found.gaps(track)[0]["device_log"]
        missing = sum(gap["end"] - gap["start"] for gap in found.gaps(track))
        assert missing > 3 * AUDIO_RATE, "another source was recorded"
    assert found.gaps("mic-secretary") == []
    assert node.starts == 1
    found.check_step("mic-secretary")
    note_return(found, "mic-judge", ended, record_property)


@pytest.mark.parametrize("killed", [False, True])
def test_a_camera_restarts(tmp_path: Path, sound: SoundServer, record_property: Record, killed: bool) -> None:
    """With the node or without it; the microphones do not wait for the camera."""
    port = free_port()
    door = Input("clock", SourceKind.RTSP, f"rtsp://127.0.0.1:{port}/camera")
    room = Room("room", (ROOM.inputs[0], door), ROOM.microphones, (Camera("overview", "clock"),))
    with ExitStack() as camera, sound.playing("two", room_sound(120)):
        camera.enter_context(or_skip(rtsp_server(port=port)))
        with node_service(tmp_path, room) as node:
            hearing = str(node.ask("start", case_number="1")["hearing"])
            until(lambda: segments(tmp_path, "cam-overview"))  # it begins with the camera's next keyframe
            node.record(1)
            before = segments(tmp_path, "cam-overview")
            camera.close()
            starts = node.starts
            if killed:
                subprocess.run(["kill", "-9", str(node.pid)], check=True)
                node.restarted(starts)
            heard = segments(tmp_path, "mic-judge")
            until(lambda: segments(tmp_path, "mic-judge") > heard)
            node.record(3)
            kept = Kept.of(tmp_path)
            camera.enter_context(rtsp_server(port=port))
            ended = now()
            until(lambda: segments(tmp_path, "cam-overview") > before)
            node.record(2)
            node.ask("stop")
    found = Survived.read(tmp_path, hearing, kept)
    causes = {gap["cause"] for gap in found.gaps("cam-overview")}
    assert causes == ({"device_lost", "restart"} if killed else {"device_lost"})
    assert any("The stream rtsp://127.0.0.1" in gap["device_log"] for gap in found.gaps("cam-overview"))
    # A microphone that a busy machine opens late is lost for that while.
    assert {gap["cause"] for gap in found.gaps("mic-judge")} <= ({"restart", "device_lost"} if killed else set())
    note_return(found, "cam-overview", ended, record_property)
