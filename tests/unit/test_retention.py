from datetime import UTC, datetime, timedelta, timezone

import pytest

from storage.errors import RetentionError
from storage.retention import (
    FOR_EVER,
    UNKNOWN,
    RetentionClass,
    class_of,
    lock_until,
    marks_of,
    parse_classes,
    retain_until,
)
from storage.retention_classes import load_classes

CONFIRMED = """
[class.civil]
keep = 5
pending = false
source = "order 12"
"""


def term(years: int | None) -> RetentionClass:
    return RetentionClass("civil", "civil procedure", "", frozenset({"ГД"}), years, False, "order 12")


def test_retention_counts_calendar_years_in_utc() -> None:
    bishkek = timezone(timedelta(hours=6))
    assert retain_until(datetime(2027, 1, 1, 2, 0, tzinfo=bishkek), 5) == datetime(2031, 12, 31, 20, 0, tzinfo=UTC)


def test_a_leap_day_is_kept_for_its_full_term() -> None:
    leap = datetime(2028, 2, 29, 12, 0, tzinfo=UTC)
    assert retain_until(leap, 1) == datetime(2029, 3, 1, 12, 0, tzinfo=UTC)
    assert retain_until(leap, 4) == datetime(2032, 2, 29, 12, 0, tzinfo=UTC)


def test_no_retention_is_no_setting() -> None:
    with pytest.raises(RetentionError, match="at least 1 year"):
        retain_until(datetime(2026, 11, 2, tzinfo=UTC), 0)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("ГД 4405/24-Б2", "civil"),
        ("05-354/26-ГД", "civil"),
        ("05-354/26-гд", "civil"),
        ("ВСБ204-0291/26-УД", "criminal"),
        ("ВСБ 204-0291/26 УД", "criminal"),
        ("4-006/13 УД", "criminal"),
        ("AП 7/26", "offence"),  # the first letter is Latin
        ("Су-Сд-3556/22.Б3", UNKNOWN),
        ("Э-1/26", UNKNOWN),
        ("123/26", UNKNOWN),
    ],
)
def test_the_case_number_tells_the_class(number: str, name: str) -> None:
    assert class_of(number, load_classes()).name == name


def test_what_tells_no_class_or_several_is_kept_longest() -> None:
    classes = load_classes()
    assert class_of("Э-1/26", classes).ends(datetime(2026, 1, 1, tzinfo=UTC)) == FOR_EVER
    assert class_of("ГД 1/26 УД", classes).name == "criminal"


def test_marks_are_whole_groups_of_letters_in_one_alphabet() -> None:
    assert marks_of("АББ105-354/26-ГД") == {"АББ", "ГД"}
    assert marks_of("ABBГД-1") == {"АВВГД"}


def test_no_packaged_term_is_passed_off_as_confirmed() -> None:
    assert all(one.pending and "to be confirmed" in one.source for one in load_classes())


def test_a_court_confirms_a_term_in_its_own_file() -> None:
    packaged = '[class.civil]\ncode = "c"\ncategory = ""\nmarks = ["ГД"]\nkeep = 10\npending = true\nsource = "?"\n'
    [civil] = parse_classes(packaged, "packaged", CONFIRMED, "own.toml")
    assert (civil.code, civil.years, civil.pending, civil.source) == ("c", 5, False, "order 12")


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ("keep = [", "no TOML"),
        ("years = 5", "must stand in tables"),
        ("class = 5", "must stand in tables"),
        ("[class]\ncivil = 5", "write \\[class.civil\\]"),
        ("[class.civil]\nkeep = 0", "keep = 0: give years from 1"),
        ("[class.civil]\nkeep = true", "keep = True"),
        ("[class.civil]\nkeep = 501", "500"),
        ('[class.civil]\nkeep = "for ever"', "permanent"),
        ('[class.civil]\nmarks = ["Г-Д"]', "groups of letters"),
        ('[class.civil]\nmarks = "ГД"', "list"),
        ('[class.civil]\npending = "no"', "true or false"),
        ("[class.civil]\nsource = 1", "give a text"),
        ("[class.civil]\nyears = 5", "unknown years"),
        ("[class.labour]\nkeep = 5", "lacks category, code"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(own: str, says: str) -> None:
    with pytest.raises(RetentionError, match=says) as refused:
        parse_classes(
            '[class.civil]\ncode = "c"\ncategory = ""\nmarks = []\nkeep = 1\npending = true\nsource = ""',
            "p.toml", own, "own.toml",
        )  # fmt: skip
    assert "own.toml" in str(refused.value)


def test_the_store_is_locked_no_further_ahead_than_set_unless_ordered() -> None:
    now, ended = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    assert lock_until(now, ended, term(3), [], 10) == datetime(2029, 11, 2, tzinfo=UTC)
    assert lock_until(now, ended, term(None), [], 10) == datetime(2036, 1, 1, tzinfo=UTC)
    order = datetime(2060, 1, 1, tzinfo=UTC)
    assert lock_until(now, ended, term(3), [order], 10) == order
