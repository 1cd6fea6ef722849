"""One capture node inside this process: spool, recorder and delivery, for commands that record to an end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from api.context import Context
from api.nodes import enrol_own
from court.clock import Clock
from court.room import Room
from recorder.agent import Agent
from recorder.delivery import node_uplink
from recorder.settings import NodeSettings, Pace
from recorder.uplink import Uplink
from storage import keys

_LOOK_EVERY = 0.1


@contextmanager
def capturing(
    context: Context, room: Room, pace: Pace, clock: Clock, server_url: str
) -> Iterator[tuple[Agent, Uplink]]:
    """An agent for `room` that delivers to `server_url` while the block runs."""
    settings = NodeSettings(home=context.settings.home, pace=pace, server_url=server_url)
    key = keys.load_or_create(settings.key_file)
    enrol_own(context, key.public)
    agent = Agent(settings, room, clock, key)
    uplink = node_uplink(settings, agent.spool, context.secrets.node_token, key.public, clock)
    uplink.start()
    try:
        yield agent, uplink
    finally:
        uplink.close()
        agent.close()


def wait_until_delivered(agent: Agent, uplink: Uplink) -> Iterator[int]:
    """Yields how many entries are still unsent, until none is; a refusal is raised by delivering once more here."""
    while left := agent.spool.backlog().count:
        yield left
        if uplink.trouble:
            uplink.deliver()
        time.sleep(_LOOK_EVERY)
    yield 0
