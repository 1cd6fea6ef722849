"""Black, frozen and blurred pictures, and pictures that only look so."""

import av
import numpy as np
import pytest

from hardware.devices import Picture, PictureFormat
from hardware.drawn import DrawnCamera
from hardware.glance import luma
from hardware.picture_measures import black, reduced, sharpness, still
from recorder.health.pictures import BLURRED
from tests.factories.health import blurred, scene, sensor

SHARP = scene()


@pytest.mark.parametrize("level", [0, 16, 20])
def test_a_covered_lens_is_black(level: int) -> None:
    assert black(sensor(np.full((360, 640), level, np.uint8), 1, 2.0))


def test_a_dim_room_is_not_black() -> None:
    dim = (SHARP // 8).astype(np.uint8)  # darker than night
    dim[:60, :60] = 120  # a lamp
    assert not black(dim)
    assert not black(SHARP)


def test_a_repeated_picture_is_still_and_a_live_one_never() -> None:
    assert still(SHARP, SHARP)
    assert not still(sensor(SHARP, 1), sensor(SHARP, 2))
    assert not still(sensor(SHARP, 1, 0.4), sensor(SHARP, 2, 0.4))  # a good sensor in good light
    assert not still(SHARP, SHARP[:, ::-1])
    assert not still(SHARP, scene(320, 180))


def test_a_small_movement_without_any_noise_is_life() -> None:
    moved = SHARP.copy()
    moved[100:120, 200:216] += 8
    assert not still(SHARP, moved)


def test_the_drawn_clock_moves() -> None:
    pictures = DrawnCamera("clock", 0.0).items()
    seen = [luma(next(pictures)) for _ in range(12)]  # type: ignore[arg-type]
    assert seen[0] is not None
    assert seen[-1] is not None
    assert not still(seen[0], seen[-1])
    assert not black(seen[0])
    assert sharpness(seen[0]) > 10 * BLURRED


@pytest.mark.parametrize("width", [640, 1280, 1920])
def test_focus_is_judged_alike_at_every_size(width: int) -> None:
    picture = np.kron(SHARP, np.ones((width // 640, width // 640), np.uint8))
    assert sharpness(picture) > 10 * BLURRED
    assert sharpness(blurred(picture, 4 * width // 640)) < BLURRED
    assert reduced(picture).shape == (360, 640)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_kept_packet_is_looked_at_without_the_others(codec: str) -> None:
    name = {"libx264": "h264", "libx265": "hevc"}[codec]
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = 640, 360, "yuv420p", 10
    encoder.options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    frame = av.VideoFrame.from_ndarray(np.concatenate([SHARP, np.full((180, 640), 128, np.uint8)]), format="yuv420p")
    packets = [*encoder.encode(frame), *encoder.encode(None)]

    class Kept:
        codec_context = encoder

    form = PictureFormat(640, 360, 10, Kept(), name)
    seen = luma(Picture(0, 0, True, form, packets[0]))
    assert seen is not None
    assert seen.shape == SHARP.shape
    assert float(np.abs(seen.astype(int) - SHARP).mean()) < 8
    assert luma(Picture(0, 0, False, form, packets[0])) is None
    assert luma(Picture(0, 0, True, form, av.Packet(b"\x00\x00\x01 no picture"))) is None
