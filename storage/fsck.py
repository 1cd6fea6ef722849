"""Scrubbing: every stored object is read back and hashed from time to time, the longest unchecked first.

What was found is remembered per object (`object_checks`) and nothing is changed here; see `storage.repair`. Two
scrubbers at once share the work, and read an object twice at worst.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby, islice

from court.clock import Clock
from storage.db.checks import Due, KnownObject
from storage.db.unit_of_work import Database
from storage.errors import ObjectMissing, StoreRefused
from storage.worm.port import Item, WormStore, stored_state

BATCH = 500
FRESH = timedelta(hours=1)
"""What is younger may belong to a delivery that is still going on."""

_CREDIT = 1.0
"""Seconds of work without waiting that are counted; a longer pause is not made up for by a rush."""


class Result(StrEnum):
    """`WRONG_VERSION`: the bytes are there, under another version than the database lists."""

    WHOLE = "whole"
    MISSING = "missing"
    ALTERED = "altered"
    TRUNCATED = "truncated"
    WRONG_VERSION = "wrong_version"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one object. `detail`: the hash, size or version found, or why it cannot be read.

    `subject` says what the object is, where it is not whole and anything names it.
    """

    known: KnownObject
    result: Result
    detail: str = ""
    subject: str = ""

    @property
    def sentence(self) -> str:
        told = {
            Result.WHOLE: "is whole.",
            Result.MISSING: "is missing from the store.",
            Result.ALTERED: f"was altered: its bytes now hash to {self.detail}.",
            Result.TRUNCATED: f"is cut short: {self.detail} of {self.known.size} bytes.",
            Result.WRONG_VERSION: f"lies in the store as version {self.detail}, "
            f"not as version {self.known.version} that the database lists.",
            Result.UNREADABLE: f"cannot be read: {self.detail}",
        }
        return f"{named(self.known.sha256, self.subject)} {told[self.result]}"


class Throttle:
    """Called with the size of every piece read, waits so that on average `rate` bytes a second are not exceeded."""

    def __init__(
        self, rate: float, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._rate = rate
        self._now = now
        self._sleep = sleep
        self._free_at = now()

    def __call__(self, size: int) -> None:
        now = self._now()
        self._free_at = max(self._free_at, now - _CREDIT) + size / self._rate
        self._sleep(max(0.0, self._free_at - now))


def named(sha256: str, subject: str) -> str:
    """An object in a sentence."""
    return f"Object {sha256} ({subject})" if subject else f"Object {sha256}"


def check(store: WormStore, known: KnownObject, taken: Callable[[int], object] = lambda size: None) -> Finding:
    """Reads the object back; raises StoreUnavailable where the whole store does not answer."""
    try:
        state = stored_state(store, known.sha256, known.version, taken)
        if state.sha256 == known.sha256:
            version = store.head(known.sha256, known.version).version
            same = version == known.version
            return Finding(known, Result.WHOLE) if same else Finding(known, Result.WRONG_VERSION, version)
        finding = Finding(known, Result.MISSING)
        if state.sha256 is not None:
            short = state.size < known.size
            detail = str(state.size) if short else state.sha256
            finding = Finding(known, Result.TRUNCATED if short else Result.ALTERED, detail)
    except ObjectMissing:
        finding = Finding(known, Result.MISSING)
    except StoreRefused as error:
        finding = Finding(known, Result.UNREADABLE, str(error))
    return _elsewhere(store, finding, taken) or finding


def _elsewhere(store: WormStore, finding: Finding, taken: Callable[[int], object]) -> Finding | None:
    """Another version that holds the right bytes."""
    sha256 = finding.known.sha256
    try:
        for one in store.versions(sha256):
            if one.version == finding.known.version:
                continue
            if stored_state(store, sha256, one.version, taken).sha256 == sha256:
                return replace(finding, result=Result.WRONG_VERSION, detail=one.version)
    except StoreRefused:
        return None
    return None


def scrub(
    database: Database,
    store: WormStore,
    clock: Clock,
    due: Due,
    taken: Callable[[int], object] = lambda size: None,
) -> Iterator[Finding]:
    """Checks what is `due`, the longest unchecked first, and remembers each result before it yields it.

    Raises StoreUnavailable where the store does not answer; what was checked until then stays remembered.
    """
    while True:
        with database.read() as work:
            batch = work.checks.due(due, BATCH)
        if not batch:
            return
        for known in batch:
            with database.read() as work:
                last = work.checks.last(known.sha256)
            if last is not None and last.checked_at >= due.run:
                continue  # another scrubber was faster
            finding = check(store, known, taken)
            with database.begin() as work:
                # A clock that steps back must not make the run meet its own work again.
                work.checks.record(known.sha256, max(clock.now().utc, due.run), finding.result)
                if finding.result is not Result.WHOLE:
                    finding = replace(finding, subject=work.checks.subject(known.sha256))
            yield finding


def oddities(database: Database, store: WormStore, now: datetime) -> Iterator[str]:
    """What lies in the store and is no fault: one sentence each. Nothing is removed."""
    by_name = groupby((one for one in store.items() if one.at < now - FRESH), key=lambda one: one.sha256 or one.place)
    groups = (list(items) for _, items in by_name)
    while batch := list(islice(groups, BATCH)):
        with database.read() as work:
            listed = work.checks.listed([items[0].sha256 for items in batch])
        for items in batch:
            yield from _odd(items, listed)


def _odd(items: list[Item], listed: set[str]) -> Iterator[str]:
    first = items[0]
    stored = f"{first.at:%Y-%m-%d %H:%M} UTC"
    if not first.sha256:
        folder = first.place.partition("/")[0]
        yield {
            "incoming": f"The file {first.place} ({stored}) is left over from a delivery that was never acknowledged.",
            "quarantine": f"The file {first.place} is kept as evidence: its bytes lay under the name of an object.",
        }.get(folder, f"{first.place} ({stored}) lies in the store and is no object of ours.")
    elif first.sha256 not in listed:
        yield f"Object {first.sha256} ({stored}) lies in the store and the database does not list it."
    elif len(items) > 1 or first.deleted:
        marks = sum(one.deleted for one in items)
        yield (
            f"Object {first.sha256} has {len(items) - marks} version(s) and {marks} delete marker(s): somebody wrote "
            "or deleted under its name; the version that the database lists counts."
        )
