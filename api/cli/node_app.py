"""The commands `courtrec node …`; what they do is in node.py, nodes.py and rooms.py."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

node_app = typer.Typer(help="The capture node of a court-room.", no_args_is_help=True)


@node_app.command("run")
def node_run(room: Annotated[Path, typer.Option("--room", help="Room file (TOML).")]) -> None:
    """Runs the capture node of a room until it is told to end; it takes up what a power cut left open."""
    from api.cli.node import run_node

    run_node(room)


@node_app.command("password")
def node_password() -> None:
    """Sets the password or PIN of the node's own page, which leads hearings without the server."""
    from api.cli.node import change_password

    change_password()


@node_app.command("devices")
def node_devices() -> None:
    """Lists this machine's microphones and cameras as lines for a room file."""
    from api.cli.rooms import list_devices

    list_devices()


@node_app.command("check-room")
def node_check_room(room: Annotated[Path, typer.Argument(help="Room file (TOML).")]) -> None:
    """Opens each input for a moment and tells what every microphone and camera gives; exit code 1 if one is wrong."""
    from api.cli.rooms import try_room

    raise typer.Exit(try_room(room))


@node_app.command("code")
def node_code(
    room: Annotated[str, typer.Argument(help="Room the node records, as its room file names it.")],
    minutes: Annotated[int, typer.Option("--minutes", help="How long the code is valid.")] = 60,
) -> None:
    """On the server: makes a one-time code with which a node of that room is enrolled."""
    from api.cli.nodes import print_code

    print_code(room, minutes)


@node_app.command("enrol")
def node_enrol(
    server: Annotated[str, typer.Option("--server", help="Address of the court's server: https://…")],
    code: Annotated[str, typer.Option("--code", help="The code that `courtrec node code` printed.")],
) -> None:
    """On the node: makes its key and gets its token. Giving the same command again does no harm."""
    from api.cli.node import enrol

    enrol(server, code)


@node_app.command("list")
def node_list() -> None:
    """On the server: lists the nodes that were enrolled."""
    from api.cli.nodes import list_nodes

    list_nodes()


@node_app.command("revoke")
def node_revoke(key: Annotated[str, typer.Argument(help="Id of the node's key (see `courtrec node list`).")]) -> None:
    """On the server: nothing that this key signed is taken any more."""
    from api.cli.nodes import revoke_node

    revoke_node(key)


@node_app.command("self-test")
def node_self_test(room: Annotated[Path, typer.Argument(help="Room file (TOML).")]) -> None:
    """Tests a room before a hearing, half a minute with somebody who speaks; exit code 1 if anything must be mended."""
    from api.cli.rooms import self_test

    raise typer.Exit(self_test(room))


@node_app.command("redeliver")
def node_redeliver(
    since: Annotated[datetime, typer.Option("--since", formats=["%Y-%m-%d"], help="First day to send again (UTC).")],
) -> None:
    """Sends again what the spool holds, for a server that was restored; what it has already does no harm."""
    from api.cli.node import redeliver

    redeliver(since)


@node_app.command("give-up")
def node_give_up(
    segment: Annotated[str, typer.Argument(help="The segment's file, as the node's message names it.")],
) -> None:
    """Gives up a microphone's segment that this node's disk lost, so that the rest of its hearing is delivered."""
    from api.cli.node import give_up_segment

    give_up_segment(segment)


@node_app.command("upgrade-check")
def node_upgrade_check() -> None:
    """Succeeds only while this machine's node has no hearing that is being recorded or was interrupted."""
    from api.cli.node import check_upgrade

    check_upgrade()
