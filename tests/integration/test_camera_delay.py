"""Pictures of a camera that is constantly late are placed where they were taken, and the hearing states by how much."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from api.nodes import enrol_own
from api.verification_notes import delay_notes
from court.clock import Clock
from court.people import UserRole
from court.room import parse_room
from hardware.devices import AUDIO_RATE, VIDEO_RATE, AudioBlock, Item, Picture, PictureFormat, ticks
from recorder import supervisor
from recorder.feed import Given
from recorder.rooms import room_text
from recorder.supervisor import LiveFeed
from recorder.track_facts import TrackFacts
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from tests.factories.evidence import faults
from tests.factories.recordings import CARD, KEY, Recorded, check_tiles, node, recorded, simulated_room, tone, write_wav
from tests.factories.server import batch, make_server

CAMERA = "cam-overview"


def record(folder: Path, delay: float, clock: Clock | None = None) -> Recorded:
    """Two seconds of a tone and the drawn camera, which gives ten pictures a second from 0 on."""
    folder.mkdir()
    plain = simulated_room([write_wav(folder / "judge.wav", tone(2, 440))])
    room = replace(plain, inputs=(plain.inputs[0], replace(plain.inputs[1], delay=delay)))
    agent = node(folder, room, clock=clock)
    hearing = agent.run_to_end(CARD)
    found = recorded(agent, hearing)
    agent.close()
    return found


def shown(hearing: Recorded) -> list[float]:
    """The seconds of the camera's pictures in the evidence."""
    (segment,) = hearing.bodies(LeafKind.SEGMENT, CAMERA)
    with av.open(str(hearing.file(segment))) as container:
        return [float(one.pts * one.time_base) for one in container.demux(video=0) if one.pts is not None]


def test_recorded_pictures_are_placed_where_they_were_taken(tmp_path: Path) -> None:
    plain, late = record(tmp_path / "plain", 0.0), record(tmp_path / "late", 0.18)
    assert shown(plain)[:3] == pytest.approx([0.0, 0.1, 0.2], abs=1e-4)
    assert shown(late)[:3] == pytest.approx([0.02, 0.12, 0.22], abs=1e-4)  # what was taken before is left out
    check_tiles(late)
    facts = {one["track"]: one for one in late.leaves[0].body["tracks"]}
    assert facts[CAMERA]["delay_ms"] == 180
    assert TrackFacts.parse(facts[CAMERA]).delay_ms == 180
    assert "delay_ms" not in facts["mic-judge"]
    assert all("delay_ms" not in one for one in plain.leaves[0].body["tracks"])


def test_the_room_that_is_taken_up_after_a_crash_has_its_delay(tmp_path: Path) -> None:
    plain = simulated_room([write_wav(tmp_path / "judge.wav", tone(1, 440))])
    late = replace(plain, inputs=(plain.inputs[0], replace(plain.inputs[1], delay=0.18)))
    assert parse_room(room_text(late), "spool") == late


class Desk:
    """Sound and pictures of one device, ten times a second; the machine's clock goes with them."""

    live = endless = True
    channels = 1
    picture = None
    description = "desk"

    def __init__(self, clock: list[float]) -> None:
        self._clock = clock

    def items(self) -> Iterator[Item]:
        form = PictureFormat(640, 360, 10)
        for tenth in range(1000):
            self._clock[0] = 1000 + (tenth + 1) / 10
            yield AudioBlock(tenth * AUDIO_RATE // 10, np.zeros((AUDIO_RATE // 10, 1), np.int16))
            yield Picture(tenth * VIDEO_RATE // 10, tenth * VIDEO_RATE // 10, True, form, tenth)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("delay", [0, 8640])
def test_live_pictures_are_placed_earlier_than_they_came(monkeypatch: pytest.MonkeyPatch, delay: int) -> None:
    clock = [1000.0]
    monkeypatch.setattr(supervisor, "elapsed", lambda: clock[0])
    feed = LiveFeed({"desk": Desk(clock)}, lambda name: Desk(clock), 0, "desk", {"desk": delay})
    place = 0
    for event in feed.events():
        if not isinstance(event.news, Given):
            continue
        item = event.news.item
        if isinstance(item, AudioBlock):
            place = event.news.at - item.start
        elif item.content == 50:
            assert item.start - 5 * VIDEO_RATE == ticks(place - delay)
            break
    feed.close()


def test_the_hearing_states_it_and_the_verifier_tells_of_it(database: Database, tmp_path: Path) -> None:
    server = make_server(database, tmp_path / "server")
    late = record(tmp_path / "late", 0.18, server.clock)
    enrol_own(server.context, KEY.public)
    client = server.node()
    for segment in late.bodies(LeafKind.SEGMENT):
        content = late.file(segment).read_bytes()
        assert client.put(f"/api/ingest/objects/{segment['sha256']}", content=content).is_success
    assert client.post("/api/ingest/leaves", json=batch([one.entry for one in late.leaves], KEY)).is_success
    hearing = late.leaves[0].hearing
    assert [*delay_notes(server.context)] == [
        f"The node states that the pictures of {CAMERA} of hearing {hearing} are placed 180 ms earlier than they came: "
        "so long its camera takes, by the room file."
    ]
    assert faults(server) == []
    assert server.user(UserRole.JUDGE).get(f"/media/{hearing}/{CAMERA}.m3u8").is_success
