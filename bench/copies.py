"""What a four-hour copy costs beside FFmpeg's concat demuxer on the same segments, which only joins them.

    python -m bench.copies [--hours 4] [--rounds 1]

The hearing is synthetic: four recorded segments of sound and of pictures, 1280×720 at 25 a second, moved along the
timeline until they fill it. Its middle hour is closed for the copy and joined by the concat demuxer all the same.
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
from rich.console import Console
from rich.table import Table

from court.openness import Openness, OpennessSpan
from court.timeline import SampleRange
from hardware.boxes import fragments, moved
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Picture, PictureFormat
from protocol.copies import streams
from protocol.copies.notice import card, mark, tones
from protocol.copies.render import Film, Stream, render
from protocol.copies.spans import open_ticks
from protocol.copies.streams import CopiedTrack, Piece
from recorder.encode import EncodedPictureFile, SoundFile

SECONDS, KINDS = 15, 4
WIDTH, HEIGHT, RATE = 1280, 720, 25.0
_CHANCE = np.random.default_rng(20261126)


def sound(path: Path, number: int) -> bytes:
    file = SoundFile(path)
    seconds = np.arange(SECONDS * AUDIO_RATE) / AUDIO_RATE
    noise = _CHANCE.normal(0, 200, len(seconds))
    pcm = (3000 * np.sin(2 * np.pi * (200 + 50 * number) * seconds) + noise).astype(np.int16)
    for at in range(0, len(pcm), AUDIO_RATE // 10):
        file.write(at, pcm[at : at + AUDIO_RATE // 10])
    file.seal()
    return path.read_bytes()


def pictures(path: Path, number: int) -> bytes:
    form = PictureFormat(WIDTH, HEIGHT, RATE)
    file = EncodedPictureFile(path, form, {"crf": "23"})
    room = _CHANCE.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    for at in range(round(SECONDS * RATE)):
        frame = av.VideoFrame.from_ndarray(np.roll(room, 2 * at + number, 1), format="rgb24")
        tick = round(at * VIDEO_RATE / RATE)
        file.write(Picture(start=tick, decode_start=tick, keyframe=at == 0, format=form, content=frame))
    file.seal()
    return path.read_bytes()


def laid_out(folder: Path, track: str, rate: int, kinds: list[bytes], count: int) -> list[Path]:
    """The kinds by turns, each as a file at its own time."""
    parts = [(content, fragments(content)) for content in kinds]
    paths = []
    for number in range(count):
        content, found = parts[number % len(parts)]
        paths.append(folder / f"{track}-{number:05d}.mp4")
        later = moved(content, found, number * SECONDS * rate)
        paths[-1].write_bytes(content[: found[0].start] + later)
    return paths


def track(name: str, codec: str, rate: int, paths: list[Path]) -> CopiedTrack:
    step = SECONDS * rate
    pieces = [
        Piece(SampleRange(number * step, (number + 1) * step, rate), path.read_bytes, whole=True)
        for number, path in enumerate(paths)
    ]
    return CopiedTrack(name, name, codec, pieces)


def concat(tracks: dict[str, list[Path]], folder: Path, path: Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    for name, paths in tracks.items():
        listed = folder / f"{name}.txt"
        listed.write_text("".join(f"file '{one}'\n" for one in paths))
        command += ["-f", "concat", "-safe", "0", "-i", str(listed)]
    maps = [part for number in range(len(tracks)) for part in ("-map", f"{number}:0")]
    # As ours is run, for a machine that has other work: with the same priority, and in a session of its own.
    subprocess.run(["nice", "-n", "10", *command, *maps, "-c", "copy", str(path)], check=True, start_new_session=True)


def copied(
    tracks: dict[str, list[Path]], hours: float, path: Path, *, closed: bool, marked: bool = False, key: bytes = b""
) -> None:
    third = hours * 1200
    orders = [OpennessSpan(third, 2 * third, Openness.CLOSED)] if closed else []
    end = round(hours * 3600) * AUDIO_RATE
    made = []
    for name, paths in tracks.items():
        if name == "mix":
            samples = open_ticks(orders, end, AUDIO_RATE)
            heard, lead = track(name, "flac", AUDIO_RATE, paths), tones("1#1#")
            parts = streams.sound(heard, samples, end, lead)
            if key:
                parts = streams.marked_sound(heard, samples, end, lead, key)
            made.append(Stream(parts, name))
            continue
        ticks = end * VIDEO_RATE // AUDIO_RATE
        shown = track(name, "h264", VIDEO_RATE, paths)
        cards = [card([text], WIDTH, HEIGHT) for text in ("Копия № 1", "Закрытая часть")]
        seen = streams.pictures(shown, open_ticks(orders, ticks, VIDEO_RATE), ticks, *cards)
        made.append(Stream(seen, name, "h264"))
    over = mark("Копия № 1. Ким А. Б.", WIDTH, HEIGHT) if marked else b""
    render(Film(made, hours * 3600, "bench", "Копия № 1", "rus", mark=over), path)


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of all processors together."""

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.processor:.1f} s)"


def cost(deed: Callable[[], None]) -> Cost:
    began, before = time.monotonic(), os.times()
    deed()
    after = os.times()
    return Cost(time.monotonic() - began, sum(after[:4]) - sum(before[:4]))


def told(what: str, length: str, theirs: Cost, ours: Cost, made: Path) -> tuple[str, ...]:
    ratios = f"{ours.wall / theirs.wall:.2f} ({ours.processor / theirs.processor:.2f})"
    return what, length, str(theirs), str(ours), ratios, f"{made.stat().st_size / 2**20:.0f}"


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--hours", type=float, default=4)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument(
        "--marked-hours", type=float, default=0.1, help="length of the marked copy, which is encoded"
    )
    asked = arguments.parse_args()
    console = Console(width=140)
    table = Table("copy", "length", "concat demuxer (processor)", "courtrec (processor)", "ratio (processor)", "MiB")
    with tempfile.TemporaryDirectory(prefix="courtrec-bench-") as place:
        folder = Path(place)
        count = round(asked.hours * 3600 / SECONDS)
        heard = [sound(folder / f"s{number}.mp4", number) for number in range(KINDS)]
        seen = [pictures(folder / f"p{number}.mp4", number) for number in range(KINDS)]
        mix = {"mix": laid_out(folder, "mix", AUDIO_RATE, heard, count)}
        both = {"cam": laid_out(folder, "cam", VIDEO_RATE, seen, count), **mix}
        joined, made = folder / "joined.mp4", folder / "copy.mp4"
        for what, tracks in (("pictures and sound", both), ("sound alone", mix)):
            for _ in range(asked.rounds):
                theirs = cost(partial(concat, tracks, folder, joined))
                for said, closed, key in (
                    (what, False, b""),
                    (f"{what}, a third closed", True, b""),
                    (f"{what}, inaudible mark", False, b"k" * 32),
                ):
                    ours = cost(partial(copied, tracks, asked.hours, made, closed=closed, key=key))
                    row = told(said, f"{asked.hours:g} h", theirs, ours, made)
                    console.print(*row, sep="  ")  # a long run that is ended has told something
                    table.add_row(*row)
        short = {name: paths[: round(asked.marked_hours * 3600 / SECONDS)] for name, paths in both.items()}
        theirs = cost(lambda: concat(short, folder, joined))
        ours = cost(lambda: copied(short, asked.marked_hours, made, closed=False, marked=True))
        table.add_row(*told("recipient in every picture", f"{asked.marked_hours * 60:g} min", theirs, ours, made))
    console.print(table)


if __name__ == "__main__":
    main()
