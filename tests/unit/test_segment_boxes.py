"""What libav is shown of a file that claims to be a segment of ours."""

import io
from pathlib import Path

import av
import numpy as np
import pytest

from hardware.boxes import MAX_SAMPLES, our_part
from hardware.devices import AUDIO_RATE
from hardware.errors import MediaUnreadable
from hardware.segment_reader import pictures_end, read_pcm
from recorder.encode import OpusFile, SoundFile
from tests.factories.recordings import tone
from tests.fuzz.campaign import CORPUS


@pytest.fixture
def segment(tmp_path: Path) -> bytes:
    file = SoundFile(tmp_path / "one.mp4")
    file.write(0, tone(2, 440))
    file.seal()
    return file.path.read_bytes()


def box(kind: bytes, body: bytes = b"") -> bytes:
    return (8 + len(body)).to_bytes(4) + kind + body


def fragment(samples: int) -> bytes:
    """One that claims so many samples without a byte of them."""
    run = box(b"trun", bytes(4) + samples.to_bytes(4))
    return box(b"moof", box(b"mfhd", bytes(8)) + box(b"traf", box(b"tfhd", bytes(8)) + run))


def test_no_packet_is_kept_back_however_a_segment_was_cut_off(segment: bytes) -> None:
    """Cut in the midst of the boxes that come before packets, those boxes may stay away."""
    packets = segment.index(b"mdat") + 4
    for end in range(packets, segment.index(b"moof", packets) - 4):
        assert our_part(segment[:end]) == segment[:end]
    for end in range(0, len(segment), 5):
        assert segment[:end].startswith(our_part(segment[:end]))
    assert our_part(segment) == segment


@pytest.mark.parametrize("kind", [SoundFile, OpusFile])
def test_a_segment_cut_off_anywhere_in_a_head_plays_up_to_there(tmp_path: Path, kind: type[SoundFile]) -> None:
    file = kind(tmp_path / "two.mp4")
    file.write(0, tone(2, 440))
    file.seal()
    content = file.path.read_bytes()
    last = content.rindex(b"moof") - 4
    wanted = len(read_pcm(content[:last])[1])
    for end in range(last, last + int.from_bytes(content[last : last + 4]), 3):
        assert len(read_pcm(content[:end])[1]) == wanted > AUDIO_RATE


@pytest.mark.parametrize(
    "strange",
    [
        bytes(100),
        box(b"sidx"),
        box(b"moov", box(b"udta", box(b"trun", bytes(8)))),
        box(b"moov", bytes(1 << 16) + b"\0"),
        box(b"moof", box(b"udta")),
        box(b"moof", box(b"traf", box(b"uuid"))),
        fragment(MAX_SAMPLES + 1),
        fragment(MAX_SAMPLES) + fragment(1),
        (1).to_bytes(4) + b"mdat" + (1 << 40).to_bytes(8),
    ],
)
def test_what_is_not_ours_ends_it(segment: bytes, strange: bytes) -> None:
    shown = our_part(segment + strange + segment)
    assert len(segment) <= len(shown) < len(segment) + max(len(strange), 1)
    assert len(read_pcm(segment + strange)[1]) == 2 * AUDIO_RATE


def encoded(codec: str) -> bytes:
    content = io.BytesIO()
    with av.open(content, "w", format="mp4", options={"movflags": "cmaf+empty_moov+skip_trailer"}) as container:
        stream = container.add_stream(codec, rate=AUDIO_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
        frame.sample_rate = AUDIO_RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (encoded("aac"), r"audio is not in our coding \(flac or opus\)"),
        ((CORPUS / "sound" / "bug-one-sample-a-second").read_bytes(), "has 1 samples a second, ours 48000"),
    ],
    ids=["another coding", "a frame of twenty minutes"],
)
def test_sound_that_is_not_ours_is_not_decoded(content: bytes, sentence: str) -> None:
    with pytest.raises(MediaUnreadable, match=sentence):
        read_pcm(content)


def test_a_picture_larger_than_any_camera_s_is_not_decoded() -> None:
    content = io.BytesIO()
    with av.open(content, "w", format="mp4", options={"movflags": "cmaf+empty_moov+skip_trailer"}) as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 8192, 4096, "yuv420p"
        frame = av.VideoFrame(8192, 4096, "yuv420p")
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    with pytest.raises(MediaUnreadable):
        pictures_end(content.getvalue())
