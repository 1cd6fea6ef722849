"""The commands `courtrec protocol …`; what they do is in protocol.py."""

from pathlib import Path
from typing import Annotated

import typer

protocol_app = typer.Typer(
    help="Signing protocols with one's own key, and correcting signed ones.", no_args_is_help=True
)

HearingArgument = Annotated[str, typer.Argument(help="Id of the hearing (it stands in the address of its page).")]


@protocol_app.command()
def sign(
    hearing: HearingArgument,
    login: Annotated[str, typer.Option("--login", help="Your login at the court's server.")],
    server: Annotated[str, typer.Option("--server", help="Address of the court's server.")] = "http://127.0.0.1:8765",
    signers: Annotated[
        Path | None, typer.Option("--signers", help="File that says where your key is (COURTREC_PROTOCOL_SIGNERS).")
    ] = None,
) -> None:
    """Signs the protocol of a hearing here, with the key in your token: as secretary or as judge, as your account says.

    Asks for your password at the court's server, and for the PIN of the token.
    """
    from api.cli.protocol import sign_here

    sign_here(hearing, server, login, signers)


@protocol_app.command()
def correct(hearing: HearingArgument) -> None:
    """Draws up a new draft in the place of a signed protocol, which it names. The signed one stays. On the server."""
    from api.cli.protocol import correct_signed

    correct_signed(hearing)
