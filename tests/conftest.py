"""Fixtures of the whole suite: the real services (tests/services) and the two databases (tests/factories)."""

pytest_plugins = ["tests.services.fixtures", "tests.factories.databases"]
