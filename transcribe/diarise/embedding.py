"""Voices as numbers: WeSpeaker's ResNet34 on onnxruntime. The same person's lie close together, whatever is said."""

from pathlib import Path
from typing import Protocol

import kaldi_native_fbank as fbank
import numpy as np
import onnxruntime
import structlog
from numpy.typing import NDArray

from transcribe.errors import EngineError, ModelError
from transcribe.manifest import model_card
from transcribe.models import verify
from transcribe.speech import SAMPLE_RATE, Pcm

_log = structlog.get_logger(__name__)

SHORTEST = 0.5
"""Seconds of speech below which a voice cannot be told."""

Vector = NDArray[np.float32]
"""A voice: 256 numbers, of length 1. The product of two is their likeness: of 3 s each, 0.53 to 0.9 for the same
person, at most 0.4 for two."""


class Embedder(Protocol):
    @property
    def model_sha256(self) -> str: ...

    def __call__(self, pcm: Pcm) -> Vector:
        """The voice heard in at least SHORTEST seconds of `pcm`."""
        ...


class WeSpeaker:
    """One loaded model, on one processor thread."""

    def __init__(self, model: str, models_dir: Path) -> None:
        """Verifies and loads `model` from `models_dir`. Raises ModelError or EngineError."""
        card = model_card(model, models_dir)
        path = verify(model, models_dir) / card.files[0].name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - onnxruntime's errors share no other root
            raise EngineError(f"The voice model {path} cannot be loaded: {error}") from None
        self.model_sha256 = card.sha256
        self._features = fbank.FbankOptions()
        self._features.frame_opts.samp_freq = SAMPLE_RATE
        self._features.frame_opts.dither = 0
        self._features.frame_opts.window_type = "hamming"
        self._features.mel_opts.num_bins = 80

    def __call__(self, pcm: Pcm) -> Vector:
        extractor = fbank.OnlineFbank(self._features)
        extractor.accept_waveform(SAMPLE_RATE, pcm.astype(np.float32))
        extractor.input_finished()
        frames = np.stack([extractor.get_frame(number) for number in range(extractor.num_frames_ready)])
        [[vector]] = self._session.run(None, {"feats": (frames - frames.mean(axis=0))[None]})
        return unit(vector)


class Embedders:
    """The voice model of the settings, loaded when first needed and kept. For one worker thread."""

    def __init__(self, model: str, models_dir: Path) -> None:
        """No `model`, no voices."""
        self._model, self._models_dir = model, models_dir
        self._loaded: WeSpeaker | None = None

    def __call__(self) -> Embedder | None:
        """None where the model is not there: then people at one microphone are not told apart, and the log says so."""
        if self._loaded is None and self._model:
            try:
                self._loaded = WeSpeaker(self._model, self._models_dir)
            except (ModelError, EngineError) as error:
                _log.warning("voices_not_told_apart", error=str(error))
        return self._loaded


def unit(vector: NDArray[np.float32]) -> Vector:
    """The vector made 1 long; zeros stay zeros."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
