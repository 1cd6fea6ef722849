"""Everything the node must not forget, on its own disk: signed entries in their order, and what is not finished.

The leaves are the truth; beside them stand only what they cannot say: which segments are being written, how to
begin again after a crash, and what the server has. Segment files lie in `<hearing>/` beside the database.
"""

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recorder.spool_file import open_spool, transaction
from recorder.upload_order import Waiting
from storage.durable import make_folder

_ENTRIES = "SELECT position, hearing, seq, entry, file, sha256, size, local FROM entry"

_UNSTORE = "UPDATE entry SET stored = 0 WHERE file != '' AND local = 'here'"
"""Of entries whose bytes are here and can be sent again."""

GIVEN_UP = "given_up"
"""`local` of an entry whose bytes this disk lost: they count as stored, so that nothing more is sent of them."""

_SUMS = (
    "SELECT count(*), coalesce(sum(CASE WHEN stored = 0 OR local IN ('going', 'gone') THEN size ELSE 0 END), 0), "
    "min(written_at) FROM entry"
)
_WAITING = "SELECT position, hearing, seq, file, sent, stored FROM entry WHERE sent = 0 OR stored = 0 ORDER BY position"
_UNSENT = "(sent = 0 OR stored = 0)"


@dataclass(frozen=True, slots=True)
class HearingRow:
    """How to go on with a hearing: the room as TOML text, `pace`, and whether a script plays the secretary."""

    id: str
    room: str
    pace: str
    scripted: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a hearing's sample 0 lies on the machine's own clock (hardware.clock.elapsed, seconds), in which `boot`."""

    boot: str
    zero: float


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """A segment being written; `start` in ticks of `rate`, `file` relative to the spool's folder."""

    track: str
    sequence: int
    start: int
    rate: int
    codec: str
    file: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """The file whose content a segment's leaf states."""

    file: str
    sha256: str
    size: int

    @property
    def track(self) -> str:
        return track_of(self.file)


@dataclass(frozen=True, slots=True)
class Entry:
    """A signed leaf as kept; `attachment` is the segment it states, `given_up` whether its bytes are lost."""

    position: int
    hearing: str
    seq: int
    entry: bytes
    attachment: Attachment | None
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for delivery, itself or its segment: entries, bytes of segments, and when the oldest was written (UTC
    seconds since 1970)."""

    count: int
    size: int
    oldest: float | None


class Spool:
    """One database and its folder. Every change is on the disk when its method returns. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        """Raises SpoolError if the folder cannot be used, or if another recorder uses it."""
        self.folder = folder
        self.changed = threading.Event()
        self._lock = threading.Lock()
        self._mine, self._db = open_spool(folder)

    def close(self) -> None:
        with self._lock:
            self._db.close()
            os.close(self._mine)

    def begin(self, row: HearingRow) -> None:
        make_folder(self.folder / row.id)
        with self.change() as db:
            db.execute("INSERT INTO hearing VALUES (?, ?, ?, ?, 0)", (row.id, row.room, row.pace, row.scripted))

    def end(self, hearing: str) -> None:
        """Nothing more will be recorded of it."""
        with self.change() as db:
            db.execute("UPDATE hearing SET ended = 1 WHERE id = ?", (hearing,))

    def unfinished(self) -> HearingRow | None:
        """The hearing that was being recorded when this program last ended, if it had no end."""
        found = self.rows("SELECT id, room, pace, scripted FROM hearing WHERE ended = 0 ORDER BY id DESC LIMIT 1")
        if not found:
            return None
        hearing, room, pace, scripted = found[0]
        return HearingRow(hearing, room, pace, bool(scripted))

    def keep_origin(self, hearing: str, origin: Origin) -> None:
        with self.change() as db:
            db.execute("INSERT OR REPLACE INTO origin VALUES (?, ?, ?)", (hearing, origin.boot, origin.zero))

    def origin(self, hearing: str) -> Origin | None:
        """None for a hearing whose time does not pass as time does."""
        found = self.rows("SELECT boot, zero FROM origin WHERE hearing = ?", hearing)
        return Origin(*found[0]) if found else None

    def open_segment(self, hearing: str, segment: OpenSegment) -> None:
        facts = json.dumps(asdict(segment))
        with self.change() as db:
            db.execute("INSERT INTO open_segment VALUES (?, ?, ?)", (hearing, segment.track, facts))

    def open_segments(self, hearing: str) -> list[OpenSegment]:
        rows = self.rows("SELECT facts FROM open_segment WHERE hearing = ? ORDER BY track", hearing)
        return [OpenSegment(**json.loads(facts)) for (facts,) in rows]

    def forget_open(self, hearing: str, track: str) -> None:
        """The open segment holds nothing that could be stated; its file stays where it is."""
        with self.change() as db:
            db.execute("DELETE FROM open_segment WHERE hearing = ? AND track = ?", (hearing, track))

    def append(
        self, hearing: str, seq: int, entry: bytes, now: float, sealed: tuple[str, Attachment] | None = None
    ) -> None:
        """Keeps the next entry; `sealed` is the track whose open segment it states, and its file."""
        track, attachment = sealed or ("", Attachment("", "", 0))
        with self.change() as db:
            db.execute(
                "INSERT INTO entry (hearing, seq, entry, file, sha256, size, written_at, stored) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (hearing, seq, entry, attachment.file, attachment.sha256, attachment.size, now, not attachment.file),
            )
            db.execute("DELETE FROM open_segment WHERE hearing = ? AND track = ?", (hearing, track))
        self.changed.set()

    def entries(self, hearing: str) -> list[Entry]:
        return [_entry(row) for row in self.rows(f"{_ENTRIES} WHERE hearing = ? ORDER BY seq", hearing)]

    def waiting(self) -> list[Waiting]:
        """What the server has not confirmed, in the order it was written."""
        return [
            Waiting(position, hearing, seq, track_of(file), not sent, not stored)
            for position, hearing, seq, file, sent, stored in self.rows(_WAITING)
        ]

    def entries_at(self, positions: Sequence[int]) -> list[Entry]:
        """In the order of `positions`."""
        return [_entry(self.rows(f"{_ENTRIES} WHERE position = ?", one)[0]) for one in positions]

    def mark_sent(self, positions: Sequence[int]) -> None:
        """The server has these entries."""
        with self.change() as db:
            db.executemany("UPDATE entry SET sent = 1 WHERE position = ?", [(one,) for one in positions])

    def mark_stored(self, position: int) -> None:
        """The server has the bytes of the segment that this entry states."""
        with self.change() as db:
            db.execute("UPDATE entry SET stored = 1 WHERE position = ?", (position,))

    def expect(self, hearing: str, seq: int) -> None:
        """The server says which entry of the hearing it wants next: what is before it has arrived, the rest has not.

        Of the rest the bytes may be lost there as well, so those that are still here count as unsent.
        """
        with self.change() as db:
            db.execute("UPDATE entry SET sent = (seq < ?) WHERE hearing = ?", (seq, hearing))
            db.execute(f"{_UNSTORE} AND hearing = ? AND seq >= ?", (hearing, seq))

    def send_again(self, since: float) -> tuple[int, Backlog]:
        """Everything written since then (UTC seconds since 1970) counts as unsent; returns how many entries, and of
        which segments the bytes cannot be sent again, because they were deleted here."""
        with self.change() as db:
            count = db.execute("UPDATE entry SET sent = 0 WHERE written_at >= ?", (since,)).rowcount
            db.execute(f"{_UNSTORE} AND written_at >= ?", (since,))
        return count, self._sums(f"{_SUMS} WHERE local IN ('going', 'gone') AND written_at >= ?", since)

    def backlog(self, hearing: str | None = None) -> Backlog:
        """Of one hearing, or of all."""
        if hearing is None:
            return self._sums(f"{_SUMS} WHERE {_UNSENT}")
        return self._sums(f"{_SUMS} WHERE {_UNSENT} AND hearing = ?", hearing)

    def backlogs(self) -> dict[str, Backlog]:
        """By hearing, the oldest first; only those of which something waits."""
        query = f"{_SUMS.replace('SELECT', 'SELECT hearing,')} WHERE {_UNSENT} GROUP BY hearing ORDER BY hearing"
        return {hearing: Backlog(*sums) for hearing, *sums in self.rows(query)}

    def _sums(self, query: str, *values: object) -> Backlog:
        return Backlog(*self.rows(query, *values)[0])

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk afterwards, or nothing."""
        with self._lock, transaction(self._db):
            yield self._db


def track_of(file: str) -> str:
    """The track whose segment is `file`, as the recorder names it; empty for no file."""
    stem = file.rpartition("/")[2].partition(".")[0]  # a backlog has tens of thousands
    return stem.rpartition("-")[0] or stem


def _entry(row: tuple[Any, ...]) -> Entry:
    position, hearing, seq, entry, file, sha256, size, local = row
    return Entry(position, hearing, seq, entry, Attachment(file, sha256, size) if file else None, local == GIVEN_UP)
