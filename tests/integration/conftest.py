"""Fixtures of the integration tests."""

import pytest

from tests.speech.recogniser import load_whisper_base
from transcribe.engines.whisper import WhisperEngine


@pytest.fixture(scope="session")
def whisper_base() -> WhisperEngine:
    """The real recogniser; where the model is not on the machine it is fetched, never skipped."""
    return load_whisper_base()
