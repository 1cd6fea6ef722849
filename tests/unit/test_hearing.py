from itertools import pairwise

import pytest

from court.hearing import HearingState, IllegalStep, step

S = HearingState


def test_the_life_of_a_hearing() -> None:
    path = [S.SCHEDULED, S.CHECKED, S.RECORDING, S.PAUSED, S.RECORDING, S.DELIBERATION, S.RECORDING, S.ENDED]
    path += [S.DRAFT, S.UNDER_CORRECTION, S.SIGNED, S.REMARKS_WINDOW, S.FINAL, S.ARCHIVED, S.DESTROYED]
    for before, after in pairwise(path):
        assert step(before, after) is after


@pytest.mark.parametrize("state", list(S))
def test_a_double_click_is_harmless(state: HearingState) -> None:
    assert step(state, state) is state


@pytest.mark.parametrize("state", [S.ENDED, S.DRAFT, S.SIGNED, S.REMARKS_WINDOW, S.FINAL, S.ARCHIVED])
def test_whatever_has_ended_may_be_destroyed_by_act(state: HearingState) -> None:
    assert step(state, S.DESTROYED) is S.DESTROYED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (S.ENDED, S.RECORDING),
        (S.SIGNED, S.DRAFT),
        (S.RECORDING, S.SIGNED),
        (S.DESTROYED, S.DRAFT),
        (S.RECORDING, S.DESTROYED),
        (S.PAUSED, S.DESTROYED),
    ],
)
def test_what_the_law_does_not_know_is_refused(before: HearingState, after: HearingState) -> None:
    with pytest.raises(IllegalStep, match=after.value):
        step(before, after)
