"""Fixtures of the whole test suite: the real services; see tests/services."""

pytest_plugins = ["tests.services.fixtures"]
