"""Hears whether somebody speaks. Chooses only where to cut: speech or not, everything is recorded."""

import numpy as np
import webrtcvad

from hardware.devices import Pcm

_DECIMATION = 3  # 48 kHz to 16 kHz: eight times cheaper, and as good
_FRAME = 320  # 20 ms at 16 kHz
_BYTES = 2 * _FRAME
_AGGRESSIVENESS = 2


class SpeechDetector:
    """For one microphone: keeps what does not fill a 20 ms frame for the next block."""

    def __init__(self) -> None:
        self._vad = webrtcvad.Vad(_AGGRESSIVENESS)
        self._rest: Pcm = np.zeros(0, np.int16)

    def speech_in(self, pcm: Pcm) -> bool:
        """Whether any whole 20 ms frame of mono 48 kHz `pcm` holds speech."""
        samples = np.concatenate([self._rest, pcm])
        whole = len(samples) // (_FRAME * _DECIMATION) * (_FRAME * _DECIMATION)
        self._rest = samples[whole:]
        # The mean of three neighbours is filter enough for finding pauses.
        first, second, third = (samples[at:whole:_DECIMATION] for at in range(_DECIMATION))
        total = np.add(first, second, dtype=np.int32)
        total += third
        copy = (total // _DECIMATION).astype(np.int16).tobytes()
        # Every frame is shown to the detector, which learns the noise from all of them.
        spoken = [self._vad.is_speech(copy[at : at + _BYTES], 16_000) for at in range(0, len(copy), _BYTES)]
        return any(spoken)
