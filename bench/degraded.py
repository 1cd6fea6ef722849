"""What a bad room costs: words and speakers of human speech, in turn and interrupting each other.

    python -m bench.degraded [--sentences 25] [--seed 31]

The studio man and the woman of the prompts at two microphones, in every variant of tests/speech/courtroom.py and with
0.8 s of each turn talked over; Whisper base, cut as the recorder would. "bare" is what faster-whisper makes of the sum
of the microphones, sequentially. Needs the extra `evaluate`.
"""

import argparse
import time
from dataclasses import replace

import numpy as np
from faster_whisper import WhisperModel
from rich.console import Console

from bench.transcript import Recording, part, stretches
from tests.speech import Composite, Line, asterisk_ru, compose, festvox_ru
from tests.speech.courtroom import VARIANTS
from tests.speech.recogniser import load_bare, load_whisper_base
from tools.sample_hearing import mix
from tools.sample_hearing.timeline import Slot
from transcribe.engines.port import Engine
from transcribe.evaluate import WordErrors, word_errors
from transcribe.evaluation import Evaluation, Said, evaluate
from transcribe.pipeline import transcribe_window

SEATS = ("judge", "secretary")
OVERLAP = 0.8  # seconds by which every turn begins before the one before it ends


def made(acoustics: mix.Acoustics, sentences: int, seed: int, overlap: float = 0.0) -> Composite:
    pairs = zip(festvox_ru(sentences, seed), asterisk_ru(sentences, seed), strict=True)
    lines = [Line(seat, clip) for pair in pairs for seat, clip in zip(SEATS, pair, strict=True)]
    if overlap:
        lines = [lines[0], *(replace(one, slot=Slot(overlap=overlap)) for one in lines[1:])]
    return compose("degraded", SEATS, lines, seed, acoustics)


def measure(room: Composite, engine: Engine) -> Evaluation:
    pcm = {f"mic-{role}": np.asarray(one) for role, one in zip(SEATS, room.pcm, strict=True)}
    recording = Recording(room.name, "ru", pcm, {}, [], [])
    found: list[Said] = []
    started = time.process_time()
    for start, end in stretches(recording):
        said = transcribe_window(part(recording, start, end), start, "ru", engine)
        found += [Said(one.role, one.start, one.end, one.text, one.words) for one in said]
    spent = time.process_time() - started
    reference = [Said(one.role, one.start, one.end, one.text) for one in room.utterances]
    return evaluate(reference, found, recording.seconds, spent)


def bare(room: Composite, model: WhisperModel) -> WordErrors:
    sound = np.sum(np.asarray(room.pcm, dtype=np.float32), axis=0) / 32768.0
    segments, _ = model.transcribe(sound.clip(-1.0, 1.0), language="ru", word_timestamps=True)
    return word_errors({"all": room.text}, {"all": " ".join(one.text for one in segments)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=25, help="of each voice")
    parser.add_argument("--seed", type=int, default=31, help="which sentences")
    chosen = parser.parse_args()
    engine = load_whisper_base()
    model = load_bare()
    rooms = {name: made(acoustics, chosen.sentences, chosen.seed) for name, acoustics in VARIANTS.items()}
    rooms["bleed −14 dB, interrupting"] = made(mix.Acoustics(), chosen.sentences, chosen.seed, OVERLAP)
    console = Console(width=130)
    console.print("| room | words | WER | deleted | made up | cpWER | DER | real-time factor | bare: WER | deleted |")
    console.print("| --- " * 10 + "|")
    for name, room in rooms.items():
        one = measure(room, engine)
        theirs = bare(room, model)
        rates = (f"{one.wer:.1%}", one.deleted, one.hallucinated, f"{one.cp_wer:.1%}", f"{one.der:.1%}")
        cells = (name, one.words, *rates, f"{one.real_time_factor:.2f}", f"{theirs.rate:.1%}", theirs.deleted)
        console.print("| " + " | ".join(map(str, cells)) + " |")


if __name__ == "__main__":
    main()
