"""`courtrec node`: the capture node of one court-room, a program of its own without database or web framework."""

import signal
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import typer
import uvicorn

from api.cli.prompts import ask_password
from api.keeper import end_with_stdin
from hardware.clock import SystemClock
from hardware.inputs import open_input
from hardware.temperature import temperatures
from hardware.ups import ask_ups
from recorder.agent import Agent
from recorder.control import create_app
from recorder.delivery import node_uplink
from recorder.door import Door
from recorder.enrolment import enrol_node, enrolment_client
from recorder.errors import HearingRunning
from recorder.giving_up import give_up
from recorder.health.selftest import SelfTester
from recorder.health.watch import Watch
from recorder.login import Logins
from recorder.password import set_password
from recorder.rooms import load_room
from recorder.service import watched
from recorder.settings import load_node_settings
from recorder.spool import Spool
from recorder.spool_file import unfinished_in
from recorder.uplink import Uplink
from storage import keys


def run_node(room_file: Path) -> None:
    """Serves the control API until it is told to end; a hearing that was interrupted goes on at once."""
    settings = load_node_settings()
    signal.signal(signal.SIGTERM, _end)
    if settings.ends_with_stdin:
        threading.Thread(target=end_with_stdin, name="parent", daemon=True).start()
    room = load_room(room_file)
    token = settings.read_token()
    key = keys.load_or_create(settings.key_file)
    clock = SystemClock()
    agent = Agent(settings, room, clock, key)
    tester = SelfTester(settings, room, clock, agent.gauge, open_input, token)
    ups = settings.ups
    watch = Watch(
        agent,
        clock,
        delivers=bool(settings.server_url),
        temperatures=temperatures,
        ups=None if ups is None else lambda: ask_ups(ups),
    )
    uplink: Uplink | None = None
    if settings.server_url:
        uplink = node_uplink(settings, agent.spool, token, key.public, clock)
        agent.delivery_trouble = lambda: uplink.trouble if uplink is not None else ""
        uplink.start()
    try:
        agent.recover()
        watch.start()
        door = Door(token, Logins(settings.password_file), settings.page_networks, [settings.name])
        app = create_app(agent, door, tester, watch)
        with watched(agent):
            uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", log_config=None)
    finally:
        if uplink is not None:
            uplink.close()  # first: it reads the agent's spool
        watch.close()
        tester.stop()
        agent.close()


def change_password() -> None:
    """Sets the password of the node's own page; whoever is logged in there has to log in again. Raises InputError."""
    file = load_node_settings().password_file
    set_password(file, ask_password("Password or PIN of the node's page", confirm=True))
    typer.echo(f"The page of this node asks for it from now on (kept as a hash in {file}).")


def enrol(server: str, code: str) -> None:
    """Raises NotEnrolled."""
    with enrolment_client(server) as client:
        made = enrol_node(load_node_settings(), client, code)
    room = f"room {made.room!r}"
    if made.again:
        typer.echo(f"This node is enrolled already: key {made.node}, {room}.")
        return
    typer.echo(f"Enrolled: key {made.node}, {room}.")
    typer.echo(f"The log's key, to compare with the one the court publishes: {made.log_key}")
    if made.room_file is not None:
        typer.echo(f"The room's file: {made.room_file}")
    typer.echo(f"Start the node with COURTREC_NODE_SERVER_URL={server}.")


def redeliver(since: datetime) -> None:
    """Marks what was written since that day (UTC) as unsent; the node sends it when it runs. Raises SpoolError."""
    with closing(Spool(load_node_settings().spool_folder)) as spool:
        count, gone = spool.send_again(since.replace(tzinfo=UTC).timestamp())
    typer.echo(f"{count} entries will be sent again as soon as the node runs.")
    if gone.count:
        typer.echo(
            f"The bytes of {gone.count} segments ({gone.size} bytes) cannot be sent again: they were deleted here "
            "after the server had read its own copies back."
        )


def give_up_segment(file: str) -> None:
    """The node may be running, or be ended. Raises NotGivenUp, SpoolError."""
    give_up(load_node_settings().spool_folder, file)
    typer.echo(f"The segment {file} is given up: its entry goes to the server without it, and what is behind follows.")
    typer.echo(
        "The court misses it until an administrator writes it off (`courtrec write-off`). Put back whole into the "
        "spool, it is sent after all."
    )


def check_upgrade() -> None:
    """Asks the spool, not the node, which may be down. Raises HearingRunning, SpoolError if it cannot be read."""
    hearing = unfinished_in(load_node_settings().spool_folder)
    if hearing is not None:
        raise HearingRunning(f"The hearing {hearing} is being recorded here or is not finished: upgrade after its end.")


def _end(_signal: int, _frame: FrameType | None) -> None:
    """Lets everything be closed; uvicorn, which ends on this signal by itself, repeats it afterwards."""
    sys.exit()
