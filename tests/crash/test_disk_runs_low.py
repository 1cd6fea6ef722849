"""The recorder's disk fills up in a live hearing: pictures give way first, then sound; both come back by themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.clock import SystemClock
from recorder.agent import Agent
from recorder.disk import PICTURE_RATE, SOUND_RATE, DiskGauge, Rates, rates_of
from recorder.errors import NoRoom
from recorder.settings import NodeSettings
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, KEY, Recorded, check_chain, check_tiles, recorded
from tests.factories.waiting import until
from tests.services.disks import SmallDisk
from tests.simulators.devices import PlayedDevice, opener

ROOM = Room(
    "room",
    (Input("front", SourceKind.ALSA, "front"), Input("door", SourceKind.ALSA, "door")),
    (Microphone(CourtRole.JUDGE, "front", 0),),
    (Camera("door", "door"),),
)

SOUND_MINUTES = 0.2
FLOOR = round(2 * SOUND_RATE * SOUND_MINUTES * 60)
"""Bytes free below which pictures stop: of the microphone and the mix."""
FITS, TOO_LONG = 0.001, 0.01
"""Hours of a hearing on 4 MiB."""


def node(disk: SmallDisk, planned_hours: float) -> Agent:
    settings = NodeSettings(
        home=disk.path / "home", name="node", planned_hours=planned_hours, sound_minutes=SOUND_MINUTES
    )
    devices = {"front": PlayedDevice(1), "door": PlayedDevice(0)}
    return Agent(settings, ROOM, SystemClock(), KEY, opener(devices))


@pytest.fixture
def agent(disk: SmallDisk) -> Iterator[Agent]:
    made = node(disk, FITS)
    yield made
    made.close()


def go_on(agent: Agent, seconds: float) -> None:
    target = agent.status().seconds + seconds
    until(lambda: agent.status().seconds >= target)


def finished(agent: Agent, hearing: str) -> Recorded:
    agent.stop()
    found = recorded(agent, hearing)
    check_chain(found)
    check_tiles(found)
    return found


def test_a_hearing_that_may_not_fit_is_not_begun(disk: SmallDisk) -> None:
    agent = node(disk, TOO_LONG)
    assert agent.status().disk.short
    with pytest.raises(NoRoom, match=r"disk has 0\.0 GiB free and a hearing may need 0\.0 GiB: make room"):
        agent.start(CARD)
    assert agent.spool.unfinished() is None
    agent.close()


def test_pictures_give_way_to_sound_and_come_back(disk: SmallDisk, agent: Agent) -> None:
    hearing = agent.start(CARD)
    go_on(agent, 1)
    assert not agent.status().disk.pictures_stopped
    disk.fill(FLOOR - 200_000)
    go_on(agent, 2)
    status = agent.status()
    assert (status.disk.pictures_stopped, status.message) == (True, "")
    disk.make_room()
    until(lambda: not agent.status().disk.pictures_stopped)
    go_on(agent, 1)
    found = finished(agent, hearing)
    assert found.bodies(LeafKind.GAP, "mic-judge") == []
    (gap,) = [one for one in found.bodies(LeafKind.GAP, "cam-door") if one["cause"] != "device_lost"]
    assert (gap["cause"], "kept for sound" in gap["device_log"]) == ("disk_full", True)
    assert (gap["end"] - gap["start"]) / gap["rate"] == pytest.approx(2, abs=1)
    assert len(found.bodies(LeafKind.SEGMENT, "cam-door")) == 2


def test_sound_stops_honestly_when_nothing_is_left_and_goes_on_with_room(disk: SmallDisk, agent: Agent) -> None:
    hearing = agent.start(CARD)
    go_on(agent, 1)
    disk.fill()
    until(lambda: "disk is full: make room" in agent.status().message)
    disk.make_room()
    until(lambda: agent.status().message == "" and not agent.status().disk.pictures_stopped)
    go_on(agent, 1)
    found = finished(agent, hearing)
    for track in ("mic-judge", "cam-door"):
        assert "disk_full" in {one["cause"] for one in found.bodies(LeafKind.GAP, track)}
        assert len(found.bodies(LeafKind.SEGMENT, track)) == 2


def test_rates_are_measured_where_enough_was_recorded() -> None:
    assumed = Rates(2 * SOUND_RATE, PICTURE_RATE)
    assert rates_of(ROOM, []) == assumed
    assert rates_of(ROOM, [("mic-judge", 5, 59.0), ("cam-other", 5, 100.0)]) == assumed
    measured = [("mic-judge", 600_000, 30.0), ("mic-judge", 600_000, 30.0), ("cam-door", 900_000, 90.0)]
    assert rates_of(ROOM, measured) == Rates(20_000 + SOUND_RATE, 10_000)


def test_pictures_come_back_only_with_some_room_to_spare() -> None:
    free = [0]
    gauge = DiskGauge(Path(), Rates(1000.0, 0.0), 1, 1, lambda _: free[0])
    for free[0], fit in ((60_000, True), (59_999, False), (74_999, False), (75_000, True), (60_000, True)):
        assert gauge.pictures_fit() is fit
    assert gauge.room().reserve == 5_400_000
