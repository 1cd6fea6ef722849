"""Tells systemd how the node is (sd_notify(3), `Type=notify`): ready, what it does, and that it still records.

The watchdog watches the recording, not the process: it is only fed while the latest fragment of the running hearing is
young. A node that answers but writes nothing any more is started anew and takes the hearing up.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from recorder.agent import Agent

OLDEST_FRAGMENT = 3.0
"""Seconds. Fragments come several times a second; a disk that makes one wait for longer is as good as gone."""
_MOST = 1.0  # seconds between two looks


def notify(*states: str) -> None:
    """Sends lines such as READY=1; does nothing where nobody asked for them."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.connect("\0" + address[1:] if address.startswith("@") else address)
        sender.sendall("\n".join(states).encode())


@contextmanager
def watched(agent: Agent) -> Iterator[None]:
    """The node is ready when the block begins; systemd is told of it until the block ends."""
    ended = threading.Event()
    notify("READY=1")
    watch = threading.Thread(target=_watch, args=(agent, ended), name="watchdog", daemon=True)
    watch.start()
    try:
        yield
    finally:
        notify("STOPPING=1")
        ended.set()
        watch.join()


def _watch(agent: Agent, ended: threading.Event) -> None:
    pause = min(_MOST, int(os.environ.get("WATCHDOG_USEC") or _MOST * 3e6) / 3e6)
    told = ""
    while not ended.wait(pause):
        silence = agent.silence()
        doing = agent.doing() if silence < OLDEST_FRAGMENT else "Nothing has been written for some seconds."
        if doing != told:
            notify(f"STATUS={doing}")
            told = doing
        if silence < OLDEST_FRAGMENT:
            notify("WATCHDOG=1")
