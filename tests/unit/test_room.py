import pytest

from court.room import Room, RoomError, SourceKind, parse_room

GOOD = """
name = "Room 1"
[[input]]
id = "desk"
source = "alsa"
address = "hw:1,0"
[[input]]
id = "eye"
source = "rtsp"
address = "rtsp://camera.example/1"
[[microphone]]
role = "judge"
input = "desk"
channel = 0
[[microphone]]
role = "witness"
name = "2"
input = "desk"
channel = 1
[[camera]]
name = "overview"
input = "eye"
"""


def room(text: str) -> Room:
    return parse_room(text, "rooms/x.toml")


def test_a_room_names_its_tracks_by_role() -> None:
    found = room(GOOD)
    assert [microphone.track for microphone in found.microphones] == ["mic-judge", "mic-witness-2"]
    assert found.cameras[0].track == "cam-overview"
    assert found.input("eye").source is SourceKind.RTSP


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('name = "Room 1"', "name = 1"), "needs a text in the field 'name'"),
        (('source = "alsa"', 'source = "magic"'), "source = 'magic' is unknown"),
        (('address = "hw:1,0"', ""), "needs an 'address'"),
        (('role = "judge"', 'role = "king"'), "role = 'king' is unknown"),
        (("channel = 1", "channel = 0"), "same channel"),
        (("channel = 1", "channel = -1"), "whole number from 0 to 63"),
        (('input = "eye"', 'input = "nose"'), "'nose', which is not defined"),
        (('name = "2"', 'name = "../x"'), "Latin letters, digits and dashes"),
        (('id = "eye"', 'id = "desk"'), "stands there twice"),
        (('name = "Room 1"', 'name = "Room 1"\ncolour = "red"'), "unknown field 'colour'"),
        (
            ('name = "Room 1"', 'name = "Room 1"\nspare = "node-2"'),
            "the spare node must begin with http:// or https://",
        ),
        (("[[input]]", 'spare = "node-2"\n[[input]]'), "the spare node must begin with http:// or https://"),
        (("[[camera]]", "[camera]"), "[[camera]]"),
        (('name = "Room 1"', "name ="), "not valid TOML"),
        (('name = "Room 1"', f"name = {'[' * 2000}"), "nested too deeply"),
        (
            ('address = "hw:1,0"', 'address = "hw:1,0"\nfiles = ["a.wav"]'),
            "is alsa and takes an 'address', not 'files'",
        ),
        (('address = "hw:1,0"', 'address = "hw:1,0"\npicture = "clock"'), "which only a simulated input"),
        (('source = "alsa"', 'source = "file"'), "is file and takes 'files', not an 'address'"),
        (('"rtsp://camera', '"http://camera'), "'eye' must begin with rtsp:// or rtsps://"),
        (('source = "rtsp"', 'source = "srt"'), "'eye' must begin with srt://"),
        (('source = "rtsp"', 'source = "rtmp"'), "'eye' must begin with rtmp://"),
        (("[[input]]", "[spool]\nunsent_hours = 0\n[[input]]"), "unsent_hours must be a number above 0, not 0"),
        (("[[input]]", "[spool]\nunsent_days = 3\n[[input]]"), "the spool has an unknown field 'unsent_days'"),
        (("[[input]]", "[[spool]]\n[[input]]"), "under the heading [spool]"),
        (("channel = 1", f"channel = 0x{'f' * 4000}"), "A number is too large"),
        (
            ('source = "rtsp"', 'source = "rtsp"\ndelay = 18'),
            "delay of the input 'eye' must be seconds from 0 to 2",
        ),
        (('source = "rtsp"', 'source = "rtsp"\ndelay = true'), "such as 0.18, not True"),
        (('source = "alsa"', 'source = "alsa"\ndelay = 0.18'), "has a delay, which is that of pictures"),
    ],
)
def test_every_mistake_is_named_with_the_file(change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(RoomError) as caught:
        room(GOOD.replace(*change, 1))
    assert "rooms/x.toml" in str(caught.value)
    assert complaint in str(caught.value)


def test_a_camera_may_be_constantly_late() -> None:
    late = GOOD.replace('source = "rtsp"', 'source = "rtsp"\ndelay = 0.18')
    assert [one.delay for one in room(late).inputs] == [0.0, 0.18]


def test_a_room_without_microphones_is_refused() -> None:
    with pytest.raises(RoomError, match="no microphone"):
        room('name = "Empty"')
