"""Whether the mark in a copy's sound names the copy, after what happens to a recording that got out, and what it costs.

    python -m bench.copy_mark [--trials 12] [--hours 4]

Human speech (tests/speech) and the sample hearing, marked with one key; pieces from anywhere in it, encoded, sent
through a telephone, or played into a simulated room and recorded there. A copy counts as named where the program would
name it with 100 copies issued. Loudspeakers, microphones and rooms are arithmetic here, nothing was played.
"""

import argparse
import hashlib
import io
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from rich.console import Console
from rich.table import Table

from hardware.devices import AUDIO_RATE, Pcm
from protocol.copies.leak import resampled
from protocol.copies.mark import marked
from protocol.copies.trace import BLOCK_SECONDS, MOST_CHANCE, RATE, Stored, Trail, chance
from tests.speech import Composite, Line, asterisk_ru, compose, festvox_ru
from tools.sample_hearing import mix
from tools.sample_hearing.audio import read_pcm

KEY, COPIES = b"the copy that got out".ljust(32), 100
OTHERS = [hashlib.sha256(number.to_bytes(2)).digest() for number in range(COPIES - 1)]
SEATS, SENTENCES, SEED = ("judge", "secretary"), 45, 41
LENGTHS = (5, 10, 30, 60, 300)
_CHANCE = np.random.default_rng(SEED)
_LEVELLING = RATE // 3  # samples that a levelling recorder looks at

Treatment = Callable[[Pcm], Pcm]


def people() -> Pcm:
    """A man and a woman by turns, at 48 kHz; her prompts have nothing above 4 kHz."""
    pairs = zip(festvox_ru(SENTENCES, SEED), asterisk_ru(SENTENCES, SEED), strict=True)
    lines = [Line(seat, clip) for pair in pairs for seat, clip in zip(SEATS, pair, strict=True)]
    room: Composite = compose("marks", SEATS, lines, SEED)
    return raised(room.pcm)


def sample() -> Pcm:
    """The sample hearing, synthetic voices, at 48 kHz."""
    tracks = [read_pcm(one) for one in sorted(Path("samples/hearing-ru").glob("*.flac"))]
    return raised(np.stack(tracks))


def raised(microphones: mix.Pcm) -> Pcm:
    together = mix.to_pcm(np.sum([mix.to_signal(one) for one in microphones], axis=0))
    return np.concatenate([*_resampled(together, mix.RATE, AUDIO_RATE)])


def _resampled(pcm: Pcm, before: int, after: int) -> Iterator[Pcm]:
    resampler = AudioResampler("s16", "mono", after)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = before
    for one in (*resampler.resample(frame), *resampler.resample(None)):
        yield one.to_ndarray()[0]


def untouched(pcm: Pcm) -> Pcm:
    return np.concatenate([*resampled([pcm], AUDIO_RATE)])


def encoded(codec: str, form: str, bits: int, rate: int = AUDIO_RATE) -> Treatment:
    """Encoded with this codec at so many bits a second, and decoded."""

    def treat(pcm: Pcm) -> Pcm:
        file = io.BytesIO()
        with av.open(file, "w", format=form) as container:
            stream: Any = container.add_stream(codec, rate=rate, layout="mono")
            if bits:
                stream.bit_rate = bits
            coder = stream.codec_context
            inside = AudioResampler(coder.format.name, "mono", rate, coder.frame_size or 1024)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = AUDIO_RATE
            for one in (*inside.resample(frame), *inside.resample(None)):
                container.mux(stream.encode(one))
            container.mux(stream.encode(None))
        file.seek(0)
        return read_pcm(file)

    return treat


def recorded_anew(rt60: float, tail_db: float, noise_db: float, ppm: float) -> Treatment:
    """Played by a small loudspeaker (nothing below some 250 Hz) into a room whose tail has `tail_db` against the direct
    sound, recorded with noise `noise_db` below it by a recorder whose clock is off and that levels what it hears."""

    def treat(pcm: Pcm) -> Pcm:
        heard = mix.to_signal(untouched(pcm))
        size = 2 * len(heard)
        hertz = np.fft.rfftfreq(size, 1 / RATE)
        heard = np.fft.irfft(np.fft.rfft(heard, size) * (hertz / (hertz + 250)) ** 2, size)[: len(heard)]
        room = mix.Acoustics(rt60=rt60, reverb_db=tail_db)
        heard = heard + mix.reverberation(heard, room, _CHANCE)[: len(heard)]
        heard = np.interp(np.arange(0, len(heard) - 1, 1 + ppm * 1e-6), np.arange(len(heard)), heard)
        level = 10 * np.log10(np.mean(heard**2)) - noise_db
        hiss = _CHANCE.standard_normal(len(heard)) * mix.gain(level - 10)
        heard = heard + mix.room_noise(len(heard), level, _CHANCE) + hiss
        power = np.concatenate([np.zeros(_LEVELLING), np.cumsum(heard**2)])
        loudness = (power[_LEVELLING:] - power[:-_LEVELLING]) / _LEVELLING
        heard = heard * 0.06 / (loudness + 1e-8) ** 0.3
        return mix.to_pcm(heard / np.abs(heard).max() * 0.9)

    return treat


MP3, MP3_LOW = encoded("libmp3lame", "mp3", 64_000), encoded("libmp3lame", "mp3", 32_000)
ANEW = recorded_anew(0.5, 0.0, 20, 50)


def both(pcm: Pcm) -> Pcm:
    """Recorded anew from an MP3."""
    return ANEW(np.concatenate([*_resampled(MP3(pcm), RATE, AUDIO_RATE)]))


TREATMENTS: dict[str, Treatment] = {
    "untouched": untouched,
    "MP3 64 kbit/s": MP3,
    "MP3 32 kbit/s": MP3_LOW,
    "Opus 24 kbit/s": encoded("libopus", "ogg", 24_000),
    "telephone (8 kHz, μ-law)": encoded("pcm_mulaw", "wav", 0, 8000),
    "recorded anew": ANEW,
    "MP3 64, then recorded anew": both,
    "recorded anew, bad room": recorded_anew(0.8, 4.0, 12, 100),
}


def pieces(length: int, seconds: int, trials: int) -> Iterator[slice]:
    """From anywhere, to the sample."""
    for begin in _CHANCE.integers(0, length - seconds * RATE, trials):
        yield slice(int(begin), int(begin) + seconds * RATE)


def scores(stored: Stored, leak: Pcm) -> tuple[float, list[float]]:
    """Of the key it was marked with, and of the others."""
    trail = Trail(stored)
    for part in np.array_split(leak, max(1, len(leak) // (BLOCK_SECONDS * RATE))):
        trail.follow(part)
    return trail.score(KEY), [trail.score(key) for key in OTHERS]


def measure(console: Console, name: str, pcm: Pcm, lengths: Sequence[int], trials: int) -> None:
    stored, copy, strange = Stored([untouched(pcm)]), np.concatenate([*marked([pcm], KEY)]), list[float]()
    console.print(f"{name}, {len(pcm) / AUDIO_RATE:.0f} s: {faintness(pcm, copy)}")
    table = Table("what happened to it", *(f"{one} s" for one in lengths))
    for treatment, treat in TREATMENTS.items():
        told, leak, bare = list[str](), treat(copy), treat(pcm)
        for length in lengths:
            found = []
            for part in pieces(min(len(leak), len(bare)), length, trials if length < 300 else -(-trials // 4)):
                own, others = scores(stored, leak[part])
                found.append(own)
                strange += others
                strange += scores(stored, bare[part])[1] if length <= 30 else []
            named = np.mean([chance(one, COPIES) <= MOST_CHANCE for one in found])
            told.append(f"{named:.0%} ({np.median(found):.1f}, {min(found):.1f})")
        table.add_row(treatment, *told)
        console.print(treatment, *told, sep="  ")  # a long run that is ended has told something
    console.print(table)
    wrong = np.array(strange)
    falsely = int(sum(chance(one, COPIES) <= MOST_CHANCE for one in strange))
    beyond = ", ".join(f"{np.mean(wrong > z):.1e} above {z}" for z in (2, 3, 4))
    console.print(
        f"{len(wrong)} scores of other keys: mean {wrong.mean():.3f}, deviation {wrong.std():.3f}, "
        f"highest {wrong.max():.2f}, {beyond}; {falsely} named falsely"
    )


def faintness(pcm: Pcm, copy: Pcm) -> str:
    """How far below the sound the mark is, altogether and in the median of 20 ms that are not silent."""
    frame = AUDIO_RATE // 50
    sound, added = (
        (one[: len(pcm) // frame * frame].reshape(-1, frame).astype(float) ** 2).mean(1)
        for one in (pcm, copy.astype(float) - pcm)
    )
    loud = sound > sound.max() * 1e-4
    segments = np.median(10 * np.log10(sound[loud] / (added[loud] + 1e-9)))
    return f"the mark is {10 * np.log10(sound.sum() / added.sum()):.1f} dB below the sound, median {segments:.1f} dB"


def cost(hours: float) -> str:
    """Processor time and memory for a hearing of so many hours, piece by piece."""
    piece = (_CHANCE.standard_normal(15 * AUDIO_RATE) * 1000).astype(np.int16)
    count = round(hours * 240)

    def hearing() -> Iterator[Pcm]:
        return islice(cycle([piece]), count)

    began = time.process_time()
    for _ in marked(hearing(), KEY):
        pass
    marking = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    trail = Trail(Stored(resampled(hearing(), AUDIO_RATE)))
    reading, began = time.process_time() - began, time.process_time()
    trail.follow(untouched(piece[: 10 * AUDIO_RATE]))
    one, began = time.process_time() - began, time.process_time()
    trail.score(KEY)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    return (
        f"{hours:g} h: marking {marking:.1f} s; tracing {reading:.1f} s to get ready (decoding not counted), "
        f"{one:.2f} s for every {BLOCK_SECONDS} s of the recording that got out, {more / 1024:.0f} MiB"
    )


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--trials", type=int, default=12)
    arguments.add_argument("--hours", type=float, default=4)
    asked = arguments.parse_args()
    console = Console(width=140)
    console.print(cost(asked.hours))
    measure(console, "human speech", people(), LENGTHS, asked.trials)
    measure(console, "sample hearing", sample(), LENGTHS[:-1], asked.trials)


if __name__ == "__main__":
    main()
