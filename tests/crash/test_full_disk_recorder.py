"""The recorder's disk is really full, before a hearing or in it: it says so, and goes on with nothing lost."""

from pathlib import Path

import numpy as np
import pytest

from court.room import Room
from hardware.devices import AUDIO_RATE
from recorder.errors import Interrupted, SpoolError
from recorder.rooms import room_from_files
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, check_chain, check_tiles, node, recorded, write_wav
from tests.services.disks import SmallDisk

SECONDS = 14


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Noise, of which FLAC makes about a MiB for the microphone and as much for the mix."""
    noise = np.random.default_rng(3).normal(0, 2000, SECONDS * AUDIO_RATE).astype(np.int16)
    return room_from_files([write_wav(tmp_path / "noise.wav", noise)])


@pytest.mark.parametrize("leave", [0, 8192, 40_000])
def test_a_hearing_that_cannot_begin(disk: SmallDisk, room: Room, leave: int) -> None:
    disk.fill(leave)
    with pytest.raises(SpoolError, match=r"disk.* full|disk I/O|No space") as caught:
        node(disk.path, room).run_to_end(CARD)
    assert "\n" not in str(caught.value)
    disk.make_room()
    agent = node(disk.path, room)
    hearing = recorded(agent, agent.run_to_end(CARD))
    agent.close()
    check_chain(hearing)
    check_tiles(hearing)


@pytest.mark.parametrize("leave", [200_000, 500_000, 1_000_000])
def test_a_hearing_in_which_the_disk_fills_up(disk: SmallDisk, room: Room, leave: int) -> None:
    agent = node(disk.path, room)
    disk.fill(leave)
    with pytest.raises(Interrupted, match="disk is full: make room"):
        agent.run_to_end(CARD)
    agent.close()
    before = {path: path.read_bytes() for path in disk.path.glob("spool/*/*.mp4")}
    disk.make_room()
    agent = node(disk.path, room)
    found = agent.recover_to_end()
    assert found is not None
    hearing = recorded(agent, found)
    agent.close()
    check_chain(hearing)
    check_tiles(hearing)
    assert hearing.end == SECONDS * AUDIO_RATE
    assert hearing.bodies(LeafKind.GAP) == []
    for path, content in before.items():
        assert path.read_bytes() == content
