"""A capture node as a child process of the one-machine installation.

It is a process of its own so that nothing the server does can stop a recording, and it is started again whenever it
ends: it takes an open hearing up where its spool says. It ends with the process that started it, however that ends,
so that the next one finds the spool free.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.keeper import Keeper


@contextmanager
def child_node(home: Path, room: Path, server_url: str, port: int) -> Iterator[None]:
    """Keeps a node recording `room` and listening on loopback `port` for the length of the block.

    Raises ServerError when it cannot start; what is wrong it has said itself.
    """
    keeper = Keeper(
        "capture node",
        [sys.executable, "-m", "api.cli", "node", "run", "--room", str(room)],
        {
            **os.environ,
            "COURTREC_NODE_HOME": str(home),
            "COURTREC_NODE_SERVER_URL": server_url,
            "COURTREC_NODE_PORT": str(port),
            "COURTREC_NODE_ENDS_WITH_STDIN": "1",
        },
    )
    try:
        keeper.wait_until_listening(port)
        yield
    finally:
        keeper.stop()


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
