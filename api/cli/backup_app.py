"""The commands `courtrec backup …`; what they do is in backup.py."""

from pathlib import Path
from typing import Annotated

import typer

backup_app = typer.Typer(
    help="Encrypted backups of the database (the ledger is in it) and the keys.", no_args_is_help=True
)

LaterOption = Annotated[
    Path | None, typer.Option("--later", help="The newest checkpoint of the log that anybody has (a signed note).")
]
KeyOption = Annotated[Path, typer.Option("--key", help="The secret key that `courtrec backup key` wrote.")]


@backup_app.command()
def key(file: Annotated[Path, typer.Argument(help="File to write the secret key to; keep it away from here.")]) -> None:
    """Makes the key pair of backups: the server needs its public half only."""
    from api.cli.backup import make_key

    make_key(file)


@backup_app.command()
def make(
    where: Annotated[Path, typer.Argument(help="Folder, in which the file names itself, or a file that is new.")],
) -> None:
    """Makes a backup for the keys in COURTREC_BACKUP_RECIPIENTS; the court goes on working meanwhile."""
    from api.cli.backup import make_one

    raise typer.Exit(make_one(where))


@backup_app.command()
def check(file: Annotated[Path, typer.Argument(help="The backup.")], key: KeyOption, later: LaterOption = None) -> None:
    """Decrypts a backup, looks at every part and at the log in it, and puts nothing in place.

    With --later it also tells what of the log a restoration would lose.
    """
    from api.cli.backup import check_one

    raise typer.Exit(check_one(file, key, later))


@backup_app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    key: KeyOption,
    later: LaterOption = None,
    accept_loss: Annotated[
        str, typer.Option("--accept-loss", help="Why the log goes on without entries it had signed; stated for good.")
    ] = "",
) -> None:
    """Puts a backup into an empty COURTREC_HOME and an empty database. Recordings come back by `courtrec fsck`."""
    from api.cli.backup import restore_one

    raise typer.Exit(restore_one(file, key, later, accept_loss))
