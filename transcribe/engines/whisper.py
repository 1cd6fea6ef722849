"""Whisper through faster-whisper (CTranslate2), on processor or GPU."""

import copy
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import ctranslate2
import numpy as np
from ctranslate2.models import WhisperGenerationResult
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from transcribe.engines.encoding import AFTER, LEAST, WINDOW, encoded_samples, most_tokens, unsaid_from
from transcribe.engines.gpu import memory
from transcribe.engines.memory import POSITIONS, batch_size, decoder_layers
from transcribe.engines.port import EngineSegment, Sound
from transcribe.engines.prompt import HEARD, SPEECHLESS_TOLD, max_length, misled, prompt_of
from transcribe.errors import EngineError, NoEngine
from transcribe.manifest import model_card
from transcribe.models import verify
from transcribe.speech import SAMPLE_RATE, Word

BEAM_SIZE = 5
BATCH = 8
"""Windows decoded at once, at most."""
IDENTIFY_SECONDS = 3
"""A tenth of a window is enough to tell a language, and costs a tenth of a window's encoding."""


_BEFORE_WORDS, _AFTER_WORDS = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"
"""Signs that belong to the word that follows, and to the one before; faster-whisper's own."""


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
        self._hotwords = ""
        try:
            self._model = WhisperModel(
                str(folder),
                device=self._device,
                compute_type=self._compute_type,
                cpu_threads=threads,
                local_files_only=True,
            )
            self._batch = self._fitting() if gpus else BATCH
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"The model {folder} cannot be loaded on {self._device}: {error}") from None

    def _fitting(self) -> int:
        """Windows that the GPU's free memory holds once the model has encoded a first one."""
        first = np.zeros((self._model.model.n_mels, 2 * POSITIONS), np.float32)
        width = self._model.encode(first).shape[-1]
        free = memory("free")
        return BATCH if free is None else max(1, batch_size(free, decoder_layers(width), width, most=BATCH))

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
            "batch": self._batch,
            "encoded_least_ms": round(LEAST * 1000),
            "encoded_after_ms": round(AFTER * 1000),
            "device": self._device,
            "compute_type": self._compute_type,
            **(self._told if self._hotwords else {}),
        }

    @property
    def _told(self) -> Mapping[str, str | int]:
        sha256 = hashlib.sha256(self._hotwords.encode()).hexdigest()
        doubts = {"hotword_heard_percent": round(HEARD * 100), "told_no_speech_percent": round(SPEECHLESS_TOLD * 100)}
        return {"hotwords_sha256": sha256, **doubts}

    @property
    def languages(self) -> tuple[str, ...]:
        """What it can be asked for. Whisper has no Kyrgyz."""
        return tuple(self._model.supported_languages)

    def with_hotwords(self, words: Sequence[str]) -> "WhisperEngine":
        """Shares the loaded model."""
        told = copy.copy(self)
        told._hotwords = prompt_of(
            words, lambda text: len(self._model.hf_tokenizer.encode(text, add_special_tokens=False).ids)
        )
        return told

    def transcribe(self, sound: Sound, language: str | None) -> list[EngineSegment]:
        [found] = self.transcribe_all([sound], language)
        return found

    def transcribe_all(self, sounds: Sequence[Sound], language: str | None) -> list[list[EngineSegment]]:
        """Several sounds decoded at once.

        Whisper sometimes stops in the midst of what is said: it is asked once more about what comes after, unless it
        doubts that anything is said. Of a part of a cough it is surer than of the whole that it is speech.
        """
        self._check(language)
        sounds = [one[: round(WINDOW * SAMPLE_RATE)] for one in sounds]
        found = [[one] for one in self._all_decoded(sounds, language)]
        unsaid = [unsaid_from(one, len(sound) / SAMPLE_RATE) for [one], sound in zip(found, sounds, strict=True)]
        rests = [(number, start) for number, start in enumerate(unsaid) if start is not None]
        again = [sounds[number][round(start * SAMPLE_RATE) :] for number, start in rests]
        for (number, start), one in zip(rests, self._all_decoded(again, language), strict=True):
            found[number].append(_later(one, start))
        return [[one for one in segments if one.words] for segments in found]

    def _all_decoded(self, sounds: Sequence[Sound], language: str | None) -> list[EngineSegment]:
        """Where a word was told and not heard, or perhaps nobody speaks, it is decoded as if nothing had been told."""
        found = self._in_batches(sounds, language)
        doubted = [number for number, one in enumerate(found) if self._hotwords and misled(one, self._hotwords)]
        if doubted:
            again = self.with_hotwords([])._in_batches([sounds[number] for number in doubted], language)
            for number, one in zip(doubted, again, strict=True):
                found[number] = one
        return found

    def _in_batches(self, sounds: Sequence[Sound], language: str | None) -> list[EngineSegment]:
        """Those of like length together: all in a batch are encoded as the longest is."""
        by_length = sorted(range(len(sounds)), key=lambda number: len(sounds[number]))
        found: dict[int, EngineSegment] = {}
        for first in range(0, len(sounds), self._batch):
            numbers = by_length[first : first + self._batch]
            found.update(zip(numbers, self._decoded([sounds[one] for one in numbers], language), strict=True))
        return [found[number] for number in range(len(sounds))]

    def _decoded(self, sounds: Sequence[Sound], language: str | None) -> list[EngineSegment]:
        model, extractor = self._model, self._model.feature_extractor
        language = language or self._language(sounds[0])
        tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)
        samples = encoded_samples([len(one) for one in sounds])
        padded = [np.pad(one, (0, samples - len(one))) for one in sounds]
        encoded = model.encode(np.stack([extractor(one, padding=0) for one in padded]))
        prompt = model.get_prompt(tokenizer, [], without_timestamps=True, hotwords=self._hotwords or None)
        decoded = model.model.generate(
            encoded,
            [prompt] * len(sounds),
            beam_size=BEAM_SIZE,
            max_length=max_length(len(prompt), most_tokens(max(len(one) for one in sounds))),
            suppress_tokens=list(get_suppressed_tokens(tokenizer, [-1])),
            return_scores=True,
            return_no_speech_prob=True,
        )
        timed: list[list[dict[str, Any]]] = [
            [{"seek": 0, "start": 0.0, "end": len(one) / SAMPLE_RATE, "tokens": text.sequences_ids[0]}]
            for one, text in zip(sounds, decoded, strict=True)
        ]
        frames = [max(len(one) // extractor.hop_length, model.frames_per_second) for one in sounds]
        model.add_word_timestamps(timed, tokenizer, encoded, frames, _BEFORE_WORDS, _AFTER_WORDS, 0.0)
        return [_segment(text, one["words"], tokenizer, language) for text, [one] in zip(decoded, timed, strict=True)]

    def _language(self, sound: Sound) -> str:
        [heard] = self.identify([sound]) if self.tells_languages else [{"en": 1.0}]
        return max(heard, key=lambda one: heard[one])

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


def _segment(
    decoded: WhisperGenerationResult, timed: Sequence[Mapping[str, Any]], tokenizer: Tokenizer, language: str
) -> EngineSegment:
    tokens = decoded.sequences_ids[0]
    text = tokenizer.decode(tokens).encode()
    return EngineSegment(
        words=tuple(
            Word(one["word"].strip(), float(one["start"]), float(one["end"]), float(one["probability"]))
            for one in timed
            if one["word"].strip()
        ),
        no_speech=decoded.no_speech_prob,
        compression_ratio=len(text) / len(zlib.compress(text)) if text else 0.0,
        log_probability=decoded.scores[0] * len(tokens) / (len(tokens) + 1),  # of the end that follows as well
        language=language,
    )


def _later(one: EngineSegment, by: float) -> EngineSegment:
    words = tuple(replace(word, start=word.start + by, end=word.end + by) for word in one.words)
    return replace(one, words=words)
