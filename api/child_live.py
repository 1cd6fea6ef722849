"""The worker for live text as a child process of the one-machine installation, lower in rank than anything else."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from api.keeper import Keeper


@contextmanager
def child_live(server_url: str, node_url: str) -> Iterator[None]:
    """Keeps `courtrec live` listening to the node for the length of the block. Nobody waits for it to be ready."""
    keeper = Keeper(
        "live text",
        [sys.executable, "-m", "api.cli", "live", "--ends-with-stdin"],
        {**os.environ, "COURTREC_NODE_URL": node_url, "COURTREC_LIVE_SERVER_URL": server_url},
    )
    try:
        yield
    finally:
        keeper.stop()
