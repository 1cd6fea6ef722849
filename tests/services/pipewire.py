"""A PipeWire server of one's own, asked through its stand-in for PulseAudio, with the same null sinks."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.services.running import ServiceMissing, running
from tests.services.sound import SINKS, SoundServer, environment_of

_PROGRAMS = ("dbus-run-session", "pipewire", "pw-dump", "wireplumber", "pipewire-pulse", "pactl", "parec", "pacat")


@contextmanager
def pipewire_server() -> Iterator[SoundServer]:
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        raise ServiceMissing(f"{missing[0]} is not installed: run tests/services/install.sh.")
    with TemporaryDirectory(prefix="courtrec-sound-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "runtime").mkdir(mode=0o700)
        environment = environment_of(folder)

        def answers(_log: Path) -> bool:
            """Once wireplumber has come too: before, a sink has nothing to be played through."""
            return "WirePlumber" in said("pw-dump") and "PipeWire" in said("pactl", "info")

        def said(*command: str) -> str:
            found = subprocess.run(
                command, env={**os.environ, **environment}, capture_output=True, check=False, text=True
            )
            return found.stdout

        everything = "pipewire & sleep 0.2; wireplumber & exec pipewire-pulse"
        command = ["dbus-run-session", "--", "sh", "-c", everything]
        with running(command, folder, answers, environment=environment) as log:
            server = SoundServer(folder, environment, log)
            for sink, channels in SINKS.items():
                count = len(channels.split(","))
                server.load("module-null-sink", f"sink_name={sink}", f"channels={count}", f"channel_map={channels}")
            yield server
