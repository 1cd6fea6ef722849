"""Drafts as the worker leaves them: with their PDF."""

from protocol.context import ProtocolContext
from protocol.tasks import draft_protocol, render_protocol


def draw_up(context: ProtocolContext, hearing: str, full: bool | None = None) -> None:
    """The next revision of the protocol; there must be something new to say."""
    assert draft_protocol(context, hearing, full)
    assert render_protocol(context, hearing)
