"""How well hearings are transcribed: word error, speaker error and speed, on the samples and on human speech.

    python -m bench.transcript

Every recording goes the product's way: cut by the recorder's segmenter, each stretch through the pipeline.
"""

import json
import sys
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from recorder.segmenter import Segmenter
from recorder.vad import SpeechDetector
from tests.speech import Clip, Line, SpeechMissing, asterisk_ru, compose, festvox_ru, pyannote_sample
from tests.speech.recogniser import load_whisper_base
from tools.sample_hearing.audio import read_pcm
from transcribe.engines.port import Engine, EngineSegment
from transcribe.evaluate import COLLAR, SpeakerErrors, WordErrors, speaker_errors, word_errors
from transcribe.pipeline import spoken_spans, transcribe_window
from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan, Utterance

SAMPLES = Path(__file__).parent.parent / "samples"
BLOCK = SAMPLE_RATE // 10
UPSAMPLING = 3  # the recorder's detector takes 48 kHz


@dataclass(frozen=True)
class Recording:
    """Aligned 16 kHz sound per microphone; what each speaker said and when; stretches not recorded, in seconds."""

    name: str
    language: str
    pcm: Mapping[str, Pcm]
    text: Mapping[str, str]
    speech: list[SpeechSpan]
    breaks: list[tuple[float, float]]

    @property
    def seconds(self) -> float:
        return max(map(len, self.pcm.values())) / SAMPLE_RATE


@dataclass(frozen=True)
class Result:
    words: WordErrors
    speakers: SpeakerErrors
    speakers_forgiving: SpeakerErrors
    calls: int
    cpu: float
    doubtful: int


class CountedEngine:
    """Passes everything on to `engine`, counting."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name, self.model_sha256, self.parameters = engine.name, engine.model_sha256, engine.parameters
        self.calls = 0

    def transcribe(self, sound: NDArray[np.float32], language: str | None) -> list[EngineSegment]:
        self.calls += 1
        return self._engine.transcribe(sound, language)


def sample(name: str) -> Recording:
    """A hearing of samples/: what is said in its break is not recorded and not expected."""
    folder = SAMPLES / name
    hearing = tomllib.loads((folder / "hearing.toml").read_text(encoding="utf-8"))
    moments = [action["at"] for action in hearing["action"] if action["do"] in ("pause", "resume")]
    breaks = list(zip(moments[::2], moments[1::2], strict=True))
    reference = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    text: dict[str, list[str]] = {}
    for one in (one for one in reference if not one["in_break"]):
        text.setdefault(f"mic-{one['role']}", []).append(one["text"])
    rows = [row.split() for row in (folder / "reference.rttm").read_text(encoding="utf-8").splitlines()]
    speech = [SpeechSpan(f"mic-{row[7]}", float(row[3]), float(row[3]) + float(row[4])) for row in rows]
    pcm = {f"mic-{file.stem}": read_pcm(file) for file in sorted(folder.glob("*.flac"))}
    texts = {track: " ".join(lines) for track, lines in text.items()}
    return Recording(name, hearing["language"], pcm, texts, speech, breaks)


def human(name: str, judge: list[Clip], secretary: list[Clip]) -> Recording:
    """Two people at two microphones that hear each other, speaking in turn."""
    pairs = zip(judge, secretary, strict=True)
    lines = [line for one, other in pairs for line in (Line("judge", one), Line("secretary", other))]
    made = compose(name, ("judge", "secretary"), lines, seed=1)
    text = {f"mic-{role}": " ".join(one.text for one in made.utterances if one.role == role) for role in made.seats}
    speech = [SpeechSpan(f"mic-{role}", start, end) for role, start, end in made.speech]
    return Recording(name, "ru", dict(zip(text, made.pcm, strict=True)), text, speech, [])


def single_microphone(clip: Clip, language: str) -> Recording:
    """Everybody at one microphone: nothing tells the speakers apart yet."""
    speech = [SpeechSpan(speaker, start, end) for speaker, start, end in clip.speech]
    return Recording(clip.name, language, {"mic-judge": clip.pcm}, {"mic-judge": clip.text}, speech, [])


def stretches(recording: Recording) -> list[tuple[float, float]]:
    """Where the recorder would cut, in seconds; breaks left out."""
    pauses = sorted(recording.breaks)
    edges = [0.0, *(moment for pause in pauses for moment in pause), recording.seconds]
    return [piece for start, end in zip(edges[::2], edges[1::2], strict=True) for piece in _cut(recording, start, end)]


def _cut(recording: Recording, start: float, end: float) -> list[tuple[float, float]]:
    first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
    segmenter = Segmenter(first * UPSAMPLING)
    detector = SpeechDetector(len(recording.pcm))
    cuts = [first]
    for at in range(first, last, BLOCK):
        reached = min(at + BLOCK, last)
        block = np.repeat([pcm[at:reached] for pcm in recording.pcm.values()], UPSAMPLING, axis=1)
        if segmenter.cut_after(reached * UPSAMPLING, any(detector.speech_in(block))):
            cuts.append(reached)
            segmenter.restart(reached * UPSAMPLING)
    return [(a / SAMPLE_RATE, b / SAMPLE_RATE) for a, b in pairwise([*cuts, last]) if a < b]


def part(recording: Recording, start: float, end: float) -> dict[str, Pcm]:
    """Its sound from second `start` to `end`."""
    first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
    return {track: pcm[first:last] for track, pcm in recording.pcm.items()}


def measure(recording: Recording, engine: Engine) -> tuple[Result, list[Utterance]]:
    counted = CountedEngine(engine)
    utterances: list[Utterance] = []
    spans: list[SpeechSpan] = []
    started = time.process_time()
    for start, end in stretches(recording):
        pcm = part(recording, start, end)
        utterances += transcribe_window(pcm, start, recording.language, counted)
        spans += [SpeechSpan(one.track, one.begins + start, one.ends + start) for one in spoken_spans(pcm)]
    cpu = time.process_time() - started
    said = {track: " ".join(one.text for one in utterances if one.track == track) for track in recording.pcm}
    return (
        Result(
            word_errors(recording.text, said),
            speaker_errors(recording.speech, spans, recording.seconds),
            speaker_errors(recording.speech, spans, recording.seconds, COLLAR),
            counted.calls,
            cpu,
            sum(bool(one.flags) for one in utterances),
        ),
        utterances,
    )


RECORDINGS: dict[str, Callable[[], Recording]] = {
    "sample hearing, Russian": lambda: sample("hearing-ru"),
    "sample hearing, English": lambda: sample("hearing-en"),
    "studio man and prompts of a woman, Russian": lambda: human("human-ru", festvox_ru(12), asterisk_ru(12)),
    "telephone call on one microphone, English": lambda: single_microphone(pyannote_sample(), "en"),
}


def main() -> None:
    console = Console(width=130)
    table = Table("recording", "words", "WER", "S/D/I", "DER", f"DER ±{COLLAR} s", "calls", "doubtful", "× real time")
    engine = load_whisper_base()
    for name, make in RECORDINGS.items():
        try:
            recording = make()
        except SpeechMissing as missing:
            table.add_row(name, f"not measured: {missing}")
            continue
        result, utterances = measure(recording, engine)
        words, speakers = result.words, result.speakers
        table.add_row(
            name,
            str(words.reference),
            f"{words.rate:.1%}",
            f"{words.substituted}/{words.deleted}/{words.inserted}",
            f"{speakers.rate:.1%}",
            f"{result.speakers_forgiving.rate:.1%}",
            str(result.calls),
            str(result.doubtful),
            f"{recording.seconds / result.cpu:.1f}",
        )
        if "--text" in sys.argv:
            for one in utterances:
                console.print(f"{one.start:7.2f} {one.track:16} {one.text} {' '.join(one.flags)}", style="dim")
    console.print(table)


if __name__ == "__main__":
    main()
