"""A PulseAudio server of one's own, with null sinks: what is played into one is heard on its monitor."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from tests.services.running import ServiceMissing, running

SINKS = {"two": "front-left,front-right", "eight": ",".join(f"aux{number}" for number in range(8))}
_PROGRAMS = ("pulseaudio", "pactl", "parec", "pacat")


@dataclass
class SoundServer:
    """`environment` leads clients to it. It may be killed and started again."""

    folder: Path
    environment: Mapping[str, str]
    log: Path

    @property
    def process(self) -> int:
        return int((self.folder / "runtime" / "pulse" / "pid").read_text())

    def kill(self) -> None:
        os.kill(self.process, signal.SIGKILL)

    def hang(self) -> None:
        os.kill(self.process, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.process, signal.SIGCONT)

    def unload(self, sink: str) -> None:
        """Takes a sink and its monitor away."""
        environment = {**os.environ, **self.environment}
        asked = subprocess.run(
            ["pactl", "list", "short", "modules"], env=environment, check=True, capture_output=True, text=True
        )
        (number,) = [line.split()[0] for line in asked.stdout.splitlines() if f"sink_name={sink}" in line]
        subprocess.run(["pactl", "unload-module", number], env=environment, check=True, capture_output=True)

    def load(self, module: str, *arguments: str) -> None:
        environment = {**os.environ, **self.environment}
        subprocess.run(["pactl", "load-module", module, *arguments], env=environment, check=True, capture_output=True)

    @contextmanager
    def playing(self, sink: str, pcm: NDArray[np.int16]) -> Iterator[None]:
        """Plays (samples, channels) at 48 kHz, channel by channel as the sink names them."""
        file = self.folder / f"{sink}.raw"
        file.write_bytes(pcm.astype("<i2").tobytes())
        command = ["pacat", "--playback", f"--device={sink}", "--raw", "--format=s16le", "--rate=48000"]
        command += [f"--channels={pcm.shape[1]}", f"--channel-map={SINKS[sink]}", str(file)]
        environment = {**os.environ, **self.environment}
        player = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            player.kill()
            player.wait()


def environment_of(folder: Path) -> dict[str, str]:
    """What leads clients to the server of that folder, whether it runs or not."""
    runtime = folder / "runtime"
    return {"HOME": str(folder), "XDG_RUNTIME_DIR": str(runtime), "PULSE_SERVER": f"unix:{runtime}/pulse/native"}


@contextmanager
def alsa_plugins() -> Iterator[None]:
    """ALSA's plugin through which a sound server is a sound card."""
    if not any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        raise ServiceMissing("ALSA's plugins are not installed: run tests/services/install.sh (libasound2-plugins).")
    yield


@contextmanager
def sound_server(folder: Path | None = None) -> Iterator[SoundServer]:
    """In `folder` it comes back where another one was killed."""
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        raise ServiceMissing(f"{missing[0]} is not installed: run tests/services/install.sh (package pulseaudio).")
    if folder is None:
        with (
            TemporaryDirectory(prefix="courtrec-sound-", ignore_cleanup_errors=True) as name,
            sound_server(Path(name)) as server,
        ):
            yield server
        return
    (folder / "runtime").mkdir(mode=0o700, exist_ok=True)
    environment = environment_of(folder)
    modules = ["load-module module-native-protocol-unix"]
    modules += [f"load-module module-null-sink sink_name={name} rate=48000 channels={len(channels.split(','))}"
                f" channel_map={channels}" for name, channels in SINKS.items()]  # fmt: skip
    (folder / "court.pa").write_text("\n".join(modules) + "\n")
    command = ["pulseaudio", "-n", "-F", str(folder / "court.pa"), "--daemonize=no", "--exit-idle-time=-1"]
    command += ["--disable-shm=yes", "--use-pid-file=yes"]

    def answers(_log: Path) -> bool:
        ask = ["pactl", "info"]
        return subprocess.run(ask, env={**os.environ, **environment}, capture_output=True, check=False).returncode == 0

    with running(command, folder, answers, environment=environment) as log:
        yield SoundServer(folder, environment, log)
