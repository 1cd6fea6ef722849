"""`courtrec keys`."""

from datetime import timedelta

import typer
from rich.table import Table

from api.cli.consoles import plain_console
from api.composition import existing_context
from api.home import Home
from api.settings import load_settings
from court.errors import InputError
from storage.keyring import rotate
from storage.ledger.checkpoint import verifier_key
from storage.ledger.ed25519 import key_id
from storage.ledger.rotation import LOG, SERVER

PURPOSES = (LOG, SERVER)


def list_keys() -> None:
    """One row per key, for each purpose the present one first."""
    settings = load_settings()
    table = Table(box=None)
    for heading in ("purpose", "key", "replaced (UTC)", "signs"):
        table.add_column(heading, no_wrap=True)
    context = existing_context(settings)
    now = context.clock.now().utc
    for purpose, ring in ((LOG, context.log_keys), (SERVER, context.server_keys)):
        table.add_row(purpose, ring.key.key_id, "", "yes")
        for one in ring.former:
            both = purpose == LOG and one.key is not None and now < one.until
            signs = f"beside the new one until {one.until:%Y-%m-%d}" if both else "no"
            table.add_row(purpose, key_id(one.public), f"{one.rotation.at:%Y-%m-%d %H:%M:%S}", signs)
    console = plain_console(width=200)
    console.print(table)
    published = verifier_key(settings.log_origin, context.log_keys.key.public)
    console.print(f"The log's key as verifiers want it (--key): {published}")


def rotate_key(purpose: str) -> None:
    """Raises InputError for another purpose than those there are, KeyFileError where a key file cannot be used."""
    if purpose not in PURPOSES:
        raise InputError(f"There is no key for {purpose!r}: use one of {', '.join(PURPOSES)}.")
    settings = load_settings()
    context = existing_context(settings)
    stated = rotate(Home(settings.home).own_key(purpose), purpose, settings.log_origin, context.clock.now().utc)
    typer.echo(
        f"The {purpose} key is now {key_id(stated.new)}: restart server and worker, and back up the folder keys."
    )
    if purpose == LOG and settings.key_overlap_days:
        until = stated.at + timedelta(days=settings.key_overlap_days)
        typer.echo(f"Checkpoints also bear the signature of {key_id(stated.old)} until {until:%Y-%m-%d}.")
