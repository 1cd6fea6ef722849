"""Whether a hearing's recording lets its protocol be signed: every second recorded, declared or a named fault, and the
draft says so as it is now."""

from court.catalogue import N_
from protocol.annexes import completeness_lines
from protocol.completeness import Unsettled, outages, unsettled
from protocol.context import ProtocolContext
from protocol.errors import ProtocolError
from protocol.facts import HearingFacts
from protocol.forms import load_form
from protocol.gather import gather
from protocol.model import ProtocolDocument
from protocol.wording import Wording
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork

UNSETTLED = N_(
    "Not every second of the recording is here, declared or explained, so nothing was signed: the page of the hearing "
    "and `courtrec completeness` say what is missing and what to do."
)
OUT_OF_DATE = N_(
    "What is known of the recording's completeness changed after this draft was drawn up: it is drawn up anew now; "
    "look at it, then sign."
)


class OutOfDate(ProtocolError):
    """The draft tells of the recording's completeness otherwise than it is now."""


def doubts(facts: HearingFacts) -> list[Unsettled]:
    """What of the hearing's captured tracks is not settled."""
    captured = {one.track for one in facts.tracks if not one.derived}
    return unsettled(outages(facts), [one for one in facts.awaited if one[0] in captured])


def require_settled(context: ProtocolContext, work: UnitOfWork, hearing: Hearing, document: ProtocolDocument) -> None:
    """Raises ProtocolError where something is not settled, OutOfDate where the document tells it otherwise."""
    facts = gather(work, hearing, context.zone, context.store)
    if doubts(facts):
        raise ProtocolError(UNSETTLED)
    form = load_form(document.form, document.language, context.forms, context.profile)
    if document.completeness != tuple(completeness_lines(facts, Wording(facts, form))):
        raise OutOfDate(OUT_OF_DATE)
