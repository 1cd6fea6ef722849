"""Settings of the transcription worker, read from the environment once at its composition root."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from transcribe.errors import NoEngine, TranscribeSettingsError

_PREFIX = "COURTREC_TRANSCRIBE_"


class TranscribeSettings(BaseSettings):
    """Environment variables COURTREC_TRANSCRIBE_<FIELD>; `engines` is JSON."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX)

    models_dir: Path | None = None
    """Where models are kept; by default the folder `models` under COURTREC_HOME."""
    mirror: Path | None = None
    """A folder with models or their carriers, for courts without a way to a package registry."""
    engines: dict[str, str] = Field(default={"ru": "whisper-base", "kk": "whisper-base", "en": "whisper-base"})
    """Language of the hearing → name of the model that recognises it (see models.toml)."""
    voice_model: str = "wespeaker-resnet34"
    """Tells apart people who share a microphone; empty: nobody does, and no voice prints are made."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    cpu_compute_type: str = "int8"
    cuda_compute_type: str = "float16"
    threads: int = Field(default=1, ge=1)
    """Processor threads per worker; several workers of one thread beat one worker of several."""

    def model_for(self, language: str) -> str:
        """The model for a hearing's language; raises NoEngine when none is set for it."""
        if language not in self.engines:
            raise NoEngine(
                f"No recogniser is set for hearings in {language!r}: "
                f"add it to COURTREC_TRANSCRIBE_ENGINES (now set: {', '.join(sorted(self.engines))})."
            )
        return self.engines[language]


def load_transcribe_settings() -> TranscribeSettings:
    """Settings from the environment; raises TranscribeSettingsError, one sentence naming what to correct."""
    try:
        return TranscribeSettings()
    except ValidationError as error:
        complaints = "; ".join(f"{_PREFIX}{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors())
    except UnreadableSetting:
        complaints = f'{_PREFIX}ENGINES: it is not JSON like {{"ru": "whisper-base"}}'
    raise TranscribeSettingsError(f"The settings cannot be used: {complaints}.")
