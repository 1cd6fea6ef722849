"""`courtrec hearings`, `courtrec verify` and `courtrec export`."""

import getpass
import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from api.cli.consoles import plain_console
from api.cli.progress import bars
from api.composition import existing_context, verifying
from api.context import Context
from api.export import Order, export
from api.recorders import recorder_notes
from api.restorations import restoration_notes
from api.settings import load_settings
from api.verification import verify
from api.verification_notes import (
    delay_notes,
    delivery_notes,
    destruction_notes,
    loss_notes,
    receipt_notes,
    self_test_notes,
)
from court import exit_codes
from court.errors import InputError
from court.one_line import one_line
from court.timeline import clock_text
from storage import durable
from storage.offline import check_file, print_told, read_outsiders
from storage.verifier_archive import verifier_archive

SAMPLES_PER_SECOND = 48_000


_NOTES = (
    destruction_notes,
    delivery_notes,
    loss_notes,
    receipt_notes,
    recorder_notes,
    self_test_notes,
    delay_notes,
)


def list_hearings() -> None:
    """One row per hearing, newest first."""
    table = Table(box=None)
    for heading in ("id", "case", "began (UTC)", "length", "state", "protocol"):
        table.add_column(heading, no_wrap=True)
    with existing_context(load_settings()).database.read() as work:
        for one in work.hearings.find(spares=True):
            length = clock_text(one.end_sample / SAMPLES_PER_SECOND) if one.end_sample is not None else "…"
            protocol = work.protocols.latest(one.id)
            table.add_row(
                one.id,
                one.case_number,
                f"{one.started_at:%Y-%m-%d %H:%M:%S}",
                length,
                one.state,
                protocol.state if protocol else f"spare recording of {one.spare_of}" if one.spare_of else "—",
            )
    plain_console(width=200).print(table)


def verify_evidence(hearing: str | None) -> int:
    """Prints one line per fault, or what was found whole; returns the exit code."""
    with verifying(load_settings()) as (context, how):
        faults = find_faults(context, hearing)
        notes = [how] if how else []
        notes += restoration_notes(context)
        for told in _NOTES:
            notes += told(context, hearing)
        whole = "" if faults else all_is_well(context, hearing)
    console = plain_console()
    for fault in faults:
        console.print(f"FAULT  {one_line(fault)}")
    for note in notes:
        console.print(f"NOTE   {one_line(note)}")
    console.print(whole or f"{len(faults)} fault(s) found.")
    return exit_codes.FAULT_FOUND if faults else exit_codes.OK


def verify_bundle_file(path: Path, key: str | None, roots: Path | None = None, witnesses: Sequence[str] = ()) -> int:
    """Prints what the offline verifier says of the bundle; returns the exit code. Nothing of this court is asked."""
    return print_told(check_file(path, key, read_outsiders(roots, witnesses)))


def export_hearing(
    hearing: str, path: Path, recipient: str, ground: str, tracks: frozenset[str], *, media: bool, journal: bool
) -> None:
    """Exports on behalf of whoever runs this program, whom the journal names."""
    order = Order(
        actor=getpass.getuser(),
        role="operator",
        recipient=recipient,
        ground=ground,
        tracks=tracks,
        media=media,
        journal=journal,
    )
    context = existing_context(load_settings(), keys=True)
    made = export(context, hearing, path, order)
    with context.database.read() as work:
        row = work.hearings.get(hearing)
        beside = [one.id for one in work.hearings.spares(hearing)]
        beside += [row.spare_of] if row is not None and row.spare_of else []
    console = plain_console()
    console.print(f"Written: {path} with {made.files} files.")
    console.print(f"Left out: {made.left_out} recorded files; kept back: {made.withheld} entries.")
    for one in beside:
        console.print(f"Another node recorded the same hearing as {one}: export that, too.")
    console.print(f"Time-stamps of the log: {made.stamps}.")
    command = shlex.join(["courtrec", "verify", str(path), "--key", made.log_key])
    console.print(f"Verify:  {command}")


def write_verifier(path: Path) -> None:
    """Raises InputError where the file cannot be written."""
    content = verifier_archive()
    try:
        durable.replace(path, content)
    except OSError as error:
        raise InputError(f"The file {path} cannot be written ({error.strerror}): name another place.") from None
    plain_console().print(f"{path}  SHA-256 {hashlib.sha256(content).hexdigest()}")


def find_faults(context: Context, hearing: str | None) -> list[str]:
    """All faults, with a progress bar over the stored objects."""
    with bars() as progress:
        task = progress.add_task("Verifying", total=None, what="the log")

        def read(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, what=f"{done} of {total} files read")

        faults = list(verify(context, hearing, read))
        if not progress.tasks[0].finished:  # no file to read, or none that could be
            progress.update(task, completed=1, total=1, what="")
        return faults


def all_is_well(context: Context, hearing: str | None) -> str:
    """What a verification without faults has shown, in one line."""
    with context.database.read() as work:
        head, stamp = work.log.head(), work.timestamps.newest()
        spares = work.hearings.spares(hearing) if hearing else []
        levels = work.protocols.levels(hearing)
    beside = "".join(f" with its spare recording {one.id}" for one in spares)
    what = f"Hearing {hearing}{beside}" if hearing else "Everything"
    whole = f"{what} is whole: log of {head.size} entries, root {head.root.hex()}."
    if levels:
        signed = ", ".join(f"{count} of level PAdES {level}" for level, count in levels.items())
        whole = f"{whole} Signatures on protocols: {signed}."
    if stamp is None or context.authority is None:
        return whole
    return f"{whole} {stamp.size} of them existed by {stamp.at:%Y-%m-%d %H:%M:%S} UTC, as an authority's token proves."
