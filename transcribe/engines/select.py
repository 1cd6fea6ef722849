"""Which engine serves which language, as set; engines are loaded when first needed and kept."""

from pathlib import Path

from transcribe.engines.port import Engine
from transcribe.engines.whisper import WhisperEngine
from transcribe.settings import TranscribeSettings


class Engines:
    """Language → loaded engine. For one worker thread: a solo pool has no other."""

    def __init__(self, settings: TranscribeSettings, models_dir: Path) -> None:
        self._settings = settings
        self._models_dir = settings.models_dir or models_dir
        self._loaded: dict[str, Engine] = {}

    def __call__(self, language: str) -> Engine:
        """Raises NoEngine when none is set for `language`, ModelError when its model is not there."""
        model = self._settings.model_for(language)
        if model not in self._loaded:
            self._loaded[model] = WhisperEngine(
                model,
                self._models_dir,
                device=self._settings.device,
                cpu_compute_type=self._settings.cpu_compute_type,
                cuda_compute_type=self._settings.cuda_compute_type,
                threads=self._settings.threads,
            )
        return self._loaded[model]
