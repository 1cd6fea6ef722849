import pytest

from court.case_number import CaseNumber
from court.errors import InputError


@pytest.mark.parametrize(
    "printed",
    ["ГД 4405/24-Б2", "05-354/26-ГД", "ВСБ204-0291/26-УД", "ВСБ 204-0291/26 УД", "АББ105-354/26-ГД", "4-006/13 УД"],
)
def test_numbers_seen_on_public_cards_are_kept_verbatim(printed: str) -> None:
    assert CaseNumber.parse(printed).verbatim == printed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ВСБ204-0291/26-УД", "ВСБ 204-0291/26 УД"),
        ("Су-Сд-3556/22.Б3", "су сд 3556/22 б3"),
        ("ВСБ204", "BСБ204"),  # the second begins with a Latin B
        ("4-006/13 УД", "4–006/13\u00a0УД"),
    ],
)
def test_spellings_of_one_number_meet_in_one_key(one: str, other: str) -> None:
    assert CaseNumber.parse(one).key == CaseNumber.parse(other).key


def test_different_cases_have_different_keys() -> None:
    assert CaseNumber.parse("05-354/26-ГД").key != CaseNumber.parse("05-355/26-ГД").key


@pytest.mark.parametrize("absurd", ["", "   ", "1" * 65, "без цифр", "12\x0034"])
def test_what_is_empty_or_absurd_is_refused_in_one_sentence(absurd: str) -> None:
    with pytest.raises(InputError, match="case number"):
        CaseNumber.parse(absurd)
