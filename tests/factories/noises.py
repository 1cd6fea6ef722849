"""What a court-room hears when nobody speaks: 16 kHz sounds, the same for the same seed.

All but the music are synthesised: real recordings of coughs and paper come in no package.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from tests.speech import SpeechMissing
from tools.sample_hearing.audio import read_pcm
from transcribe.speech import SAMPLE_RATE, Pcm

MUSIC = Path("/usr/share/asterisk/moh")
ROOM_DB = -65.0  # what microphones and room add to everything, in dB of full scale

_Sound = NDArray[np.float64]


def silence(seconds: int, rng: np.random.Generator) -> _Sound:
    """Nothing but what every microphone adds."""
    return np.zeros(seconds * SAMPLE_RATE)


def hum(seconds: int, rng: np.random.Generator) -> _Sound:
    """Mains hum of 50 Hz and nine harmonics at -20 dBFS, swelling slowly."""
    time = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    tones = sum(np.sin(2 * np.pi * 50 * n * time + rng.uniform(0, 6)) / n for n in range(1, 11))
    return _at(tones * (1 + 0.3 * np.sin(2 * np.pi * 0.2 * time)), -20.0)


def air_conditioning(seconds: int, rng: np.random.Generator) -> _Sound:
    """Noise falling by 6 dB an octave above 120 Hz at -25 dBFS, with the blades' tone, switching on and off."""
    length = seconds * SAMPLE_RATE
    time = np.arange(length) / SAMPLE_RATE
    blown = signal.lfilter([0.045], [1, -0.955], rng.standard_normal(length))
    running = np.clip(np.sin(2 * np.pi * time / 20) * 8, 0.0, 1.0)
    return _at((blown + 0.1 * np.sin(2 * np.pi * 92 * time)) * running, -25.0)


def paper(seconds: int, rng: np.random.Generator) -> _Sound:
    """Pages turned: half a second to a second of crackling above 1.5 kHz, one or two every two seconds."""
    crackle = signal.butter(4, [1500, 7000], "bandpass", fs=SAMPLE_RATE, output="sos")
    return _events(seconds, rng, 1.5, lambda: _rustle(rng, crackle), -22.0)


def coughing(seconds: int, rng: np.random.Generator) -> _Sound:
    """Fits of one to four coughs: a burst, noise through a throat's resonances, and often a voiced end."""
    return _events(seconds, rng, 2.5, lambda: np.concatenate([_cough(rng) for _ in range(rng.integers(1, 5))]), -18.0)


def music(seconds: int, rng: np.random.Generator) -> _Sound:
    """Music on hold of Debian's asterisk-moh-opsound-wav, a piece of each in turn; raises SpeechMissing without it."""
    files = sorted(MUSIC.glob("*.wav"))
    if not files:
        raise SpeechMissing(f"{MUSIC} holds no music; run: apt-get install asterisk-moh-opsound-wav")
    each = seconds * SAMPLE_RATE // len(files)
    pieces = [read_pcm(io.BytesIO(one.read_bytes())) for one in files]
    starts = [int(rng.integers(0, one.size - each)) for one in pieces]
    return _at(np.concatenate([one[at : at + each] for one, at in zip(pieces, starts, strict=True)]) / 32768.0, -22.0)


NOISES: dict[str, Callable[[int, np.random.Generator], _Sound]] = {
    one.__name__: one for one in (silence, hum, air_conditioning, paper, coughing, music)
}


def noisy_room(name: str, seconds: int, tracks: tuple[str, ...], nearest: str = "", seed: int = 0) -> dict[str, Pcm]:
    """What `tracks` record of the noise `name`: 12 dB weaker where it is not `nearest`, alike without one."""
    rng = np.random.default_rng(seed)
    sound = NOISES[name](seconds, rng)
    heard = {one: sound * (1.0 if one == nearest or not nearest else 0.25) for one in tracks}
    own = 10 ** (ROOM_DB / 20)
    return {
        track: (np.clip(one + own * rng.standard_normal(one.size), -1, 1) * 32767).astype(np.int16)
        for track, one in heard.items()
    }


def _rustle(rng: np.random.Generator, crackle: NDArray[np.float64]) -> _Sound:
    length = int(rng.integers(SAMPLE_RATE // 2, SAMPLE_RATE))
    clicks = rng.standard_normal(length) * (rng.random(length) < 0.03) * rng.exponential(1.0, length)
    return np.asarray(signal.sosfilt(crackle, clicks + 0.05 * rng.standard_normal(length)) * np.hanning(length))


def _cough(rng: np.random.Generator) -> _Sound:
    length = int(rng.uniform(0.3, 0.5) * SAMPLE_RATE)
    time = np.arange(length) / SAMPLE_RATE
    breath = rng.standard_normal(length) * np.exp(-time / 0.09)
    pitch = rng.uniform(150, 350)
    voice = signal.sawtooth(2 * np.pi * np.cumsum(pitch * (1 - 0.4 * time)) / SAMPLE_RATE)
    voiced = voice * np.exp(-(((time - 0.22) / 0.06) ** 2)) * rng.choice([0.0, 0.6])
    throat = sum(
        signal.sosfilt(signal.butter(2, [f * 0.8, f * 1.2], "bandpass", fs=SAMPLE_RATE, output="sos"), breath + voiced)
        for f in rng.uniform([400, 1000, 2200], [800, 1700, 3200])
    )
    return np.concatenate([np.asarray(throat), np.zeros(int(rng.uniform(0.02, 0.15) * SAMPLE_RATE))])


def _events(
    seconds: int, rng: np.random.Generator, every: float, make: Callable[[], _Sound], level_db: float
) -> _Sound:
    """What `make` gives, again and again with pauses of about `every` seconds."""
    sound = np.zeros(seconds * SAMPLE_RATE)
    for start in _moments(seconds, rng, every):
        one = _at(make(), level_db)[: sound.size - start]
        sound[start : start + one.size] += one
    return sound


def _moments(seconds: int, rng: np.random.Generator, every: float) -> Iterator[int]:
    at = rng.exponential(every)
    while at < seconds:
        yield int(at * SAMPLE_RATE)
        at += 0.8 + rng.exponential(every)


def _at(sound: NDArray[np.floating], level_db: float) -> _Sound:
    loudness = np.sqrt(np.mean(np.square(sound)))
    return np.asarray(sound * (10 ** (level_db / 20) / loudness if loudness else 1.0), dtype=np.float64)
