"""A real RTSP camera with sound: its H.264 is kept as it comes, its AAC becomes FLAC."""

from pathlib import Path

import av
import pytest

from api import hls
from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Picture
from hardware.inputs import open_input
from hardware.segment_reader import pictures_end
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, check_chain, check_tiles, loudness, node, recorded
from tests.factories.waiting import until
from tests.services.fixtures import or_skip
from tests.services.processes import RtspServer, rtsp_server

SEATS = (Microphone(CourtRole.JUDGE, "door", 0),)


def test_picture_and_sound_of_a_camera(tmp_path: Path, rtsp: RtspServer) -> None:
    inputs = (Input("door", SourceKind.RTSP, rtsp.url),)
    room = Room("room", inputs, SEATS, (Camera("door", "door"),))
    agent = node(tmp_path, room)
    hearing = agent.start(CARD)
    until(lambda: agent.status().seconds >= 5)
    agent.pause()
    agent.resume()
    resumed = agent.status().seconds
    until(lambda: agent.status().seconds >= resumed + 4)
    agent.stop()
    found = recorded(agent, hearing)
    agent.close()
    check_chain(found)
    check_tiles(found)
    sound = found.bodies(LeafKind.SEGMENT, "mic-judge")
    assert sum(one["end"] - one["start"] for one in sound) > 7 * AUDIO_RATE
    for one in sound:  # its beginning: the camera repeats a recording, whose tone then begins anew
        assert loudness(found.sound("mic-judge")[one["start"] : one["start"] + 2 * AUDIO_RATE], 440) > 3000
    pictures = found.bodies(LeafKind.SEGMENT, "cam-door")
    assert len(pictures) == 2
    heads = set()
    for one in pictures:
        heads.add(found.file(one).read_bytes()[: one["init_size"]])
        with av.open(found.file(one)) as container:
            packets = [packet for packet in container.demux(video=0) if packet.size]
            assert packets[0].is_keyframe
            assert abs(packets[0].pts - one["start"]) <= 3600
        with av.open(found.file(one)) as container:
            assert sum(1 for _ in container.decode(video=0)) == len(packets)
    assert len(heads) == 1


def test_a_cameras_first_keyframe_is_not_lost(rtsp: RtspServer) -> None:
    """FFmpeg has no stamp for it: it comes before the camera's first report."""
    source = open_input(Input("door", SourceKind.RTSP, rtsp.url), 1)
    pictures = (item for item in source.items() if isinstance(item, Picture))
    first, second = next(pictures), next(pictures)
    source.close()
    assert (first.keyframe, second.keyframe) == (True, False)
    assert second.start - first.start == VIDEO_RATE // 25


@pytest.mark.parametrize(("given", "recorded_as", "kept"), [("hevc", "hevc", True), ("mjpeg", "h264", False)])
def test_a_camera_of_another_coding(tmp_path: Path, given: str, recorded_as: str, kept: bool) -> None:
    with or_skip(rtsp_server(codec=given)) as server:
        room = Room("room", (Input("door", SourceKind.RTSP, server.url),), SEATS, (Camera("door", "door"),))
        agent = node(tmp_path, room)
        hearing = agent.start(CARD)
        until(lambda: agent.status().seconds >= 3)
        agent.stop()
    found = recorded(agent, hearing)
    agent.close()
    check_chain(found)
    check_tiles(found)
    (facts,) = [one for one in found.bodies(LeafKind.HEARING)[0]["tracks"] if one["track"] == "cam-door"]
    assert f"video {given}" in facts["device"]
    (segment,) = found.bodies(LeafKind.SEGMENT, "cam-door")
    assert segment["codec"] == recorded_as
    content = found.file(segment).read_bytes()
    named = hls.codec_name(recorded_as, content[: segment["init_size"]])
    assert named.startswith("hvc1.1." if kept else "avc1.")
    with av.open(found.file(segment)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) > 40
    assert (frames[0].width, frames[0].height) == (640, 360)
    assert pictures_end(content) == pytest.approx(segment["end"], abs=VIDEO_RATE // 10)
    assert pictures_end(content[: len(content) * 2 // 3]) < segment["end"] - VIDEO_RATE // 2
