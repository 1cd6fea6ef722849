"""Searching the transcripts of all hearings that the caller may read, as they were corrected.

The index only says where to look: what is told is read as the hearing's page reads it, so nobody finds, or learns the
number of, what they could not read there. To be shown a line is to view its hearing, and is journalled.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from api import reading, schemas
from api.access import NOT_YOUR_ROLE, Action, decide
from api.audit import record_access
from api.caller import Caller
from api.context import Context
from api.errors import Forbidden
from api.gate import enter
from court.folding import folded_words
from court.openness import Openness
from court.people import UserRole
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork

MOST = 100
"""Lines told at once; the newest hearings come first."""
AROUND = 15
"""Words of a line that are shown before and after one that was asked for."""
SUBJECT = "search"


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that was found, and the hearing it is of."""

    hearing: schemas.HearingSummary
    line: schemas.UtteranceView


@dataclass(frozen=True, slots=True)
class Found:
    """`more`: there are further lines that the caller may read."""

    hits: tuple[Hit, ...]
    more: bool


def search(context: Context, caller: Caller, query: str, hearing_id: str = "") -> Found:
    """Lines that hold all words of the query, or words that begin like them: newest hearings first, then by time.

    In one hearing, or in all. Raises Forbidden, NotFound.
    """
    if not decide(caller.role, Action.READ, Openness.OPEN, caller.place, True).allowed:
        raise Forbidden(NOT_YOUR_ROLE)
    if not folded_words(query):
        return Found((), more=False)
    with context.database.read() as uow:
        found = _found(context, uow, caller, query, hearing_id)
    now = context.clock.now().monotonic
    views = {one: (caller.session_id, one, SUBJECT) for one in dict.fromkeys(hit.hearing.id for hit in found.hits)}
    new = [one for one, view in views.items() if not context.recent_views.holds(view, now)]
    if new:
        with context.database.begin() as uow:  # what is told is what this transaction allows and journals
            found = _found(context, uow, caller, query, hearing_id)
            for one in dict.fromkeys(hit.hearing.id for hit in found.hits):
                if not context.recent_views.holds((caller.session_id, one, SUBJECT), now):
                    record_access(context, uow, caller, Action.READ, hearing_id=one, subject=SUBJECT)
        for view in views.values():
            context.recent_views.add(view, now)
    return found


def _found(context: Context, uow: UnitOfWork, caller: Caller, query: str, hearing_id: str) -> Found:
    hits: list[Hit] = []
    for hearing in _hearings(uow, caller, query, hearing_id):
        lines = reading.holding(uow, caller, hearing, context.store, query)
        if lines:
            card = reading.summary(uow, hearing)
            hits += [Hit(card, one) for one in lines]
        if len(hits) > MOST:
            break
    return Found(tuple(hits[:MOST]), more=len(hits) > MOST)


def _hearings(uow: UnitOfWork, caller: Caller, query: str, hearing_id: str) -> Iterator[Hearing]:
    if hearing_id:
        yield enter(uow, caller, hearing_id, Action.READ)
        return
    own = caller.id if caller.role is UserRole.PARTY else None
    yield from uow.hearings.shown_for(uow.search.recordings(query), granted_to=own)


@dataclass(frozen=True, slots=True)
class Snippet:
    """What is shown of a line: words, of which those are True that were asked for, with "…" for what is left out. `at`
    is when the first of these was said."""

    words: tuple[tuple[str, bool], ...]
    at: float


def snippet(line: schemas.UtteranceView, query: str) -> Snippet:
    """The words that were asked for with AROUND words on either side. Pure."""
    wanted, words = tuple(folded_words(query)), line.text.split()
    asked = [any(each.startswith(wanted) for each in folded_words(one)) for one in words]
    pieces: list[tuple[str, bool]] = []
    for place, one in enumerate(words):
        if any(asked[max(0, place - AROUND) : place + AROUND + 1]):
            pieces.append((one, asked[place]))
        elif not pieces or pieces[-1][0] != "…":
            pieces.append(("…", False))
    timed = [one.text for one in line.words] == words and any(asked)
    return Snippet(tuple(pieces), line.words[asked.index(True)].start if timed else line.start)
