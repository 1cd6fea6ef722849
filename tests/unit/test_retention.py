from datetime import UTC, datetime, timedelta, timezone

import pytest

from storage.errors import StorageError
from storage.retention import retain_until


def test_retention_counts_calendar_years_in_utc() -> None:
    bishkek = timezone(timedelta(hours=6))
    assert retain_until(datetime(2027, 1, 1, 2, 0, tzinfo=bishkek), 5) == datetime(2031, 12, 31, 20, 0, tzinfo=UTC)


def test_a_leap_day_is_kept_for_its_full_term() -> None:
    leap = datetime(2028, 2, 29, 12, 0, tzinfo=UTC)
    assert retain_until(leap, 1) == datetime(2029, 3, 1, 12, 0, tzinfo=UTC)
    assert retain_until(leap, 4) == datetime(2032, 2, 29, 12, 0, tzinfo=UTC)


def test_no_retention_is_no_setting() -> None:
    with pytest.raises(StorageError, match="at least 1 year"):
        retain_until(datetime(2026, 11, 2, tzinfo=UTC), 0)
