"""Self-tests of whole rooms: devices opened, prompts led through, the result signed with the hearing that follows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest

from court.grade import Grade
from court.health import Finding, SelfTest, Symptom
from court.people import CourtRole
from court.room import Input, Microphone, Room, SourceKind
from hardware.clock import SystemClock
from hardware.inputs import open_input
from recorder.agent import Agent
from recorder.assembly import OpenSource
from recorder.disk import DiskGauge, rates_of
from recorder.errors import HearingRunning
from recorder.health.kept import GOOD_FOR, keep, kept
from recorder.health.machine import reach_findings
from recorder.health.prompts import Stage
from recorder.health.selftest import SelfTester
from recorder.settings import NodeSettings
from storage.ledger.leaf import LeafKind
from tests.factories.health import noise, voice
from tests.factories.recordings import CARD, node, recorded, simulated_room, write_wav
from tests.factories.server import NODE_TOKEN
from tests.factories.waiting import until
from tests.integration.test_recorder_control import answer, serving
from tests.services.sound import SoundServer
from tests.simulators.devices import PlayedDevice, opener


def speaking(folder: Path, count: int = 2, seconds: float = 30) -> Room:
    """Microphones in a quiet room, until somebody speaks into all of them, each with a voice of its own."""
    sounds = [np.concatenate([noise(3.5, -70, seed), voice(seconds, seed=seed)]) for seed in range(1, count + 1)]
    return simulated_room([write_wav(folder / f"{number}.wav", pcm) for number, pcm in enumerate(sounds)])


def self_tester(home: Path, room: Room, open_source: OpenSource = open_input, patience: float = 2.0) -> SelfTester:
    settings = NodeSettings(home=home, name="node", planned_hours=0)
    gauge = DiskGauge(home, rates_of(room, ()), 0, 0)
    return SelfTester(settings, room, SystemClock(), gauge, open_source, NODE_TOKEN, patience)


def result(made: SelfTester) -> dict[str, list[Finding]]:
    """What was found, by subject."""
    made.start()
    made.wait()
    assert made.last is not None, made.trouble
    found: dict[str, list[Finding]] = {}
    for one in made.last.findings:
        found.setdefault(one.subject, []).append(one)
    return found


def told(findings: list[Finding]) -> list[tuple[Symptom, Grade]]:
    return [(one.symptom, one.grade) for one in findings]


def test_a_room_in_order_is_green(tmp_path: Path) -> None:
    found = result(self_tester(tmp_path, speaking(tmp_path)))
    for track in ("mic-judge", "mic-secretary"):
        assert told(found[track]) == [(Symptom.HEARD, Grade.GREEN)], found
    assert told(found["cam-overview"]) == [(Symptom.SEEN, Grade.GREEN)]
    assert {one.symptom for one in found[""]} == {Symptom.ENCODES, Symptom.DISK, Symptom.CLOCK}
    (times,) = (one.values["times"] for one in found[""] if one.symptom is Symptom.ENCODES)
    assert isinstance(times, int)


def test_devices_that_are_lost_do_not_stop_the_test_of_the_others(tmp_path: Path) -> None:
    devices = {"desk": PlayedDevice(1), "hall": PlayedDevice(1), "camera": PlayedDevice(0)}
    devices["hall"].die.set()
    devices["camera"].die.set()
    inputs = tuple(Input(name, SourceKind.ALSA, name) for name in devices)
    seats = (Microphone(CourtRole.JUDGE, "desk", 0), Microphone(CourtRole.WITNESS, "hall", 0))
    room = Room("room", inputs, seats, simulated_room([]).cameras)
    found = result(self_tester(tmp_path, room, opener(devices)))
    assert told(found["mic-witness"]) == [(Symptom.MICROPHONE_LOST, Grade.RED)]
    assert "pulled out" in str(found["mic-witness"][0].values["log"])
    assert told(found["cam-overview"]) == [(Symptom.CAMERA_LOST, Grade.RED)]
    assert told(found["mic-judge"])[0] == (Symptom.NOT_HEARD, Grade.RED)  # a tone is no voice


def test_a_room_that_gives_nothing_at_all_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    devices = {"desk": PlayedDevice(1)}
    devices["desk"].die.set()
    room = Room("room", (Input("desk", SourceKind.ALSA, "desk"),), (Microphone(CourtRole.JUDGE, "desk", 0),))
    assert told(result(self_tester(tmp_path, room, opener(devices)))["mic-judge"]) == [
        (Symptom.MICROPHONE_LOST, Grade.RED)
    ]


def test_real_channels_swapped_and_dead(tmp_path: Path, sound: SoundServer) -> None:
    """Nothing is played into the second channel: it gives digital zero."""
    seats = tuple(Microphone(CourtRole.WITNESS, "desk", number, str(number)) for number in range(3))
    room = Room("room", (Input("desk", SourceKind.PULSE, "eight.monitor"),), seats)
    quiet, spoken = noise(3.6, -70), voice(30)
    one = np.concatenate([quiet, spoken])
    silent = np.zeros_like(one)
    copy = (one // 2).astype(np.int16)
    with sound.playing("eight", np.column_stack([one, silent, copy, *[silent] * 5])):
        found = result(self_tester(tmp_path, room))
    assert told(found["mic-witness-0"]) == [(Symptom.DUPLICATED, Grade.RED)]
    assert told(found["mic-witness-1"]) == [(Symptom.NO_SIGNAL, Grade.RED)]
    assert found["mic-witness-2"][0].values["other"] == "mic-witness-0"


def test_the_hearing_states_what_was_found_before_it(tmp_path: Path) -> None:
    room = speaking(tmp_path, seconds=10)
    agent = node(tmp_path / "home", room)
    before = agent.run_to_end(CARD)
    assert "selftest" not in recorded(agent, before).bodies(LeafKind.HEARING)[0]
    made = self_tester(tmp_path / "home", room)
    result(made)
    after = agent.run_to_end(CARD)
    assert made.last is not None
    assert recorded(agent, after).bodies(LeafKind.HEARING)[0]["selftest"] == made.last.as_fields()
    agent.close()


def test_a_test_of_another_room_or_day_is_not_stated(tmp_path: Path) -> None:
    now = SystemClock().now().utc
    found = SelfTest("room", now, (Finding(Symptom.CLOCK, Grade.AMBER, "", {}),))
    assert kept(tmp_path, "room", now) is None
    keep(tmp_path, found)
    kept_one = kept(tmp_path, "room", now + timedelta(minutes=5))
    assert kept_one is not None
    assert kept_one.findings == found.findings
    assert kept(tmp_path, "another", now) is None
    assert kept(tmp_path, "room", now + GOOD_FOR + timedelta(seconds=1)) is None
    (tmp_path / "self-test.json").write_text("{")
    assert kept(tmp_path, "room", now) is None


@pytest.fixture
def page(tmp_path: Path) -> Iterator[tuple[httpx.Client, Agent, SelfTester]]:
    room = speaking(tmp_path, seconds=20)
    agent, made = node(tmp_path / "home", room, open_source=open_input), self_tester(tmp_path / "home", room)
    with serving(agent, made) as client:
        yield client, agent, made
    made.stop()
    agent.close()


def test_the_page_starts_it_sees_what_it_asks_for_and_gives_it_up(page: tuple[httpx.Client, Agent, SelfTester]) -> None:
    client, _, made = page
    idle = answer(client.get("/selftest"))
    assert (idle["running"], idle["last"], idle["trouble"]) == (None, None, "")
    assert [one["track"] for one in idle["tracks"]] == ["mic-judge", "mic-secretary", "cam-overview"]
    assert answer(client.post("/selftest/start"))["running"]["stage"] == "quiet"
    until(lambda: made.running is not None and made.running.stage is Stage.SPEAK)
    running = answer(client.get("/selftest"))["running"]
    assert running["track"] == "mic-judge"
    assert running["seconds_left"] > 0
    stopped = answer(client.post("/selftest/stop"))
    assert (stopped["running"], stopped["last"]) == (None, None)


def test_a_hearing_does_not_wait_for_a_test_and_no_test_takes_a_hearings_devices(
    page: tuple[httpx.Client, Agent, SelfTester],
) -> None:
    client, agent, made = page
    answer(client.post("/selftest/start"))
    card = {"case_number": "ГД 4405/24-Б2"}
    hearing = answer(client.post("/start", json=card))["hearing"]
    assert made.running is None
    refused = answer(client.post("/selftest/start"), 409)
    assert "A hearing is being recorded" in refused["detail"]
    with pytest.raises(HearingRunning):
        made.start(lambda: agent.busy)
    assert answer(client.get("/status"))["hearing"] == hearing


def test_the_spare_node_is_asked_and_must_be_free(page: tuple[httpx.Client, Agent, SelfTester], tmp_path: Path) -> None:
    client, _, _ = page
    room = replace(speaking(tmp_path), spare=str(client.base_url).rstrip("/"))

    def spare() -> Grade:
        (finding,) = reach_findings("", room, NODE_TOKEN)
        assert finding.symptom is Symptom.SPARE
        return finding.grade

    assert spare() is Grade.GREEN
    answer(client.post("/start", json={"case_number": "1"}))
    assert spare() is Grade.AMBER
    (enrolled,) = reach_findings("", room, "another node's token")
    assert enrolled.grade is Grade.GREEN, "it lives, and tells its state only to whom it knows"
    room = replace(room, spare="http://127.0.0.1:9")
    assert spare() is Grade.AMBER
    server, none = reach_findings("http://127.0.0.1:9", room, NODE_TOKEN)
    assert (server.symptom, server.grade) == (Symptom.SERVER, Grade.AMBER)
    assert none.symptom is Symptom.SPARE
