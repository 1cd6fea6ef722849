"""A power cut may cut a file anywhere and stop the program between any two writes: it always goes on, and it tiles."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from court.clock import Anchor
from court.room import Room
from hardware.devices import AUDIO_RATE
from recorder import encode, opening
from recorder import spool as spool_module
from recorder.agent import Agent
from recorder.errors import OtherKey
from recorder.rooms import room_from_files
from recorder.spool import Spool
from storage.ledger.ed25519 import SigningKey
from storage.ledger.leaf import LeafKind, parse
from tests.factories.recordings import CARD, KEY, check_chain, check_tiles, node, recorded, tone, write_wav


class PowerCut(BaseException):
    """The machine is off: no code of ours runs any more."""


class StandingClock:
    def now(self) -> Anchor:
        return Anchor(datetime(2026, 1, 12, 9, 0, tzinfo=UTC), 5.0, disciplined=True)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Fourteen seconds, with a pause in which the recording is cut."""
    sounds = tone(14, 440), tone(14, 550)
    for sound in sounds:
        sound[7 * AUDIO_RATE : 9 * AUDIO_RATE] = 0
    return room_from_files([write_wav(tmp_path / "two.wav", *sounds)])


def steps_until_the_end(monkeypatch: pytest.MonkeyPatch, limit: int) -> Iterator[None]:
    """Lets the spool write `limit` times, then cuts the power."""
    written = 0
    change = Spool.change

    def counted(self: Spool) -> Any:
        nonlocal written
        written += 1
        if written > limit:
            raise PowerCut
        return change(self)

    with monkeypatch.context() as patch:
        patch.setattr(spool_module.Spool, "change", counted)
        yield


def test_power_cut_before_any_write_of_the_spool(tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in range(60):
        home = tmp_path / f"home-{limit}"
        agent = node(home, room, clock=StandingClock())
        finished = ""
        for _ in steps_until_the_end(monkeypatch, limit):
            with contextlib.suppress(PowerCut):
                finished = agent.run_to_end(CARD)
        agent.close()
        hearings = [path.name for path in (home / "spool").iterdir() if path.is_dir()]
        agent = node(home, room, clock=StandingClock())
        agent.recover_to_end()
        assert agent.spool.unfinished() is None
        found = [recorded(agent, hearing) for hearing in hearings]
        begun = [one for one in found if one.leaves]
        assert len(begun) == (limit > 1), f"after {limit} writes"
        for one in begun:
            check_chain(one)
            if limit > 2:
                check_tiles(one)
            assert one.end == (14 * AUDIO_RATE if limit > 2 else 0)
            assert one.bodies(LeafKind.GAP) == []
        agent.close()
        if finished:
            assert limit > 12
            return
    pytest.fail("the hearing never came to its end")


def cut_off(folder: Path, cut: int, room: Room) -> Agent:
    """A node whose open segments lost their last bytes, down to `cut` bytes each."""
    for path in folder.glob("spool/*/*.mp4"):
        content = path.read_bytes()
        path.write_bytes(content[:cut])
    return node(folder, room, clock=StandingClock())


@pytest.mark.parametrize("cut", [0, 7, 28, 500, 705, 706, 900, 8700, 20_001, 50_000])
def test_segments_cut_off_anywhere(tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    agent = node(tmp_path / "home", room, clock=StandingClock())
    with monkeypatch.context() as patch:

        def no_seal(self: Spool, *arguments: Any) -> None:
            if arguments[-1] is not None:
                raise PowerCut
            append(self, *arguments)

        append = Spool.append
        patch.setattr(Spool, "append", no_seal)
        with pytest.raises(PowerCut):
            agent.run_to_end(CARD)
    agent.close()
    hearing = next(path for path in (tmp_path / "home" / "spool").iterdir() if path.is_dir())
    agent = cut_off(tmp_path / "home", cut, room)
    before = {path.name: path.read_bytes() for path in hearing.iterdir()}
    assert agent.recover_to_end() == hearing.name
    found = recorded(agent, hearing.name)
    agent.close()
    check_chain(found)
    check_tiles(found)
    assert found.end == 14 * AUDIO_RATE
    assert found.bodies(LeafKind.GAP) == []
    for name, content in before.items():
        assert (hearing / name).read_bytes() == content
    partial = [body for body in found.bodies(LeafKind.SEGMENT) if body["partial"]]
    assert (len(partial) > 0) == (cut > 900)
    shutil.rmtree(hearing)


def test_power_cut_again_in_the_recovery(tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files in which nothing could be read are forgotten, but they lie there, under their names."""

    def cut(*_: object) -> None:
        raise PowerCut

    for place, name in ((encode.SoundFile, "write"), (opening, "reopen_sources")):
        agent = node(tmp_path, room, clock=StandingClock())
        with monkeypatch.context() as patch, pytest.raises(PowerCut):
            patch.setattr(place, name, cut)
            agent.recover_to_end() or agent.run_to_end(CARD)
        agent.close()
    agent = node(tmp_path, room, clock=StandingClock())
    hearing = agent.recover_to_end()
    assert hearing is not None
    found = recorded(agent, hearing)
    agent.close()
    check_chain(found)
    check_tiles(found)
    assert {body["sequence"] for body in found.bodies(LeafKind.SEGMENT, "mic-judge")} == {1, 2}


def test_what_is_sealed_is_on_the_disk_before_it_is_stated(
    tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = node(tmp_path, room, clock=StandingClock())
    append, fsync = Spool.append, os.fsync
    synced: set[str] = set()

    def no_seal(self: Spool, *arguments: Any) -> None:
        if arguments[-1] is not None:
            raise PowerCut
        append(self, *arguments)

    def tell(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    def checked(self: Spool, *arguments: Any) -> None:
        if arguments[-1] is not None:
            path = self.folder / arguments[-1][1].file
            assert {str(path), str(path.parent)} <= synced
        append(self, *arguments)

    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        patch.setattr(Spool, "append", no_seal)
        agent.run_to_end(CARD)
    agent.close()
    agent = node(tmp_path, room, clock=StandingClock())
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "append", checked)
        patch.setattr(os, "fsync", tell)
        hearing = agent.recover_to_end()
    assert hearing is not None
    assert any(body["partial"] for body in recorded(agent, hearing).bodies(LeafKind.SEGMENT))
    agent.close()


def test_a_hearing_is_not_taken_up_with_another_key(
    tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its chain is the first key's: what another one signed, no server would take."""
    agent = node(tmp_path / "home", room, clock=StandingClock())
    with pytest.raises(PowerCut):
        for _ in steps_until_the_end(monkeypatch, 12):
            agent.run_to_end(CARD)
    agent.close()
    before = {path: path.read_bytes() for path in (tmp_path / "home" / "spool").rglob("*.mp4")}
    other = node(tmp_path / "home", room, clock=StandingClock(), key=SigningKey.from_seed(bytes([1]) * 32))
    with contextlib.closing(other):
        for take_up in (other.recover, other.recover_to_end):
            with pytest.raises(OtherKey, match="put the first one back until the hearing has ended"):
                take_up()
        [hearing] = {one.hearing for one in other.spool.waiting()}
        assert {parse(one.entry).author for one in other.spool.entries(hearing)} == {KEY.key_id}
    assert {path: path.read_bytes() for path in before} == before
