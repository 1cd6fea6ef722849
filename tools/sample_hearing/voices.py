"""Synthesised voices, made other persons by sox: Debian's festival (Russian: festvox-ru), flite (English) and espeak-ng
(Kyrgyz, Kazakh)."""

import shutil
import subprocess
from pathlib import Path

from tools.sample_hearing.audio import read_pcm
from tools.sample_hearing.mix import RATE, Signal, to_signal, trimmed
from tools.sample_hearing.script import Voice

DEBIAN_PACKAGE = {"festival": "festival festvox-ru", "flite": "flite", "espeak-ng": "espeak-ng", "sox": "sox"}
WORDS_PER_MINUTE = "130"
"""Of espeak-ng, which by itself speaks faster than people do in court."""


class VoiceError(Exception):
    """A voice that cannot speak; the message names the program, the Debian package or the words."""


def speak(text: str, voice: Voice, folder: Path) -> Signal:
    """Speaks ``text`` and returns it at ``mix.RATE`` without silence around it; ``folder`` holds the scratch files."""
    raw, changed = folder / "raw.wav", folder / "changed.wav"
    if voice.engine == "festival":
        _run(["festival", "--pipe"], _scheme(text, voice.voice, raw))
    elif voice.engine == "flite":
        _run(["flite", "-voice", voice.voice, "-t", text, "-o", str(raw)])
    elif voice.engine == "espeak-ng":
        _run(["espeak-ng", "-v", voice.voice, "-s", WORDS_PER_MINUTE, "-w", str(raw), text])
    else:
        raise VoiceError(f"the speech engine {voice.engine!r} is not known; use festival, flite or espeak-ng")
    effects = [word for effect in voice.effects for word in effect.split()]
    # -R: the same dither in every run; the gain leaves room for what the effects amplify.
    _run(["sox", "-R", str(raw), "-r", str(RATE), "-b", "16", str(changed), "gain", "-6", *effects])
    signal = trimmed(to_signal(read_pcm(changed)))
    if signal.size == 0:
        raise VoiceError(f"{voice.engine} ({voice.voice}) said nothing for: {text}")
    return signal


def _scheme(text: str, voice: str, target: Path) -> str:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'({voice})\n(utt.save.wave (utt.synth (Utterance Text "{quoted}")) "{target}" \'riff)\n'


def _run(command: list[str], stdin: str = "") -> None:
    program = command[0]
    if shutil.which(program) is None:
        raise VoiceError(f"{program} is not installed; run: apt-get install {DEBIAN_PACKAGE[program]}")
    done = subprocess.run(command, input=stdin.encode(), capture_output=True, check=False)
    # festival reports an unknown voice on stderr and still exits with 0.
    if done.returncode or b"ERROR" in done.stderr:
        raise VoiceError(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")
