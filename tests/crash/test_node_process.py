"""What befalls the node's process: killed, without memory, hung, suspended, its clock set. It goes on by itself."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from court.clock import parse_utc
from hardware.clock import elapsed as now
from hardware.devices import AUDIO_RATE
from storage.ledger.leaf import LeafKind
from tests.factories.survival import ROOM, Kept, Record, Survived, note_return, room_sound
from tests.factories.waiting import until
from tests.services.sound import SoundServer
from tests.simulators.service import FAULTY, NodeService, node_service

JUDGE, CAMERA = "mic-judge", "cam-overview"


@pytest.fixture
def node(tmp_path: Path, sound: SoundServer) -> Iterator[NodeService]:
    with sound.playing("two", room_sound(120)), node_service(tmp_path, ROOM, FAULTY) as service:
        yield service


def begun(node: NodeService) -> str:
    hearing = str(node.ask("start", case_number="1")["hearing"])
    node.record(3)
    return hearing


def finished(node: NodeService, hearing: str, kept: Kept) -> Survived:
    node.record(3)
    node.ask("stop")
    node.stop()
    assert "Traceback" not in node.journal
    return Survived.read(node.home, hearing, kept)


def test_killed(node: NodeService, record_property: Record) -> None:
    hearing = begun(node)
    node.send(signal.SIGKILL)
    ended, starts = now(), node.starts
    kept = Kept.of(node.home)
    node.restarted(starts)
    found = finished(node, hearing, kept)
    for track in (JUDGE, "mic-witness", "mix", CAMERA):
        (partial,), (gap, *_) = found.partial(track), found.gaps(track)
        assert (gap["start"], gap["cause"]) == (partial["end"], "restart")
        assert "The recorder stopped; its last durable write was at 20" in gap["device_log"]
    found.check_step(JUDGE)
    note_return(found, JUDGE, ended, record_property)


def test_killed_for_want_of_memory_of_which_there_is_none_for_a_while(
    node: NodeService, record_property: Record
) -> None:
    hearing = begun(node)
    (node.home / "memory").touch()
    node.record(2)
    node.send(signal.SIGKILL)
    starts, kept, before = node.starts, Kept.of(node.home), segments(node.home)
    node.restarted(starts)
    node.record(1)
    (node.home / "memory").unlink()
    ended = now()
    until(lambda: segments(node.home) > before)
    found = finished(node, hearing, kept)
    assert {gap["cause"] for gap in found.gaps(JUDGE)} == {"device_lost", "restart"}
    assert "Reading the input 'desk' failed (MemoryError)." in {gap["device_log"] for gap in found.gaps(JUDGE)}
    found.check_step(JUDGE)
    note_return(found, JUDGE, ended, record_property)


def segments(home: Path) -> int:
    return len(list(home.glob(f"spool/*/{JUDGE}-*.mp4")))


def test_hung_while_it_still_answers(node: NodeService, record_property: Record) -> None:
    """The watchdog watches the latest fragment, not the process."""
    hearing = begun(node)
    starts = node.starts
    (node.home / "hang").touch()
    until(lambda: not (node.home / "hang").exists())
    ended, kept = now(), Kept.of(node.home)
    assert node.status()["state"] == "recording"
    node.restarted(starts)
    assert node.watchdog_bites == 1
    assert "STATUS=Nothing has been written for some seconds." in node.said
    found = finished(node, hearing, kept)
    (gap, *_) = found.gaps(JUDGE)
    assert gap["cause"] == "restart"
    found.check_step(JUDGE)
    note_return(found, JUDGE, ended, record_property)


def test_it_says_how_it_is_and_is_not_restarted_without_cause(node: NodeService) -> None:
    fed = node.said.count("WATCHDOG=1")
    until(lambda: node.said.count("WATCHDOG=1") > fed + 5)
    assert "STATUS=No hearing is being recorded." in node.said
    hearing = begun(node)
    until(lambda: f"STATUS=Hearing {hearing}: recording." in node.said)
    node.ask("pause")
    fed = node.said.count("WATCHDOG=1")
    until(lambda: node.said.count("WATCHDOG=1") > fed + 5)
    assert f"STATUS=Hearing {hearing}: paused." in node.said
    node.ask("resume")
    found = finished(node, hearing, Kept.of(node.home))
    assert (node.starts, node.watchdog_bites, found.partial(JUDGE)) == (1, 0, [])
    assert node.said[-1] == "STOPPING=1"


def family(pid: int) -> list[int]:
    """The process and those it started."""
    parents = {int(path.name): int(stat.rpartition(")")[2].split()[1]) for path, stat in stats()}
    found = [pid]
    for one in found:
        found.extend(child for child, parent in parents.items() if parent == one)
    return found


def stats() -> Iterator[tuple[Path, str]]:
    for path in Path("/proc").glob("[0-9]*"):
        try:
            yield path, (path / "stat").read_text()
        except OSError:
            continue


def test_suspended(node: NodeService, record_property: Record) -> None:
    """All of it stands still and time goes on. What the sound's server held up meanwhile is recorded behind the gap
    rather than dropped for its place (decision 28); sometimes it throws it away, which is an overrun."""
    hearing = begun(node)
    suspended = family(node.pid)
    assert len(suspended) > 1
    for one in suspended:
        os.kill(one, signal.SIGSTOP)
    began = now()
    kept = Kept.of(node.home)
    until(lambda: now() > began + 3)
    for one in suspended:
        os.kill(one, signal.SIGCONT)
    ended = now()
    until(lambda: now() > ended + 1)  # what was held up meanwhile comes in a rush
    found = finished(node, hearing, kept)
    assert node.starts == 1
    gaps = found.gaps(JUDGE)
    causes = {gap["cause"] for gap in gaps}
    assert causes <= {"device_lost", "overrun"}
    missing = sum(gap["end"] - gap["start"] for gap in gaps) / AUDIO_RATE
    assert missing > 2
    if causes == {"device_lost"}:
        found.check_step(JUDGE, late=missing)
    note_return(found, JUDGE, ended, record_property)


@pytest.mark.parametrize("seconds", [3600, -3600])
@pytest.mark.parametrize("killed", [False, True])
def test_its_clock_is_set(node: NodeService, record_property: Record, seconds: int, killed: bool) -> None:
    """Media time does not move. Anchors tell what the clock said, and no leaf is dated before the one it follows."""
    hearing = begun(node)
    starts = node.starts
    (node.home / "clock").write_text(str(seconds))
    kept, ended = Kept.of(node.home), now()
    if killed:
        node.send(signal.SIGKILL)
        node.restarted(starts)
    found = finished(node, hearing, kept)
    assert found.hearing.end < 60 * AUDIO_RATE
    first, *_, last = found.hearing.leaves
    jump = (parse_utc(last.body["anchor"]["utc"]) - parse_utc(first.body["started"]["utc"])).total_seconds()
    passed = (last.body["anchor"]["monotonic_ms"] - first.body["started"]["monotonic_ms"]) / 1000
    assert jump - passed == pytest.approx(seconds, abs=1)
    assert last.body["at_sample"] / AUDIO_RATE == pytest.approx(passed, abs=1)
    dates = [leaf.at for leaf in found.hearing.leaves]
    assert dates == sorted(dates)
    assert (found.gaps(JUDGE) != []) is killed
    if killed:
        found.check_step(JUDGE)
        note_return(found, JUDGE, ended, record_property)
    assert found.hearing.bodies(LeafKind.STATE)[-1]["state"] == "ended"
