"""`courtrec node check-room`: each microphone and camera with what it gives, or with one sentence on what is wrong."""

from pathlib import Path

import numpy as np
import pytest

from api.cli.rooms import list_devices, try_room
from court.errors import InputError
from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.inputs import open_input
from recorder.check import check_room
from recorder.rooms import room_text
from tests.factories.recordings import tone, write_wav
from tests.services.processes import LOOPBACK, free_port
from tests.services.sound import SoundServer


def room(folder: Path) -> Room:
    """Two microphones that are well, one that is silent, one that is not there; two cameras, and one that is none."""
    desk = write_wav(folder / "desk.wav", tone(2, 440), tone(2, 440), np.zeros(96_000, np.int16))
    inputs = (
        Input("desk", SourceKind.FILE, files=(str(desk),)),
        Input("wall", SourceKind.SIMULATED, picture="clock", delay=0.18),
        Input("graph", SourceKind.LAVFI, "testsrc2=size=320x180:rate=25"),
        Input("gone", SourceKind.RTSP, f"rtsp://me:secret@{LOOPBACK}:{free_port()}/1"),
        Input("conference", SourceKind.RTMP, f"rtmp://{LOOPBACK}:{free_port()}/live/x"),
    )
    seats = [(CourtRole.JUDGE, 0), (CourtRole.CLAIMANT, 1), (CourtRole.WITNESS, 2), (CourtRole.EXPERT, 7)]
    microphones = [Microphone(role, "desk", channel) for role, channel in seats]
    microphones.append(Microphone(CourtRole.REMOTE, "conference", 0))
    seen = [Camera("wall", "wall"), Camera("graph", "graph"), Camera("desk", "desk"), Camera("gone", "gone")]
    return Room("room", inputs, tuple(microphones), tuple(seen))


def test_every_track_gets_its_sentence(tmp_path: Path) -> None:
    findings = {one.track: one for one in check_room(room(tmp_path), open_input, patience=3)}
    assert findings["mic-judge"].words == "channel 0 of 'desk' of 3, level -15 dBFS, peak -12 dBFS."
    assert "gives digital silence: is it connected" in findings["mic-witness"].words
    assert "has only 3 (counted from 0)" in findings["mic-expert"].words
    assert findings["mic-remote"].words.startswith("The input 'conference' gave nothing for 3 seconds")
    assert findings["cam-wall"].words == (
        "640×360, 10 pictures per second, encoded here as h264, placed 180 ms earlier than they come."
    )
    assert findings["cam-graph"].words == "320×180, 25 pictures per second, encoded here as h264."
    assert findings["cam-desk"].words == "The input 'desk' has no picture."
    assert "cannot be opened" in findings["cam-gone"].words
    assert "secret" not in findings["cam-gone"].words
    good = {track for track, one in findings.items() if one.good}
    assert good == {"mic-judge", "mic-claimant", "cam-wall", "cam-graph"}


def test_the_exit_code_says_whether_all_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = room(tmp_path)
    file = tmp_path / "room.toml"
    well = Room("room", whole.inputs[:2], whole.microphones[:2], whole.cameras[:1])
    file.write_text(room_text(well))
    assert try_room(file) == 0
    assert capsys.readouterr().out.count("ok     ") == 3
    file.write_text(room_text(Room("room", whole.inputs[:2], whole.microphones[:3], ())))
    assert try_room(file) == 1
    assert "FAULT  mic-witness: " in capsys.readouterr().out
    file.write_text("name = 'x'")
    with pytest.raises(InputError, match="no microphone"):
        try_room(file)


def test_a_sound_server_s_sources_are_listed_without_its_loudspeakers(
    sound: SoundServer, capsys: pytest.CaptureFixture[str]
) -> None:
    sound.load("module-remap-source", "source_name=desk", "master=eight.monitor", "channels=2",
               "master_channel_map=aux4,aux5", "channel_map=aux4,aux5", "remix=no")  # fmt: skip
    list_devices()
    told = capsys.readouterr().out
    assert 'source = "pulse"\naddress = "desk"' in told
    assert "2 channels" in told
    assert "monitor" not in told
