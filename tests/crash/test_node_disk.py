"""What befalls the disk under the node's own process: full, read-only, its power cut."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hardware.clock import elapsed as now
from tests.factories.survival import ROOM, Kept, Record, Survived, note_return, room_sound
from tests.factories.waiting import until
from tests.services.disks import SmallDisk, disk_image, make_read_only, mounted_image
from tests.services.fixtures import or_skip
from tests.services.sound import SoundServer
from tests.simulators.service import NodeService, node_service

JUDGE = "mic-judge"


@pytest.fixture
def node(disk: SmallDisk, sound: SoundServer) -> Iterator[NodeService]:
    home = disk.path / "home"
    home.mkdir()
    with sound.playing("two", room_sound(120)), node_service(home, ROOM) as service:
        yield service


def test_the_disk_is_full_for_a_while(disk: SmallDisk, node: NodeService, record_property: Record) -> None:
    """Its journal lies there, too: that nobody takes what it says must not stop it."""
    hearing = str(node.ask("start", case_number="1")["hearing"])
    node.record(3)
    disk.fill()
    until(lambda: "disk is full: make room" in str(node.status()["message"]), node.status)
    kept = Kept.of(node.home)
    disk.make_room()
    ended = now()
    until(lambda: node.status()["message"] == "", node.status)
    node.record(3)
    node.ask("stop")
    node.stop()
    found = Survived.read(node.home, hearing, kept)
    for track in (JUDGE, "mix", "cam-overview"):
        assert "disk_full" in {gap["cause"] for gap in found.gaps(track)}
        assert "disk was full; its last durable write was at 20" in found.gaps(track)[-1]["device_log"]
    assert node.starts == 1
    found.check_step(JUDGE)
    note_return(found, JUDGE, ended, record_property)


def test_the_disk_is_read_only_for_a_while(tmp_path: Path, sound: SoundServer, record_property: Record) -> None:
    """As the kernel makes it when it finds it damaged. The node's process holds on to it; a new one cannot begin until
    it is mounted anew."""
    place = tmp_path / "disk"
    with or_skip(disk_image(tmp_path / "image", 256 << 20)) as image, ExitStack() as mount:
        mount.enter_context(mounted_image(image, place))
        with sound.playing("two", room_sound(120)), node_service(place, ROOM, notify=tmp_path) as node:
            hearing = str(node.ask("start", case_number="1")["hearing"])
            node.record(3)
            starts = node.starts
            make_read_only(place)
            until(lambda: node.starts > starts + 2, lambda: node.journal)
            assert (node.watchdog_bites, "Read-only file system" in node.journal) == (1, True)
            mount.close()
            mount.enter_context(mounted_image(image, place))
            kept, ended = Kept.of(place), now()
            node.record(3)
            node.ask("stop")
        found = Survived.read(place, hearing, kept)
        for track in (JUDGE, "mix", "cam-overview"):
            (partial,) = found.partial(track)
            assert partial["end"] in [gap["start"] for gap in found.gaps(track) if gap["cause"] == "restart"]
        assert "Traceback" not in node.journal
        found.check_step(JUDGE)
        note_return(found, JUDGE, ended, record_property)


def test_the_power_is_cut(tmp_path: Path, sound: SoundServer, record_property: Record) -> None:
    """The blocks of a real file system as they are at some moment, taken up by a node that is started on them."""
    with or_skip(disk_image(tmp_path / "disk", 256 << 20)) as image, sound.playing("two", room_sound(120)):
        with mounted_image(image, tmp_path / "before") as place, node_service(place, ROOM) as node:
            hearing = str(node.ask("start", case_number="1")["hearing"])
            node.record(7)
            subprocess.run(["cp", "--sparse=always", image, tmp_path / "cut"], check=True)
            node.send(signal.SIGKILL)
        with mounted_image(tmp_path / "cut", tmp_path / "after") as place:
            kept, ended = Kept.of(place), now()
            with node_service(place, ROOM) as node:
                node.record(3)
                node.ask("stop")
            found = Survived.read(place, hearing, kept)
            for track in (JUDGE, "mic-witness", "mix", "cam-overview"):
                (partial,) = found.partial(track)
                assert partial["end"] in [gap["start"] for gap in found.gaps(track) if gap["cause"] == "restart"]
                assert partial["end"] / partial["rate"] > 4
            found.check_step(JUDGE)
            note_return(found, JUDGE, ended, record_property)
