"""Until when what must be done: the court's terms (protocol.terms) on its hearings, in days of the court's own zone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from court.card import HearingCard, Procedure
from court.terms import Terms, WorkingDay, last_day
from protocol.settings import load_protocol_settings
from protocol.terms import load_terms


@dataclass(frozen=True, slots=True)
class HearingTerms:
    """The terms of one hearing's code; the methods give the last day that is in time."""

    terms: Terms
    works: WorkingDay
    zone: tzinfo

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def protocol_until(self, ended: datetime) -> date:
        return last_day(self.day(ended), self.terms.protocol, self.works)

    def remarks_until(self, signed: datetime) -> date:
        return self.terms.remarks_until(self.day(signed), self.works)

    def decision_until(self, filed: datetime) -> date:
        return last_day(self.day(filed), self.terms.decision, self.works)


def hearing_terms(card: HearingCard) -> HearingTerms:
    return _terms()(card.procedure)


@cache
def _terms() -> Callable[[Procedure | None], HearingTerms]:
    settings = load_protocol_settings()
    known, zone = load_terms(settings.profile, settings.terms), ZoneInfo(settings.zone)
    return lambda one: HearingTerms(known.by_procedure[one or settings.procedure], known.works, zone)
