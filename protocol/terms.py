"""The terms as files, packaged and a court's own beside them, and the days on which a court works."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import holidays

from court.card import Procedure
from court.terms import Term, Terms, Unit
from court.toml import parse_toml
from protocol.errors import TermsError
from protocol.form import PROFILES

_PACKAGED = "terms.toml"
_PERIODS = ("protocol", "review", "remark", "decision")
_KNOWN = frozenset({*_PERIODS, "pending", "source"})
_MOST = 60
_Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CourtTerms:
    """The terms of one country's codes, and its calendar."""

    by_procedure: Mapping[Procedure, Terms]
    calendar: holidays.HolidayBase
    off: frozenset[date]
    working: frozenset[date]

    def works(self, day: date) -> bool:
        """Whether the court works on that day; see court.terms.WorkingDay."""
        return day in self.working or (day not in self.off and self.calendar.is_working_day(day))


def load_terms(profile: str, own: Path | None = None) -> CourtTerms:
    """The terms of the country `profile`, with the changes in the court's file; raises TermsError naming the file and
    the entry to correct."""
    packaged = _tables((resources.files("protocol") / _PACKAGED).read_text("utf-8"), _PACKAGED)
    changes: _Table = {}
    if own is not None:
        try:
            changes = _tables(own.read_text("utf-8"), str(own))
        except (OSError, UnicodeDecodeError) as error:
            raise TermsError(f"The terms {own} cannot be read ({error}): correct COURTREC_PROTOCOL_TERMS.") from None
    where = str(own or _PACKAGED)
    codes = _table(changes, profile, where)
    if unknown := next((one for one in changes if one not in (*PROFILES, "days")), None):
        raise TermsError(f"The terms {where} have an unknown entry {unknown!r}: use {', '.join(PROFILES)} or days.")
    if unknown := next((one for one in codes if one not in set(Procedure)), None):
        raise TermsError(f"The terms {where} have an unknown entry {profile}.{unknown}: use {', '.join(Procedure)}.")
    found = {
        one: _terms({**packaged[profile][one], **_table(codes, one, where)}, f"{profile}.{one}", where)
        for one in Procedure
    }
    days = {**packaged["days"], **_table(changes, "days", where)}
    if set(days) != {"off", "working"}:
        raise TermsError(f"The terms {where} have an unknown entry in days: use off and working.")
    off, working = (_days(days[name], name, where) for name in ("off", "working"))
    return CourtTerms(found, holidays.country_holidays(profile.upper()), off, working)


def _tables(text: str, where: str) -> _Table:
    try:
        return parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise TermsError(f"The terms {where} are no TOML ({error}): correct the file.") from None


def _table(tables: _Table, name: str, where: str) -> _Table:
    found = tables.get(name, {})
    if not isinstance(found, dict):
        raise TermsError(f"The entry {name} of the terms {where} must be a table.")
    return found


def _terms(entries: _Table, name: str, where: str) -> Terms:
    if unknown := next((one for one in entries if one not in _KNOWN), None):
        raise TermsError(f"The terms {where} have an unknown entry {name}.{unknown}: use {', '.join(sorted(_KNOWN))}.")
    if not isinstance(entries["pending"], bool) or not isinstance(entries["source"], str):
        raise TermsError(f"The terms {where} must say in {name} `pending` (true or false) and `source` (a text).")
    found = {one: _term(entries[one], f"{name}.{one}", where) for one in _PERIODS if one in entries}
    return Terms(found["protocol"], found["remark"], found["decision"], found.get("review"), entries["pending"],
                 entries["source"])  # fmt: skip


def _term(value: Any, name: str, where: str) -> Term:
    match value:
        case [int(count), str(unit)] if not isinstance(count, bool) and 0 < count <= _MOST and unit in set(Unit):
            return Term(count, Unit(unit))
    raise TermsError(
        f"The entry {name} of the terms {where} must be a number of 1 to {_MOST} and one of {', '.join(Unit)}, such "
        'as [3, "working_days"].'
    )


def _days(value: Any, name: str, where: str) -> frozenset[date]:
    try:
        if isinstance(value, list):
            return frozenset(one if _is_day(one) else date.fromisoformat(one) for one in value)
    except (TypeError, ValueError):
        pass
    raise TermsError(f'The entry days.{name} of the terms {where} must be a list of days such as "2026-01-05".')


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)
