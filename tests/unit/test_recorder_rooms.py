from collections.abc import Callable
from pathlib import Path

import pytest

from court.errors import InputError
from court.people import CourtRole
from court.room import Camera, Input, Microphone, Profile, Room, RoomError, SourceKind, SpoolLimits, parse_room
from recorder.rooms import load_room, room_from_files, room_text
from tests.factories.recordings import CARD, node, simulated_room, tone, write_wav

DEMO = Path(__file__).parents[2] / "rooms" / "demo.toml"


def test_the_demonstration_room_names_its_files_absolutely() -> None:
    room = load_room(DEMO)
    assert all(Path(name).is_file() for one in room.inputs for name in one.files)
    assert Path(room.hearing).is_file()


def test_a_room_survives_being_written_and_read() -> None:
    inputs = (
        Input("a", SourceKind.SIMULATED, files=('/x/ё "1".wav', "/x/\\2\x7f.wav")),
        Input("b", SourceKind.RTSP, "rtsp://u:p@camera/1"),
        Input("c", SourceKind.SIMULATED, picture="clock"),
    )
    microphones = (Microphone(CourtRole.JUDGE, "a", 1, "left"), Microphone(CourtRole.JUDGE, "a", 0, "right"))
    limits = SpoolLimits(unsent_gigabytes=40, unsent_hours=1.5)
    cameras = (Camera("one", "b"), Camera("two", "c"))
    room = Room("Зал № 1\n", inputs, microphones, cameras, Profile.SLOW_LINE, "/x/h.toml", limits, "http://[::1]:8090")
    assert parse_room(room_text(room), "spool") == room


@pytest.mark.parametrize("path", sorted(DEMO.parent.glob("*.toml")), ids=lambda path: path.name)
def test_every_room_that_comes_with_courtrec_can_be_read(path: Path) -> None:
    room = load_room(path)
    assert room.microphones
    assert parse_room(room_text(room), "spool") == room


def test_files_become_microphones_and_cameras(tmp_path: Path) -> None:
    files = [write_wav(tmp_path / f"{n}.wav", *[tone(0.2, 440)] * n) for n in (1, 3, 2)]
    room = room_from_files(files)
    assert [(one.track, one.input, one.channel) for one in room.microphones] == [
        ("mic-judge", "file-1", 0),
        ("mic-secretary", "file-2", 0),
        ("mic-claimant", "file-2", 1),
        ("mic-respondent", "file-2", 2),
        ("mic-witness-1", "file-3", 0),
        ("mic-witness-2", "file-3", 1),
    ]


def no_room(folder: Path) -> Room:
    return load_room(folder / "room.toml")


def no_text(folder: Path) -> Room:
    (folder / "room.toml").write_bytes(b"\xff\xfe\x00")
    return load_room(folder / "room.toml")


def missing_file(folder: Path) -> Room:
    return room_from_files([folder / "nothing.wav"])


def no_sound(folder: Path) -> Room:
    return room_from_files(["lavfi:testsrc=duration=1"])


def too_few_channels(folder: Path) -> Room:
    spec = Input("desk", SourceKind.FILE, files=(str(write_wav(folder / "two.wav", tone(1, 440), tone(1, 440))),))
    return Room("room", (spec,), (Microphone(CourtRole.JUDGE, "desk", 0), Microphone(CourtRole.WITNESS, "desk", 5)))


def no_picture(folder: Path) -> Room:
    spec = Input("desk", SourceKind.FILE, files=(str(write_wav(folder / "one.wav", tone(1, 440))),))
    return Room("room", (spec,), (Microphone(CourtRole.JUDGE, "desk", 0),), (Camera("one", "desk"),))


def no_audio_in_input(folder: Path) -> Room:
    spec = Input("wall", SourceKind.SIMULATED, picture="clock")
    return Room("room", (spec,), (Microphone(CourtRole.JUDGE, "wall", 0),))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (no_room, r"The room file .*room.toml cannot be read \(No such file or directory\): check its name\."),
        (no_text, r"The room file .* is not text in UTF-8: save it as such\."),
        (missing_file, r"The file .*nothing.wav does not exist: check its name\."),
        (no_sound, r"There is no sound in the files \(lavfi:testsrc=duration=1\)"),
        (too_few_channels, r"mic-witness is channel 5 of the input 'desk', but two.wav .* has only 2"),
        (no_picture, r"cam-one uses the input 'desk', but one.wav .* has no picture"),
        (no_audio_in_input, r"mic-judge is channel 0 of the input 'wall', but drawn picture .* has no sound"),
    ],
)
def test_bad_input_gets_one_sentence_and_leaves_nothing(
    tmp_path: Path, make: Callable[[Path], Room], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence) as refused:
        agent = node(tmp_path / "home", make(tmp_path))
        try:
            agent.run_to_end(CARD)
        finally:
            assert agent.spool.unfinished() is None
            assert agent.spool.backlog().count == 0
            agent.close()
    assert "\n" not in str(refused.value)
    assert list(tmp_path.glob("home/spool/*/")) == []


def test_an_unknown_camera_picture_stops_before_anything_is_written(tmp_path: Path) -> None:
    room = simulated_room([write_wav(tmp_path / "one.wav", tone(1, 440))])
    moon = Room("r", (*room.inputs[:1], Input("camera", SourceKind.SIMULATED, picture="moon")), room.microphones,
                room.cameras)  # fmt: skip
    agent = node(tmp_path / "home", moon)
    with pytest.raises(InputError, match="'moon' is not known"):
        agent.run_to_end(CARD)
    agent.close()
    assert issubclass(RoomError, InputError)
    assert list(tmp_path.glob("home/spool/*/")) == []
