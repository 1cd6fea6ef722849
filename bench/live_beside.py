"""Runs the peers of `bench/live.py` beside it, in an environment of their own, and reads what they told when."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from api.child_node import free_port
from bench.live_reference import Shown
from tests.factories.waiting import until

HERE = Path(__file__).parent


def whisper_streaming(python: Path, source: Path, model: Path, language: str) -> list[Shown]:
    """What UFAL's whisper_streaming commits, whose clone is in the folder `source`."""
    return _told(python, HERE / "live_peers.py", source, model, language=language)


def whisper_live_kit(python: Path, model: Path, language: str) -> list[Shown]:
    """What WhisperLiveKit commits, whose server is started for it."""
    with _live_kit(python, model, language) as address:
        return _told(python, HERE / "live_kit.py", address, language=language)


@contextmanager
def _live_kit(python: Path, model: Path, language: str) -> Iterator[str]:
    port = free_port()
    options = {
        "--port": str(port), "--model": "tiny", "--model-path": str(model), "--lan": language,
        "--backend": "faster-whisper", "--backend-policy": "localagreement", "--warmup-file": "",
    }  # fmt: skip
    program = str(python.parent / "whisperlivekit-server")
    command = [program, "--pcm-input", *(one for option in options.items() for one in option)]
    server = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port))
        yield f"ws://127.0.0.1:{port}/asr"
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _told(python: Path, program: Path, *given: Path | str, language: str) -> list[Shown]:
    with tempfile.TemporaryDirectory(prefix="bench-live-") as folder:
        out = Path(folder) / "told.json"
        subprocess.run([python, program, *given, out, "--language", language], check=True)
        told = json.loads(out.read_text(encoding="utf-8"))["told"]
    return [Shown(at, "", start, end, text, final=True) for at, start, end, text in told]
