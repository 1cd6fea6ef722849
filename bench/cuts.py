"""What is lost when a recorder is killed or its power is cut: courtrec against other recorders of the same camera.

    python -m bench.cuts [--rounds 20] [--mediamtx PROGRAM]

The camera's sound bears the time in its pitch, so the last instant that was recorded is read from the recording.
Lost is what lies between it and what the camera had delivered to another viewer at the moment of the cut. All record
the same stream side by side, on one ext4 disk of their own; at a kill all get SIGKILL at once, at a power cut the
disk's blocks are copied as they are, and the copy is mounted. Needs root. Prints a Markdown table.
"""

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import httpx
import numpy as np
from numpy.typing import NDArray

from tests.factories.time_code import PERIOD, WINDOW, moment, time_code_graph
from tests.factories.waiting import until
from tests.services.disks import disk_image, mounted_image
from tests.services.processes import ffmpeg_program, free_port, live_rtsp_server

WARM_UP = 40.0  # seconds: longer than Linux lets written bytes wait for the disk by itself
DISK = 1 << 30
ROOM = """
name = "cuts"
[[input]]
id = "camera"
source = "rtsp"
address = "{url}"
[[microphone]]
role = "judge"
input = "camera"
channel = 0
[[camera]]
name = "camera"
input = "camera"
"""
MEDIAMTX = """
logLevel: warn
rtsp: no
rtmp: no
hls: no
webrtc: no
srt: no
moq: no
paths:
  camera: {{source: "{url}", rtspTransport: tcp, record: yes, recordPath: "{folder}/%path/%Y-%m-%d_%H-%M-%S-%f"}}
"""


def camera() -> list[str]:
    """A program that writes what a camera gives, in real time: pictures, a keyframe a second, and the time as sound."""
    picture = "testsrc2=size=640x360:rate=25"
    sound = time_code_graph()
    inputs = ["-re", "-f", "lavfi", "-i", picture, "-re", "-f", "lavfi", "-i", sound]
    coding = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-tune",
        "zerolatency",
        "-g",
        "25",
        "-c:a",
        "aac",
        "-b:a",
        "128k",
    ]
    writing = ["-f", "matroska", "-cluster_time_limit", "40", "-flush_packets", "1", "pipe:1"]
    return [ffmpeg_program(), "-v", "error", *inputs, *coding, *writing]


def last_moment(path: Path) -> float | None:
    """The time that the end of the sound in that file bears; None if nothing plays."""
    pcm: list[NDArray[np.float32]] = []
    with suppress(av.FFmpegError, OSError, IndexError), av.open(path) as container:
        for frame in container.decode(audio=0):
            pcm.append(_mono(frame))
            del pcm[:-20]
    whole = np.concatenate(pcm) if pcm else np.zeros(0, np.float32)
    return moment(whole) if len(whole) >= WINDOW else None


def _mono(frame: av.AudioFrame) -> NDArray[np.float32]:
    samples = frame.to_ndarray().reshape(-1)
    return np.asarray(samples / (32768 if samples.dtype == np.int16 else 1), np.float32)


class Viewer:
    """Watches the camera all the time: up to which of its instants has it delivered?"""

    def __init__(self, url: str) -> None:
        def opened() -> bool:
            with suppress(av.FFmpegError):
                self._container = av.open(url, options={"rtsp_transport": "tcp"})
                return True
            return False

        until(opened)  # the server may just be ending the stream that it began when it was asked what it has
        self._heard: list[NDArray[np.float32]] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        for frame in self._container.decode(audio=0):
            with self._lock:
                self._heard.append(_mono(frame))
                del self._heard[:-4]

    def now(self) -> float:
        with self._lock:
            return moment(np.concatenate(self._heard))


@dataclass
class Recorder:
    """`start` begins to record the camera below a folder; `newest` are its files, the newest first."""

    name: str
    start: Callable[[Path], "subprocess.Popen[bytes]"]
    newest: Callable[[Path], list[Path]]
    lost: list[float] = field(default_factory=list)
    nothing: int = 0
    cpu: float = 0.0

    def look(self, folder: Path, delivered: float) -> None:
        found = (last_moment(path) for path in self.newest(folder))
        last = next((one for one in found if one is not None), None)
        if last is None:
            self.nothing += 1
            self.lost.append(PERIOD)
        else:
            gone = (delivered - last) % PERIOD
            self.lost.append(gone if gone < PERIOD - 1 else gone - PERIOD)


def courtrec(url: str) -> Recorder:
    def start(folder: Path) -> "subprocess.Popen[bytes]":
        (folder / "keys").mkdir(parents=True)
        (folder / "keys" / "node.token").write_text("token")
        room, port = folder / "room.toml", free_port()
        room.write_text(ROOM.format(url=url))
        settings = {"HOME": str(folder), "PORT": str(port), "PLANNED_HOURS": "0", "SOUND_MINUTES": "0"}
        environment = os.environ | {f"COURTREC_NODE_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "api.cli", "node", "run", "--room", str(room)]
        process = subprocess.Popen(command, env=environment)
        answers = httpx.HTTPTransport(retries=8)  # until it listens
        with httpx.Client(transport=answers, headers={"Authorization": "Bearer token"}, timeout=30) as node:
            node.post(f"http://127.0.0.1:{port}/start", json={"case_number": "1"}).raise_for_status()
        return process

    return Recorder("courtrec", start, lambda folder: _newest(folder, "spool/*/mic-judge-*.mp4"))


def mediamtx(program: str, url: str) -> Recorder:
    def start(folder: Path) -> "subprocess.Popen[bytes]":
        folder.mkdir(parents=True)
        (folder / "mediamtx.yml").write_text(MEDIAMTX.format(url=url, folder=folder))
        return subprocess.Popen([program, str(folder / "mediamtx.yml")], cwd=folder)

    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return Recorder(f"MediaMTX {version}", start, lambda folder: _newest(folder, "camera/*.mp4"))


def ffmpeg(url: str) -> Recorder:
    def start(folder: Path) -> "subprocess.Popen[bytes]":
        folder.mkdir(parents=True)
        command = [ffmpeg_program(), "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-c", "copy"]
        command += ["-movflags", "frag_keyframe+empty_moov+default_base_moof", str(folder / "camera.mp4")]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL)

    said = subprocess.run([ffmpeg_program(), "-version"], capture_output=True, text=True, check=True).stdout.split()
    return Recorder(
        f"FFmpeg {said[2].partition('-')[0]}, fragment per keyframe", start, lambda folder: [folder / "camera.mp4"]
    )


def _records(recorder: Recorder, folder: Path) -> bool:
    return any(last_moment(path) is not None for path in recorder.newest(folder))


def _newest(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), reverse=True)


@contextmanager
def recording(recorders: list[Recorder], place: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """All of them, until the block ends or kills them; returns once all have something that plays."""
    began: list[subprocess.Popen[bytes]] = []
    try:
        for number, one in enumerate(recorders):
            began.append(one.start(place / str(number)))
        for number, one in enumerate(recorders):
            until(partial(_records, one, place / str(number)), lambda: "A recorder records nothing.")
        yield began
    finally:
        for process in began:
            process.kill()
            process.wait()


def killed(recorders: list[Recorder], viewer: Viewer, place: Path, chance: random.Random) -> None:
    with recording(recorders, place) as processes:
        time.sleep(chance.uniform(1, 4))  # the moment of the cut is what is drawn by lot
        for process in processes:
            process.send_signal(signal.SIGKILL)
        delivered = viewer.now()
        for process in processes:
            process.wait()
    for number, one in enumerate(recorders):
        one.look(place / str(number), delivered)
    shutil.rmtree(place)


def cut(
    recorders: list[Recorder], viewer: Viewer, disk: Path, place: Path, processes: list["subprocess.Popen[bytes]"]
) -> None:
    """The blocks of the disk as they are now; recorders stand still while they are copied, and go on."""
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    delivered = viewer.now()
    copy, there = disk.with_name("cut"), disk.with_name("cut-mounted")
    subprocess.run(["cp", "--sparse=always", disk, copy], check=True)
    for process in processes:
        process.send_signal(signal.SIGCONT)
    with mounted_image(copy, there):
        for number, one in enumerate(recorders):
            one.look(there / place.name / str(number), delivered)
    copy.unlink()


def processor_seconds(process: "subprocess.Popen[bytes]") -> float:
    numbers = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def report(what: str, recorders: list[Recorder]) -> None:
    for one in recorders:
        losses = sorted(one.lost)
        late = statistics.quantiles(losses, n=20, method="inclusive")[-1]
        shown = [f"{value:.2f}" if value < PERIOD else "all" for value in (statistics.median(losses), late, losses[-1])]
        print_row(
            what, one.name, str(len(losses)), *shown, str(one.nothing), f"{100 * one.cpu:.0f} %" if one.cpu else ""
        )
        one.lost, one.nothing, one.cpu = [], 0, 0.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--mediamtx", default=shutil.which("mediamtx") or "", help="a stock MediaMTX program")
    given = options.parse_args()
    chance = random.Random(20)
    with ExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory(prefix="courtrec-cuts-")))
        url = running.enter_context(live_rtsp_server(camera())).url
        viewer = Viewer(url)
        recorders = [courtrec(url), ffmpeg(url)]
        if given.mediamtx:
            recorders.insert(1, mediamtx(given.mediamtx, url))
        image = running.enter_context(disk_image(folder / "disk", DISK))
        disk = running.enter_context(mounted_image(image, folder / "mounted"))
        print_row("cut", "recorder", "cuts", "lost p50, s", "p95", "max", "nothing played", "processor")
        print_row(*["---"] * 8)
        for number in range(given.rounds):
            killed(recorders, viewer, disk / f"kill-{number}", chance)
        report("`SIGKILL`", recorders)
        place = disk / "power"
        with recording(recorders, place) as processes:
            time.sleep(WARM_UP)  # the time that is measured is the bench's own doing
            before, began = [processor_seconds(one) for one in processes], time.monotonic()
            for _ in range(given.rounds):
                time.sleep(chance.uniform(1, 4))  # as above
                cut(recorders, viewer, image, place, processes)
            wall = time.monotonic() - began
            for one, process, used in zip(recorders, processes, before, strict=True):
                one.cpu = (processor_seconds(process) - used) / wall
        report("power", recorders)


def print_row(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
