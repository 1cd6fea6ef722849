"""`courtrec export-file`: protocol or transcript as a file for other programs."""

import getpass
from pathlib import Path

from api.access import CLOSED_OFF_SITE, Action
from api.cli.consoles import plain_console
from api.composition import existing_context
from api.errors import Forbidden
from api.exporting import Kind, protocol_file, transcript_file
from api.gate import require_kept, shown_hearing
from api.settings import load_settings
from court.errors import InputError
from court.openness import Openness, openness_of
from storage import durable
from storage.ledger.leaf import LeafKind


def export_file(hearing: str, path: Path) -> None:
    """The kind is the file's ending; raises InputError where that is none, or the file exists or cannot be written."""
    try:
        kind = Kind(path.suffix.removeprefix(".").lower())
    except ValueError:
        raise InputError(f"The file's ending says what is written: use one of {', '.join(Kind)}.") from None
    context = existing_context(load_settings(), keys=True)
    with context.database.begin() as work:
        row = shown_hearing(work, hearing)
        require_kept(row)
        if kind.of_protocol and openness_of(work.hearings.openness(row.id), 0.0, float("inf")) is Openness.CLOSED:
            raise Forbidden(CLOSED_OFF_SITE)
        if kind.of_protocol:
            made = protocol_file(context, work.protocols.latest(row.id), kind)
        else:
            made = transcript_file(context, work, row, kind)
        body = {
            "actor": getpass.getuser(), "role": "operator", "action": Action.DOWNLOAD.value,
            "object": f"export.{kind}", "ground": "", "address": "",
        }  # fmt: skip
        work.log.record(LeafKind.ACCESS, row.id, context.clock.now().utc, body, context.server_key)
    try:
        with durable.new_file(path) as file:
            file.write(made.content)
    except FileExistsError:
        raise InputError(f"The file {path} exists already and is not written over: give another name.") from None
    except OSError as error:
        raise InputError(f"The file {path} cannot be written ({error.strerror}): name another place.") from None
    plain_console().print(f"Written: {path}")
