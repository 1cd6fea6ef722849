"""One MP4 file of all tracks of a copy, written by FFmpeg without encoding anything anew.

FFmpeg reads each track from a pipe, as one stream of fragments: it opens no file per segment, and gets no byte that
is not handed out. Only a copy that bears its mark in every picture has its pictures encoded.
"""

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg

from court.errors import CourtError
from hardware.child import Child
from hardware.devices import VIDEO_RATE
from hardware.errors import DeviceUnusable
from protocol.copies.captions import Cue, chapters, webvtt
from protocol.copies.notice import LEAD_SECONDS
from protocol.errors import CopyError

_UNCUT = {"h264": "h264_mp4toannexb"}
"""Puts the head's parameter sets before each keyframe: a player that jumps over a card needs them there."""
_MARKED = (
    "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-bf", "0", "-pix_fmt", "yuv420p",
    "-fps_mode", "passthrough", "-enc_time_base:v", f"1:{VIDEO_RATE}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stream:
    """A track's bytes (protocol.copies.streams) and what players call it; `codec` of pictures, empty for sound."""

    content: Iterator[bytes] = field(repr=False)
    title: str
    codec: str = ""


@dataclass(frozen=True, slots=True)
class Film:
    """What goes into the file: streams, the words said and the chapters, in seconds of the hearing; `mark` is a PNG to
    lay over every picture, empty for none."""

    streams: Sequence[Stream]
    seconds: float
    title: str
    comment: str
    language: str
    cues: Sequence[Cue] = ()
    chapters: Sequence[Cue] = ()
    mark: bytes = b""


def render(film: Film, path: Path) -> None:
    """Writes the file, or writes it over; raises CopyError, and whatever reading a segment raises.

    Whoever calls removes what is left then.
    """
    with (
        tempfile.TemporaryDirectory(prefix="courtrec-copy-", dir=path.parent) as folder,
        contextlib.ExitStack() as ends,
    ):
        pipes = [os.pipe() for _ in film.streams]
        feeds = [_Feed(one.content, end) for one, (_, end) in zip(film.streams, pipes, strict=True)]
        inputs = [start for start, _ in pipes]
        try:
            child = Child(_command(film, inputs, Path(folder), path), pass_fds=inputs)
        except DeviceUnusable as error:
            for _, end in pipes:
                os.close(end)
            raise CopyError(f"FFmpeg, which makes copies, is not there ({error})") from None
        finally:
            for one in inputs:
                os.close(one)
        ends.callback(child.end)
        for feed in feeds:
            feed.start()
        code = child.finish()
        for feed in feeds:
            feed.join()
        told = child.end()
        for feed in feeds:
            if feed.error is not None:
                raise feed.error
        if code != 0:
            why = told or f"exit code {code}"
            raise CopyError(f"FFmpeg could not make the copy ({why}): make room on the disk, or verify the hearing.")


class _Feed(threading.Thread):
    """Writes a stream into its pipe; `error` is why it could not be read, None if FFmpeg took all or left."""

    def __init__(self, content: Iterator[bytes], end: int) -> None:
        super().__init__(name="copy", daemon=True)
        self.error: CourtError | OSError | None = None
        self._content = content
        self._end = end

    def run(self) -> None:
        with os.fdopen(self._end, "wb", buffering=0) as pipe:
            try:
                for chunk in self._content:
                    left = memoryview(chunk)
                    while left:
                        left = left[pipe.write(left) :]
            except BrokenPipeError:
                pass  # FFmpeg says why it left
            except (CourtError, OSError) as error:
                self.error = error


def _command(film: Film, inputs: Sequence[int], folder: Path, path: Path) -> list[str]:
    notes, words, over = folder / "chapters.txt", folder / "words.vtt", folder / "mark.png"
    notes.write_text(chapters(film.chapters, film.seconds, LEAD_SECONDS, film.comment), "utf-8")
    words.write_text(webvtt(film.cues), "utf-8")
    command = [_program(), "-nostdin", "-y", "-v", "error", "-copyts"]
    for one, pipe in zip(film.streams, inputs, strict=True):
        filters = ["-bsf:v", _UNCUT[one.codec]] if one.codec in _UNCUT else []
        command += [*filters, "-f", "mp4", "-i", f"pipe:{pipe}"]
    count = len(film.streams)
    command += ["-f", "ffmetadata", "-i", str(notes)]
    if film.cues:
        command += ["-f", "webvtt", "-i", str(words)]
    sound = [number for number, one in enumerate(film.streams) if not one.codec]
    seen = [number for number, one in enumerate(film.streams) if one.codec]
    if film.mark and seen:
        over.write_bytes(film.mark)
        command += [
            "-i",
            str(over),
            "-filter_complex",
            f"[{seen[0]}:v][{count + 1 + bool(film.cues)}:v]overlay[marked]",
        ]
        command += ["-map", "[marked]"]
    else:
        command += [part for one in seen for part in ("-map", f"{one}:v")]
    command += [part for one in sound for part in ("-map", f"{one}:a")]
    if film.cues:
        command += ["-map", f"{count + 1}:s"]
    command += ["-map_metadata", str(count), "-map_chapters", str(count), "-c", "copy", "-c:s", "mov_text"]
    command += _MARKED if film.mark and seen else ()
    command += ["-metadata", f"title={film.title}", "-metadata", f"comment={film.comment}"]
    for place, number in enumerate(sound):
        command += [f"-metadata:s:a:{place}", f"handler_name={film.streams[number].title}"]
        command += [f"-disposition:a:{place}", "default" if place == 0 else "0"]
    if film.cues:
        command += ["-metadata:s:s:0", f"language={film.language}"]
    return [
        *command,
        "-avoid_negative_ts",
        "make_zero",
        "-video_track_timescale",
        str(VIDEO_RATE),
        "-f",
        "mp4",
        str(path),
    ]


def _program() -> str:
    with contextlib.suppress(RuntimeError):
        found = shutil.which(str(imageio_ffmpeg.get_ffmpeg_exe()))
        if found is not None:
            return found
    raise CopyError("FFmpeg, which makes copies, is not there: install the package imageio-ffmpeg.")
