"""`courtrec write-off` and `courtrec end`: what will never arrive."""

from datetime import datetime
from zoneinfo import ZoneInfo

import typer

from api.cli.prompts import ask_password
from api.composition import existing_context
from api.settings import load_settings
from api.standin import end_without_node
from api.write_off import administrator, write_off
from protocol.settings import ProtocolSettings


def write_segments_off(hearing: str, by: str, reason: str) -> None:
    """Prints which segments were given up."""
    context = existing_context(load_settings())
    decider = administrator(context, by, ask_password(f"Password of {by}"))
    named = write_off(context, hearing, decider, reason)
    typer.echo(f"Written off of hearing {hearing}: {', '.join(named)}.")


def end_lost_hearing(hearing: str, by: str, reason: str, at: datetime | None) -> None:
    """`at` is a time of the court's zone unless it names its own. Prints when the hearing ended."""
    context, zone = existing_context(load_settings()), ZoneInfo(ProtocolSettings().zone)
    decider = administrator(context, by, ask_password(f"Password of {by}"))
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=zone)
    ended = end_without_node(context, hearing, decider, reason, at)
    typer.echo(f"Hearing {hearing} ended at {ended.astimezone(zone):%Y-%m-%d %H:%M:%S}.")
