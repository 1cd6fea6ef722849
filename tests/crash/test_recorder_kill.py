"""kill -9 in the middle of a hearing: the node goes on by itself, and says exactly what it missed."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from court.clock import parse_utc
from court.room import Room
from hardware.devices import AUDIO_RATE
from recorder.agent import Agent
from recorder.rooms import load_room, room_from_files, room_text
from recorder.settings import Pace
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import (
    CARD,
    Pcm,
    Recorded,
    check_chain,
    check_tiles,
    node,
    recorded,
    simulated_room,
    tone,
    write_wav,
)
from tests.factories.waiting import until

ROOT = Path(__file__).parents[2]
BYTES_PER_SECOND = 60_000  # of FLAC, for the noise played here
LIVED, READ = 14, 40  # seconds: a room that is lived through, recordings that are read
PROGRAM = """
import sys
from pathlib import Path
from recorder.rooms import load_room
from recorder.script import load_script
from recorder.settings import Pace
from tests.factories.recordings import CARD, node
home, room_file, pace = sys.argv[1:]
room = load_room(Path(room_file))
script = load_script(Path(room.hearing)) if room.hearing else None
node(Path(home), room, Pace(pace)).run_to_end(CARD, script)
"""
SCRIPT = """
case_number = "ГД 4405/24-Б2"
action = [
  {at = 0.0, do = "start"}, {at = 1.0, do = "note", template = "opening", text = "first"},
  {at = 3.0, do = "note", text = "second"}, {at = 12.5, do = "note", text = "last"}, {at = 12.6, do = "stop"},
]
"""


def killed(folder: Path, room: Room, pace: Pace, seconds: float) -> Agent:
    """A recorder in a process of its own, killed once it has kept `seconds`; then a node on the same disk."""
    home, room_file = folder / "home", folder / "room.toml"
    room_file.write_text(room_text(room), encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, str(home), str(room_file), pace.value]
    program = subprocess.Popen(command, cwd=ROOT)
    try:
        until(lambda: kept_bytes(home) >= seconds * BYTES_PER_SECOND or program.poll() is not None)
        assert program.poll() is None, "the recorder ended before it was killed"
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait()
    return node(home, load_room(room_file), pace)


def kept_bytes(home: Path) -> int:
    """Of the judge's microphone."""
    return sum(path.stat().st_size for path in home.glob("spool/*/mic-judge-*.mp4"))


def make_sounds(folder: Path, seconds: int) -> dict[Path, Pcm]:
    """Two microphones' files, and what is in them."""
    noise = np.random.default_rng(3)
    made = [tone(seconds, 440) + noise.normal(0, 200, seconds * AUDIO_RATE).astype(np.int16) for _ in range(2)]
    return {write_wav(folder / f"{number}.wav", sound): sound for number, sound in enumerate(made)}


def check_kept(hearing: Recorded, sounds: dict[Path, Pcm]) -> None:
    for track, original in zip(("mic-judge", "mic-secretary"), sounds.values(), strict=True):
        sound = hearing.sound(track)
        for segment in hearing.bodies(LeafKind.SEGMENT, track):
            stretch = slice(segment["start"], segment["end"])
            assert np.array_equal(sound[stretch], original[stretch])


def test_a_simulated_room_goes_on_meanwhile(tmp_path: Path) -> None:
    files = make_sounds(tmp_path, LIVED)
    (tmp_path / "hearing.toml").write_text(SCRIPT, encoding="utf-8")
    room = simulated_room(files, hearing=str(tmp_path / "hearing.toml"))
    agent = killed(tmp_path, room, Pace.REAL_TIME, 3.5)
    row = agent.spool.unfinished()
    assert row is not None
    assert row.scripted
    before = {segment.track: (agent.spool.folder / segment.file) for segment in agent.spool.open_segments(row.id)}
    contents = {track: path.read_bytes() for track, path in before.items()}
    assert before.keys() == {"mic-judge", "mic-secretary", "mix", "cam-overview"}
    assert agent.recover_to_end() == row.id
    hearing = recorded(agent, row.id)
    agent.close()

    check_chain(hearing)
    check_tiles(hearing)
    check_kept(hearing, files)
    assert hearing.end == int(12.6 * AUDIO_RATE)
    for track, path in before.items():
        assert path.read_bytes() == contents[track], "a file that was kept has changed"
        (partial,) = [body for body in hearing.bodies(LeafKind.SEGMENT, track) if body["partial"]]
        assert hearing.file(partial) == path
        (gap,) = hearing.bodies(LeafKind.GAP, track)
        assert (gap["start"], gap["cause"]) == (partial["end"], "restart")
        assert gap["device_log"].startswith("The recorder stopped; its last durable write was at 20")
    (judge,) = [body for body in hearing.bodies(LeafKind.SEGMENT, "mic-judge") if body["partial"]]
    (gap,) = hearing.bodies(LeafKind.GAP, "mic-judge")
    state = hearing.bodies(LeafKind.STATE)[0]["anchor"]["utc"]
    by_the_clock = (parse_utc(gap["anchor"]["utc"]) - parse_utc(state)).total_seconds()
    assert gap["end"] / AUDIO_RATE == pytest.approx(by_the_clock, abs=1.0)
    notes = [(note["text"], note["at_sample"] / AUDIO_RATE) for note in hearing.bodies(LeafKind.NOTE)]
    assert [text for text, _ in notes] == ["first", "second", "last"]
    assert notes[0][1] == 1.0
    assert notes[2][1] == 12.5
    assert judge["end"] > 2 * AUDIO_RATE


def test_recordings_wait_for_the_recorder(tmp_path: Path) -> None:
    files = make_sounds(tmp_path, READ)
    agent = killed(tmp_path, room_from_files(list(files)), Pace.FAST, 9)
    row = agent.spool.unfinished()
    assert row is not None
    assert agent.recover_to_end() == row.id
    hearing = recorded(agent, row.id)
    agent.close()
    check_chain(hearing)
    check_tiles(hearing)
    check_kept(hearing, files)
    assert hearing.end == READ * AUDIO_RATE
    assert hearing.bodies(LeafKind.GAP) == []
    assert any(body["partial"] for body in hearing.bodies(LeafKind.SEGMENT))
    for track, sound in zip(("mic-judge", "mic-secretary"), files.values(), strict=True):
        assert np.array_equal(hearing.sound(track), sound)


def test_a_new_hearing_waits_for_the_interrupted_one(tmp_path: Path) -> None:
    files = make_sounds(tmp_path, READ)
    agent = killed(tmp_path, room_from_files(list(files)), Pace.FAST, 2)
    with pytest.raises(Exception, match="recover it first"):
        agent.start(CARD)
    agent.recover_to_end()
    assert agent.recover_to_end() is None
    again = recorded(agent, agent.run_to_end(CARD))
    agent.close()
    check_tiles(again)
