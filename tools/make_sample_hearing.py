"""Makes the sample hearings in ``samples/`` from their scripts.

    python -m tools.make_sample_hearing            # all
    python -m tools.make_sample_hearing ru         # one

Needs Debian's festival, festvox-ru, flite, espeak-ng and sox. The same scripts and packages give the same samples.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from tools.sample_hearing import mix, references
from tools.sample_hearing.audio import write_flac
from tools.sample_hearing.script import Script, ScriptError, read_script
from tools.sample_hearing.timeline import lay_out
from tools.sample_hearing.voices import VoiceError, speak

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "tools" / "sample_hearing"
SPEECH_DBFS = -24.0


def make(script: Script, folder: Path) -> None:
    """Writes one FLAC per microphone and the references of ``script`` into ``folder``; its name is the hearing's."""
    rng = np.random.default_rng(script.seed)
    with tempfile.TemporaryDirectory() as scratch:
        voices = [
            mix.at_level(speak(turn.say, script.voices[turn.role], Path(scratch)), SPEECH_DBFS) for turn in script.turns
        ]
    timeline = lay_out([turn.slot for turn in script.turns], [voice.size for voice in voices], rng)
    spoken = [
        references.Spoken(turn, start, start + v.size, tuple((start + a, start + b) for a, b in mix.speech_spans(v)))
        for turn, start, v in zip(script.turns, timeline.starts, voices, strict=True)
    ]
    placed = [mix.Placed(script.seats.index(s.turn.role), s.start, v) for s, v in zip(spoken, voices, strict=True)]
    room = mix.microphones(placed, len(script.seats), timeline.length, mix.Acoustics(), rng)

    folder.mkdir(parents=True, exist_ok=True)
    for role, pcm in zip(script.seats, room, strict=True):
        write_flac(folder / f"{role}.flac", pcm)
    (folder / "reference.json").write_text(references.reference_json(spoken), encoding="utf-8")
    (folder / "reference.rttm").write_text(references.reference_rttm(folder.name, spoken), encoding="utf-8")
    (folder / "hearing.toml").write_text(references.hearing_toml(script, spoken, timeline), encoding="utf-8")
    print(f"{folder}: {timeline.length / mix.RATE:.1f} s, {len(spoken)} utterances")


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the simulated hearings under samples/ from their scripts.")
    parser.add_argument("language", nargs="*", default=["ru", "en", "ky", "kk"], help="which scripts (default: all)")
    parser.add_argument("--out", type=Path, default=ROOT / "samples", help="the folder to write to")
    arguments = parser.parse_args()
    try:
        for language in arguments.language:
            make(read_script(SCRIPTS / f"{language}.toml"), arguments.out / f"hearing-{language}")
    except (ScriptError, VoiceError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
