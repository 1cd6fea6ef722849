"""The command line `courtrec`. Each command imports what it needs when it runs, so a capture node needs no server."""

from api.cli.main import main

__all__ = ["main"]
