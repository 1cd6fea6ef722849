"""Retention is only ever extended, whatever dates, terms and orders come together."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from storage.retention import FOR_EVER, RetentionClass, class_of, kept_until, lock_until, retain_until

MOMENTS = st.integers(0, 430 * 366 * 86_400).map(
    lambda seconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
YEARS = st.one_of(st.none(), st.integers(1, 500))
ORDERS = st.lists(MOMENTS, max_size=4)
LEAP_DAY = datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)


def term(years: int | None, *marks: str) -> RetentionClass:
    return RetentionClass("made", "", "", frozenset(marks), years, False, "")


@given(MOMENTS, st.integers(1, 500))
@example(LEAP_DAY, 1)
@example(LEAP_DAY, 72)  # 2100 is no leap year
def test_a_term_is_never_shorter_than_its_calendar_years(ended: datetime, years: int) -> None:
    over = retain_until(ended, years)
    assert (over.year - ended.year, over.timetz()) == (years, ended.timetz())
    assert (over.month, over.day) >= (ended.month, ended.day)
    assert (over.month, over.day) == (ended.month, ended.day) or (over.month, over.day) == (3, 1)


@given(MOMENTS, YEARS, YEARS, ORDERS, ORDERS, ORDERS)
def test_nothing_that_is_added_makes_it_shorter(
    ended: datetime,
    one: int | None,
    other: int | None,
    orders: list[datetime],
    more: list[datetime],
    locks: list[datetime],
) -> None:
    kept = kept_until(ended, term(one), orders, locks)
    assert kept >= term(one).ends(ended)
    assert all(kept >= moment for moment in (*orders, *locks))
    assert kept_until(ended, term(one), [*orders, *more], locks) >= kept
    longer = max((term(one), term(other)), key=lambda found: found.length)
    assert kept_until(ended, longer, orders, locks) >= kept


@given(MOMENTS, MOMENTS, YEARS, ORDERS, st.integers(1, 100))
def test_the_store_is_never_locked_for_longer_than_the_hearing_is_kept(
    now: datetime, ended: datetime, years: int | None, orders: list[datetime], ahead: int
) -> None:
    locked = lock_until(now, ended, term(years), orders, ahead)
    assert locked <= kept_until(ended, term(years), orders, [])
    assert locked >= max(orders, default=locked)
    assert locked <= max(retain_until(now, ahead), *orders, now)


@given(st.lists(YEARS, min_size=1, max_size=5))
def test_an_unknown_case_is_kept_as_long_as_any(years: list[int | None]) -> None:
    classes = [term(one, "ГД") for one in years]
    ended = datetime(2026, 11, 2, tzinfo=UTC)
    for number in ("1/26", "ГД 1/26"):
        assert class_of(number, classes).ends(ended) == max(one.ends(ended) for one in classes)
    assert term(None).ends(ended) == FOR_EVER
