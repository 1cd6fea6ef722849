"""Fragments of stored sound as one: the same packets at the same times."""

import io
from pathlib import Path

import av
import pytest

from hardware.boxes import fragments
from hardware.devices import AUDIO_RATE
from protocol.copies.cut import placed
from protocol.copies.gather import gathered
from recorder.encode import OpusFile, SoundFile
from tests.factories.recordings import tone

BLOCK = AUDIO_RATE // 10


def segment(path: Path, kind: type[SoundFile]) -> tuple[bytes, bytes]:
    """Init part and fragments of 1.23 seconds."""
    file, pcm = kind(path), tone(1.23, 440)
    for at in range(0, len(pcm), BLOCK):
        file.write(at, pcm[at : at + BLOCK])
    content = path.read_bytes()[: file.seal().init_size]
    return content, path.read_bytes()[len(content) :]


def packets(content: bytes) -> list[tuple[int, int, int, bytes]]:
    with av.open(io.BytesIO(content)) as container:
        return [(one.pts, one.dts, one.duration, bytes(one)) for one in container.demux() if one.pts is not None]


@pytest.mark.parametrize("kind", [SoundFile, OpusFile])
def test_gathered_sound_has_the_same_packets_in_one_fragment(tmp_path: Path, kind: type[SoundFile]) -> None:
    init, stored = segment(tmp_path / "s.mp4", kind)
    made = gathered(stored)
    assert len(fragments(init + stored)) > 5
    assert [one.tick for one in fragments(init + made)] == [0]
    assert packets(init + made) == packets(init + stored)


def test_what_begins_before_the_hearing_stays_there(tmp_path: Path) -> None:
    init, stored = segment(tmp_path / "s.mp4", SoundFile)
    early = placed(init + stored, -BLOCK)
    assert packets(init + gathered(early)) == packets(init + early)
    assert len(gathered(early)) < len(early)


def test_what_is_built_otherwise_stays_as_it_is(tmp_path: Path) -> None:
    init, stored = segment(tmp_path / "s.mp4", SoundFile)
    found = [stored[one.start - len(init) : one.end - len(init)] for one in fragments(init + stored)]
    hole = b"".join(found[:3] + found[4:])
    other = stored.replace(b"tfdt", b"free", 1)
    many, beyond = (found[0][:at] + (1 << 30).to_bytes(4) + found[0][at + 4 :] for at in (96, 100))
    for content in (b"", init, hole, other, many, beyond, stored[:-1], stored + b"\0" * 8):
        assert gathered(content) == content
