"""Alarms of a node that records: devices that fail, a declared mute, and what the control interface tells of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from court.errors import InputError
from court.health import AlarmKind
from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.clock import SystemClock
from hardware.devices import AUDIO_RATE, AudioBlock, Picture, PictureFormat
from hardware.picture_measures import Luma
from hardware.temperature import Temperature
from hardware.ups import ask_ups
from recorder.health.selftest import SelfTester
from recorder.health.watch import Eye, Watch
from storage.ledger.leaf import LeafKind
from tests.factories.health import scene, sensor
from tests.factories.recordings import CARD, check_chain, check_tiles, node, recorded
from tests.factories.waiting import until
from tests.integration.test_recorder_control import answer, serving
from tests.services.nut import UpsServer
from tests.simulators.devices import PlayedDevice, opener

JUDGE, WITNESS = "mic-judge", "mic-witness"


class SwitchedDevice(PlayedDevice):
    """A microphone whose switch is off gives zeros, digitally."""

    off = False

    def _sound(self, number: int) -> AudioBlock:
        block = super()._sound(number)
        return AudioBlock(block.start, np.zeros_like(block.pcm)) if self.off else block


class Played:
    """A room of two microphones and a camera, recorded by a node that is watched over."""

    def __init__(self, home: Path) -> None:
        self.desk, self.hall, self.camera = SwitchedDevice(1), SwitchedDevice(1), PlayedDevice(0)
        devices: dict[str, PlayedDevice] = {"desk": self.desk, "hall": self.hall, "camera": self.camera}
        inputs = tuple(Input(name, SourceKind.ALSA, name) for name in devices)
        seats = (Microphone(CourtRole.JUDGE, "desk", 0), Microphone(CourtRole.WITNESS, "hall", 0))
        room = Room("room", inputs, seats, (Camera("hall", "camera"),))
        self.temperatures = [Temperature("cpu", 50.0)]
        self.agent = node(home, room, open_source=opener(devices))
        self.watch = Watch(self.agent, SystemClock(), temperatures=lambda: self.temperatures)
        self.watch.start()

    def running(self) -> set[tuple[AlarmKind, str]]:
        """But for the clock's, which is as this machine's is."""
        return {(one.kind, one.subject) for one in self.watch.alarms if one.kind is not AlarmKind.CLOCK_FREE}

    def recorded_for(self, seconds: float) -> None:
        begun = self.agent.status().seconds
        until(lambda: self.agent.status().seconds > begun + seconds, self.agent.status)

    def close(self) -> None:
        self.watch.close()
        self.agent.close()


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Played]:
    made = Played(tmp_path)
    yield made
    made.close()


def test_a_dead_microphone_sounds_until_it_is_back_or_declared_muted(played: Played) -> None:
    hearing = played.agent.start(CARD)
    played.recorded_for(1)
    assert played.running() == set()
    played.hall.off = True
    until(lambda: played.running() == {(AlarmKind.NO_SIGNAL, WITNESS)}, played.running)
    played.agent.mute(WITNESS, muted=True)
    played.agent.mute(WITNESS, muted=True)  # a second click says nothing new
    until(lambda: played.running() == set(), played.running)
    played.agent.mute(WITNESS, muted=False)
    until(lambda: played.running() == {(AlarmKind.NO_SIGNAL, WITNESS)}, played.running)
    played.hall.off = False
    until(lambda: played.running() == set(), played.running)
    with pytest.raises(InputError, match="no microphone 'mic-expert' here: name one of mic-judge, mic-witness"):
        played.agent.mute("mic-expert", muted=True)
    played.agent.stop()
    found = recorded(played.agent, hearing)
    check_chain(found)
    check_tiles(found)
    mutes = found.bodies(LeafKind.MUTE)
    assert [(one["track"], one["muted"]) for one in mutes] == [(WITNESS, True), (WITNESS, False)]
    assert 0 < mutes[0]["at_sample"] < mutes[1]["at_sample"] < found.end
    assert np.count_nonzero(found.sound(WITNESS)[-AUDIO_RATE // 2 :]) > 0  # what is declared muted is recorded too
    assert played.running() == set()  # no hearing, no microphone


def test_lost_devices_sound_and_a_break_or_deliberation_does_not(played: Played) -> None:
    played.agent.start(CARD)
    played.recorded_for(1)
    played.hall.die.set()
    played.camera.die.set()
    until(lambda: played.running() == {(AlarmKind.MICROPHONE_LOST, WITNESS), (AlarmKind.CAMERA_LOST, "cam-hall")},
          played.running)  # fmt: skip
    (alarm, *_) = (one for one in played.watch.alarms if one.kind is AlarmKind.MICROPHONE_LOST)
    assert "pulled out" in str(alarm.values["log"])
    played.agent.deliberate()
    until(lambda: played.running() == set(), played.running)
    played.hall.die.clear()
    played.camera.die.clear()
    played.agent.resume()
    played.recorded_for(3)
    until(lambda: played.running() == set(), played.running)
    played.agent.stop()


def test_a_mute_survives_a_crash_of_the_recorder(tmp_path: Path) -> None:
    first = Played(tmp_path)
    first.agent.start(CARD)
    first.recorded_for(0.5)
    first.agent.mute(WITNESS, muted=True)
    first.close()
    second = Played(tmp_path)
    second.agent.recover()
    until(lambda: any(one.muted for one in second.agent.senses()[0]))
    assert {one.track: one.muted for one in second.agent.senses()[0]} == {JUDGE: False, WITNESS: True}
    second.agent.stop()
    second.close()


def test_a_hot_machine_and_an_empty_battery(tmp_path: Path, ups: UpsServer) -> None:
    silent = Input("a", SourceKind.LAVFI, "anullsrc")
    agent = node(tmp_path, Room("room", (silent,), (Microphone(CourtRole.JUDGE, "a", 0),)))
    heat = [Temperature("cpu", 50.0)]
    watch = Watch(agent, SystemClock(), temperatures=lambda: heat, ups=lambda: ask_ups(ups.address))
    watch.start()

    def kinds() -> set[AlarmKind]:
        return {one.kind for one in watch.alarms} - {AlarmKind.CLOCK_FREE}

    assert kinds() == set()
    ups.says(ups_status="OB DISCHRG", battery_charge="70")
    until(lambda: kinds() == {AlarmKind.ON_BATTERY}, kinds)
    ups.says(ups_status="OB LB", battery_charge="5")
    until(lambda: kinds() == {AlarmKind.BATTERY_LOW}, kinds)
    ups.says(ups_status="OL CHRG")
    until(lambda: kinds() == set(), kinds)
    heat[0] = Temperature("cpu", 95.0)
    until(lambda: kinds() == {AlarmKind.HOT}, kinds)
    watch.close()
    agent.close()


def test_the_page_is_told_of_alarms_and_declares_mutes(played: Played) -> None:
    tester = SelfTester(played.agent.settings, played.agent.room, SystemClock(), played.agent.gauge, opener({}))
    with serving(played.agent, tester, played.watch) as client:
        answer(client.post("/start", json={"case_number": "1"}))
        before = _event(client)["alarms"]
        played.hall.off = True
        until(lambda: played.running() != set())
        (told,) = (one for one in answer(client.get("/status"))["alarms"] if one["kind"] != "clock_free")
        assert (told["kind"], told["subject"], told["grade"], told["values"]) == ("no_signal", WITNESS, "red", {})
        assert _event(client)["alarms"] > before
        assert answer(client.post("/mute", json={"track": WITNESS, "muted": True}))["muted"] == [WITNESS]
        assert answer(client.post("/mute", json={"track": WITNESS, "muted": False}))["muted"] == []
        for bad in ({"track": WITNESS}, {"track": 5, "muted": True}, {"track": WITNESS, "muted": "yes"}):
            assert "muted as true or false" in answer(client.post("/mute", json=bad), 422)["detail"]
        stranger = client.post("/mute", json={"track": "x", "muted": True})
        assert "There is no microphone" in answer(stranger, 422)["detail"]
        answer(client.post("/stop"))


def _event(client: httpx.Client) -> dict[str, Any]:
    """The next event of the levels."""
    with client.stream("GET", "/levels") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                found: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return found
    raise AssertionError("no event")


def test_an_eye_knows_a_frozen_camera_from_a_live_one() -> None:
    def picture(luma: Luma) -> Picture:
        return Picture(0, 0, True, PictureFormat(640, 360, 10), av.VideoFrame.from_ndarray(luma, format="gray"))

    room, eye = scene(), Eye(alive_at=0.0)
    for second in range(0, 100, 5):
        eye.look(picture(sensor(room, second)), float(second))
        assert (eye.alive_at, eye.black) == (float(second), False)
    for second in range(100, 200, 5):
        eye.look(picture(room), float(second))
    assert eye.alive_at == 100.0
    eye.look(picture(np.full((360, 640), 16, np.uint8)), 200.0)
    assert eye.black
    eye.look(None, 205.0)  # it is lost, which is another alarm
    assert (eye.black, eye.shown, eye.alive_at) == (False, None, 205.0)
