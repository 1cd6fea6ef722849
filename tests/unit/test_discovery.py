"""Devices are found where Linux tells of them, and come out as lines that a room file takes."""

from pathlib import Path

import pytest

from api.cli.rooms import input_lines, list_devices
from court.room import SourceKind, parse_room
from hardware.discovery import Device, alsa_devices, cameras, captures

PCM = """00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1
00-03: HDMI 0 : HDMI 0 : playback 1
01-00: USB Audio : USB Audio : playback 1 : capture 1
01-01: USB Audio : USB Audio #1 : capture 1
"""
STREAM = """BEHRINGER UMC404HD at usb-1: USB Audio

Playback:
  Interface 1
    Channels: 10
Capture:
  Status: Stop
  Interface 2
    Altset 1
    Format: S32_LE
    Channels: 4
    Rates: 44100, 48000
"""


def sound_cards(folder: Path) -> Path:
    for number, name in enumerate(("PCH", "UMC404HD")):
        (folder / f"card{number}").mkdir(parents=True)
        (folder / f"card{number}" / "id").write_text(name + "\n")
    (folder / "pcm").write_text(PCM)
    (folder / "card1" / "stream0").write_text(STREAM)
    return folder


def test_sound_cards_that_record_are_named_as_they_stay_named(tmp_path: Path) -> None:
    assert list(alsa_devices(sound_cards(tmp_path))) == [
        Device(SourceKind.ALSA, "hw:CARD=PCH", "ALC257 Analog", None),
        Device(SourceKind.ALSA, "hw:CARD=UMC404HD", "USB Audio", 4),
        Device(SourceKind.ALSA, "hw:CARD=UMC404HD,DEV=1", "USB Audio #1", None),
    ]
    assert list(alsa_devices(tmp_path / "nothing")) == []


def test_a_camera_s_other_devices_are_left_out(tmp_path: Path) -> None:
    for number, name in ((0, "Webcam: picture"), (1, "Webcam: metadata"), (10, "Other\n")):
        (tmp_path / f"video{number}").mkdir()
        (tmp_path / f"video{number}" / "name").write_text(name)
    found = list(cameras(tmp_path, lambda device: device.name != "video1"))
    assert found == [
        Device(SourceKind.V4L2, "/dev/video0", "Webcam: picture", 0),
        Device(SourceKind.V4L2, "/dev/video10", "Other", 0),
    ]
    assert captures(tmp_path / "gone")
    assert captures(Path("/dev/null"))


def test_every_device_is_printed_as_a_room_file_takes_it() -> None:
    devices = (
        Device(SourceKind.ALSA, "hw:CARD=UMC404HD", "USB\nAudio", 4),
        Device(SourceKind.PULSE, 'a "b" \\ c', "Стол", 1),
        Device(SourceKind.V4L2, "/dev/video0", "Webcam", 0),
    )
    text = "\n".join(input_lines(device, number) for number, device in enumerate(devices))
    seat = '[[microphone]]\nrole = "judge"\ninput = "input-0"\n'
    room = parse_room(f'name = "x"\n{text}\n{seat}', "pasted")
    assert [(one.source, one.address) for one in room.inputs] == [(one.source, one.address) for one in devices]
    assert "# USBAudio: 4 channels" in text


def test_a_machine_with_nothing_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for finder in ("alsa_devices", "sound_sources", "cameras"):
        monkeypatch.setattr(f"api.cli.rooms.{finder}", lambda: iter(()))
    list_devices()
    assert capsys.readouterr().out == "# No sound card, camera or sound server was found on this machine.\n"
