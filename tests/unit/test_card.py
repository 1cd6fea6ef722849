"""The hearing's card: the kind of proceedings is named or left to the court."""

import pytest

from court.card import HearingCard, Procedure
from court.errors import InputError

PLAIN = {"case_number": "05-354/26-УД"}


@pytest.mark.parametrize("procedure", Procedure)
def test_the_kind_of_proceedings_survives_the_log(procedure: Procedure) -> None:
    card = HearingCard.parse({**PLAIN, "procedure": procedure.value})
    assert card.procedure is procedure
    assert HearingCard.parse(card.as_fields()) == card


@pytest.mark.parametrize("fields", [{}, {"procedure": ""}])
def test_a_card_without_one_is_as_cards_were_before(fields: dict[str, str]) -> None:
    card = HearingCard.parse({**PLAIN, **fields})
    assert card.procedure is None
    assert "procedure" not in card.as_fields()


def test_an_unknown_kind_is_named_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="procedure 'family' is unknown: use one of civil, criminal, administrative"):
        HearingCard.parse({**PLAIN, "procedure": "family"})
