"""Running the server: web, the queue's sweeper and, with the embedded broker, the worker."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import uvicorn
from celery import Celery

from api.app import create_app
from api.composition import canary_context, make_worker_queue
from api.context import Context
from api.errors import ServerError
from api.follower import following
from api.live_text import forgetting
from api.web.render import DIST
from storage.durable import sole_holder
from storage.queue import EMBEDDED_BROKER, EmbeddedWorker, Sweeper, make_queue
from transcribe.claims import Drain

START_SECONDS = 60
_LOOK_EVERY = 0.05


@contextmanager
def serving(context: Context) -> Iterator[str]:
    """The whole server for the length of the block: web, sweeper and, with the embedded broker, the worker.

    Yields the address it listens on. Raises ServerError when the port is taken or the pages are not built.
    """
    if not (DIST / "manifest.json").exists():
        raise ServerError("The pages are not built: run python tools/build_web.py first.")
    with ExitStack() as running:
        if context.settings.broker_url == EMBEDDED_BROKER:
            running.enter_context(_embedded_queue(context))
        else:
            running.enter_context(_sweeping(context, make_queue(context.settings.broker_url)))
        running.enter_context(forgetting(context.live_texts, context.database, lambda: context.clock.now().monotonic))
        if context.nodes is not None and context.spare is not None:
            running.enter_context(following(context, context.nodes))
        yield running.enter_context(_web(context))


@contextmanager
def _embedded_queue(context: Context) -> Iterator[None]:
    """Worker and sweeper of this home; where another program already runs them, the work is left to it."""
    with sole_holder(context.settings.home / "worker.lock") as alone:
        if not alone:
            yield
            return
        with context.database.begin() as work:
            work.windows.forget_offers()  # they were in the memory of a program that has ended
        drain = Drain()
        queue = make_worker_queue(context, drain)
        worker = EmbeddedWorker(queue)
        worker.start()
        try:
            with _sweeping(context, queue):
                yield
        finally:
            drain.begin()
            worker.stop()


@contextmanager
def _sweeping(context: Context, queue: Celery) -> Iterator[None]:
    settings = context.settings
    sweeper = Sweeper(
        context.database,
        queue,
        scrub_after=settings.scrub_after,
        stamping=bool(settings.timestamp_url),
        canary=canary_context(context) is not None,
        copies=True,
    )
    sweeper.start()
    try:
        yield
    finally:
        sweeper.stop()


@contextmanager
def _web(context: Context) -> Iterator[str]:
    listener = _listen(context.settings.host, context.settings.port)
    config = uvicorn.Config(create_app(context), log_level="warning", timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise ServerError("The web server did not start: see the messages above.")
        time.sleep(_LOOK_EVERY)
    host, port = listener.getsockname()[:2]
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ServerError(
            f"The server cannot listen on {host}:{port} ({error.strerror}): set COURTREC_PORT to a free port."
        ) from None
    return listener
