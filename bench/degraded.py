"""What a bad room costs: words and speakers of human speech, in turn and interrupting each other.

    python -m bench.degraded

The studio man and the woman of the prompts at two microphones, in every variant of tests/speech/courtroom.py and with
0.8 s of each turn talked over; Whisper base, cut as the recorder would. Needs the extra `evaluate`.
"""

import time
from dataclasses import replace

import numpy as np
from rich.console import Console

from bench.transcript import Recording, stretches
from tests.speech import Composite, Line, asterisk_ru, compose, festvox_ru
from tests.speech.courtroom import VARIANTS
from tests.speech.recogniser import load_whisper_base
from tools.sample_hearing import mix
from tools.sample_hearing.timeline import Slot
from transcribe.engines.port import Engine
from transcribe.evaluation import Evaluation, Said, evaluate
from transcribe.pipeline import transcribe_window
from transcribe.speech import SAMPLE_RATE

SEATS = ("judge", "secretary")
SENTENCES = 5  # of each
SEED = 31
OVERLAP = 0.8  # seconds by which every turn begins before the one before it ends


def made(acoustics: mix.Acoustics, overlap: float = 0.0) -> Composite:
    pairs = zip(festvox_ru(SENTENCES, SEED), asterisk_ru(SENTENCES, SEED), strict=True)
    lines = [Line(seat, clip) for pair in pairs for seat, clip in zip(SEATS, pair, strict=True)]
    if overlap:
        lines = [lines[0], *(replace(one, slot=Slot(overlap=overlap)) for one in lines[1:])]
    return compose("degraded", SEATS, lines, SEED, acoustics)


def measure(room: Composite, engine: Engine) -> Evaluation:
    pcm = {f"mic-{role}": np.asarray(one) for role, one in zip(SEATS, room.pcm, strict=True)}
    recording = Recording(room.name, "ru", pcm, {}, [], [])
    found: list[Said] = []
    started = time.process_time()
    for start, end in stretches(recording):
        part = {track: one[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] for track, one in pcm.items()}
        said = transcribe_window(part, start, "ru", engine)
        found += [Said(one.role, one.start, one.end, one.text, one.words) for one in said]
    spent = time.process_time() - started
    reference = [Said(one.role, one.start, one.end, one.text) for one in room.utterances]
    return evaluate(reference, found, recording.seconds, spent)


def main() -> None:
    engine = load_whisper_base()
    rooms = {name: made(acoustics) for name, acoustics in VARIANTS.items()}
    rooms["bleed −14 dB, interrupting"] = made(mix.Acoustics(), OVERLAP)
    console = Console(width=130)
    console.print("| room | words | WER | deleted | made up | cpWER | DER | real-time factor |")
    console.print("| --- " * 8 + "|")
    for name, room in rooms.items():
        one = measure(room, engine)
        rates = (f"{one.wer:.1%}", one.deleted, one.hallucinated, f"{one.cp_wer:.1%}", f"{one.der:.1%}")
        console.print("| " + " | ".join(map(str, (name, one.words, *rates, f"{one.real_time_factor:.2f}"))) + " |")


if __name__ == "__main__":
    main()
