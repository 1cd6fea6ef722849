"""After a crash or a power cut: what was being written is sealed as it is, and what was missed is said.

Nothing is truncated or deleted. A segment file cut off anywhere plays to its last whole packet; its leaf covers
exactly that, marked as partial.
"""

import hashlib
import math
import os
from datetime import UTC, datetime
from pathlib import Path

from court.clock import Anchor, iso_utc
from court.timeline import GapCause
from hardware.clock import boot
from hardware.devices import AUDIO_RATE, VIDEO_RATE
from hardware.errors import MediaUnreadable
from hardware.segment_reader import pictures_end, read_pcm
from recorder.alignment import Reason
from recorder.boxes import init_size
from recorder.encode import Sealed
from recorder.errors import disk_full, reason_of
from recorder.history import History
from recorder.journal import Journal
from recorder.spool import OpenSegment, Origin
from storage.durable import fsync_folder

STOPPED: Reason = (GapCause.RESTART, "The recorder stopped")

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


def origin_at(position: int, now: Anchor) -> Origin:
    """What is to be kept of a hearing that has got to sample `position` now, for `position_now` after a crash."""
    return Origin(boot(), now.monotonic - position / AUDIO_RATE)


def position_now(history: History, now: Anchor, goes_on: bool, origin: Origin | None) -> int:
    """The sample up to which the hearing has got. It is never before what is stated already.

    Where the room went on without us, the clock that never jumps tells; after the machine was started anew it does
    not, and the time of day must. Where the room is made of recordings it waited: the earliest sample that some track
    does not have yet.
    """
    if not goes_on:
        if not history.plan.recording:
            return history.plan.since
        return min(covered for track, covered in history.covered.items() if not track.startswith("cam-"))
    if origin is not None and origin.boot and origin.boot == boot():
        sample = int((now.monotonic - origin.zero) * AUDIO_RATE)
    else:
        sample, written = history.mark
        sample += int(max(0.0, (now.utc - written).total_seconds()) * AUDIO_RATE)
    stated = (end * AUDIO_RATE / _rate(track) for track, end in history.covered.items())
    return math.ceil(max(sample, history.plan.since, *stated) / _GRID) * _GRID


def interrupted_by(error: Exception) -> Reason:
    """Why recording was interrupted, for `restart_reason`."""
    if disk_full(error):
        return GapCause.DISK_FULL, "The recorder's disk was full"
    return GapCause.RESTART, f"Recording failed ({reason_of(error)})"


def restart_reason(history: History, now: datetime, why: Reason) -> Reason:
    """What the gap's leaf says; `why` is STOPPED or from `interrupted_by`."""
    cause, happened = why
    log = f"{happened}; its last durable write was at {iso_utc(history.mark[1])}, "
    return cause, log + f"it began again at {iso_utc(now)}."


def _rate(track: str) -> int:
    return VIDEO_RATE if track.startswith("cam-") else AUDIO_RATE


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
