"""How a line of the transcript came to read as it does: the machine's words, and every correction since."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from api.access import Action
from api.caller import Caller
from api.context import Context
from api.corrections import NO_LINE, Part, parts
from api.errors import NotFound
from api.gate import Sieve
from court.correction import history
from court.lines import Line
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Step:
    """A correction, and the lines that it left; without those that the caller may not read."""

    deed: str
    by: str
    at: datetime
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class LineHistory:
    """`machine` are the lines that the machine had made."""

    machine: tuple[Line, ...]
    steps: tuple[Step, ...]


def line_history(context: Context, uow: UnitOfWork, caller: Caller, hearing: Hearing, line: str) -> LineHistory:
    """Of a line that stands in the transcript that is shown. Raises NotFound, also where the caller may not read it."""
    sieve = Sieve(uow, caller, hearing.id, Action.READ)
    for part in parts(context, uow, hearing, {line}):
        place = part.at(line)
        if place is None or not part.passes(sieve, part.lines[place]):
            continue
        found = history(line, part.revisions)
        machine = {one.id: one for each in found for one in each.before if not one.origins}
        return LineHistory(
            tuple(_readable(machine.values() or [part.lines[place]], part, sieve)),
            tuple(Step(one.deed, one.by, one.at, tuple(_readable(one.after, part, sieve))) for one in found),
        )
    raise NotFound(NO_LINE)


def _readable(lines: Iterable[Line], part: Part, sieve: Sieve) -> list[Line]:
    return [one for one in lines if part.passes(sieve, one)]
