"""Running the server: web, the queue's sweeper and, with the embedded broker, the worker."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import uvicorn

from api.app import create_app
from api.composition import make_worker_queue
from api.context import Context
from api.errors import ServerError
from storage.queue import EMBEDDED_BROKER, EmbeddedWorker, Sweeper, make_queue

START_SECONDS = 60
_LOOK_EVERY = 0.05


@contextmanager
def serving(context: Context) -> Iterator[str]:
    """The whole server for the length of the block: web, sweeper and, with the embedded broker, the worker.

    Yields the address it listens on. Raises ServerError when the port is taken.
    """
    settings = context.settings
    embedded = settings.broker_url == EMBEDDED_BROKER
    queue = make_worker_queue(context) if embedded else make_queue(settings.broker_url)
    with ExitStack() as running:
        if embedded:
            with context.database.begin() as work:
                work.windows.forget_offers()
            worker = EmbeddedWorker(queue)
            worker.start()
            running.callback(worker.stop)
        sweeper = Sweeper(context.database, queue)
        sweeper.start()
        running.callback(sweeper.stop)
        yield running.enter_context(_web(context))


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
