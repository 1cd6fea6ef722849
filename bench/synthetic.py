"""Kyrgyz and Kazakh: what each recogniser here makes of court phrases that a synthesiser speaks.

    python -m bench.synthetic [--espeak PROGRAM]

No recorded speech in these languages comes with its text in any package. espeak-ng (Debian) speaks both, like a robot:
its Russian is not recognised at all, so bad figures say little, and good ones would say no more. "none" is a language
for which the settings name no recogniser that is here, as a court with packaged models has it for Kyrgyz.
"""

import argparse
import io
import subprocess
import sys

import jiwer
import numpy as np
from rich.console import Console
from rich.table import Table

from tests.speech.recogniser import models_dir
from tools.sample_hearing.audio import read_pcm
from transcribe.engines.select import Engines
from transcribe.engines.whisper import WhisperEngine
from transcribe.errors import NoEngine
from transcribe.evaluate import plain, word_errors
from transcribe.models import ensure
from transcribe.pipeline import transcribe_window
from transcribe.settings import TranscribeSettings
from transcribe.speech import SAMPLE_RATE, Pcm, Utterance

PHRASES = {
    "kk": (
        "Сот отырысы ашық деп жарияланады.",
        "Талапкер өз талабын толық қолдайды.",
        "Жауапкер қарызды мойындамайды.",
        "Куәні залға шақырыңыз.",
        "Сот кеңесу бөлмесіне кетеді.",
        "Шешім қабылданды, отырыс жабылды.",
    ),
    "ky": (
        "Соттук отурум ачык деп жарыяланат.",
        "Доогер өз доосун толук колдойт.",
        "Жоопкер карызды моюнуна албайт.",
        "Күбөнү залга чакырыңыз.",
        "Сот кеңешүү бөлмөсүнө кетет.",
        "Чечим кабыл алынды, отурум жабылды.",
    ),
}
WAYS = (("kk", "whisper-base", "kk"), ("kk", "whisper-small", "kk"), ("ky", "", "ky"), ("ky", "whisper-small", "kk"))
"""Spoken language, model (none: by the settings), and the language it is told."""
PAUSE = np.zeros(SAMPLE_RATE, np.int16)


def spoken(language: str, espeak: str) -> Pcm:
    """The phrases, a second of silence around each, at one microphone."""
    parts = [PAUSE]
    for phrase in PHRASES[language]:
        made = subprocess.run(
            [espeak, "-v", language, "-s", "130", "--stdout"], input=phrase.encode(), capture_output=True, check=True
        )
        parts += [read_pcm(io.BytesIO(made.stdout)), PAUSE]
    return np.concatenate(parts)


def cells(language: str, found: list[Utterance]) -> tuple[str, ...]:
    reference, heard = " ".join(PHRASES[language]), " ".join(one.text for one in found)
    errors = word_errors({"all": reference}, {"all": heard})
    flagged = sum(bool(one.flags) for one in found)
    return f"{errors.rate:.0%}", f"{jiwer.cer(plain(reference), plain(heard)):.0%}", f"{flagged} of {len(found)}", heard


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--espeak", default="espeak-ng", help="the program")
    espeak = arguments.parse_args().espeak
    table = Table("spoken", "recogniser, told", "WER", "CER", "doubtful", "text")
    for language, model, told in WAYS:
        try:
            sound = {"mic-judge": spoken(language, espeak)}
        except OSError:
            sys.exit(f"{espeak} is not there: run apt-get install espeak-ng, or name the program with --espeak.")
        if model:
            ensure(model, models_dir())
            engine = WhisperEngine(model, models_dir(), device="cpu")
            found = transcribe_window(sound, 0.0, told, engine)
            table.add_row(language, f"{model}, {told}", *cells(language, found))
        else:
            try:
                Engines(TranscribeSettings(), models_dir())(told)
            except NoEngine as none:
                table.add_row(language, "none", "", "", "", str(none))
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
