"""The inaudible mark in a copy's sound: what it leaves as it was, and that it names its own copy and no other one."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.audio.resampler import AudioResampler
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.devices import AUDIO_RATE, Pcm
from protocol.copies.leak import leaked, resampled
from protocol.copies.mark import STEP_DB, louder, marked
from protocol.copies.trace import BLOCK_SECONDS, MOST_CHANCE, RATE, Stored, Trail, chance
from protocol.errors import LeakError
from tests.factories.copies import babble
from tests.factories.recordings import write_wav

KEY, OTHERS = b"k" * 32, [bytes([number, *range(31)]) for number in range(200)]
SECONDS = 60


def whole(pcm: Pcm, key: bytes = KEY, piece: int = 700_001) -> Pcm:
    return np.concatenate([*marked((pcm[at : at + piece] for at in range(0, len(pcm), piece)), key), pcm[:0]])


def lower(pcm: Pcm) -> Pcm:
    return np.concatenate([*resampled([pcm], AUDIO_RATE)])


@pytest.fixture(scope="module")
def hearing() -> Pcm:
    return babble(SECONDS)


@pytest.fixture(scope="module")
def copy(hearing: Pcm) -> Pcm:
    return whole(hearing)


def score(hearing: Pcm, leak: Pcm, *keys: bytes) -> list[float]:
    trail = Trail(Stored([lower(hearing)]))
    step = BLOCK_SECONDS * RATE
    for at in range(0, len(leak), step):
        trail.follow(leak[at : at + step])
    return [trail.score(key) for key in keys]


@settings(deadline=None, max_examples=30)
@given(
    seconds=st.floats(0, 23), loudness=st.sampled_from([0, 1, 30, 2000, 32767]), piece=st.integers(1_000, 600_000),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_as_many_samples_come_out_none_overflows_and_silence_stays(
    seconds: float, loudness: int, piece: int, seed: int
) -> None:
    drawn = np.random.default_rng(seed).integers(-loudness, loudness + 1, round(seconds * AUDIO_RATE))
    pcm = np.asarray(drawn, np.int16)
    pcm[len(pcm) // 3 : len(pcm) // 2] = 0
    found = whole(pcm, piece=piece)
    assert found.dtype == np.int16
    assert len(found) == len(pcm)
    assert not found[pcm == 0].any()
    apart = np.abs(found.astype(int) - pcm)
    assert apart.max(initial=0) <= loudness * 0.6 + 1  # a sample that wrapped round would be 65,536 apart


def test_how_the_sound_comes_in_pieces_does_not_matter(hearing: Pcm, copy: Pcm) -> None:
    assert np.array_equal(whole(hearing, piece=999), copy)


def test_the_mark_is_as_faint_as_it_says(hearing: Pcm, copy: Pcm) -> None:
    added = copy.astype(float) - hearing
    below = 10 * np.log10((hearing.astype(float) ** 2).mean() / (added**2).mean())
    assert below > -20 * np.log10(10 ** (STEP_DB / 20) - 1) - 0.5


def test_a_part_that_is_far_from_a_change_is_the_same_without_it(hearing: Pcm, copy: Pcm) -> None:
    """The mark reaches 16 ms to both sides: what was cut out of the sound cannot be told from what is beside it."""
    other = hearing.copy()
    other[20 * AUDIO_RATE : 30 * AUDIO_RATE] = babble(10, seed=5)
    found, reach = whole(other), AUDIO_RATE * 16 // 1000
    assert np.array_equal(found[: 20 * AUDIO_RATE - reach], copy[: 20 * AUDIO_RATE - reach])
    assert np.array_equal(found[30 * AUDIO_RATE + reach :], copy[30 * AUDIO_RATE + reach :])


def test_signs_are_the_keys_own_and_as_often_louder_as_softer() -> None:
    one = louder(KEY, range(5000))
    assert np.array_equal(louder(KEY, range(1000, 1050)), one[1000:1050])
    assert abs(one.mean() - 0.5) < 0.01
    assert abs(np.mean(one == louder(OTHERS[0], range(5000))) - 0.5) < 0.01


def same(pcm: Pcm) -> Pcm:
    return pcm


def noisy(pcm: Pcm) -> Pcm:
    noise = np.random.default_rng(2).standard_normal(len(pcm))
    return np.asarray(pcm + noise * pcm.std() / 10, np.int16)


def reverberant(pcm: Pcm, rt60: float = 0.5, tail: float = 0.7) -> Pcm:
    time = np.arange(round(rt60 * RATE)) / RATE
    room = np.random.default_rng(3).standard_normal(len(time)) * 10 ** (-3 * time / rt60)
    room *= tail / np.sqrt((room**2).sum())
    room[0] = 1
    size = len(pcm) + len(room)
    heard = np.fft.irfft(np.fft.rfft(pcm, size) * np.fft.rfft(room, size), size)[: len(pcm)]
    return np.asarray(heard * 0.3, np.int16)


def drifting(pcm: Pcm) -> Pcm:
    at = np.arange(0, len(pcm) - 1, 1.0001)
    return np.asarray(np.interp(at, np.arange(len(pcm)), pcm), np.int16)


def levelled(pcm: Pcm) -> Pcm:
    power = np.convolve(pcm.astype(float) ** 2, np.ones(4800) / 4800, "same")
    return np.asarray(pcm * 20 / (power + 1) ** 0.25, np.int16)


@pytest.mark.parametrize("change", [same, noisy, reverberant, drifting, levelled])
@pytest.mark.parametrize("begins", [0.0, 13.37, 49.9])
def test_ten_seconds_name_their_copy_and_no_other(
    hearing: Pcm, copy: Pcm, change: Callable[[Pcm], Pcm], begins: float
) -> None:
    leak = change(lower(copy[round(begins * AUDIO_RATE) :][: 10 * AUDIO_RATE]))
    own, *others = score(hearing, leak, KEY, *OTHERS)
    assert chance(own, 201) < MOST_CHANCE
    assert chance(max(others), 201) > MOST_CHANCE


def test_an_echo_of_the_mark_counts_for_it(hearing: Pcm, copy: Pcm) -> None:
    """11 where each cell is only looked for in its own place."""
    leak = reverberant(lower(copy[13 * AUDIO_RATE : 23 * AUDIO_RATE]), 0.8, 2.0)
    assert score(hearing, leak, KEY)[0] > 13


@pytest.mark.parametrize("change", [same, noisy, reverberant])
def test_scores_of_keys_that_are_not_its_own_are_chance(hearing: Pcm, copy: Pcm, change: Callable[[Pcm], Pcm]) -> None:
    """Also of a piece that comes again and again, which is no further witness."""
    piece = change(lower(copy[12 * AUDIO_RATE : 22 * AUDIO_RATE]))
    for leak in (piece, np.tile(piece, 8), change(lower(hearing[: 20 * AUDIO_RATE]))):
        found = np.array(score(hearing, leak, *OTHERS))
        assert abs(found.mean()) < 0.3
        assert 0.8 < found.std() < 1.2


def test_what_is_no_part_of_the_hearing_names_nobody(hearing: Pcm) -> None:
    strange = lower(whole(babble(30, seed=9)))
    for leak in (strange, np.zeros(5 * RATE, np.int16), lower(hearing[:100])):
        assert chance(*score(hearing, leak, KEY), 1) > 1e-3


def test_a_piece_longer_than_the_track_is_left_out(hearing: Pcm) -> None:
    trail = Trail(Stored([lower(hearing[: 5 * AUDIO_RATE])]))
    trail.follow(lower(hearing[: 9 * AUDIO_RATE]))
    assert trail.score(KEY) == 0
    assert Trail(Stored([])).score(KEY) == 0


def test_chance_counts_all_that_were_tried() -> None:
    assert chance(6, 1) == pytest.approx(np.exp(-18))
    assert chance(6, 40) == pytest.approx(40 * np.exp(-18))
    assert chance(-6, 1) == chance(0, 1) == chance(1, 2) == 1.0


@settings(deadline=None, max_examples=60)
@given(
    form=st.sampled_from(["wav", "mp3", "ogg", "flac", "mp4"]),
    changes=st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 255)), max_size=12),
    length=st.integers(0, 40_000),
)  # fmt: skip
def test_whatever_the_file_it_is_sound_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, form: str, changes: list[tuple[int, int]], length: int
) -> None:
    path = tmp_path_factory.getbasetemp() / f"leak.{form}"
    content = bytearray(leak_file(path, form))
    for at, value in changes:
        content[at % len(content)] = value
    path.write_bytes(content[: length or None])
    try:
        found = [*leaked(path)]
    except LeakError as error:
        assert str(error).endswith(".")
    else:
        assert sum(map(len, found)) >= 3 * RATE
        assert all(one.dtype == np.int16 for one in found)


@cache
def leak_file(path: Path, form: str) -> bytes:
    codec = {"wav": "pcm_s16le", "ogg": "libopus", "mp3": "libmp3lame", "mp4": "aac"}.get(form, form)
    with av.open(path, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=AUDIO_RATE, layout="mono")
        coder = stream.codec_context
        inside = AudioResampler(coder.format.name, "mono", AUDIO_RATE, coder.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray(babble(4).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = AUDIO_RATE
        for one in (*inside.resample(frame), *inside.resample(None), None):
            container.mux(stream.encode(one))
    return path.read_bytes()


def test_pieces_are_all_of_the_sound(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "leak.wav", babble(34))
    found = [*leaked(path)]
    assert [len(one) for one in found] == [10 * RATE, 10 * RATE, 14 * RATE]
    assert np.array_equal(np.concatenate(found), lower(babble(34)))


@pytest.mark.parametrize("form", ["mp3", "mp4"])
def test_what_is_damaged_is_passed_over_and_the_rest_is_heard(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"leak.{form}"
    content = bytearray(leak_file(path, form))
    at = len(content) // 5
    content[at : at + 40] = b"\xff" * 40
    path.write_bytes(content)
    assert sum(len(one) for one in leaked(path)) > 3.8 * RATE


def test_too_few_samples_a_second_are_refused(tmp_path: Path) -> None:
    content = bytearray(write_wav(tmp_path / "leak.wav", babble(4)).read_bytes())
    at = content.index(AUDIO_RATE.to_bytes(4, "little"))
    content[at : at + 4] = (1).to_bytes(4, "little")
    (tmp_path / "slow.wav").write_bytes(content)
    with pytest.raises(LeakError, match="has 1 samples a second"):
        [*leaked(tmp_path / "slow.wav")]
