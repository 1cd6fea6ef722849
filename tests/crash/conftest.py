"""Fixtures of the crash tests."""

from pathlib import Path

import pytest

from tests.factories.evidence import kept_installation


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation worked through once, never altered: tests take a copy of it."""
    return kept_installation(tmp_path_factory.mktemp("kept"))
