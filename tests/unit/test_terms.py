"""Until when something is in time."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from court.card import Procedure
from court.terms import Term, Unit, last_day, protocol_term_began
from protocol.errors import TermsError
from protocol.terms import load_terms

DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
WORKING, PLAIN = Unit.WORKING_DAYS, Unit.DAYS


def weekdays(day: date) -> bool:
    return day.weekday() < 5


@pytest.mark.parametrize(
    ("start", "term", "last"),
    [
        (date(2026, 11, 25), Term(1, WORKING), date(2026, 11, 26)),
        (date(2026, 11, 25), Term(3, WORKING), date(2026, 11, 30)),  # over a weekend
        (date(2026, 11, 28), Term(1, WORKING), date(2026, 11, 30)),  # set in motion on a Saturday
        (date(2026, 11, 24), Term(5, PLAIN), date(2026, 11, 30)),  # ends on Sunday, so on Monday
        (date(2026, 11, 25), Term(5, PLAIN), date(2026, 11, 30)),
    ],
)
def test_last_days(start: date, term: Term, last: date) -> None:
    assert last_day(start, term, weekdays) == last


@given(DAYS, st.integers(1, 40), st.sampled_from(Unit))
def test_a_term_ends_on_a_working_day_and_is_never_shorter_than_it_says(start: date, count: int, unit: Unit) -> None:
    last = last_day(start, Term(count, unit), weekdays)
    between = [start + timedelta(days=n) for n in range(1, (last - start).days + 1)]
    assert weekdays(last)
    assert (sum(map(weekdays, between)) if unit is WORKING else len(between)) >= count
    assert last <= last_day(start, Term(count + 1, unit), weekdays)


def test_holidays_of_the_country_do_not_count() -> None:
    kz, kg = load_terms("kz"), load_terms("kg")
    assert not kz.works(date(2026, 12, 16))  # Independence Day of Kazakhstan
    assert kg.works(date(2026, 12, 16))
    assert not kg.works(date(2026, 8, 31))  # Independence Day of Kyrgyzstan
    assert last_day(date(2026, 12, 15), Term(1), kz.works) == date(2026, 12, 17)


def test_a_civil_protocol_of_kazakhstan_is_reviewed_and_then_remarked_on() -> None:
    known = load_terms("kz")
    terms = known.by_procedure[Procedure.CIVIL]
    assert terms.remarks_until(date(2026, 11, 25), known.works) == date(2026, 12, 7)  # 2 Dec, then three more
    assert terms.pending


def test_a_court_moves_days_and_changes_terms(tmp_path: Path) -> None:
    own = tmp_path / "terms.toml"
    own.write_text(
        '[kg.civil]\nremark = [2, "days"]\npending = false\nsource = "art. 1"\n'
        '[days]\noff = ["2026-11-26"]\nworking = [2026-11-28]\n'
    )
    known = load_terms("kg", own)
    assert last_day(date(2026, 11, 25), Term(2), known.works) == date(2026, 11, 28)
    civil = known.by_procedure[Procedure.CIVIL]
    assert (civil.remark, civil.decision, civil.pending) == (Term(2, PLAIN), Term(5, WORKING), False)
    assert known.by_procedure[Procedure.CRIMINAL] == load_terms("kg").by_procedure[Procedure.CRIMINAL]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[kg.civil]\nremark = 3", "kg.civil.remark"),
        ('[kg.civil]\nremark = [0, "days"]', "1 to 60"),
        ('[kg.civil]\nremark = [true, "days"]', "kg.civil.remark"),
        ('[kg.civil]\nremark = [3, "weeks"]', "working_days"),
        ('[kg.civil]\nremarks = [3, "days"]', "kg.civil.remarks"),
        ("[kg.civil]\npending = 1", "pending"),
        ("[kg.tax]\n", "kg.tax"),
        ("[de.civil]\n", "'de'"),
        ("kg = 1", "kg"),
        ('[days]\noff = ["soon"]', "days.off"),
        ("[days]\noff = 7", "days.off"),
        ("[days]\nfree = []", "off and working"),
        ("[", "no TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, told: str) -> None:
    own = tmp_path / "terms.toml"
    own.write_text(text)
    with pytest.raises(TermsError) as raised:
        load_terms("kg", own)
    assert told in str(raised.value)
    assert str(own) in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TermsError, match="COURTREC_PROTOCOL_TERMS"):
        load_terms("kg", tmp_path / "none.toml")


def test_a_correcting_protocol_has_the_term_of_its_first_draft() -> None:
    ended, *drawn = (datetime(2026, 11, day, tzinfo=UTC) for day in range(20, 28))
    assert protocol_term_began(ended, []) == ended
    signed = [(drawn[0], False), (drawn[1], True), (drawn[2], True)]  # secretary, then judge
    assert protocol_term_began(ended, signed) == ended
    correcting = [*signed, (drawn[3], False), (drawn[4], False)]
    assert protocol_term_began(ended, correcting) == drawn[3]
    assert protocol_term_began(ended, [*correcting, (drawn[5], True), (drawn[6], False)]) == drawn[6]
