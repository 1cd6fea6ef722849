"""Which engine serves which language, as set; engines are loaded when first needed and kept."""

from pathlib import Path

import structlog

from transcribe.engines.onnx import OnnxAsrEngine
from transcribe.engines.port import Engine, Identifier
from transcribe.engines.whisper import WhisperEngine
from transcribe.errors import EngineError, MissingModel, ModelError, NoEngine
from transcribe.manifest import model_card
from transcribe.settings import TranscribeSettings

_log = structlog.get_logger(__name__)


class Engines:
    """Language → loaded engine. For one worker thread: a solo pool has no other.

    Of the models set for a language the first that is here, whole and loadable serves it. One that is damaged stays out
    until the worker starts again; one that is missing is looked for anew, since fetching it needs no restart.
    """

    def __init__(self, settings: TranscribeSettings, models_dir: Path) -> None:
        self._settings = settings
        self._models_dir = settings.models_dir or models_dir
        self._loaded: dict[str, Engine] = {}
        self._unusable: dict[str, str] = {}

    def __call__(self, language: str) -> Engine:
        """Raises NoEngine when none is set for `language` or none of those set can be used."""
        models = self._settings.models_for(language)
        complaints = []
        for model in models:
            try:
                return self._engine(model)
            except (ModelError, EngineError) as error:
                complaints.append(str(error))
        if not models:
            raise NoEngine(
                f"No recogniser is set for hearings in {language!r}: "
                f"add it to COURTREC_TRANSCRIBE_ENGINES (now set: {', '.join(sorted(self._settings.engines))})."
            )
        raise NoEngine(f"No recogniser for hearings in {language!r} can be used. {' '.join(complaints)}")

    def serves(self, language: str) -> bool:
        """Whether speech in `language` can be recognised here now."""
        try:
            self(language)
        except NoEngine:
            return False
        return True

    def identifier(self, language: str) -> Identifier | None:
        """What tells languages apart in a hearing in `language`: the model set for it if it is here, else the engine
        itself; None where neither can."""
        for model in (self._settings.identifier, *self._settings.models_for(language)):
            try:
                engine = self._engine(model)
            except (ModelError, EngineError):
                continue
            if isinstance(engine, Identifier):
                return engine
        return None

    def _engine(self, model: str) -> Engine:
        if model in self._unusable:
            raise ModelError(self._unusable[model])
        if model not in self._loaded:
            try:
                self._loaded[model] = self._load(model)
            except MissingModel:
                raise
            except (ModelError, EngineError) as error:
                self._unusable[model] = str(error)
                _log.error("model_unusable", model=model, error=str(error))
                raise
        return self._loaded[model]

    def _load(self, model: str) -> Engine:
        one = self._settings
        kind = model_card(model, self._models_dir).engine
        if kind == "faster-whisper":
            return WhisperEngine(
                model,
                self._models_dir,
                device=one.device,
                cpu_compute_type=one.cpu_compute_type,
                cuda_compute_type=one.cuda_compute_type,
                threads=one.threads,
            )
        if kind == "onnx-asr":
            return OnnxAsrEngine(model, self._models_dir, device=one.device, threads=one.threads)
        raise EngineError(f"The model {model} recognises no words: set another in COURTREC_TRANSCRIBE_ENGINES.")
