"""Hears whether somebody speaks. Chooses only where to cut: speech or not, everything is recorded."""

import numpy as np
import webrtcvad

from hardware.devices import Pcm

_DECIMATION = 3  # 48 kHz to 16 kHz: eight times cheaper, and as good
_FRAME = 320  # 20 ms at 16 kHz
_BYTES = 2 * _FRAME
_AGGRESSIVENESS = 2


class SpeechDetector:
    """For the microphones of one input: keeps what does not fill a 20 ms frame for the next block."""

    def __init__(self, microphones: int = 1) -> None:
        self._vads = [webrtcvad.Vad(_AGGRESSIVENESS) for _ in range(microphones)]
        self._rest: Pcm = np.zeros((microphones, 0), np.int16)

    def speech_in(self, channels: Pcm) -> list[bool]:
        """For each microphone of 48 kHz `channels`, shape (microphones, samples), whether any whole 20 ms frame holds
        speech."""
        samples = np.concatenate([self._rest, channels], axis=1)
        whole = samples.shape[1] // (_FRAME * _DECIMATION) * (_FRAME * _DECIMATION)
        self._rest = samples[:, whole:]
        # The mean of three neighbours is filter enough for finding pauses.
        first, second, third = (samples[:, at:whole:_DECIMATION] for at in range(_DECIMATION))
        total = np.add(first, second, dtype=np.int32)
        total += third
        total //= _DECIMATION
        copies = total.astype(np.int16)
        return [self._spoken(vad, copy.tobytes()) for vad, copy in zip(self._vads, copies, strict=True)]

    def _spoken(self, vad: webrtcvad.Vad, copy: bytes) -> bool:
        # Every frame is shown to the detector, which learns the noise from all of them.
        spoken = [vad.is_speech(copy[at : at + _BYTES], 16_000) for at in range(0, len(copy), _BYTES)]
        return any(spoken)
