"""Cameras with B-frames: no way to a viewer shows a picture of a closed part, or one at a wrong time."""

from pathlib import Path

import pytest

from court.openness import Openness
from court.people import UserRole
from hardware.boxes import fragments
from hardware.devices import VIDEO_RATE
from hardware.offsets import held
from hardware.segment_reader import pictures_end
from recorder.script import parse_script
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from tests.factories.copies import deliver
from tests.factories.recordings import CARD, Recorded, check_tiles, node, recorded
from tests.factories.reordered import A_SECOND, CAMERAS, light, reordered_room, seen_in, with_pauses
from tests.factories.server import ELSEWHERE, make_server

SECONDS = 40
TRACK = "cam-overview"
BREAK = (8.3, 12.7)
SCRIPT = f"""
case_number = "ГД 4405/24-Б2"
action = [
  {{at = 0, do = "start"}}, {{at = {BREAK[0]}, do = "pause"}}, {{at = {BREAK[1]}, do = "resume"}},
  {{at = {SECONDS}, do = "stop"}},
]
"""

pytestmark = pytest.mark.parametrize("camera", CAMERAS)


def taken(folder: Path, camera: str, script: str = "") -> Recorded:
    agent = node(folder / "home", reordered_room(folder, camera, with_pauses(SECONDS)))
    steps = parse_script(script, "script") if script else None
    hearing = recorded(agent, agent.run_to_end(steps.card, steps) if steps else agent.run_to_end(CARD))
    agent.close()
    check_tiles(hearing)
    return hearing


def test_a_segment_shows_what_its_range_says_and_nothing_is_lost(tmp_path: Path, camera: str) -> None:
    hearing = taken(tmp_path, camera)
    segments = hearing.bodies(LeafKind.SEGMENT, TRACK)
    assert len(segments) > 2
    # Pictures of an open group need the segment before: all together are one stream.
    contents = [hearing.file(one).read_bytes() for one in segments]
    whole = contents[0] + b"".join(content[fragments(content)[0].start :] for content in contents[1:])
    seen = list(seen_in(whole))
    assert [round(at * A_SECOND) for at, _ in seen] == list(range(SECONDS * A_SECOND))
    assert all(abs(brightness - light(at)) < 2 for at, brightness in seen)


def test_nothing_is_shown_of_a_break(tmp_path: Path, camera: str) -> None:
    hearing = taken(tmp_path, camera, SCRIPT)
    for one in hearing.bodies(LeafKind.SEGMENT, TRACK):
        content = hearing.file(one).read_bytes()
        for start, end in (held(content, part) for part in fragments(content)):
            last = end - VIDEO_RATE // A_SECOND  # the last picture before it may stay
            assert last < BREAK[0] * VIDEO_RATE or start >= BREAK[1] * VIDEO_RATE
        assert all(abs(brightness - light(at)) < 2 for at, brightness in seen_in(content))


def test_where_a_segment_was_cut_off_is_told_to_the_picture(tmp_path: Path, camera: str) -> None:
    """It is what the recorder states after a crash."""
    hearing = taken(tmp_path, camera)
    for one in hearing.bodies(LeafKind.SEGMENT, TRACK):
        content = hearing.file(one).read_bytes()
        last = max(at for at, _ in seen_in(content))
        assert pictures_end(content) == round((last + 1 / A_SECOND) * VIDEO_RATE)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_playback_shows_nothing_of_a_closed_part(database: Database, tmp_path: Path, camera: str) -> None:
    """It ends with a keyframe: what comes behind that, but is shown before it, is closed."""
    server = make_server(database, tmp_path / "court")
    hearing = taken(tmp_path, camera)
    deliver(server, hearing)
    segments = hearing.bodies(LeafKind.SEGMENT, TRACK)
    keyframe = fragments(hearing.file(segments[-1]).read_bytes())[0].tick
    closed = (segments[1]["start"] + VIDEO_RATE, keyframe)
    server.order(hearing.leaves[0].hearing, Openness.CLOSED, *(at * 1000 // VIDEO_RATE for at in closed))
    judge = server.user(UserRole.JUDGE, ELSEWHERE)
    base = f"/media/{hearing.leaves[0].hearing}/"
    playlist = judge.get(f"{base}{TRACK}.m3u8").text
    seen = []
    for one in segments:
        uri = f"{TRACK}/{one['sequence']}.mp4"
        answer = judge.get(base + uri)
        assert (answer.status_code == 200) is (uri in playlist)
        if uri in playlist:
            for start, end in (held(answer.content, part) for part in fragments(answer.content)):
                assert end <= closed[0] or start >= closed[1]
            seen += seen_in(answer.content)
    assert seen
    assert all(abs(brightness - light(at)) < 2 for at, brightness in seen)
