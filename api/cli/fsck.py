"""`courtrec fsck`: reads stored objects back, says what is wrong with them, and repairs where it can."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from api.cli.consoles import plain_console
from api.cli.progress import bars
from api.composition import existing_context
from api.context import Context
from api.errors import ServerError
from api.readable import UNREADABLE
from api.scrubbing import MIB, copy_sources
from api.settings import load_settings
from court import exit_codes
from court.errors import InputError
from storage.db.checks import Due, LastCheck
from storage.fsck import Finding, Result, Throttle, named, oddities, scrub
from storage.repair import repair

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Order:
    """What to check: one `hearing` or all, only objects unchecked for `older_than` days, at `rate` MiB/s."""

    hearing: str = ""
    rate: float | None = None
    older_than: float | None = None
    repair: bool = False

    def __post_init__(self) -> None:
        if self.rate is not None and not 0 < self.rate <= MIB:
            raise InputError(f"--rate {self.rate:g} is no speed: give MiB per second, more than 0.")
        if self.older_than is not None and not 0 <= self.older_than <= 36_500:
            raise InputError(f"--older-than {self.older_than:g} is no age: give days, 0 to 36500.")

    @property
    def narrowed(self) -> bool:
        return bool(self.hearing) or self.older_than is not None


@dataclass(slots=True)
class _Tally:
    counts: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def add(self, finding: Finding) -> None:
        self.counts[finding.result] = self.counts.get(finding.result, 0) + 1
        self.size += finding.known.size

    @property
    def sentence(self) -> str:
        return f"Checked {sum(self.counts.values())} object(s), {self.size / MIB:.1f} MiB: {_counted(self.counts)}."


def run_fsck(order: Order) -> int:
    """Prints one line per fault and oddity, then the counts; returns the exit code, 1 where any fault was found.

    A repaired fault counts: somebody should ask how it came about.
    """
    context = existing_context(load_settings())
    with context.database.read() as work:
        if order.hearing and work.hearings.get(order.hearing) is None:
            raise InputError(f"There is no hearing {order.hearing}: see courtrec hearings.")
    console, tally = plain_console(), _Tally()
    try:
        for line in _lines(context, order, tally):
            console.print(line)
    except UNREADABLE as error:
        reason = str(error).splitlines()[0]
        raise ServerError(f"The database's list of objects is damaged ({reason}): run courtrec verify.") from None
    return exit_codes.OK if set(tally.counts) <= {Result.WHOLE} else exit_codes.FAULT_FOUND


def _lines(context: Context, order: Order, tally: _Tally) -> Iterator[str]:
    now = context.clock.now().utc
    sources = copy_sources(context.settings) if order.repair else []
    older = None if order.older_than is None else now - timedelta(days=order.older_than)
    due = Due(now, older, order.hearing)
    throttle = Throttle((order.rate or context.settings.scrub_rate) * MIB)
    with context.database.read() as work:
        count = work.checks.count_due(due)
    with bars() as progress:
        bar = progress.add_task("Checking objects", total=count or 1, completed=0 if count else 1, what="")
        for finding in scrub(context.database, context.store, context.clock, due, throttle):
            tally.add(finding)
            progress.advance(bar)
            if finding.result is Result.WHOLE:
                continue
            yield f"FAULT  {finding.sentence}"
            if order.repair:
                done = repair(context.database, context.store, finding, sources, context.clock.now().utc)
                yield f"{'REPAIRED' if done.done else 'NOT REPAIRED'}  {done.sentence}"
    if not order.narrowed:
        yield from (f"NOTE  {sentence}" for sentence in oddities(context.database, context.store, now))
    yield tally.sentence
    yield _oldest(context, context.clock.now().utc)


def report_checks() -> int:
    """What the last checks found, without reading any object; returns 1 where the last check of any found a fault."""
    context = existing_context(load_settings())
    now, days = context.clock.now().utc, context.settings.scrub_days
    console = plain_console()
    try:
        with context.database.read() as work:
            counts, faulty = work.checks.counts(), work.checks.faulty(Result.WHOLE)
            stale = work.checks.stale(now - timedelta(days=days), SHOWN + 1)
            lines = [f"FAULT  {_was(one, work.checks.subject(one.sha256), now)}" for one in faulty]
    except UNREADABLE as error:
        reason = str(error).splitlines()[0]
        raise ServerError(f"The database's list of checks is damaged ({reason}): run courtrec verify.") from None
    lines += [f"STALE  {_unchecked(one, now)}" for one in stale[:SHOWN]]
    if len(stale) > SHOWN:
        lines.append(f"STALE  More than these {SHOWN} were not checked for {days} days.")
    lines += [context.store.describe(), f"{sum(counts.values())} object(s): {_counted(counts)}.", _oldest(context, now)]
    for line in lines:
        console.print(line)
    return exit_codes.FAULT_FOUND if faulty else exit_codes.OK


def _was(one: LastCheck, subject: str, now: datetime) -> str:
    return f"{named(one.sha256, subject)}: {one.result.replace('_', ' ')} when last checked, {_ago(one.at, now)}."


def _unchecked(one: LastCheck, now: datetime) -> str:
    return f"Object {one.sha256} was last {'checked' if one.result else 'read back when stored'}, {_ago(one.at, now)}."


def _oldest(context: Context, now: datetime) -> str:
    with context.database.read() as work:
        oldest = work.checks.oldest()
    if oldest is None:
        return "The store holds no object yet."
    return f"The object unchecked for longest was read back {_ago(oldest, now)}."


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items())) or "nothing due"


def _ago(moment: datetime, now: datetime) -> str:
    days = (now - moment) / timedelta(days=1)
    return f"{days:.1f} days ago ({moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC)"
