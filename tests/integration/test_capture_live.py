"""Live devices that die or hang never stop the others; what they did not give is a gap with its cause."""

import errno
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from court.card import HearingCard
from court.errors import InputError
from court.hearing import HearingState
from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.devices import AUDIO_RATE, Pcm
from hardware.segment_reader import read_pcm
from recorder.agent import Agent
from recorder.encode import SoundFile
from recorder.errors import HearingRunning, Interrupted, SpoolError
from recorder.journal import Journal
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, Recorded, check_chain, check_tiles, loudness, node, recorded
from tests.factories.waiting import until
from tests.simulators.devices import BLOCK, PlayedDevice, opener

ROOM = Room(
    "room",
    tuple(Input(name, SourceKind.ALSA, name) for name in ("front", "back", "door")),
    (Microphone(CourtRole.JUDGE, "front", 0), Microphone(CourtRole.WITNESS, "back", 0)),
    (Camera("door", "door"),),
)


class Courtroom:
    """Three devices and the node that records them."""

    def __init__(self, home: Path) -> None:
        self.front, self.back = PlayedDevice(1, 440), PlayedDevice(1, 660)
        self.door = PlayedDevice(0)
        self.devices = {"front": self.front, "back": self.back, "door": self.door}
        self.agent: Agent = node(home, ROOM, open_source=opener(self.devices))

    def record(self, seconds: float) -> None:
        """Waits until so much more is recorded."""
        target = self.agent.status().seconds + seconds
        until(lambda: self.agent.status().seconds >= target)

    def finish(self, hearing: str) -> Recorded:
        self.agent.stop()
        found = recorded(self.agent, hearing)
        check_chain(found)
        check_tiles(found)
        return found


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Courtroom]:
    room = Courtroom(tmp_path)
    yield room
    room.agent.close()


def missing(hearing: Recorded, track: str) -> list[tuple[float, float, str]]:
    """Its gaps after the start in seconds, those that touch taken together; with the device's own words."""
    found: list[tuple[float, float, str]] = []
    for gap in hearing.bodies(LeafKind.GAP, track):
        start, end = gap["start"] / gap["rate"], gap["end"] / gap["rate"]
        assert gap["cause"] == "device_lost"
        if found and found[-1][1:] == (start, gap["device_log"]):
            found[-1] = (found[-1][0], end, gap["device_log"])
        elif end > 0.5:
            found.append((start, end, gap["device_log"]))
    return found


def recorded_seconds(hearing: Recorded, track: str) -> float:
    pieces = hearing.bodies(LeafKind.SEGMENT, track)
    return float(sum((piece["end"] - piece["start"]) / piece["rate"] for piece in pieces))


def test_all_is_well(court: Courtroom) -> None:
    hearing = court.agent.start(CARD)
    court.record(2)
    found = court.finish(hearing)
    for track, hertz in (("mic-judge", 440), ("mic-witness", 660)):
        assert missing(found, track) == []
        (segment,) = found.bodies(LeafKind.SEGMENT, track)
        assert loudness(found.sound(track)[segment["start"] : segment["end"]], hertz) > 7500
    assert missing(found, "cam-door") == []


@pytest.mark.parametrize("name", ["back", "door"])
def test_a_hung_source_does_not_stop_the_others(court: Courtroom, name: str) -> None:
    track = {"back": "mic-witness", "door": "cam-door"}[name]
    hearing = court.agent.start(CARD)
    court.record(1)
    court.devices[name].hang.set()
    court.record(3)
    court.devices[name].hang.clear()
    court.record(1)
    found = court.finish(hearing)
    ((start, end, log),) = missing(found, track)
    assert 0.5 < start < 2.5
    assert end - start > 2
    assert log == f"The input '{name}' gave nothing for 1.5 seconds."
    assert missing(found, "mic-judge") == []
    assert recorded_seconds(found, "mic-judge") > 4.5


@pytest.mark.parametrize("pressed", ["resume", "pause"])
def test_a_step_takes_effect_when_it_is_pressed_although_a_device_hangs(court: Courtroom, pressed: str) -> None:
    hearing = court.agent.start(CARD)
    court.record(1)
    if pressed == "resume":
        court.agent.pause()
        court.record(0.3)
    court.back.hang.set()
    began = time.monotonic()
    until(lambda: time.monotonic() > began + 1.1)
    behind = court.agent.status().seconds
    getattr(court.agent, pressed)()
    court.back.hang.clear()
    found = court.finish(hearing)
    step = found.bodies(LeafKind.STATE)[-2]["at_sample"]
    assert step / AUDIO_RATE > behind + 0.5
    if pressed == "resume":
        (segment, again) = found.bodies(LeafKind.SEGMENT, "mic-judge")
        assert again["start"] == step
    else:
        (segment,) = found.bodies(LeafKind.SEGMENT, "mic-judge")
        assert segment["end"] == step


@pytest.mark.parametrize(
    ("error", "cause", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full", "the recorder's disk is full: make room"),
        (RuntimeError("a fault of ours"), "restart", "a fault of ours"),
    ],
)
def test_a_failed_recording_goes_on_by_itself(
    court: Courtroom, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str, words: str
) -> None:
    broken = threading.Event()
    write = SoundFile.write

    def failing(self: SoundFile, start: int, pcm: Pcm) -> None:
        if broken.is_set():
            raise error
        write(self, start, pcm)

    monkeypatch.setattr(SoundFile, "write", failing)
    hearing = court.agent.start(CARD)
    court.record(1)
    broken.set()
    until(lambda: words in court.agent.status().message)
    assert court.agent.status().state is HearingState.RECORDING
    for step in (court.agent.pause, court.agent.stop):
        with pytest.raises(Interrupted, match=f"{words}.*[Rr]epeat this step when it goes on"):
            step()
    assert court.agent.start(CARD) == hearing
    with pytest.raises(HearingRunning, match=words):
        court.agent.start(HearingCard.parse({"case_number": "2"}))
    broken.clear()
    until(lambda: court.agent.status().message == "")
    court.record(1)
    found = court.finish(hearing)
    before, *_, after = found.bodies(LeafKind.SEGMENT, "mic-judge")
    assert before["partial"]
    assert not after["partial"]
    gaps = found.bodies(LeafKind.GAP, "mic-judge")
    assert {gap["cause"] for gap in gaps} <= {cause, "device_lost"}
    assert gaps[0]["cause"] == cause
    assert (gaps[0]["start"], gaps[-1]["end"]) == (before["end"], after["start"])
    assert court.agent.start(HearingCard.parse({"case_number": "2"})) != hearing


def test_a_stop_that_cannot_be_written_is_answered(court: Courtroom, monkeypatch: pytest.MonkeyPatch) -> None:
    hearing = court.agent.start(CARD)
    court.record(1)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "state", no_room)
        with pytest.raises(Interrupted, match="disk is full"):
            court.agent.stop()
    until(lambda: "disk is full" in court.agent.status().message)
    until(lambda: court.agent.status().message == "")
    court.record(0.5)
    found = court.finish(hearing)
    assert [one["state"] for one in found.bodies(LeafKind.STATE)] == ["recording", "ended"]


def test_a_start_that_fails_blocks_nothing(court: Courtroom, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "state", no_room)
        with pytest.raises(SpoolError, match=r"cannot begin .*disk is full: make room"):
            court.agent.start(CARD)
    (failed,) = [path.name for path in court.agent.spool.folder.iterdir() if path.is_dir()]
    hearing = court.agent.start(CARD)
    court.record(0.5)
    court.finish(hearing)
    assert hearing != failed
    states = recorded(court.agent, failed).bodies(LeafKind.STATE)
    assert [(one["state"], one["at_sample"]) for one in states] == [("recording", 0), ("ended", 0)]


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_an_interrupted_hearing_waits_for_its_devices(court: Courtroom, tmp_path: Path) -> None:
    hearing = court.agent.start(CARD)
    court.record(1)
    court.agent.close()
    for device in court.devices.values():
        device.die.set()
    court.agent = node(tmp_path, ROOM, open_source=opener(court.devices))
    assert court.agent.recover() == hearing
    assert "pulled out" in court.agent.status().message
    with pytest.raises(Interrupted, match="Repeat this step"):
        court.agent.stop()
    for device in court.devices.values():
        device.die.clear()
    until(lambda: court.agent.status().message == "")
    court.record(0.5)
    court.finish(hearing)


def test_a_node_that_cannot_go_on_can_be_ended(court: Courtroom, tmp_path: Path) -> None:
    court.agent.start(CARD)
    court.agent.close()
    for device in court.devices.values():
        device.die.set()
    court.agent = node(tmp_path, ROOM, open_source=opener(court.devices))
    court.agent.recover()
    court.agent.close()
    court.agent = node(tmp_path, ROOM, open_source=opener(court.devices))
    assert court.agent.spool.unfinished() is not None


def test_a_dead_source_is_opened_again(court: Courtroom) -> None:
    hearing = court.agent.start(CARD)
    court.record(1)
    court.back.die.set()
    court.record(2)
    court.back.die.clear()
    until(lambda: court.agent.meter().levels["mic-witness"].level.peak_db > -20)
    court.record(0.5)
    found = court.finish(hearing)
    ((_, _, log),) = missing(found, "mic-witness")
    assert log in ("The played device was pulled out.", "The played device back cannot be opened: it was pulled out.")
    after = found.bodies(LeafKind.SEGMENT, "mic-witness")[-1]
    assert loudness(found.sound("mic-witness")[after["start"] : after["end"]], 660) > 7500
    assert missing(found, "mic-judge") == []


def test_a_recorder_that_is_behind_loses_no_device_for_that(court: Courtroom, monkeypatch: pytest.MonkeyPatch) -> None:
    hearing = court.agent.start(CARD)
    court.record(1)
    write, busy = SoundFile.write, threading.Event()

    def slow(self: SoundFile, start: int, pcm: Pcm) -> None:
        if not busy.is_set():
            busy.set()
            time.sleep(2.5)  # longer than a device may be silent
        write(self, start, pcm)

    monkeypatch.setattr(SoundFile, "write", slow)
    until(busy.is_set)
    court.record(3)
    began = time.monotonic()
    court.record(1)
    assert time.monotonic() - began > 0.5  # its time runs as time does
    found = court.finish(hearing)
    assert missing(found, "mic-judge") == missing(found, "mic-witness") == missing(found, "cam-door") == []


@pytest.mark.parametrize("name", ["front", "back"])
def test_sound_that_comes_late_is_kept(court: Courtroom, name: str) -> None:
    """What seems to be heard before it was said was placed too late at first: its place moves, no sample goes."""
    track, device = {"front": "mic-judge", "back": "mic-witness"}[name], court.devices[name]
    hearing = court.agent.start(CARD)
    court.record(1)
    device.die.set()
    court.record(0.5)
    device.behind = 0.9
    device.die.clear()
    until(lambda: court.agent.meter().levels[track].level.peak_db > -20)
    court.record(1)
    court.agent.stop()
    given = device.given * BLOCK
    found = recorded(court.agent, hearing)
    check_tiles(found)
    after = found.bodies(LeafKind.SEGMENT, track)[-1]
    _, pcm = read_pcm(found.file(after))
    assert given - AUDIO_RATE // 2 < len(pcm) <= given
    assert loudness(pcm, device.hertz) > 7900  # no seam: the tone's phase holds


def test_pictures_that_come_late_are_kept(court: Courtroom) -> None:
    hearing = court.agent.start(CARD)
    court.record(1)
    court.door.die.set()
    court.record(1.5)
    court.door.behind = 0.9
    court.door.die.clear()
    before = court.door.given
    until(lambda: court.door.given != before)
    court.record(2)
    found = court.finish(hearing)
    after = found.bodies(LeafKind.SEGMENT, "cam-door")[-1]
    with av.open(found.file(after)) as container:
        frames = [(frame.pts, round(frame.to_ndarray()[:48].mean())) for frame in container.decode(video=0)]
    numbers = [number for _, number in frames]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] <= 1
    assert frames == sorted(frames)


def test_with_all_microphones_dead_the_hearing_goes_on(court: Courtroom) -> None:
    hearing = court.agent.start(CARD)
    court.record(1)
    court.front.die.set()
    court.back.die.set()
    court.record(2)
    found = court.finish(hearing)
    for track in ("mic-judge", "mic-witness", "mix"):
        assert missing(found, track)[-1][1] == found.end / AUDIO_RATE
    assert recorded_seconds(found, "cam-door") > 2


def test_lost_samples_are_an_overrun(court: Courtroom) -> None:
    hearing = court.agent.start(CARD)
    court.record(1)
    court.front.skip = court.back.skip = 10
    court.record(1)
    court.agent.stop()
    found = recorded(court.agent, hearing)
    check_tiles(found)
    for track in ("mic-judge", "mic-witness"):
        skips = [gap for gap in found.bodies(LeafKind.GAP, track) if gap["cause"] == "overrun"]
        assert sum(gap["end"] - gap["start"] for gap in skips) == pytest.approx(AUDIO_RATE // 5, abs=480)


def test_a_device_that_cannot_be_opened_leaves_nothing_behind(court: Courtroom) -> None:
    court.back.die.set()
    with pytest.raises(InputError, match="it was pulled out"):
        court.agent.start(CARD)
    assert court.agent.spool.unfinished() is None
    assert court.agent.spool.backlog().count == 0
    assert [path.name for path in court.agent.spool.folder.iterdir() if path.is_dir()] == []


def test_an_interrupted_hearing_goes_on_without_the_device_that_is_gone(court: Courtroom, tmp_path: Path) -> None:
    hearing = court.agent.start(CARD)
    court.record(1)
    court.agent.close()
    court.back.die.set()
    court.agent = node(tmp_path, ROOM, open_source=opener(court.devices))
    assert court.agent.recover() == hearing
    court.record(1)
    court.back.die.clear()
    until(lambda: court.agent.meter().levels["mic-witness"].level.peak_db > -20)
    court.record(0.5)
    found = court.finish(hearing)
    assert {gap["cause"] for gap in found.bodies(LeafKind.GAP, "mic-judge")} <= {"restart", "device_lost"}
    assert recorded_seconds(found, "mic-judge") > 2
