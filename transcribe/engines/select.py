"""Which engine serves which language, as set; engines are loaded when first needed and kept."""

from pathlib import Path

import structlog

from transcribe.engines.onnx import OnnxAsrEngine
from transcribe.engines.port import Engine, Identifier
from transcribe.engines.whisper import WhisperEngine
from transcribe.errors import EngineError, MissingModel, ModelError, NoEngine
from transcribe.manifest import model_card
from transcribe.pipeline import Tongues
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
        self._loaded: dict[str, WhisperEngine | OnnxAsrEngine] = {}
        self._unusable: dict[str, str] = {}

    def __call__(self, language: str, model: str = "") -> Engine:
        """With `model` that one and no other. Raises NoEngine when none is set for `language` or none can be used."""
        models = (model,) if model else self._settings.models_for(language)
        complaints = []
        for name in models:
            try:
                engine = self._engine(name)
            except (ModelError, EngineError) as error:
                complaints.append(str(error))
                continue
            if language in engine.languages:
                return engine
            complaints.append(f"The model {name} does not know the language {language!r}: set another for it.")
        if not models:
            raise NoEngine(
                f"No recogniser is set for hearings in {language!r}: "
                f"add it to COURTREC_TRANSCRIBE_ENGINES (now set: {', '.join(sorted(self._settings.engines))})."
            )
        raise NoEngine(f"No recogniser for hearings in {language!r} can be used. {' '.join(complaints)}")

    def tongues(self, language: str) -> Tongues | None:
        """The court's other languages in a hearing in `language`; None where nothing tells them apart.

        The model set for that does so if it is here, else the hearing's own recogniser if it can.
        """
        others = [one for one in self._settings.languages if one != language]
        identifier = self._identifier(language)
        if not others or identifier is None:
            return None
        return Tongues(identifier, {one: self._engine_or_none(one) for one in others})

    def _engine_or_none(self, language: str) -> Engine | None:
        try:
            return self(language)
        except NoEngine:
            return None

    def _identifier(self, language: str) -> Identifier | None:
        for model in (self._settings.identifier, *self._settings.models_for(language)):
            try:
                engine = self._engine(model)
            except (ModelError, EngineError):
                continue
            if isinstance(engine, Identifier) and engine.tells_languages:
                return engine
        return None

    def _engine(self, model: str) -> WhisperEngine | OnnxAsrEngine:
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

    def _load(self, model: str) -> WhisperEngine | OnnxAsrEngine:
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
