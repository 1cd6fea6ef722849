"""Every adapter of hardware.devices.Source keeps the port's promises."""

import itertools
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from court.errors import InputError
from court.room import Input, SourceKind
from hardware.devices import AUDIO_RATE, VIDEO_RATE, AudioBlock, Picture, Source
from hardware.drawn import clock
from hardware.errors import DeviceUnusable
from hardware.inputs import open_input
from tests.factories.recordings import tone, write_wav

SECONDS = 3.0


def file(folder: Path) -> Input:
    return Input("file", SourceKind.FILE, files=(str(write_wav(folder / "two.wav", tone(3, 440), tone(3, 550))),))


def side_by_side(folder: Path) -> Input:
    files = [write_wav(folder / "a.wav", tone(3, 440)), write_wav(folder / "b.wav", tone(1.5, 550))]
    return Input("both", SourceKind.SIMULATED, files=tuple(map(str, files)))


def graph(folder: Path) -> Input:
    return Input("graph", SourceKind.LAVFI, "sine=frequency=440:duration=3:sample_rate=22050")


def drawn(folder: Path) -> Input:
    return Input("drawn", SourceKind.SIMULATED, picture="clock")


def film(folder: Path) -> Input:
    path = folder / "film.mkv"
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(75):
            picture = np.full((48, 64, 3), number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return Input("film", SourceKind.FILE, files=(str(path),))


every = pytest.mark.parametrize("make", [file, side_by_side, graph, drawn, film])
finite = pytest.mark.parametrize("make", [file, side_by_side, graph, film])


def first_seconds(source: Source) -> list[AudioBlock | Picture]:
    found = []
    for item in source.items():
        if item.end_seconds > SECONDS:
            break
        found.append(item)
    source.close()
    return found


@every
@pytest.mark.parametrize("at", [0.0, 1.2])
def test_items_rise_in_time_without_holes_from_where_it_was_opened(
    tmp_path: Path, make: Callable[[Path], Input], at: float
) -> None:
    source = open_input(make(tmp_path), 2, at)
    items = first_seconds(source)
    sounds = [item for item in items if isinstance(item, AudioBlock)]
    shown = [item for item in items if isinstance(item, Picture)]
    assert bool(sounds) == (source.channels > 0)
    assert bool(shown) == (source.picture is not None)
    if sounds:
        assert sounds[0].start == int(at * AUDIO_RATE)
        assert all(one.end == other.start for one, other in itertools.pairwise(sounds))
        assert all(block.pcm.dtype == np.int16 and block.pcm.shape[1] == source.channels for block in sounds)
    if shown:
        assert 0 <= shown[0].start - at * VIDEO_RATE <= VIDEO_RATE / 10
        assert (np.diff([one.start for one in shown]) > 0).all()
        assert all(one.format == source.picture for one in shown)


@finite
def test_a_recording_ends(tmp_path: Path, make: Callable[[Path], Input]) -> None:
    source = open_input(make(tmp_path), 2)
    *_, last = source.items()
    source.close()
    assert not source.endless
    assert last.end_seconds == pytest.approx(SECONDS, abs=0.05)


@every
def test_what_is_opened_later_gives_the_same(tmp_path: Path, make: Callable[[Path], Input]) -> None:
    spec = make(tmp_path)
    early, late = first_seconds(open_input(spec, 2)), first_seconds(open_input(spec, 2, 1.5))
    for wanted in late:
        if isinstance(wanted, Picture):
            (same,) = [item for item in early if isinstance(item, Picture) and item.start == wanted.start]
            assert np.array_equal(same.content.to_ndarray(), wanted.content.to_ndarray())
    heard = [[row for i in items if isinstance(i, AudioBlock) for row in i.pcm.tolist()] for items in (early, late)]
    assert heard[0][len(heard[0]) - len(heard[1]) :] == heard[1]


def test_the_shorter_of_two_ends_in_digital_silence(tmp_path: Path) -> None:
    source = open_input(side_by_side(tmp_path), 2)
    pcm = np.vstack([item.pcm for item in source.items() if isinstance(item, AudioBlock)])
    source.close()
    assert np.array_equal(pcm[:, 0], tone(3, 440))
    assert np.array_equal(pcm[: len(pcm) // 2, 1], tone(1.5, 550))
    assert not pcm[len(pcm) // 2 :, 1].any()


def test_the_drawn_clock_shows_media_time() -> None:
    assert [clock(0), clock(617), clock(36_000 + 55)] == ["00:00:00.0", "00:01:01.7", "01:00:05.5"]


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (Input("a", SourceKind.FILE, files=("/missing/voice.wav",)), "The file /missing/voice.wav does not exist"),
        (Input("a", SourceKind.FILE, files=(__file__,)), "cannot be opened: invalid data"),
        (Input("a", SourceKind.ALSA, "hw:77"), "The sound card hw:77 cannot be opened"),
        (Input("a", SourceKind.PULSE, "desk"), "The sound source desk cannot be opened"),
        (Input("a", SourceKind.V4L2, "/dev/video77"), "The camera /dev/video77 does not exist"),
        (Input("a", SourceKind.RTSP, "rtsp://me:secret@127.0.0.1:1/door"), "The stream rtsp://127.0.0.1:1/door cannot"),
        (Input("a", SourceKind.LAVFI, "nosuchfilter=1"), "The filter graph 'nosuchfilter=1' cannot be opened"),
        (Input("a", SourceKind.SIMULATED, picture="moon"), "The picture 'moon' is not known: draw one of clock"),
    ],
)
def test_what_cannot_be_opened_is_named_in_one_sentence(spec: Input, sentence: str) -> None:
    with pytest.raises(DeviceUnusable) as refused:
        open_input(spec, 1)
    assert isinstance(refused.value, InputError)
    assert sentence in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
