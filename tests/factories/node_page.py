"""A node's control API and its own page on a real socket, and somebody who is logged in there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.applications import Starlette

from hardware.clock import SystemClock
from hardware.inputs import open_input
from recorder.agent import Agent
from recorder.control import create_app
from recorder.door import HEADER, Door
from recorder.health.selftest import SelfTester
from recorder.health.watch import Watch
from recorder.login import Logins
from recorder.password import set_password
from tests.factories.server import NODE_TOKEN
from tests.factories.waiting import until

PIN = "246810"


def node_app(agent: Agent, door: Door, tester: SelfTester | None = None, watch: Watch | None = None) -> Starlette:
    """The node's application; what is not given looks at nothing by itself."""
    tester = tester or SelfTester(agent.settings, agent.room, SystemClock(), agent.gauge, open_input)
    return create_app(agent, door, tester, watch or Watch(agent, SystemClock()))


@contextmanager
def serving_node(
    agent: Agent, pin: str = "", tester: SelfTester | None = None, watch: Watch | None = None
) -> Iterator[str]:
    """The address of the node that `agent` is; with `pin` its page has that password."""
    password = agent.settings.password_file
    if pin:
        set_password(password, pin)
    door = Door(NODE_TOKEN, Logins(password), agent.settings.page_networks)
    app = node_app(agent, door, tester, watch)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def at_the_page(address: str, name: str = "", pin: str = PIN) -> Iterator[httpx.Client]:
    """A browser in which `name` has logged in to the page."""
    with httpx.Client(base_url=address, headers={HEADER: "1"}, timeout=30) as browser:
        answer = browser.post("/login", json={"password": pin, "name": name})
        assert answer.status_code == 200, answer.text
        yield browser
