"""`courtrec write-off`."""

import typer

from api.cli.prompts import ask_password
from api.composition import existing_context
from api.settings import load_settings
from api.write_off import administrator, write_off


def write_segments_off(hearing: str, by: str, reason: str) -> None:
    """Prints which segments were given up."""
    context = existing_context(load_settings())
    decider = administrator(context, by, ask_password(f"Password of {by}"))
    named = write_off(context, hearing, decider, reason)
    typer.echo(f"{len(named)} segments of hearing {hearing} are written off: {', '.join(named)}.")
