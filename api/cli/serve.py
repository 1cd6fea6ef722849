"""`courtrec serve` and `courtrec worker`: the server and its workers, until they are told to end."""

import signal
import threading
from contextlib import ExitStack
from pathlib import Path

from celery.signals import worker_shutting_down

from api.child_live import child_live
from api.child_node import child_node, free_port
from api.cli.consoles import plain_console
from api.cli.models import fetch_live_models, fetch_models
from api.composition import load_all_settings, make_context, make_worker_queue
from api.home import Home
from api.nodes import enrol_own
from api.serving import serving
from recorder.rooms import load_room
from storage import keys
from storage.queue import EMBEDDED_BROKER
from transcribe.claims import Drain


def run_server(room: Path | None) -> None:
    """Serves until Ctrl-C or SIGTERM."""
    settings, node_port = load_all_settings(), free_port()
    if room is not None:
        load_room(room)
        settings = settings.model_copy(update={"node_url": f"http://127.0.0.1:{node_port}"})
    context = make_context(settings)
    own = Home(settings.home).node_key
    if room is not None or own.exists():
        enrol_own(context, keys.load_or_create(own).public)
    if settings.broker_url == EMBEDDED_BROKER:
        fetch_models()
    with ExitStack() as running:
        address = running.enter_context(serving(context))
        if room is not None:
            running.enter_context(child_node(settings.home, room, address, node_port))
        if settings.node_url and settings.broker_url == EMBEDDED_BROKER:
            fetch_live_models()
            running.enter_context(child_live(address, settings.node_url))
        plain_console().print(f"courtrec serves {address}")
        wait_for_end()


def wait_for_end() -> None:
    """Returns on Ctrl-C or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def run_worker() -> None:
    """A Celery worker of this installation: one task at a time, as a GPU wants it, and no process beside it.

    Told to end (SIGTERM) it finishes the window it has, or gives it back.
    """
    context = make_context(load_all_settings())
    fetch_models()
    drain = Drain()

    def end(**_told: object) -> None:
        drain.begin()

    worker_shutting_down.connect(end)
    queue = make_worker_queue(context, drain)
    queue.worker_main(["worker", "--pool=solo", "--loglevel=WARNING", "--without-gossip", "--without-mingle"])
