"""`courtrec copy`: a copy for a party, made here and now."""

import getpass
import os
import shlex
import shutil
from pathlib import Path

from api.cli.consoles import plain_console
from api.composition import existing_context
from api.copying import Ordering, Wish, file_of, make_copy, put_order
from api.errors import Conflict
from api.gate import shown_hearing
from api.settings import load_settings
from court.errors import InputError
from storage.db.copies import READY
from storage.ledger.checkpoint import verifier_key


def copy_hearing(hearing: str, path: Path, wish: Wish) -> None:
    """Makes the copy on behalf of whoever runs this program, whom log and journal name, and puts it at `path`.

    Raises InputError where that exists, Conflict where the copy cannot be made.
    """
    if path.exists():
        raise InputError(f"The file {path} exists already and is not written over: give another name.")
    context = existing_context(load_settings(), keys=True)
    with context.database.begin() as work:
        by = Ordering(getpass.getuser(), "operator", "")
        number = put_order(context, work, shown_hearing(work, hearing), wish, by)
    make_copy(context, number)
    with context.database.read() as work:
        row = work.copies.get(number)
    if row is None or row.state != READY:
        raise Conflict(f"No copy was made. {row.reason if row else ''}".strip())
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
