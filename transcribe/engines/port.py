"""What the pipeline asks of a recogniser. Everything model-specific stays behind this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from transcribe.speech import Word

Sound = NDArray[np.float32]
"""Mono sound at 16 kHz in [-1, 1]."""


@dataclass(frozen=True, slots=True)
class EngineSegment:
    """A stretch the recogniser decoded at once, with its own doubts about it.

    Word times are seconds from the start of the sound given. `no_speech` is the probability that nobody speaks,
    `compression_ratio` how far the text can be squeezed (loops squeeze well), `log_probability` the mean per token,
    `language` the one it was decoded in (ISO 639-1).
    """

    words: tuple[Word, ...]
    no_speech: float
    compression_ratio: float
    log_probability: float
    language: str = ""


class Engine(Protocol):
    """A loaded recogniser. `parameters` are all the settings its text depends on, for the key of stored results."""

    @property
    def name(self) -> str: ...

    @property
    def model_sha256(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, str | int | bool]: ...

    def transcribe(self, sound: Sound, language: str | None) -> list[EngineSegment]:
        """Words of at most 30 s of sound; `language` is an ISO 639-1 code, None to detect.

        The same sound gives the same words. Raises NoEngine when the language cannot be served.
        """
        ...


@runtime_checkable
class BatchEngine(Engine, Protocol):
    """An engine that recognises several sounds at less cost than one after the other."""

    def transcribe_all(self, sounds: Sequence[Sound], language: str | None) -> list[list[EngineSegment]]:
        """For each sound what `transcribe` promises."""
        ...


@runtime_checkable
class HotwordEngine(Engine, Protocol):
    """An engine that recognises words better which it is told beforehand."""

    def with_hotwords(self, words: Sequence[str]) -> Engine:
        """The same engine, expecting `words`, the first ones first if it cannot take all. Its `parameters` tell them
        from others."""
        ...


@runtime_checkable
class Identifier(Protocol):
    """What can tell in which language somebody speaks."""

    @property
    def name(self) -> str: ...

    @property
    def model_sha256(self) -> str: ...

    @property
    def tells_languages(self) -> bool:
        """False for a model that knows one language only; it must not be asked."""
        ...

    def identify(self, sounds: Sequence[Sound]) -> list[dict[str, float]]:
        """For each sound the probability of every language it knows, by ISO 639-1 code, from its first seconds."""
        ...
