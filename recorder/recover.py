"""After a crash or a power cut: what was being written is sealed as it is, and what was missed is said.

Nothing is truncated or deleted. A segment file cut off anywhere plays to its last whole packet; its leaf covers
exactly that, marked as partial.
"""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

from court.clock import iso_utc
from court.timeline import GapCause
from hardware.devices import AUDIO_RATE, VIDEO_RATE
from hardware.errors import MediaUnreadable
from hardware.segment_reader import pictures_end, read_pcm
from recorder.alignment import Reason
from recorder.boxes import init_size
from recorder.encode import Sealed
from recorder.history import History
from recorder.journal import Journal
from recorder.spool import OpenSegment
from storage.durable import fsync_folder

_GRID = 8  # samples: a whole number of camera ticks
_BLOCK = 1 << 20


def seal_open_segments(journal: Journal, history: History) -> None:
    """Seals what the crash left open, and tells `history` of it."""
    spool = journal.spool
    history.windows = max(history.windows, _unused_number(spool.folder / journal.hearing))
    for opened in spool.open_segments(journal.hearing):
        path = spool.folder / opened.file
        end = _readable_end(path, opened)
        if end <= opened.start:
            spool.forget_open(journal.hearing, opened.track)
            continue
        journal.segment(opened, end, _seal(path), partial=True)
        history.covered[opened.track] = end
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        history.mark = max(history.mark, (end * AUDIO_RATE // opened.rate, written), key=lambda mark: mark[1])


def position_now(history: History, now: datetime, goes_on: bool) -> int:
    """The sample up to which the hearing has got: by the wall clock where the room went on without us.

    Where the room is made of recordings it waited: the earliest sample that some track does not have yet.
    """
    sample, written = history.mark
    if goes_on:
        away = max(0.0, (now - written).total_seconds())
        return -(-max(sample + int(away * AUDIO_RATE), history.plan.since) // _GRID) * _GRID
    if not history.plan.recording:
        return history.plan.since
    return min(covered for track, covered in history.covered.items() if not track.startswith("cam-"))


def restart_reason(history: History, now: datetime, cause: GapCause) -> Reason:
    """What the gap's leaf says; `cause` is RESTART or DISK_FULL."""
    happened = "The recorder's disk was full" if cause is GapCause.DISK_FULL else "The recorder stopped"
    log = f"{happened}; its last durable write was at {iso_utc(history.mark[1])}, "
    return cause, log + f"it began again at {iso_utc(now)}."


def _unused_number(folder: Path) -> int:
    """The first number that no segment file has: also a file in which nothing could be read keeps its own."""
    return max((int(path.stem.rpartition("-")[2]) + 1 for path in folder.glob("*-*.mp4")), default=0)


def _readable_end(path: Path, opened: OpenSegment) -> int:
    """The tick after the last whole packet; the segment's start if there is none."""
    try:
        if opened.rate == VIDEO_RATE:
            return pictures_end(path)
        start, pcm = read_pcm(path)
        return start + len(pcm)
    except MediaUnreadable:
        return opened.start


def _seal(path: Path) -> Sealed:
    """The facts of the file as it lies there, made durable as such."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        head = file.read(_BLOCK)
        file.seek(0)
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
        os.fsync(file.fileno())
    fsync_folder(path.parent)
    return Sealed(size, init_size(head), digest.hexdigest())
