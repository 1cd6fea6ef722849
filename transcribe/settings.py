"""Settings of the transcription worker, read from the environment once at its composition root."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from court.card import LANGUAGES
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


_AS_JSON = {
    "engines": '{"ru": ["whisper-small", "whisper-base"]}',
    "languages": '["ru", "ky"]',
    "glossary": '{"ru": ["расписка", "отвод"]}',
    "live_models": '{"ru": "whisper-tiny"}',
}


class TranscribeSettings(BaseSettings):
    """Environment variables COURTREC_TRANSCRIBE_<FIELD>; what has several values is JSON."""

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
    glossary: dict[str, tuple[str, ...]] = Field(default={})
    """Language → terms that recognisers expect beside the names of the case card, where they can; JSON."""
    live_models: dict[str, str] = Field(default={"ru": "whisper-tiny", "en": "whisper-tiny"})
    """Language of the hearing → model for the text that appears while it runs; other languages have none."""
    voice_model: str = "wespeaker-resnet34"
    """Tells apart people who share a microphone; empty: nobody does, and no voice prints are made."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    cpu_compute_type: str = "int8"
    cuda_compute_type: str = "float16"
    threads: int = Field(default=1, ge=1)
    """Processor threads per worker; several workers of one thread beat one worker of several."""

    @field_validator("engines", "glossary", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {language: (one,) if isinstance(one, str) else one for language, one in value.items()}

    @field_validator("glossary")
    @classmethod
    def _of_hearings(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        unknown = sorted({*value} - {*LANGUAGES})
        if unknown:
            raise ValueError(f"no hearing is in {', '.join(map(repr, unknown))}: use {', '.join(LANGUAGES)}")
        return value

    def models_for(self, language: str) -> tuple[str, ...]:
        """The models for a language, the preferred one first; empty where none is set for it."""
        return self.engines.get(language, ())


def load_transcribe_settings() -> TranscribeSettings:
    """Settings from the environment; raises TranscribeSettingsError, one sentence naming what to correct."""
    try:
        return TranscribeSettings()
    except ValidationError as error:
        complaints = "; ".join(f"{_PREFIX}{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors())
    except UnreadableSetting as error:  # `error parsing value for field "glossary" from source "EnvSettingsSource"`
        field = str(error).split('"')[1]
        complaints = f"{_PREFIX}{field.upper()}: it is not JSON like {_AS_JSON[field]}"
    raise TranscribeSettingsError(f"The settings cannot be used: {complaints}.")
