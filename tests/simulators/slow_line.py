"""A line between node and server that is slow, breaks, or is not there: a TCP proxy on loopback."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK = 4096


class SlowLine:
    """Carries everything to `target` (a port) at `rate` bytes a second upwards, None for at once.

    `cut_after`: every connection breaks once it has carried so many bytes upwards. `away`: nobody answers. `carried`
    counts bytes upwards, `connections` those made.
    """

    def __init__(self, target: int, rate: float | None = None, cut_after: int | None = None) -> None:
        self.target = target
        self.rate = rate
        self.cut_after = cut_after
        self.away = False
        self.carried = 0
        self.connections = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._free_at = 0.0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slow line")

    @contextmanager
    def running(self) -> Iterator["SlowLine"]:
        self._thread.start()
        self._ready.wait(10)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.away:
            writer.transport.abort()
            return
        self.connections += 1
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        down = asyncio.ensure_future(self._carry_down(there, writer))
        try:
            with suppress(asyncio.CancelledError):  # the test is over
                await self._carry_up(reader, back)
        finally:
            down.cancel()
            writer.transport.abort()
            back.transport.abort()

    async def _carry_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self.cut_after
        while data := await reader.read(_CHUNK if left is None else min(_CHUNK, left)):
            await self._take_time(len(data))
            self.carried += len(data)
            writer.write(data)
            with suppress(ConnectionError):
                await writer.drain()
            if left is not None:
                left -= len(data)
                if not left:
                    return

    async def _carry_down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    async def _take_time(self, size: int) -> None:
        """One line for all connections."""
        if self.rate is not None:
            now = self._loop.time()
            self._free_at = max(self._free_at, now) + size / self.rate
            await asyncio.sleep(self._free_at - now)
