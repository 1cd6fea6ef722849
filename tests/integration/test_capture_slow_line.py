"""A room of the profile slow-line: Opus instead of FLAC, smaller pictures, and everything else as ever."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np

from court.room import Profile
from hardware.devices import AUDIO_RATE
from hardware.segment_reader import read_pcm
from recorder.script import parse_script
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
)

SAMPLES = Path(__file__).parents[2] / "samples" / "hearing-en"
SCRIPT = """
case_number = "1"
action = [{at = 0.0, do = "start"}, {at = 12.1, do = "pause"}, {at = 13.3, do = "resume"}, {at = 26.0, do = "stop"}]
"""
TRACKS = {"mic-judge": "judge", "mic-secretary": "secretary"}


def record(home: Path, profile: Profile) -> Recorded:
    room = replace(simulated_room([SAMPLES / f"{name}.flac" for name in TRACKS.values()]), profile=profile)
    agent = node(home, room)
    hearing = agent.run_to_end(CARD, parse_script(SCRIPT, "script"))
    found = recorded(agent, hearing)
    agent.close()
    return found


def lag(original: Pcm, kept: Pcm) -> int | None:
    """By how many samples `kept` is later than `original` where that is loudest; None if there is but hiss."""
    reach, length = 480, AUDIO_RATE // 2
    at = max(
        range(reach, len(kept) - length - reach, length),
        key=lambda n: int(abs(original[n : n + length]).max(initial=0)),
    )
    part, around = original[at : at + length], kept[at - reach : at + length + reach]
    if abs(part).max(initial=0) < 2000:
        return None
    return int(np.argmax(np.correlate(around.astype(float), part.astype(float), "valid"))) - reach


def test_a_hearing_on_a_slow_line(tmp_path: Path) -> None:
    found, evidence = record(tmp_path / "slow", Profile.SLOW_LINE), record(tmp_path / "evidence", Profile.EVIDENCE)
    check_chain(found)
    check_tiles(found)
    lags: list[int | None] = []
    assert found.bodies(LeafKind.HEARING)[0]["profile"] == "slow-line"
    for track in TRACKS:
        original, segments = evidence.sound(track), found.bodies(LeafKind.SEGMENT, track)
        assert len(segments) >= 2
        for segment in segments:
            start, pcm = read_pcm(found.file(segment))
            assert (start, start + len(pcm)) == (segment["start"], segment["end"])
            lags.append(lag(original[start:], pcm))
        assert {segment["codec"] for segment in segments} == {"opus"}
        assert len({found.file(one).read_bytes()[: one["init_size"]] for one in segments}) == 1
    measured = [one for one in lags if one is not None]
    assert len(measured) >= 3
    assert max(map(abs, measured)) <= AUDIO_RATE // 1000, measured
    for kind, least in (("mix", 5), ("cam-overview", 1.2)):
        slow, usual = (sum(one["size"] for one in it.bodies(LeafKind.SEGMENT, kind)) for it in (found, evidence))
        assert slow * least < usual
    with av.open(found.file(found.bodies(LeafKind.SEGMENT, "cam-overview")[0])) as container:
        assert container.streams.video[0].codec_context.name == "h264"
    bits = 8 * sum(one["size"] for one in found.bodies(LeafKind.SEGMENT, "mic-judge"))
    seconds = sum(one["end"] - one["start"] for one in found.bodies(LeafKind.SEGMENT, "mic-judge")) / AUDIO_RATE
    assert bits / seconds < 40_000
