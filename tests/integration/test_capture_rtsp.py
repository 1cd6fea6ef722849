"""A real RTSP camera with sound: its H.264 is kept as it comes, its AAC becomes FLAC."""

import time
from pathlib import Path

import av

from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.devices import AUDIO_RATE
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, check_chain, check_tiles, loudness, node, recorded
from tests.services.processes import RtspServer


def test_picture_and_sound_of_a_camera(tmp_path: Path, rtsp: RtspServer) -> None:
    inputs = (Input("door", SourceKind.RTSP, rtsp.url),)
    room = Room("room", inputs, (Microphone(CourtRole.JUDGE, "door", 0),), (Camera("door", "door"),))
    agent = node(tmp_path, room)
    hearing = agent.start(CARD)
    deadline = time.monotonic() + 60
    while agent.status().seconds < 5:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    agent.pause()
    agent.resume()
    resumed = agent.status().seconds
    while agent.status().seconds < resumed + 4:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    agent.stop()
    found = recorded(agent, hearing)
    agent.close()
    check_chain(found)
    check_tiles(found)
    sound = found.bodies(LeafKind.SEGMENT, "mic-judge")
    assert sum(one["end"] - one["start"] for one in sound) > 7 * AUDIO_RATE
    for one in sound:
        assert loudness(found.sound("mic-judge")[one["start"] : one["end"]], 440) > 3000
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
