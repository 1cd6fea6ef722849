"""Segments: one stream from file to file, playable however they are cut off."""

import contextlib
import gc
import itertools
import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from court.room import Input, SourceKind
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Picture, Source
from hardware.errors import MediaUnreadable
from hardware.inputs import open_input
from hardware.segment_reader import pictures_end, read_pcm
from recorder.boxes import init_size
from recorder.encode import EVIDENCE, SYNC_SECONDS, OpusFile, Sealed, SoundFile
from recorder.sink import Sink
from tests.factories.recordings import Pcm

SPEECH = (np.random.default_rng(7).normal(0, 2000, 7 * AUDIO_RATE) * np.hanning(7 * AUDIO_RATE)).astype(np.int16)
EDGES = (0, 6 * AUDIO_RATE + 123, 7 * AUDIO_RATE)


@pytest.fixture
def sound(tmp_path: Path) -> list[tuple[Path, Sealed, Pcm]]:
    """Two segments of one track, written in blocks of a tenth of a second."""
    made = []
    for number, (start, end) in enumerate(itertools.pairwise(EDGES)):
        path = tmp_path / f"{number}.mp4"
        file = SoundFile(path)
        for at in range(start, end, AUDIO_RATE // 10):
            file.write(at, SPEECH[at : min(end, at + AUDIO_RATE // 10)])
        made.append((path, file.seal(), SPEECH[start:end]))
    return made


def boxes(content: bytes) -> list[tuple[str, bytes]]:
    found, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        found.append((content[at + 4 : at + 8].decode(), content[at + 8 : at + size]))
        at += size
    return found


def decode_times(content: bytes) -> list[int]:
    """`tfdt` of every fragment."""
    times = []
    for kind, body in boxes(content):
        if kind == "moof":
            traf = next(inner for name, inner in boxes(body) if name == "traf")
            tfdt = next(inner for name, inner in boxes(traf) if name == "tfdt")
            times.append(int.from_bytes(tfdt[4:], "big"))
    return times


@pytest.mark.parametrize(("kind", "behind"), [(SoundFile, 0.05), (OpusFile, 0.21)])
def test_little_is_lost_with_the_program_and_with_the_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[SoundFile], behind: float
) -> None:
    synced = b""

    def sync(sink: Sink) -> None:
        nonlocal synced
        synced = sink.path.read_bytes()

    monkeypatch.setattr(Sink, "sync", sync)
    path, block = tmp_path / "sound.mp4", AUDIO_RATE // 10
    file = kind(path)
    lost: list[tuple[float, float]] = []
    for at in range(0, 5 * AUDIO_RATE, block):
        file.write(at, SPEECH[at : at + block])
        if at >= AUDIO_RATE:
            lost.append(tuple((at + block - held(content)) / AUDIO_RATE for content in (path.read_bytes(), synced)))
    file.abandon()
    killed, cut = zip(*lost, strict=True)
    assert max(killed) <= behind
    assert max(cut) <= behind + SYNC_SECONDS


def held(content: bytes) -> int:
    start, pcm = read_pcm(content)
    return start + len(pcm)


def test_what_was_heard_is_kept_sample_by_sample(sound: list[tuple[Path, Sealed, Pcm]]) -> None:
    for (path, _, pcm), start in zip(sound, EDGES, strict=False):
        found, kept = read_pcm(path)
        assert found == start
        assert np.array_equal(kept, pcm)


def test_init_part_is_the_same_in_every_segment(sound: list[tuple[Path, Sealed, Pcm]]) -> None:
    heads = [path.read_bytes()[: sealed.init_size] for path, sealed, _ in sound]
    assert heads[0] == heads[1]
    assert [kind for kind, _ in boxes(heads[0])] == ["ftyp", "moov"]


def test_decode_times_go_on_from_file_to_file(sound: list[tuple[Path, Sealed, Pcm]]) -> None:
    times = [decode_times(path.read_bytes()) for path, _, _ in sound]
    assert (times[0][0], times[1][0]) == EDGES[:2]
    steps = np.diff([*times[0], *times[1], EDGES[2]])
    assert (steps > 0).all()
    assert steps.max() <= AUDIO_RATE


def test_a_cut_off_segment_plays_to_its_last_whole_packet(sound: list[tuple[Path, Sealed, Pcm]]) -> None:
    path, sealed, pcm = sound[0]
    content = path.read_bytes()
    lengths = []
    for size in (*range(sealed.init_size, len(content), 4999), len(content) - 1):
        try:
            start, kept = read_pcm(content[:size])
        except MediaUnreadable:
            kept = pcm[:0]
        else:
            assert start == 0
        assert np.array_equal(kept, pcm[: len(kept)])
        lengths.append(len(kept))
    assert lengths == sorted(lengths)
    assert len(pcm) - lengths[-1] < AUDIO_RATE // 5


def test_every_half_second_reaches_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "open.mp4"
    file = SoundFile(path)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    for at in range(0, 5 * AUDIO_RATE, AUDIO_RATE // 10):
        file.write(at, SPEECH[at : at + AUDIO_RATE // 10])
        if at > AUDIO_RATE:
            _, durable = read_pcm(path.read_bytes()[: synced[-1]])
            assert at + AUDIO_RATE // 10 - len(durable) <= 0.8 * AUDIO_RATE
    file.seal()


@pytest.mark.parametrize("content", [b"", b"RIFF" * 100, bytes(5000), b"\0\0\0\x18ftypiso5" + b"\xff" * 600])
def test_hostile_bytes_give_one_error(content: bytes) -> None:
    with pytest.raises(MediaUnreadable):
        read_pcm(content)
    with pytest.raises(MediaUnreadable):
        pictures_end(content)


def test_any_flipped_byte_is_read_or_refused(sound: list[tuple[Path, Sealed, Pcm]]) -> None:
    content = bytearray(sound[1][0].read_bytes())
    for at in range(0, min(len(content), 3000), 11):
        content[at] ^= 0xFF
        with contextlib.suppress(MediaUnreadable):
            read_pcm(bytes(content), 16_000)
        content[at] ^= 0xFF


def test_init_size_of_a_file_that_ends_in_its_head() -> None:
    assert init_size(b"") == 0
    assert init_size(b"\0\0\0\x08ftyp\0\0\0\x20moov") == 0
    assert init_size(b"\0\0\0\x08ftyp\0\0\0\x08moov") == 16
    assert init_size(b"\0\0\0\x08ftyp\0\0\0\x08moov\0\0\0\x08moof") == 16
    assert init_size(b"\0\0\0\x00ftyp") == 0


def opus(path: Path, start: int, pcm: Pcm) -> Sealed:
    file = OpusFile(path)
    for at in range(0, len(pcm), AUDIO_RATE // 10):
        file.write(start + at, pcm[at : at + AUDIO_RATE // 10])
    return file.seal()


def lag(original: Pcm, kept: Pcm) -> int:
    """By how many samples `kept` comes later than `original`, where they are most alike."""
    at, reach = AUDIO_RATE, 480
    part, around = original[at : at + AUDIO_RATE // 2], kept[at - reach : at + AUDIO_RATE // 2 + reach]
    return int(np.argmax(np.correlate(around.astype(float), part.astype(float), "valid"))) - reach


def test_opus_comes_back_at_its_samples_and_as_long_as_it_was(tmp_path: Path) -> None:
    heads = set()
    for start, length in ((0, 3 * AUDIO_RATE), (EDGES[1], 3 * AUDIO_RATE + 700), (9 * AUDIO_RATE, 100)):
        path, pcm = tmp_path / f"{start}.mp4", SPEECH[AUDIO_RATE : AUDIO_RATE + length]
        sealed = opus(path, start, pcm)
        content = path.read_bytes()
        heads.add(content[: sealed.init_size])
        begin, kept = read_pcm(path)
        assert (begin, len(kept)) == (start, length)
        assert decode_times(content)[0] == start
        if length > AUDIO_RATE:
            assert lag(pcm, kept) == 0
            assert sealed.size * 8 / (length / AUDIO_RATE) < 50_000
            assert len(read_pcm(path, 16_000)[1]) == pytest.approx(length / 3, abs=2)
    assert len(heads) == 1


def test_opus_cut_off_plays_to_its_last_whole_packet_and_damage_is_one_error(tmp_path: Path) -> None:
    pcm = SPEECH[2 * AUDIO_RATE : 4 * AUDIO_RATE]
    sealed = opus(tmp_path / "one.mp4", 480, pcm)
    content = bytearray((tmp_path / "one.mp4").read_bytes())
    whole = read_pcm(bytes(content))[1]
    lengths = []
    for size in range(sealed.init_size + 3000, len(content), 999):
        start, kept = read_pcm(bytes(content[:size]))
        assert start == 480
        assert np.array_equal(kept, whole[: len(kept)])
        lengths.append(len(kept))
    assert lengths == sorted(lengths)
    assert len(whole) - lengths[-1] < AUDIO_RATE
    for at in range(0, 3000, 17):
        content[at] ^= 0xFF
        with contextlib.suppress(MediaUnreadable):
            read_pcm(bytes(content), 16_000)
        content[at] ^= 0xFF


def packets(path: Path) -> list[Any]:
    with av.open(path) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


def pictures(source: Source, count: int) -> list[Picture]:
    items = source.items()
    return [item for item in (next(items) for _ in range(count)) if isinstance(item, Picture)]


def test_drawn_pictures_are_encoded_from_keyframe_to_keyframe(tmp_path: Path) -> None:
    source = open_input(Input("camera", SourceKind.SIMULATED, picture="clock"), 0)
    shown = pictures(source, 60)
    heads = []
    for number, part in enumerate((shown[:35], shown[35:])):
        path = tmp_path / f"{number}.mp4"
        file = EVIDENCE.picture_file(path, part[0].format)
        for picture in part:
            file.write(picture)
        sealed = file.seal()
        heads.append(path.read_bytes()[: sealed.init_size])
        kept = packets(path)
        assert kept[0].is_keyframe
        assert [packet.pts for packet in kept] == [picture.start for picture in part]
        assert decode_times(path.read_bytes())[0] == part[0].start
        assert pictures_end(path) == part[-1].start + VIDEO_RATE // 10
    assert heads[0] == heads[1]


def camera_file(path: Path, b_frames: int, encoder: str = "libx264") -> Path:
    """Four seconds with a keyframe each second."""
    with av.open(path, "w") as container:
        own = {"x265-params": f"keyint=25:min-keyint=25:bframes={b_frames}:log-level=none:pools=1"}
        options = own if encoder == "libx265" else {"g": "25", "bf": str(b_frames)}
        stream = container.add_stream(encoder, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(100):
            image = np.full((180, 320, 3), number * 2, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def shown_at(content: bytes) -> list[int]:
    """Presentation times as the file states them: `tfdt`, durations and signed offsets of `trun` (§8.8.8).

    FFmpeg's own reader delays all of them where an offset is negative.
    """
    times = []
    for body in (body for kind, body in boxes(content) if kind == "moof"):
        traf = dict(boxes(next(inner for name, inner in boxes(body) if name == "traf")))
        at = int.from_bytes(traf["tfdt"][4:], "big")
        tfhd, trun = traf["tfhd"], traf["trun"]
        flags, count = int.from_bytes(trun[1:4], "big"), int.from_bytes(trun[4:8], "big")
        fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
        words = np.frombuffer(trun[8 + 4 * bool(flags & 1) + 4 * bool(flags & 4) :], ">i4").reshape(count, -1)
        table = dict(zip(fields, words.T, strict=True))
        before = 8 + 8 * bool(tfhd[3] & 1) + 4 * bool(tfhd[3] & 2)
        usual = int.from_bytes(tfhd[before : before + 4], "big")
        durations = table.get(0x100, np.full(count, usual))
        offsets = table.get(0x800, np.zeros(count, int))
        for duration, offset in zip(durations.tolist(), offsets.tolist(), strict=True):
            times.append(at + offset)
            at += duration
    return times


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize(("encoder", "codec", "tag"), [("libx264", "h264", "avc1"), ("libx265", "hevc", "hvc1")])
def test_a_camera_s_own_packets_are_kept_untouched(
    tmp_path: Path, b_frames: int, encoder: str, codec: str, tag: str
) -> None:
    film = camera_file(tmp_path / "c.mp4", b_frames, encoder)
    source = open_input(Input("camera", SourceKind.FILE, files=(str(film),)), 0)
    assert source.picture is not None
    assert source.picture.codec == codec
    given = [item for item in source.items() if isinstance(item, Picture)]
    source.close()
    cut = next(n for n, picture in enumerate(given) if picture.keyframe and picture.start > 1.5 * VIDEO_RATE)
    kept: list[Any] = []
    times: list[int] = []
    for number, part in enumerate((given[:cut], given[cut:])):
        file = EVIDENCE.picture_file(tmp_path / f"{number}.mp4", part[0].format)
        for picture in part:
            file.write(picture)
        file.seal()
        kept += packets(tmp_path / f"{number}.mp4")
        assert tag.encode() in (tmp_path / f"{number}.mp4").read_bytes()[:2000]
        assert pictures_end(tmp_path / f"{number}.mp4") >= part[-1].start
        times += shown_at((tmp_path / f"{number}.mp4").read_bytes())
    assert [bytes(packet) for packet in kept] == [bytes(picture.content) for picture in given]
    assert times == [picture.start for picture in given]


def test_an_abandoned_segment_stays_as_it_is(tmp_path: Path) -> None:
    file = SoundFile(tmp_path / "one.mp4")
    pcm = np.arange(AUDIO_RATE, dtype=np.int16)
    file.write(0, pcm)
    file.write(AUDIO_RATE, pcm[:1000])
    before = file.path.read_bytes()
    assert len(before) > 1000
    file.abandon()
    del file
    gc.collect()  # the muxer writes what it still holds when it is forgotten
    assert (tmp_path / "one.mp4").read_bytes() == before
