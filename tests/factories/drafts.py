"""Drafts as the worker leaves them: with their PDF; and pages that draw them up."""

from types import ModuleType

import pytest

from api.context import Context
from protocol.context import ProtocolContext
from protocol.tasks import draft_protocol, render_protocol


def draw_up(context: ProtocolContext, hearing: str, full: bool | None = None) -> None:
    """The next revision of the protocol; there must be something new to say."""
    assert draft_protocol(context, hearing, full)
    assert render_protocol(context, hearing)


def pages_work_with(monkeypatch: pytest.MonkeyPatch, module: ModuleType, made: ProtocolContext) -> None:
    """The pages of `module` draw up and sign as `made` says."""

    def given(_context: Context) -> ProtocolContext:
        return made

    monkeypatch.setattr(module, "protocol_context", given)
