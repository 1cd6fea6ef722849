"""`courtrec node code`, `courtrec node list` and `courtrec node revoke`: the server's side of its nodes."""

import getpass

import typer
from rich.table import Table

from api import nodes
from api.cli.consoles import plain_console
from api.composition import existing_context, make_context
from api.settings import load_settings


def print_code(room: str, minutes: int) -> None:
    """Raises Unusable for a room or a time that cannot be."""
    context = make_context(load_settings())
    nodes.begin_register(context)
    code, until = nodes.make_code(context, room, getpass.getuser(), minutes)
    typer.echo(f"{code}  for a node of {room!r}, once, until {until:%Y-%m-%d %H:%M} UTC")
    typer.echo(f"On the node:  courtrec node enrol --server {context.settings.site} --code {code}")


def list_nodes() -> None:
    """One row per key, in the order in which they were enrolled."""
    table = Table(box=None)
    for heading in ("key", "name", "room", "enrolled by", "revoked (UTC)"):
        table.add_column(heading, no_wrap=True)
    for named, one in nodes.nodes(existing_context(load_settings())).items():
        table.add_row(named, one.name, one.room, one.by or "before there was a register", one.revoked_at)
    plain_console(width=200).print(table)


def revoke_node(key: str) -> None:
    """Raises NotFound, or Conflict if it is revoked already."""
    node = nodes.revoke(existing_context(load_settings(), keys=True), key, getpass.getuser())
    typer.echo(f"Revoked: key {key} ({node.name}, {node.room or 'any room'}). Nothing more is taken from it.")
