"""Tokens against the times of what they cover: without authority and database, on times alone."""

from datetime import UTC, datetime, timedelta

import pytest

from storage.ledger.back_dating import TOLERANCE, Covered, back_dated

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTES = [NOON + timedelta(minutes=number) for number in range(60)]


def found(*stamps: tuple[int, datetime]) -> list[str]:
    return list(back_dated([Covered(size, at) for size, at in stamps], enumerate(MINUTES), len(MINUTES)))


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
def test_a_token_made_after_its_entries_is_no_fault_however_late(late: timedelta) -> None:
    assert found((10, MINUTES[9] + late), (60, MINUTES[59] + late)) == []


def test_clocks_may_differ_by_the_tolerance_and_no_more() -> None:
    assert found((10, MINUTES[9] - TOLERANCE)) == []
    [fault] = found((10, MINUTES[9] - TOLERANCE - timedelta(seconds=1)))
    assert fault == (
        "The time-stamp of 10 entries says 2026-11-22 12:03:59 UTC, but one of them was stated at 2026-11-22 12:09:00 "
        "UTC: the token is back-dated, or the clock of whoever stated it was fast."
    )


def test_it_is_the_latest_entry_that_counts_not_the_last() -> None:
    times = [NOON, NOON + timedelta(hours=2), NOON]
    [fault] = back_dated([Covered(3, NOON + timedelta(hours=1))], enumerate(times), 3)
    assert "14:00:00" in fault


def test_one_fast_clock_is_told_once_and_not_with_every_later_token() -> None:
    times = [NOON + timedelta(days=3000), *MINUTES]
    stamps = [Covered(size, NOON + timedelta(hours=size)) for size in (1, 20, 60)]
    [fault] = back_dated(stamps, enumerate(times), 61)
    assert "of 1 entries" in fault


def test_a_token_older_than_one_of_fewer_entries_is_named() -> None:
    [fault] = found((20, MINUTES[59]), (21, MINUTES[30]))
    assert fault.startswith("The time-stamp of 21 entries says 2026-11-22 12:30:00 UTC, but that of only 20 says")


def test_a_token_over_more_than_the_log_holds_is_not_judged_by_its_time() -> None:
    """That the log was cut short is the checkpoint's to tell."""
    assert found((61, NOON)) == []


def test_of_a_log_that_is_known_in_part_each_token_is_held_against_what_it_covers() -> None:
    """As in a bundle: entries 4 and 20 of a log of 100."""
    known = [(4, MINUTES[4]), (20, MINUTES[20])]
    assert list(back_dated([Covered(20, MINUTES[4])], known, 100)) == []
    [fault] = back_dated([Covered(21, MINUTES[4])], known, 100)
    assert "of 21 entries says 2026-11-22 12:04:00 UTC, but one of them was stated at 2026-11-22 12:20:00" in fault
    assert list(back_dated([Covered(3, MINUTES[0]), Covered(100, MINUTES[30])], known, 100)) == []
