"""How long evidence must be kept."""

from datetime import UTC, datetime

from storage.errors import StorageError


def retain_until(stored: datetime, years: int) -> datetime:
    """The moment, in UTC, until which what was stored at `stored` may not be destroyed: `years` calendar years on.

    Kept from 29 February, it may be destroyed on 1 March: never earlier than the full term.
    """
    if years < 1:
        raise StorageError(f"A retention of {years} years keeps nothing: set at least 1 year.")
    moment = stored.astimezone(UTC)
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, month=3, day=1)
