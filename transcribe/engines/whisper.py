"""Whisper through faster-whisper (CTranslate2), on processor or GPU."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import ctranslate2
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.transcribe import Segment

from transcribe.engines.port import EngineSegment, Sound
from transcribe.errors import EngineError, NoEngine
from transcribe.manifest import model_card
from transcribe.models import verify
from transcribe.speech import SAMPLE_RATE, Word

BEAM_SIZE = 5
WINDOW_SECONDS = 30
BATCH = 8
"""Windows decoded at once."""
IDENTIFY_SECONDS = 3
"""A tenth of a window is enough to tell a language, and costs a tenth of a window's encoding."""


# No sampling, and nothing is thrown away here: a threshold of None is none.
_DECODING: dict[str, Any] = {
    "beam_size": BEAM_SIZE,
    "temperature": 0.0,
    "word_timestamps": True,
    "vad_filter": False,
    "no_speech_threshold": None,
}


class WhisperEngine:
    """One loaded Whisper model. No sampling: the same sound gives the same words, and no retry invents others.

    Nothing a decoding yields is thrown away here (Whisper's own silence threshold is off); doubts are for the guard.
    """

    def __init__(
        self,
        model: str,
        models_dir: Path,
        *,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        cpu_compute_type: str = "int8",
        cuda_compute_type: str = "float16",
        threads: int = 1,
    ) -> None:
        """Verifies and loads `model` from `models_dir`; touches no network. Raises ModelError or EngineError."""
        folder = verify(model, models_dir)
        self._sha256 = model_card(model, models_dir).sha256
        gpus = ctranslate2.get_cuda_device_count() if device != "cpu" else 0
        if device == "cuda" and not gpus:
            raise EngineError("The device is set to cuda, but no usable GPU was found: set it to auto or cpu.")
        self._device = "cuda" if gpus else "cpu"
        self._compute_type = cuda_compute_type if gpus else cpu_compute_type
        self._name = model
        try:
            self._model = WhisperModel(
                str(folder),
                device=self._device,
                compute_type=self._compute_type,
                cpu_threads=threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"The model {folder} cannot be loaded on {self._device}: {error}") from None

    @property
    def name(self) -> str:
        return f"faster-whisper/{self._name}"

    @property
    def model_sha256(self) -> str:
        return self._sha256

    @property
    def parameters(self) -> Mapping[str, str | int | bool]:
        return {
            "beam_size": BEAM_SIZE,
            "batch": BATCH,
            "device": self._device,
            "compute_type": self._compute_type,
        }

    @property
    def languages(self) -> tuple[str, ...]:
        """What it can be asked for. Whisper has no Kyrgyz."""
        return tuple(self._model.supported_languages)

    def transcribe(self, sound: Sound, language: str | None) -> list[EngineSegment]:
        self._check(language)
        segments, about = self._model.transcribe(
            sound,
            language=language,
            condition_on_previous_text=False,
            **_DECODING,
        )
        return [_segment(one, about.language, 0.0) for one in segments]

    def transcribe_all(self, sounds: Sequence[Sound], language: str | None) -> list[list[EngineSegment]]:
        """Several sounds decoded at once, without timestamp tokens; a single one as `transcribe` does it."""
        self._check(language)
        if len(sounds) < 2:
            return [self.transcribe(one, language) for one in sounds]
        samples = WINDOW_SECONDS * SAMPLE_RATE
        begun = [float(WINDOW_SECONDS * number) for number in range(len(sounds))]
        # A pipeline of its own per call: it keeps the last word's time, and the same sound is to give the same words.
        segments, about = BatchedInferencePipeline(self._model).transcribe(
            np.concatenate([np.pad(one[:samples], (0, max(0, samples - len(one)))) for one in sounds]),
            language=language,
            clip_timestamps=[
                {"start": start, "end": start + min(len(one), samples) / SAMPLE_RATE}
                for start, one in zip(begun, sounds, strict=True)
            ],
            batch_size=BATCH,
            without_timestamps=True,
            **_DECODING,
        )
        found: list[list[EngineSegment]] = [[] for _ in sounds]
        for one in segments:
            number = one.seek // (WINDOW_SECONDS * self._model.frames_per_second)
            found[number].append(_segment(one, about.language, begun[number]))
        return found

    def _check(self, language: str | None) -> None:
        if language is not None and language not in self._model.supported_languages:
            raise NoEngine(f"The model {self._name} does not know the language {language!r}: set another for it.")

    @property
    def tells_languages(self) -> bool:
        return bool(self._model.model.is_multilingual)

    def identify(self, sounds: Sequence[Sound]) -> list[dict[str, float]]:
        if not sounds:
            return []
        samples = IDENTIFY_SECONDS * SAMPLE_RATE
        frames = samples // self._model.feature_extractor.hop_length
        cut = np.stack([np.pad(one[:samples], (0, max(0, samples - len(one)))) for one in sounds])
        features = np.stack([self._model.feature_extractor(one, padding=0)[:, :frames] for one in cut])
        heard = self._model.model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(features)))
        return [
            {token[2:-2]: float(probability) for token, probability in found}
            for found in self._model.model.detect_language(heard)
        ]


def _segment(one: Segment, language: str, begun: float) -> EngineSegment:
    """What faster-whisper gives, its times counted from `begun`."""
    return EngineSegment(
        words=tuple(
            Word(word.word.strip(), float(word.start) - begun, float(word.end) - begun, float(word.probability))
            for word in one.words or ()
            if word.word.strip()
        ),
        no_speech=one.no_speech_prob,
        compression_ratio=one.compression_ratio,
        log_probability=one.avg_logprob,
        language=language,
    )
