"""A segment's fragments are found and moved."""

from pathlib import Path

import av
import numpy as np

from hardware.boxes import fragments, moved
from hardware.devices import AUDIO_RATE
from hardware.segment_reader import read_pcm
from recorder.settings import Pace
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, node, recorded, simulated_room, tone, write_wav


def test_fragments_are_moved_without_touching_a_sample(tmp_path: Path) -> None:
    agent = node(tmp_path, simulated_room([write_wav(tmp_path / "a.wav", tone(4, 440))], camera=False), Pace.FAST)
    found = recorded(agent, agent.run_to_end(CARD))
    (segment,) = found.bodies(LeafKind.SEGMENT, "mic-judge")
    content = found.file(segment).read_bytes()
    agent.close()
    parts = fragments(content)
    assert parts[0].start == segment["init_size"]
    assert parts[-1].end == len(content)
    assert [one.tick for one in parts] == sorted({one.tick for one in parts})
    chosen = [one for one in parts if one.tick >= AUDIO_RATE]
    start, pcm = read_pcm(content[: segment["init_size"]] + moved(content, chosen, 12_345))
    assert start == chosen[0].tick + 12_345
    assert np.array_equal(pcm, read_pcm(content)[1][chosen[0].tick :])
    assert moved(content, parts, -chosen[0].tick) == moved(content, chosen, -chosen[0].tick)
    assert fragments(content[:-1])[-1].end < len(content)


def test_where_pictures_can_begin_is_told(tmp_path: Path) -> None:
    agent = node(tmp_path, simulated_room([write_wav(tmp_path / "a.wav", tone(7, 440))]), Pace.FAST)
    found = recorded(agent, agent.run_to_end(CARD))
    for track in ("cam-overview", "mic-judge"):
        (segment,) = found.bodies(LeafKind.SEGMENT, track)
        with av.open(str(found.file(segment))) as container:
            keys = {packet.pts for packet in container.demux() if packet.is_keyframe and packet.pts is not None}
        parts = fragments(found.file(segment).read_bytes())
        assert {one.tick for one in parts if one.sync} == {one.tick for one in parts} & keys
        assert all(one.sync for one in parts) is (track == "mic-judge")
    agent.close()
