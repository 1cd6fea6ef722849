"""Recognisers in ONNX through onnx-asr: GigaAM for Kyrgyz, Kazakh and Russian, and others that give word times."""

import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import exp
from pathlib import Path
from typing import Any, Literal

import onnxruntime

from transcribe.engines.port import EngineSegment, Sound
from transcribe.errors import EngineError, NoEngine
from transcribe.manifest import model_card
from transcribe.models import verify
from transcribe.speech import SAMPLE_RATE, Word

LONGEST_TOKEN = 0.2
"""Seconds after the last token's beginning at which a word has ended; onnx-asr tells only when tokens begin."""


class OnnxAsrEngine:
    """One loaded model of onnx-asr. Greedy decoding: the same sound gives the same words.

    These models have no opinion on whether anybody speaks (`no_speech` is 0); a word's probability is the mean of its
    tokens'. Their languages are those of the manifest: they take no language and need none.
    """

    def __init__(
        self, model: str, models_dir: Path, *, device: Literal["auto", "cpu", "cuda"] = "auto", threads: int = 1
    ) -> None:
        """Verifies and loads `model` from `models_dir`; touches no network. Raises ModelError or EngineError."""
        folder = verify(model, models_dir)
        card = model_card(model, models_dir)
        self._name, self._sha256, self._languages = model, card.sha256, card.languages
        available = onnxruntime.get_available_providers()
        self._device = "cuda" if device != "cpu" and "CUDAExecutionProvider" in available else "cpu"
        if device == "cuda" and self._device == "cpu":
            raise EngineError("The device is set to cuda, but no usable GPU was found: set it to auto or cpu.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            import onnx_asr

            loaded = onnx_asr.load_model(
                card.loader,
                folder,
                sess_options=options,
                providers=["CPUExecutionProvider"] if self._device == "cpu" else available,
            )
        except ImportError:
            raise EngineError(f"The model {model} needs the package onnx-asr, which is not installed.") from None
        except Exception as error:  # noqa: BLE001 (onnxruntime's errors have no common root)
            raise EngineError(f"The model {folder} cannot be loaded on {self._device}: {error}") from None
        self._model = loaded.with_timestamps()

    @property
    def name(self) -> str:
        return f"onnx-asr/{self._name}"

    @property
    def model_sha256(self) -> str:
        return self._sha256

    @property
    def parameters(self) -> Mapping[str, str | int | bool]:
        return {"device": self._device}

    @property
    def languages(self) -> tuple[str, ...]:
        """What the manifest says of it."""
        return self._languages

    def transcribe(self, sound: Sound, language: str | None) -> list[EngineSegment]:
        if language is not None and language not in self._languages:
            raise NoEngine(f"The model {self._name} does not know the language {language!r}: set another for it.")
        result = self._model.recognize(sound, sample_rate=SAMPLE_RATE)
        if result.text and (result.timestamps is None or result.tokens is None):
            raise NoEngine(f"The model {self._name} gives no times of its words: set another for {language!r}.")
        return [_segment(result, len(sound) / SAMPLE_RATE, language or "")] if result.text else []


def _segment(result: Any, seconds: float, language: str) -> EngineSegment:
    logprobs = result.logprobs or [0.0] * len(result.tokens)
    raw = result.text.encode()
    return EngineSegment(
        words=words_of(result.tokens, result.timestamps, logprobs, seconds),
        no_speech=0.0,
        compression_ratio=len(raw) / len(zlib.compress(raw)),
        log_probability=sum(logprobs) / len(logprobs),
        language=language,
    )


def words_of(
    tokens: Sequence[str], starts: Sequence[float], logprobs: Sequence[float], seconds: float
) -> tuple[Word, ...]:
    """Tokens joined into words. A blank begins one, by itself (letters as tokens) or at the head of a token (pieces).

    `starts` are seconds at which the tokens begin; none ends after `seconds`.
    """
    ends = [min(after, start + LONGEST_TOKEN) for start, after in pairwise([*starts, seconds])]
    words: list[list[int]] = []
    for number, token in enumerate(tokens):
        if token.startswith(" ") or not words:
            words.append([])
        if token.strip():
            words[-1].append(number)
    return tuple(
        Word(
            text="".join(tokens[one] for one in word).strip(),
            start=starts[word[0]],
            end=max(starts[word[0]], ends[word[-1]]),
            probability=sum(exp(logprobs[one]) for one in word) / len(word),
        )
        for word in words
        if word
    )
