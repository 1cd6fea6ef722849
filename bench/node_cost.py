"""What recording costs: the node's process against the FFmpeg command line, and the node's memory over a day.

    python -m bench.node_cost [FOLDER] [--minutes MINUTES] [--sound file|rtp]
    python -m bench.node_cost [FOLDER] --memory [--hours HOURS]

Eight microphones and two cameras (H.264, 720p, kept as they come). Both record the same sources at the same time and
write the same tracks in the same coding; the node also cuts at pauses, hashes, syncs and signs. Processor time is that
of the process and its children, user and system, between two moments in the midst of the recording.
"""

import argparse
import gc
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import av
import httpx
import imageio_ffmpeg
import numpy as np
from rich.console import Console
from rich.table import Table

from court.card import HearingCard
from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.av_input import AvInput
from hardware.clock import SystemClock
from hardware.devices import AUDIO_RATE, VIDEO_RATE, AudioBlock, Item, Pcm, Picture, PictureFormat, Source
from hardware.file import opening
from recorder.agent import Agent
from recorder.encode import KeptPictureFile, SegmentFile, SoundFile
from recorder.plan import Command
from recorder.rooms import room_text
from recorder.script import Action, Script
from recorder.settings import NodeSettings, Pace
from storage.ledger.ed25519 import SigningKey
from tests.services.processes import free_port, rtsp_server
from tools.sample_hearing.audio import read_pcm

MICROPHONES = 8
SAMPLE = Path("samples/hearing-ru")
WARM_SECONDS = 15.0
"""Until all have begun; what programs cost to start is not what recording costs."""

TOKEN = "bench"  # noqa: S105 - nobody's secret
ROLES = tuple(CourtRole)[:MICROPHONES]
FRAME = "2400"  # samples of a FLAC frame
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_FRAGMENTED = "movflags=cmaf+frag_discont+frag_keyframe+default_base_moof:flush_packets=1:frag_duration="


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--sound", choices=("file", "rtp"), default="file")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--hours", type=float, default=8)
    given = parser.parse_args()
    console = Console(width=140)
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        folder = Path(made)
        console.print(
            memory_table(folder, given.hours) if given.memory else cost_table(folder, given.minutes, given.sound)
        )


# ---- processor time


def cost_table(folder: Path, minutes: float, sound: str) -> Table:
    length = minutes * 60 + 3 * WARM_SECONDS + 30
    voices, picture = folder / "voices.wav", folder / "camera.mkv"
    write_voices(voices, length)
    write_picture(picture)
    with ExitStack() as running:
        cameras = [running.enter_context(rtsp_server(picture)).url for _ in range(2)]
        ports = [free_port() & ~1 for _ in range(2)]
        if sound == "rtp":
            running.enter_context(ended_at_last(sender(voices, ports)))
        ours = running.enter_context(ended_at_last(node(folder / "node", room(voices, cameras, sound, ports[0]))))
        theirs = running.enter_context(ended_at_last(ffmpeg(folder / "ffmpeg", voices, cameras, sound, ports[1])))
        time.sleep(WARM_SECONDS)  # what the start costs is not what recording costs
        before, began = (spent(ours.pid), spent(theirs.pid)), time.monotonic()
        time.sleep(minutes * 60)  # the time over which is measured
        after, seconds = (spent(ours.pid), spent(theirs.pid)), time.monotonic() - began
        if ours.poll() is not None or theirs.poll() is not None:
            raise SystemExit("One of the programs ended before the measurement did.")
    node_seconds, ffmpeg_seconds = (end - start for start, end in zip(before, after, strict=True))
    written = {name: sum(one.stat().st_size for one in (folder / name).rglob("*.mp4")) for name in ("node", "ffmpeg")}
    table = Table(title=f"{MICROPHONES} microphones ({sound}), mix, 2 cameras, {seconds:.0f} s in real time")
    for heading in ("program", "processor s", "of one core", "/ FFmpeg", "written, MB"):
        table.add_column(heading, justify="right")
    for name, cost in (("node", node_seconds), ("ffmpeg", ffmpeg_seconds)):
        share, ratio = f"{cost / seconds:.1%}", f"{cost / ffmpeg_seconds:.2f}"
        table.add_row(name, f"{cost:.2f}", share, ratio, f"{written[name] / 1e6:.0f}")
    return table


@contextmanager
def ended_at_last(process: "subprocess.Popen[bytes]") -> "Iterator[subprocess.Popen[bytes]]":
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def spent(pid: int) -> float:
    """Processor seconds of a process and its children, living and ended, by proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    living = Path(f"/proc/{pid}/task").glob("*/children")
    children = {int(child) for file in living for child in file.read_text().split()}
    return sum(map(int, fields[11:15])) / _TICKS + sum(spent(child) for child in children)


def write_voices(path: Path, seconds: float) -> None:
    """The sample hearing's microphones, repeated, as one interface of eight channels."""
    speech = speakers()
    with av.open(path, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=AUDIO_RATE, layout="7.1")
        for number in range(int(seconds) + 1):
            frame = av.AudioFrame.from_ndarray(second_of(speech, number).reshape(1, -1), format="s16", layout="7.1")
            frame.sample_rate = AUDIO_RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def speakers() -> Pcm:
    """Shape (samples, microphones): those of the sample hearing, and again half a minute later."""
    voices = [read_pcm(file) for file in sorted(SAMPLE.glob("*.flac"))]
    shortest = min(map(len, voices)) // AUDIO_RATE * AUDIO_RATE
    columns = [voices[n % len(voices)][:shortest] for n in range(MICROPHONES)]
    return np.column_stack([np.roll(one, n // len(voices) * 30 * AUDIO_RATE) for n, one in enumerate(columns)])


def second_of(speech: Pcm, number: int) -> Pcm:
    at = number * AUDIO_RATE % len(speech)
    return np.ascontiguousarray(speech[at : at + AUDIO_RATE])


def write_picture(path: Path) -> None:
    """Ten seconds as a camera gives them: 720p with much movement, and a tone beside."""
    picture = "testsrc2=size=1280x720:rate=25:duration=10"
    sound = "sine=frequency=440:sample_rate=48000:duration=10"
    command = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", str(path)], check=True)


def sender(voices: Path, ports: list[int]) -> "subprocess.Popen[bytes]":
    command = [FFMPEG, "-v", "error", "-nostdin", "-re", "-i", str(voices)]
    for port in ports:
        command += ["-map", "0:a", "-c:a", "pcm_s16be", "-payload_type", "97", "-f", "rtp", f"rtp://127.0.0.1:{port}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def room(voices: Path, cameras: list[str], sound: str, port: int) -> Room:
    desk = Input("desk", SourceKind.FILE, files=(str(voices),))
    if sound == "rtp":
        desk = Input("desk", SourceKind.RTP, f"rtp://127.0.0.1:{port}/L16/48000/{MICROPHONES}")
    inputs = (desk, *(Input(f"camera{n}", SourceKind.RTSP, url) for n, url in enumerate(cameras)))
    seats = tuple(Microphone(role, "desk", channel) for channel, role in enumerate(ROLES))
    return Room("bench", inputs, seats, tuple(Camera(one.id, one.id) for one in inputs[1:]))


def node(home: Path, court_room: Room) -> "subprocess.Popen[bytes]":
    """`courtrec node run`, recording."""
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "node.token").write_text(TOKEN)
    (home / "room.toml").write_text(room_text(court_room))
    port = free_port()
    settings = {"COURTREC_HOME": str(home), "COURTREC_NODE_PORT": str(port), "COURTREC_NODE_PLANNED_HOURS": "0"}
    program = [
        sys.executable,
        "-c",
        "from api.cli import main; main()",
        "node",
        "run",
        "--room",
        str(home / "room.toml"),
    ]
    process = subprocess.Popen(program, env=os.environ | settings)
    answers = httpx.HTTPTransport(retries=8)  # until it listens
    with httpx.Client(transport=answers, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
        client.post(f"http://127.0.0.1:{port}/start", json={"case_number": "1"}).raise_for_status()
    return process


def ffmpeg(folder: Path, voices: Path, cameras: list[str], sound: str, port: int) -> "subprocess.Popen[bytes]":
    """The same tracks by one command: the node's FLAC frames, pictures as they come, segments of 15 s, the same
    fragments."""
    folder.mkdir()
    if sound == "rtp":
        sdp = folder / "desk.sdp"
        sdp.write_text(
            f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=desk\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 97\n"
            f"a=rtpmap:97 L16/48000/{MICROPHONES}\n"
        )
        source = ["-protocol_whitelist", "file,rtp,udp", "-i", str(sdp)]
    else:
        source = ["-re", "-i", str(voices)]
    command = [FFMPEG, "-v", "error", "-nostdin", *source]
    for url in cameras:
        command += ["-rtsp_transport", "tcp", "-i", url]
    copies = "".join(f"[c{n}]" for n in range(MICROPHONES + 1))
    each = ";".join(f"[c{n}]pan=mono|c0=c{n}[m{n}]" for n in range(MICROPHONES))
    total = "+".join(f"c{n}" for n in range(MICROPHONES))
    command += [
        "-filter_complex",
        f"[0:a]asplit={MICROPHONES + 1}{copies};{each};[c{MICROPHONES}]pan=mono|c0={total}[mix]",
    ]
    for name in (*(f"m{n}" for n in range(MICROPHONES)), "mix"):
        command += ["-map", f"[{name}]", "-c:a", "flac", "-sample_fmt", "s16", "-frame_size", FRAME]
        command += segments(folder, name, SoundFile)
    for number in range(len(cameras)):
        command += ["-map", f"{number + 1}:v", "-c:v", "copy"]
        command += segments(folder, f"cam{number}", KeptPictureFile)
    return subprocess.Popen(command)


def segments(folder: Path, name: str, kind: type[SegmentFile]) -> list[str]:
    fragmented = f"{_FRAGMENTED}{kind.fragment_seconds * 1e6:.0f}"
    cut = ["-f", "segment", "-segment_time", "15", "-segment_format", "mp4"]
    return [*cut, "-segment_format_options", fragmented, str(folder / f"{name}-%05d.mp4")]


# ---- memory


class Day:
    """A room that can be read as fast as it is recorded: speech and a camera's packets, again and again, for hours."""

    live = False
    endless = False

    def __init__(self, speech: Pcm | None, packets: list[Picture], seconds: int) -> None:
        self.channels = 0 if speech is None else MICROPHONES
        self.picture: PictureFormat | None = packets[0].format if packets else None
        self.description = "bench"
        self._speech, self._packets, self._seconds = speech, packets, seconds

    def items(self) -> Iterator[Item]:
        for second in range(self._seconds):
            if self._speech is not None:
                pcm = second_of(self._speech, second)
                for at in range(0, AUDIO_RATE, AUDIO_RATE // 10):
                    yield AudioBlock(second * AUDIO_RATE + at, pcm[at : at + AUDIO_RATE // 10])
                continue
            per_second = round(self._packets[0].format.frames_per_second)
            for n in range(per_second):
                one = self._packets[(second * per_second + n) % len(self._packets)]
                tick = second * VIDEO_RATE + n * VIDEO_RATE // per_second
                yield Picture(tick, tick, one.keyframe, one.format, one.content)

    def close(self) -> None:
        """Nothing is open."""


def memory_table(folder: Path, hours: float) -> Table:
    """Segments are deleted as they are sealed: what is measured is the memory, not the disk."""
    picture = folder / "camera.mkv"
    write_picture(picture)
    packets = [one for one in AvInput(opening(str(picture))).items() if isinstance(one, Picture)]
    speech, seconds = speakers(), round(hours * 3600)
    inputs = (
        Input("desk", SourceKind.SIMULATED),
        Input("camera0", SourceKind.SIMULATED),
        Input("camera1", SourceKind.SIMULATED),
    )
    seats = tuple(Microphone(role, "desk", channel) for channel, role in enumerate(ROLES))
    day = Room("bench", inputs, seats, tuple(Camera(one.id, one.id) for one in inputs[1:]))
    sources: dict[str, Callable[[], Source]] = {
        "desk": lambda: Day(speech, [], seconds),
        **{one.id: lambda: Day(None, packets, seconds) for one in inputs[1:]},
    }

    def open_day(spec: Input, channels: int, at: float = 0.0) -> Source:
        return sources[spec.id]()

    settings = NodeSettings(home=folder, name="bench", pace=Pace.FAST, planned_hours=0, sound_minutes=0)
    agent = Agent(settings, day, SystemClock(), SigningKey.from_seed(bytes(32)), open_day)
    samples: list[tuple[float, float]] = []
    began = time.monotonic()

    def watch(reached: float) -> None:
        if reached >= 600 * len(samples):
            for old in sorted((folder / "spool").rglob("*.mp4"), key=lambda one: one.stat().st_mtime)[:-30]:
                old.unlink()
            samples.append((reached, resident()))
            pace = reached / (time.monotonic() - began)
            print(f"{reached / 60:6.0f} min {samples[-1][1]:8.1f} MB, {pace:.0f} × real time", flush=True)

    script = Script(
        HearingCard.parse({"case_number": "1"}), (Action(0, Command.START), Action(seconds * AUDIO_RATE, Command.STOP))
    )
    agent.run_to_end(script.card, script, watch)
    agent.close()
    later = [size for reached, size in samples if reached >= 1800]
    table = Table(title=f"Resident memory over {hours:g} hours, read in {time.monotonic() - began:.0f} s")
    for heading in ("after 30 min, MB", "least, MB", "most, MB", "at the end, MB", "most against 30 min"):
        table.add_column(heading, justify="right")
    table.add_row(
        *(f"{one:.1f}" for one in (later[0], min(later), max(later), later[-1])), f"{max(later) / later[0] - 1:+.1%}"
    )
    return table


def resident() -> float:
    """Megabytes of this process in memory, what Python has merely not collected yet left out."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


if __name__ == "__main__":
    main()
