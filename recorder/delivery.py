"""A node's delivery put together: the uplink, as fast as the settings allow, and what is done hourly beside."""

import threading
from datetime import timedelta

from court.clock import Clock
from recorder.clearing import asking, clear
from recorder.giving_up import take_back
from recorder.line import Metered
from recorder.settings import NodeSettings
from recorder.spool import Spool
from recorder.uplink import Uplink, ingest_client

CLEAR_EVERY = 3600.0
"""Seconds between two looks for copies that need not be kept any more, and for given up ones that were put back."""


def node_uplink(settings: NodeSettings, spool: Spool, token: str, public_key: bytes, clock: Clock) -> Uplink:
    """The delivery of what is in `spool` to the settings' server; `public_key` is the raw key that signed it."""
    client, stopping = ingest_client(settings.server_url, token), threading.Event()
    whole = asking(client)
    cleared_at = -CLEAR_EVERY

    def rate() -> float | None:
        return settings.upload_limits.rate(clock.now().utc.astimezone(settings.zone).time())

    def clear_now_and_then() -> None:
        nonlocal cleared_at
        now = clock.now()
        if now.monotonic - cleared_at >= CLEAR_EVERY:
            if spool.unfinished() is None:  # reading what a disk lost may hold up what is being recorded
                take_back(spool)
            clear(spool, whole, now.utc, timedelta(days=settings.keep_local_days))
            cleared_at = now.monotonic

    metered = Metered(rate, lambda: clock.now().monotonic, stopping.wait)
    return Uplink(spool, client, public_key, metered, stopping, clear_now_and_then)
