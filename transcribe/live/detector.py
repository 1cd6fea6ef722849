"""Silero, as carried by faster-whisper, on sound that comes hop by hop."""

from typing import Any

import numpy as np
from faster_whisper.vad import get_vad_model

from transcribe.live.hops import FRAME
from transcribe.speech import Pcm

_CONTEXT = 64  # samples of the frame before that the model wants to see again
_SPEECH, _STILL_SPEECH = 0.5, 0.35  # as Silero's own iterator: what has begun ends later than it would begin


class SpeechEar:
    """One microphone's detector; remembers what it heard."""

    def __init__(self) -> None:
        self._session: Any = get_vad_model().session
        self._h = self._c = np.zeros((1, 1, 128), np.float32)
        self._before = np.zeros(_CONTEXT, np.float32)
        self._speaking = False

    def take(self, pcm: Pcm) -> bool:
        """Whether there is speech in the next samples, a multiple of FRAME of them."""
        sound = pcm.astype(np.float32) / 32768.0
        framed = np.concatenate([self._before, sound])
        self._before = sound[-_CONTEXT:]
        frames = np.stack([framed[at : at + _CONTEXT + FRAME] for at in range(0, len(sound), FRAME)])
        found, self._h, self._c = self._session.run(None, {"input": frames, "h": self._h, "c": self._c})
        self._speaking = float(np.max(found)) >= (_STILL_SPEECH if self._speaking else _SPEECH)
        return self._speaking
