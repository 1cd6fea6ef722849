"""Where recorded speech comes from: festvox-ru and asterisk-core-sounds-ru of Debian, pyannote.audio's own sample."""

import gzip
import hashlib
import io
import os
import random
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tests.speech.clip import Clip, Speech, SpeechMissing
from tools.sample_hearing import mix
from tools.sample_hearing.audio import read_pcm

FESTVOX = Path("/usr/share/festival/voices/russian/msu_ru_nsh_clunits")
ASTERISK_SOUNDS = Path("/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU")
ASTERISK_TEXT = Path("/usr/share/doc/asterisk-core-sounds-ru/core-sounds-ru.txt.gz")
PYANNOTE = "pyannote.audio==4.0.7"
PYANNOTE_WHEEL = "pyannote_audio-4.0.7-py3-none-any.whl"
PYANNOTE_SHA256 = "852ea15c4d85bc34773e618267603ffca6a521669a74d33742692cc67fc700d6"


def festvox_ru(count: int, seed: int = 0) -> list[Clip]:
    """``count`` of the 620 studio sentences of a Russian man, always the same ones for the same seed.

    Raises SpeechMissing without Debian's festvox-ru.
    """
    return festvox_named(_choose(_festvox(), count, seed))


def festvox_named(names: Iterable[str]) -> list[Clip]:
    """The studio sentences of these names, as "ru_0001". Raises SpeechMissing without Debian's festvox-ru."""
    sentences = _festvox()
    return [_solo(name, _read(FESTVOX / "wav" / f"{name}.wav", "festvox-ru"), sentences[name]) for name in names]


def asterisk_ru(count: int, seed: int = 0) -> list[Clip]:
    """``count`` telephone prompts of a Russian woman (8 kHz originals), always the same ones for the same seed.

    Raises SpeechMissing without Debian's asterisk-core-sounds-ru and asterisk-core-sounds-ru-wav.
    """
    text = gzip.decompress(_read(ASTERISK_TEXT, "asterisk-core-sounds-ru")).decode("utf-8")
    prompts = asterisk_prompts(text)
    chosen = _choose(prompts, count, seed)
    package = "asterisk-core-sounds-ru-wav"
    return [_solo(name, _read(ASTERISK_SOUNDS / f"{name}.wav", package), prompts[name]) for name in chosen]


def pyannote_sample() -> Clip:
    """Thirty seconds of a telephone call of two women, in English, with pyannote's own reference.

    Fetched once through pip, pinned by hash, into the cache folder; only data is taken out of it, nothing is installed.
    The first seconds are silence. Raises SpeechMissing where the package index cannot be reached.
    """
    with zipfile.ZipFile(io.BytesIO(_pyannote_wheel())) as wheel:
        sample = "pyannote/audio/sample/sample"
        pcm = read_pcm(io.BytesIO(wheel.read(f"{sample}.wav")))
        speech = rttm_speech(wheel.read(f"{sample}.rttm").decode())
        words = [line.split(maxsplit=5)[5] for line in wheel.read(f"{sample}.stm").decode().splitlines()]
    return Clip("pyannote-sample", pcm, " ".join(words), speech)


def _festvox() -> dict[str, str]:
    return festvox_sentences(_read(FESTVOX / "etc" / "txt.done.data", "festvox-ru").decode("utf-8"))


def festvox_sentences(text: str) -> dict[str, str]:
    """Name → sentence of a festvox ``txt.done.data``; the stress marks (``+``) are taken out."""
    found = re.findall(r'^\( (\S+) "(.*)" \)$', text, flags=re.MULTILINE)
    return {name: sentence.replace("+", "") for name, sentence in found}


def asterisk_prompts(text: str) -> dict[str, str]:
    """Name → words of an Asterisk sound list, for prompts of four words or more of which every word is written out.

    Digits, Latin words and [descriptions of tones] are not what is spoken, letter by letter.
    """
    lines = (line.partition(": ") for line in text.splitlines() if not line.startswith(";"))
    words = {name: spoken.strip(" .…") for name, _, spoken in lines}
    return {
        name: spoken
        for name, spoken in words.items()
        if len(spoken.split()) >= 4 and not re.search(r"[0-9A-Za-z\[]", spoken)
    }


def rttm_speech(text: str) -> tuple[Speech, ...]:
    """The speech spans of an RTTM file."""
    rows = (line.split() for line in text.splitlines() if line.startswith("SPEAKER "))
    return tuple((row[7], float(row[3]), float(row[3]) + float(row[4])) for row in rows)


def _solo(name: str, sound: bytes, text: str) -> Clip:
    pcm = read_pcm(io.BytesIO(sound))
    spans = mix.speech_spans(mix.to_signal(pcm))
    return Clip(name, pcm, text, tuple(("speaker", a / mix.RATE, b / mix.RATE) for a, b in spans))


def _choose(names: Iterable[str], count: int, seed: int) -> list[str]:
    return random.Random(seed).sample(sorted(names), count)


def _read(path: Path, package: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise SpeechMissing(f"{path} is not there; run: apt-get install {package}") from error


def _pyannote_wheel() -> bytes:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "courtrec" / "speech"
    kept = folder / PYANNOTE_WHEEL
    if not kept.exists() or _sha256(kept) != PYANNOTE_SHA256:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _pip_download(Path(scratch))
            (Path(scratch) / PYANNOTE_WHEEL).replace(kept)
    return kept.read_bytes()


def _pip_download(folder: Path) -> None:
    # The wheel, not the source distribution: the same sample, and pip does not run a build to look at it.
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{PYANNOTE} --hash=sha256:{PYANNOTE_SHA256}\n", encoding="utf-8")
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, "--requirement", str(pinned)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SpeechMissing(f"{PYANNOTE} could not be fetched from the package index: {done.stderr.strip()}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
