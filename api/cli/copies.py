"""`courtrec copy` and `courtrec trace`: a copy for a party, made here and now, and whose copy a recording was."""

import getpass
import math
import os
import shlex
import shutil
from pathlib import Path

from api.cli.consoles import plain_console
from api.composition import existing_context
from api.copy_handing import fetched, file_of
from api.copy_orders import Ordering, Wish, put_order
from api.copy_tracing import Traced, traced
from api.copying import make_copy
from api.errors import Conflict, NotFound, Unusable
from api.gate import shown_hearing
from api.settings import load_settings
from court import exit_codes
from court.errors import InputError
from protocol.copies.trace import MOST_CHANCE
from storage.db.copies import READY
from storage.ledger.checkpoint import verifier_key

_MOST_POWER = 12  # beyond it other errors are more probable than chance


def copy_hearing(hearing: str, path: Path, wish: Wish) -> None:
    """Makes the copy on behalf of whoever runs this program, whom log and journal name, and puts it at `path`.

    Raises InputError where that exists, Conflict where the copy cannot be made.
    """
    if path.exists():
        raise InputError(f"The file {path} exists already and is not written over: give another name.")
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent} for the copy: make it, or name another place.")
    context = existing_context(load_settings(), keys=True)
    with context.database.begin() as work:
        by = Ordering(getpass.getuser(), "operator", "")
        number = put_order(context, work, shown_hearing(work, hearing), wish, by)
    make_copy(context, number)
    with context.database.begin() as work:
        row = work.copies.get(number)
        if row is None or row.state != READY:
            raise Conflict(f"No copy was made. {row.reason if row else ''}".strip())
        fetched(context, row)
    try:
        made = file_of(context, row)
        try:
            os.link(made, path)
        except OSError:  # another disk
            shutil.copyfile(made, path)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise InputError(f"The copy {path} cannot be written ({error.strerror}): name another place.") from None
    key = verifier_key(context.settings.log_origin, context.log_keys.key.public)
    console = plain_console()
    console.print(f"Written: {path}, copy No. {number}, SHA-256 {row.sha256}.")
    console.print(f"Verify:  {shlex.join(['courtrec', 'verify', str(path), '--key', key])}")


def trace_file(path: Path, what: str) -> int:
    """Says whose copy of a hearing, or of any of a case, the recording at `path` was; the exit code."""
    if not path.is_file():
        raise InputError(f"There is no file {path}: name the recording that got out.")
    try:
        found = traced(existing_context(load_settings(), keys=True), path, what, getpass.getuser())
    except (NotFound, Unusable) as error:
        raise InputError(str(error)) from None
    named = [one for one in found if one.chance <= MOST_CHANCE]
    console = plain_console()
    for one in named:
        console.print(_named(one))
    if not named:
        best = min(one.chance for one in found)
        told = f"the best of {len(found)} tried would fit as well by chance in up to {best:.0%} of cases"
        console.print(f"This recording names no copy: {told}. A longer or clearer piece may.")
    return 0 if named else exit_codes.FAULT_FOUND


def _named(one: Traced) -> str:
    row, power = one.copy, min(_MOST_POWER, math.floor(-math.log10(max(one.chance, 1e-300))))
    who = f"copy No. {row.id}, which {row.recipient} got ({row.ground}), ordered on {row.ordered_at:%Y-%m-%d}"
    return f"This is {who}: another one's would fit so well less than once in 10^{power} (score {one.score:.1f})."
