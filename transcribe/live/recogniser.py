"""Whisper for live text: fast and short-sighted, where the windows' recogniser is thorough.

Whisper encodes 30 s whatever is said. Here it encodes what was said and some silence, 8 s at least, and decodes
greedily without the times of words: a third of the work, and no more errors (bench/live.py). Shorter stretches, or
decoding without time tokens, make the small models repeat themselves.
"""

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray

from transcribe.engines.port import EngineSegment
from transcribe.engines.prompt import max_length
from transcribe.errors import EngineError
from transcribe.models import verify
from transcribe.speech import SAMPLE_RATE, Word

_AFTER = 2.0  # seconds of silence behind what is said
LEAST = 8.0
"""Seconds that are encoded at least."""
_TOKENS_PER_SECOND = 6  # of Russian; what goes on beyond that repeats itself
_FRAMES_PER_SECOND = 100


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What is thought to have been said; `segment` bears the recogniser's doubts, its words have no times."""

    words: tuple[str, ...]
    segment: EngineSegment


class Recogniser(Protocol):
    def recognise(self, sound: NDArray[np.float32], language: str) -> Hypothesis:
        """`sound`: one utterance, mono, 16 kHz, in [-1, 1], at most 30 s."""
        ...


class QuickWhisper:
    """One loaded model, on one processor thread or a GPU."""

    def __init__(self, model: str, models_dir: Path, device: Literal["auto", "cpu", "cuda"] = "auto") -> None:
        """Verifies and loads `model` from `models_dir`; touches no network. Raises ModelError or EngineError."""
        folder = verify(model, models_dir)
        gpu = device != "cpu" and ctranslate2.get_cuda_device_count() > 0
        try:
            self._whisper = WhisperModel(
                str(folder),
                device="cuda" if gpu else "cpu",
                compute_type="float16" if gpu else "int8",
                cpu_threads=1,
                local_files_only=True,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"The model {folder} cannot be loaded: {error}") from None

    def recognise(self, sound: NDArray[np.float32], language: str, least: float = LEAST) -> Hypothesis:
        """See Recogniser; `least` seconds are encoded at least."""
        whisper = self._whisper
        seconds = min(max(len(sound) / SAMPLE_RATE + _AFTER, least), 30.0)
        padded = np.pad(sound, (0, max(0, round(seconds * SAMPLE_RATE) - len(sound))))
        features = whisper.feature_extractor(padded, padding=0)
        features = features[:, : min(features.shape[-1], 30 * _FRAMES_PER_SECOND) // 2 * 2]
        tokenizer = Tokenizer(whisper.hf_tokenizer, whisper.model.is_multilingual, task="transcribe", language=language)
        prompt = whisper.get_prompt(tokenizer, [])
        found = whisper.model.generate(
            whisper.encode(features),
            [prompt],
            beam_size=1,
            max_length=max_length(len(prompt), 10 + round(_TOKENS_PER_SECOND * len(sound) / SAMPLE_RATE)),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        text = tokenizer.decode([one for one in found.sequences_ids[0] if one < tokenizer.timestamp_begin]).strip()
        score, content = float(found.scores[0]), text.encode()
        words = tuple(text.split())
        segment = EngineSegment(
            words=tuple(Word(one, 0.0, 0.0, math.exp(score)) for one in words),
            no_speech=float(found.no_speech_prob),
            compression_ratio=len(content) / len(zlib.compress(content)) if content else 0.0,
            log_probability=score,
        )
        return Hypothesis(words, segment)
