"""Fixtures of the integration tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.db.unit_of_work import Database
from tests.factories.backups import Vault, keys_in_files
from tests.factories.evidence import copy_of, filled, kept_installation
from tests.factories.retention import LONG_AFTER
from tests.factories.server import Server
from tests.speech.recogniser import load_whisper_base
from transcribe.engines.whisper import WhisperEngine


@pytest.fixture(scope="session")
def whisper_base() -> WhisperEngine:
    """The real recogniser; where the model is not on the machine it is fetched, never skipped."""
    return load_whisper_base()


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation worked through once, never altered: tests take a copy of it."""
    return kept_installation(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def copied(kept: Path, tmp_path: Path) -> Iterator[Server]:
    """The worked-through installation, to be altered at will."""
    with copy_of(kept, tmp_path) as server:
        yield server


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    """Two hearings, just recorded."""
    return filled(database, tmp_path)


@pytest.fixture
def old(server: Server) -> Server:
    """Both hearings' time has come."""
    server.clock.forward(LONG_AFTER.total_seconds())
    return server


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    folder = tmp_path / "vault"
    folder.mkdir()
    return Vault(folder)


@pytest.fixture
def small(tmp_path: Path, copied: Server) -> Server:
    """The same on SQLite, quickly."""
    keys_in_files(copied.context.settings.home)
    return copied
