"""A simulated room, recorded from its first sample to its last."""

import time
from pathlib import Path

import av
import numpy as np
import pytest

from court.hearing import HearingState
from court.notes import NoteTemplate
from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.devices import AUDIO_RATE, VIDEO_RATE
from hardware.levels import SILENT
from recorder.plan import Command
from recorder.rooms import room_from_files
from recorder.script import Action, Script, parse_script
from recorder.settings import Pace
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import (
    CARD,
    Recorded,
    check_chain,
    check_tiles,
    loudness,
    node,
    recorded,
    simulated_room,
    tone,
    write_wav,
)
from tests.factories.waiting import until

SECRET = 1777.0  # Hz: what is said in the break
SCRIPT = """
case_number = "1"
action = [
  {at = 0.0, do = "start"}, {at = 2.0, do = "note", template = "opening", text = "Открытие"},
  {at = 8.3, do = "pause"}, {at = 12.7, do = "resume"}, {at = 16.0, do = "deliberate"},
  {at = 18.0, do = "pause"}, {at = 19.001, do = "resume"}, {at = 21.5, do = "stop"},
]
"""


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Two microphones for 24.1 seconds; between 8.4 and 12.6 both hear what nobody shall keep."""
    sounds = [tone(24.1, 440), tone(24.1, 330, amplitude=2000)]
    for sound in sounds:
        sound[int(8.4 * AUDIO_RATE) : int(12.6 * AUDIO_RATE)] = tone(4.2, SECRET)
    files = [write_wav(tmp_path / f"{number}.wav", sound) for number, sound in enumerate(sounds)]
    return simulated_room(files)


def scripted(tmp_path: Path, room: Room) -> Recorded:
    agent = node(tmp_path / "home", room)
    script = parse_script(SCRIPT, "script")
    heard: list[float] = []
    hearing = agent.run_to_end(script.card, script, heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 21.5
    found = recorded(agent, hearing)
    assert agent.spool.unfinished() is None
    agent.close()
    return found


def test_segments_and_gaps_tile_every_track(tmp_path: Path, room: Room) -> None:
    hearing = scripted(tmp_path, room)
    check_chain(hearing)
    check_tiles(hearing)
    assert hearing.tracks == ["mic-judge", "mic-secretary", "mix", "cam-overview"]
    gaps = [(body["start"], body["end"], body["cause"]) for body in hearing.bodies(LeafKind.GAP, "mic-judge")]
    assert gaps == [
        (int(8.3 * AUDIO_RATE), int(12.7 * AUDIO_RATE), "break"),
        (16 * AUDIO_RATE, 18 * AUDIO_RATE, "deliberation"),
        (18 * AUDIO_RATE, 19_001 * AUDIO_RATE // 1000, "break"),
    ]
    seen = [(body["start"], body["end"]) for body in hearing.bodies(LeafKind.GAP, "cam-overview")]
    assert seen == [(start * 15 // 8, end * 15 // 8) for start, end, _ in gaps]
    states = [(body["state"], body["at_sample"] / AUDIO_RATE) for body in hearing.bodies(LeafKind.STATE)]
    assert states == [
        ("recording", 0.0), ("paused", 8.3), ("recording", 12.7), ("deliberation", 16.0),
        ("paused", 18.0), ("recording", 19.001), ("ended", 21.5),
    ]  # fmt: skip
    assert hearing.bodies(LeafKind.NOTE) == [{"at_sample": 2 * AUDIO_RATE, "template": "opening", "text": "Открытие"}]


def test_what_was_heard_is_kept_and_nothing_of_the_break(tmp_path: Path, room: Room) -> None:
    hearing = scripted(tmp_path, room)
    for number, track in enumerate(("mic-judge", "mic-secretary")):
        with av.open(tmp_path / f"{number}.wav") as container:
            played = np.hstack([frame.to_ndarray() for frame in container.decode(audio=0)])[0]
        kept = hearing.sound(track)
        for begin, end in ((0, 8.3), (12.7, 16), (19.001, 21.5)):
            stretch = slice(int(begin * AUDIO_RATE), int(end * AUDIO_RATE))
            assert np.array_equal(kept[stretch], played[stretch])
        assert loudness(played[int(8.4 * AUDIO_RATE) : int(12.6 * AUDIO_RATE)], SECRET) > 7000
    for track in ("mic-judge", "mic-secretary", "mix"):
        for segment in hearing.bodies(LeafKind.SEGMENT, track):
            stretch = slice(segment["start"], segment["end"])
            assert loudness(hearing.sound(track)[stretch], SECRET) < 20
    stated = {hearing.file(segment).name for segment in hearing.bodies(LeafKind.SEGMENT)}
    assert {path.name for path in hearing.folder.iterdir()} == stated


def test_the_mix_is_the_sum_of_the_microphones(tmp_path: Path, room: Room) -> None:
    hearing = scripted(tmp_path, room)
    total = hearing.sound("mic-judge").astype(int) + hearing.sound("mic-secretary")
    assert np.array_equal(hearing.sound("mix"), np.clip(total, -32768, 32767))
    derived = {facts["track"] for facts in hearing.bodies(LeafKind.HEARING)[0]["tracks"] if facts["derived"]}
    assert derived == {"mix"}


def test_the_camera_is_cut_with_the_microphones_and_shows_media_time(tmp_path: Path, room: Room) -> None:
    hearing = scripted(tmp_path, room)
    judge, camera = (hearing.bodies(LeafKind.SEGMENT, track) for track in ("mic-judge", "cam-overview"))
    edges = [(one["sequence"], one["start"] * 15 // 8, one["end"] * 15 // 8) for one in judge]
    assert [(one["sequence"], one["start"], one["end"]) for one in camera] == edges
    for segment in camera:
        with av.open(hearing.file(segment)) as container:
            shown = [frame.pts or 0 for frame in container.decode(video=0)]
        assert 0 <= shown[0] - segment["start"] < VIDEO_RATE // 10
        assert 0 < segment["end"] - shown[-1] <= VIDEO_RATE // 10
        assert np.diff(shown).tolist() == [VIDEO_RATE // 10] * (len(shown) - 1)


def test_one_init_part_per_track(tmp_path: Path, room: Room) -> None:
    hearing = scripted(tmp_path, room)
    for track in hearing.tracks:
        heads = {
            hearing.file(segment).read_bytes()[: segment["init_size"]]
            for segment in hearing.bodies(LeafKind.SEGMENT, track)
        }
        assert len(heads) == 1


def test_a_file_of_many_channels_is_a_room(tmp_path: Path) -> None:
    file = write_wav(tmp_path / "six.wav", *(tone(7.3, 300 + 100 * number) for number in range(6)))
    agent = node(tmp_path / "home", room_from_files([file]))
    hearing = recorded(agent, agent.run_to_end(CARD))
    agent.close()
    check_tiles(hearing)
    assert hearing.end == int(7.3 * AUDIO_RATE)
    assert hearing.tracks == [
        "mic-judge", "mic-secretary", "mic-claimant", "mic-respondent", "mic-witness-1", "mic-witness-2", "mix",
    ]  # fmt: skip
    for number, track in enumerate(hearing.tracks[:-1]):
        assert loudness(hearing.sound(track)[: 7 * AUDIO_RATE], 300 + 100 * number) > 7900


def test_a_file_that_ends_early_leaves_a_gap_that_says_so(tmp_path: Path) -> None:
    files = [write_wav(tmp_path / "long.wav", tone(9.0, 440)), write_wav(tmp_path / "short.wav", tone(4.5, 550))]
    agent = node(tmp_path / "home", room_from_files(files))
    hearing = recorded(agent, agent.run_to_end(CARD))
    agent.close()
    check_tiles(hearing)
    gaps = hearing.bodies(LeafKind.GAP, "mic-secretary")
    assert (gaps[0]["start"], gaps[-1]["end"]) == (int(4.5 * AUDIO_RATE), 9 * AUDIO_RATE)
    assert {(gap["cause"], gap["device_log"]) for gap in gaps} == {
        ("device_lost", "short.wav (wav; audio pcm_s16le) ended.")
    }
    assert hearing.bodies(LeafKind.GAP, "mic-judge") == []


def test_a_film_with_its_own_h264_keeps_its_pictures(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with av.open(film, "w") as container:
        video = container.add_stream("libx264", rate=25, options={"g": "50", "bf": "2"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        audio = container.add_stream("aac", rate=44_100, layout="stereo")
        for number in range(400):
            image = np.full((180, 320, 3), number % 250, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(video.encode(None))
        for at in range(0, 16 * 44_100, 1024):
            # Silence first, so that there is a pause to cut in.
            level = 0 if at < 8 * 44_100 else 5000
            pcm = np.full((2, 1024), level / 32768, np.float32)
            frame = av.AudioFrame.from_ndarray(pcm, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 44_100, at
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    agent = node(tmp_path / "home", room_from_files([film]))
    hearing = recorded(agent, agent.run_to_end(CARD))
    agent.close()
    check_tiles(hearing)
    segments = hearing.bodies(LeafKind.SEGMENT, "cam-1")
    assert len(segments) > 1
    kept = []
    for segment in segments:
        with av.open(hearing.file(segment)) as container:
            kept += [bytes(packet) for packet in container.demux(video=0) if packet.size]
    with av.open(film) as container:
        assert kept == [bytes(packet) for packet in container.demux(video=0) if packet.size]
    cuts = {one["start"] * 15 // 8 for one in hearing.bodies(LeafKind.SEGMENT, "mic-judge")}
    assert all(any(0 <= one["start"] - cut <= 2 * VIDEO_RATE for cut in cuts) for one in segments)


def test_a_graph_is_a_room(tmp_path: Path) -> None:
    agent = node(tmp_path / "home", room_from_files(["lavfi:sine=frequency=500:duration=2.5:sample_rate=44100"]))
    hearing = recorded(agent, agent.run_to_end(CARD))
    agent.close()
    check_tiles(hearing)
    assert abs(hearing.end - 2.5 * AUDIO_RATE) <= 2
    assert loudness(hearing.sound("mic-judge")[:AUDIO_RATE], 500) > 1000


def test_a_graph_without_end_takes_its_time(tmp_path: Path) -> None:
    graph = room_from_files(["lavfi:sine=frequency=500"])
    agent = node(tmp_path / "home", graph, Pace.FAST)
    began = time.monotonic()
    hearing = agent.start(CARD)
    until(lambda: agent.status().seconds > 1)
    agent.stop()
    passed = time.monotonic() - began
    assert recorded(agent, hearing).end <= passed * AUDIO_RATE
    script = Script(CARD, (Action(0, Command.START), Action(2 * AUDIO_RATE, Command.STOP)))
    assert recorded(agent, agent.run_to_end(CARD, script)).end == 2 * AUDIO_RATE
    assert agent.spool.rows("SELECT pace FROM hearing ORDER BY id") == [("realtime",), ("fast",)]
    agent.close()


def test_the_secretary_s_steps_in_real_time(tmp_path: Path) -> None:
    files = [write_wav(tmp_path / f"{number}.wav", tone(60, 440)) for number in range(2)]
    agent = node(tmp_path / "home", simulated_room(files), Pace.REAL_TIME)
    hearing = agent.start(CARD)
    assert agent.start(CARD) == hearing
    until(lambda: agent.status().seconds > 0.5)
    assert agent.meter().levels["mic-judge"].level.peak_db == pytest.approx(-12.2, abs=0.1)
    at = agent.note(NoteTemplate.MOTION, "Ходатайство")
    agent.pause()
    agent.pause()
    assert agent.status().state is HearingState.PAUSED
    paused = agent.status().seconds
    until(lambda: agent.status().seconds > paused + 0.4)
    assert agent.meter().levels["mic-judge"].level.peak_db == pytest.approx(-12.2, abs=0.1)
    agent.resume()
    resumed = agent.status().seconds
    until(lambda: agent.status().seconds > resumed + 0.4)
    agent.deliberate()
    isolated = agent.status().seconds
    until(lambda: agent.status().seconds > isolated + 0.4)
    assert agent.meter().levels["mic-judge"].level == SILENT  # not even measured, unlike in a break
    agent.stop()
    agent.stop()
    found = recorded(agent, hearing)
    agent.close()
    check_chain(found)
    check_tiles(found)
    gap, _ = found.bodies(LeafKind.GAP, "mic-judge")
    assert gap["start"] <= paused * AUDIO_RATE < gap["end"] <= resumed * AUDIO_RATE
    assert found.bodies(LeafKind.NOTE)[0]["at_sample"] == round(at * AUDIO_RATE)


def test_a_room_may_have_silent_inputs_it_does_not_use(tmp_path: Path) -> None:
    file = write_wav(tmp_path / "two.wav", tone(6.2, 440), tone(6.2, 550))
    inputs = (Input("a", SourceKind.FILE, files=(str(file),)), Input("b", SourceKind.ALSA, "hw:99"))
    room = Room("room", inputs, (Microphone(CourtRole.JUDGE, "a", 1),))
    agent = node(tmp_path / "home", room)
    hearing = recorded(agent, agent.run_to_end(CARD))
    agent.close()
    assert loudness(hearing.sound("mic-judge"), 550) > 7900
    assert loudness(hearing.sound("mic-judge"), 440) < 20


def test_a_camera_may_be_the_only_thing_that_goes_on(tmp_path: Path) -> None:
    file = write_wav(tmp_path / "one.wav", tone(1.0, 440))
    inputs = (Input("a", SourceKind.FILE, files=(str(file),)), Input("c", SourceKind.LAVFI, "testsrc=duration=2"))
    room = Room("room", inputs, (Microphone(CourtRole.JUDGE, "a", 0),), (Camera("one", "c"),))
    agent = node(tmp_path / "home", room)
    hearing = recorded(agent, agent.run_to_end(CARD))
    agent.close()
    check_tiles(hearing)
    assert hearing.end > 1.8 * AUDIO_RATE
    assert hearing.bodies(LeafKind.GAP, "mic-judge")[-1]["end"] == hearing.end
