"""`courtrec live`: the words of the running hearing on the secretary's page, on whatever machine has time for them."""

import os
import signal
import threading
from contextlib import suppress

from api.cli.models import fetch_live_models, models_folder
from api.composition import make_nodes
from api.errors import SettingsError
from api.keeper import end_with_stdin
from api.live_worker import run_worker
from api.settings import Settings, load_settings
from court.errors import CourtError
from transcribe.live.detector import SpeechEar
from transcribe.live.listener import Listener
from transcribe.live.recogniser import QuickWhisper
from transcribe.settings import load_transcribe_settings

NICENESS = 19
"""Everything else on the machine goes first."""


def run_live(ends_with_stdin: bool) -> None:
    """Until it is told to end. Raises SettingsError where there is no node to listen to."""
    os.nice(NICENESS)
    if ends_with_stdin:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
        threading.Thread(target=end_with_stdin, name="parent", daemon=True).start()
    settings, transcribe = load_settings(), load_transcribe_settings()
    nodes, token = make_nodes(settings)
    if not nodes:
        raise SettingsError("There is no node to listen to: set COURTREC_NODE_URL to its control address.")
    if not ends_with_stdin:  # else whoever started this has seen to it
        fetch_live_models()
    loaded: dict[str, QuickWhisper] = {}

    def make_listener(language: str) -> Listener | None:
        model = transcribe.live_models.get(language)
        if model is None:
            return None
        if model not in loaded:
            loaded[model] = QuickWhisper(model, models_folder(transcribe), transcribe.device)
        return Listener(loaded[model], language, lambda: SpeechEar().take)

    for language in transcribe.live_models:
        with suppress(CourtError):  # told when a hearing in it begins
            make_listener(language)
    run_worker(nodes, server_of(settings), token, make_listener)


def server_of(settings: Settings) -> str:
    return settings.live_server_url or f"http://{settings.host}:{settings.port}"
