"""`courtrec hearings` and `courtrec verify`."""

from rich.console import Console
from rich.table import Table

from api.cli.progress import bars
from api.composition import make_context
from api.context import Context
from api.settings import load_settings
from api.verification import verify
from court import exit_codes
from court.timeline import clock_text

SAMPLES_PER_SECOND = 48_000


def list_hearings() -> None:
    """One row per hearing, newest first."""
    table = Table(box=None)
    for heading in ("id", "case", "began (UTC)", "length", "state", "protocol"):
        table.add_column(heading, no_wrap=True)
    with make_context(load_settings()).database.read() as work:
        for one in work.hearings.find():
            length = clock_text(one.end_sample / SAMPLES_PER_SECOND) if one.end_sample is not None else "…"
            protocol = work.protocols.latest(one.id)
            table.add_row(
                one.id,
                one.case_number,
                f"{one.started_at:%Y-%m-%d %H:%M:%S}",
                length,
                one.state,
                protocol.state if protocol else "—",
            )
    Console(width=200, soft_wrap=True).print(table)


def verify_evidence(hearing: str | None) -> int:
    """Prints one line per fault, or what was found whole; returns the exit code."""
    context = make_context(load_settings())
    faults = find_faults(context, hearing)
    console = Console(soft_wrap=True, highlight=False)
    for fault in faults:
        console.print(f"FAULT  {fault}", markup=False)
    if faults:
        console.print(f"{len(faults)} fault(s) found.")
        return exit_codes.FAULT_FOUND
    console.print(all_is_well(context, hearing), markup=False)
    return exit_codes.OK


def find_faults(context: Context, hearing: str | None) -> list[str]:
    """All faults, with a progress bar over the stored objects."""
    with bars() as progress:
        task = progress.add_task("Verifying", total=None, what="")
        return list(
            verify(context, hearing, lambda done, total: progress.update(task, completed=done, total=total or 1))
        )


def all_is_well(context: Context, hearing: str | None) -> str:
    """What a verification without faults has shown, in one line."""
    with context.database.read() as work:
        head, stamp = work.log.head(), work.timestamps.newest()
    what = f"Hearing {hearing}" if hearing else "Everything"
    whole = f"{what} is whole: log of {head.size} entries, root {head.root.hex()}."
    if stamp is None or context.authority is None:
        return whole
    return f"{whole} {stamp.size} of them existed by {stamp.at:%Y-%m-%d %H:%M:%S} UTC, as an authority's token proves."
