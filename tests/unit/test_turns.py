"""Whose window is next: the urgent first, courts and rooms by turns; and which version of a transcript counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.runs import Run, shown_run
from storage.turns import JUST_ENDED, Urgency, Waiting, next_turn, urgency

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LONG_AGO = NOW - JUST_ENDED - timedelta(seconds=1)


def waiting(court: str, room: str = "1", how: Urgency = Urgency.LIVE, minutes: int = 0, run: int = 1) -> Waiting:
    return Waiting(f"{court}-{room}-{minutes}", run, how, court, room, NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("run", "state", "ended", "expected"),
    [
        (1, "recording", None, Urgency.LIVE),
        (1, "deliberation", None, Urgency.LIVE),
        (1, "ended", NOW - timedelta(minutes=1), Urgency.LIVE),
        (1, "ended", LONG_AGO, Urgency.LATE),
        (1, "draft", None, Urgency.LATE),
        (2, "recording", None, Urgency.AGAIN),
        (3, "ended", NOW, Urgency.AGAIN),
    ],
)
def test_a_hearing_that_lasts_or_just_ended_is_urgent(
    run: int, state: str, ended: datetime | None, expected: Urgency
) -> None:
    assert urgency(run, state, ended, NOW) is expected


def test_live_comes_before_late_and_late_before_a_better_model_whoever_was_served() -> None:
    served = {("a", "1"): 1000}
    again, late, live = (waiting("a", how=how) for how in (Urgency.AGAIN, Urgency.LATE, Urgency.LIVE))
    other = waiting("b", how=Urgency.AGAIN)
    assert next_turn([other, again, late, live], served) == live
    assert next_turn([other, again, late], served) == late
    assert next_turn([again, other], served) == other
    assert next_turn([], served) is None


def test_of_one_court_the_room_served_least_and_then_the_hearing_begun_first() -> None:
    first, second, later = waiting("a", "1"), waiting("a", "2"), waiting("a", "2", minutes=5)
    assert next_turn([first, second, later], {("a", "1"): 3, ("a", "2"): 2}) == second
    assert next_turn([later, second], {}) == second


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12")), min_size=1, max_size=6, unique=True))
def test_courts_get_equal_shares_however_many_hearings_they_bring(rooms: list[tuple[str, str]]) -> None:
    """Every court has work all the time: after any number of turns no two differ by more than one."""
    hearings = [waiting(court, room, minutes=minute) for court, room in rooms for minute in range(3)]
    served: dict[tuple[str, str], int] = {}
    for _ in range(30):
        turn = next_turn(hearings, served)
        assert turn is not None
        served[turn.court, turn.room] = served.get((turn.court, turn.room), 0) + 1
        of_court = [sum(n for (court, _), n in served.items() if court == one) for one in {court for court, _ in rooms}]
        assert max(of_court) - min(of_court) <= 1
        for one in {court for court, _ in rooms}:
            of_room = [served.get((court, room), 0) for court, room in rooms if court == one]
            assert max(of_room) - min(of_room) <= 1


@pytest.mark.parametrize(
    ("runs", "chosen", "expected"),
    [
        ([], None, 1),
        ([Run(1, 4, 4, 0)], None, 1),
        ([Run(1, 4, 0, 0), Run(2, 4, 1, 0)], None, 1),
        ([Run(1, 4, 0, 0), Run(2, 4, 0, 0)], None, 2),
        ([Run(1, 4, 0, 0), Run(2, 4, 0, 1)], None, 1),
        ([Run(1, 4, 0, 2), Run(2, 4, 0, 1)], None, 2),
        ([Run(1, 4, 0, 0), Run(2, 4, 0, 1)], 2, 2),
        ([Run(1, 4, 0, 0), Run(2, 4, 0, 0)], 1, 1),
        ([Run(1, 4, 0, 0), Run(2, 4, 2, 0)], 2, 1),
    ],
)
def test_the_newest_complete_version_counts_unless_it_lost_text_or_somebody_chose(
    runs: list[Run], chosen: int | None, expected: int
) -> None:
    assert shown_run(runs, chosen) == expected
