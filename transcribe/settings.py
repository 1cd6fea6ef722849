"""Settings of the transcription worker, read from the environment once at its composition root."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from transcribe.errors import TranscribeSettingsError

_PREFIX = "COURTREC_TRANSCRIBE_"
_WHISPER = ("whisper-large-v3", "whisper-large-v3-turbo")
# Whisper has no Kyrgyz and would write Kazakh instead. Of what comes in packages, its small size is the least that
# makes anything of Kazakh.
_ENGINES = {
    "ru": ("gigaam-v3", *_WHISPER, "whisper-base"),
    "ky": ("gigaam-multilingual",),
    "kk": ("gigaam-multilingual", *_WHISPER, "whisper-small", "whisper-base"),
    "en": (*_WHISPER, "whisper-base"),
}


class TranscribeSettings(BaseSettings):
    """Environment variables COURTREC_TRANSCRIBE_<FIELD>; `engines` is JSON."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX)

    models_dir: Path | None = None
    """Where models are kept; by default the folder `models` under COURTREC_HOME."""
    mirror: Path | None = None
    """A folder with models or their carriers, for courts without a way to a package registry."""
    engines: dict[str, tuple[str, ...]] = Field(default=_ENGINES)
    """Language → names of models that recognise it (`courtrec models list`), the first one preferred that is here.

    A name alone is a list of one. A language without models has no text; its hearings are recorded all the same.
    """
    languages: tuple[str, ...] = ("ru", "ky")
    """Languages that may be heard in any hearing of this court beside the hearing's own; JSON."""
    identifier: str = "whisper-tiny"
    """The model that tells languages apart if it is here; else the recogniser itself does, at more cost."""
    live_models: dict[str, str] = Field(default={"ru": "whisper-tiny", "en": "whisper-tiny"})
    """Language of the hearing → model for the text that appears while it runs; other languages have none."""
    voice_model: str = "wespeaker-resnet34"
    """Tells apart people who share a microphone; empty: nobody does, and no voice prints are made."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    cpu_compute_type: str = "int8"
    cuda_compute_type: str = "float16"
    threads: int = Field(default=1, ge=1)
    """Processor threads per worker; several workers of one thread beat one worker of several."""

    @field_validator("engines", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {language: (models,) if isinstance(models, str) else models for language, models in value.items()}

    def models_for(self, language: str) -> tuple[str, ...]:
        """The models for a language, the preferred one first; empty where none is set for it."""
        return self.engines.get(language, ())


def load_transcribe_settings() -> TranscribeSettings:
    """Settings from the environment; raises TranscribeSettingsError, one sentence naming what to correct."""
    try:
        return TranscribeSettings()
    except ValidationError as error:
        complaints = "; ".join(f"{_PREFIX}{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors())
    except UnreadableSetting:
        complaints = f'{_PREFIX}ENGINES: it is not JSON like {{"ru": ["whisper-small", "whisper-base"]}}'
    raise TranscribeSettingsError(f"The settings cannot be used: {complaints}.")
