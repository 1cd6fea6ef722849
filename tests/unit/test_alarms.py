"""Alarms begin and end once: what must be told is told, and what comes and goes is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from court.grade import Grade
from court.health import Alarm, AlarmKind
from recorder.health.alarms import PATIENCE, Alarms, Condition

BEGAN = datetime(2026, 3, 12, 8, tzinfo=UTC)
STEP = 0.5


def condition(kind: AlarmKind, grade: Grade = Grade.RED) -> Condition:
    return Condition(kind, grade, "mic-judge", {"log": "x"})


class Watched:
    """Looks every half second; what is wrong is said for a stretch of seconds."""

    def __init__(self) -> None:
        self.alarms = Alarms()
        self.steps = 0

    def look(self, seconds: float, *wrong: Condition) -> list[int]:
        """How many alarms ran at each look."""
        counts = []
        for _ in range(round(seconds / STEP)):
            now = self.steps * STEP
            self.alarms.look(wrong, now, BEGAN + timedelta(seconds=now))
            counts.append(len(self.alarms.running))
            self.steps += 1
        return counts


@pytest.mark.parametrize("kind", AlarmKind)
def test_each_alarm_waits_begins_lasts_and_ends(kind: AlarmKind) -> None:
    watched, patience = Watched(), PATIENCE[kind]
    assert sum(watched.look(patience.begin, condition(kind))) == 0
    assert watched.look(5, condition(kind)) == [1] * 10
    (alarm,) = watched.alarms.running
    assert (alarm.kind, alarm.subject, alarm.since) == (kind, "mic-judge", BEGAN + timedelta(seconds=patience.begin))
    assert watched.look(patience.end) == [1] * round(patience.end / STEP)
    assert watched.look(5) == [0] * 10
    assert watched.alarms.revision == 2


@pytest.mark.parametrize("kind", [kind for kind, patience in PATIENCE.items() if patience.begin > 0])
def test_what_is_wrong_for_less_than_its_patience_is_not_told(kind: AlarmKind) -> None:
    watched = Watched()
    for _ in range(20):
        assert sum(watched.look(PATIENCE[kind].begin, condition(kind))) == 0
        assert sum(watched.look(STEP)) == 0
    assert watched.alarms.revision == 0


@pytest.mark.parametrize("kind", [kind for kind, patience in PATIENCE.items() if patience.end > STEP])
def test_an_alarm_does_not_flicker(kind: AlarmKind) -> None:
    watched, patience = Watched(), PATIENCE[kind]
    watched.look(patience.begin + STEP, condition(kind))
    for _ in range(20):
        assert set(watched.look(patience.end)) == {1}
        assert set(watched.look(STEP, condition(kind))) == {1}
    assert watched.alarms.revision == 1


@given(st.lists(st.booleans(), max_size=200), st.sampled_from(AlarmKind))
def test_the_revision_counts_every_beginning_and_end(wrong: list[bool], kind: AlarmKind) -> None:
    watched, changes, before = Watched(), 0, 0
    for holds in wrong:
        (now,) = watched.look(STEP, *([condition(kind)] if holds else []))
        changes, before = changes + (now != before), now
    assert watched.alarms.revision == changes


def test_the_worst_is_first_and_a_grade_that_changes_is_news() -> None:
    watched = Watched()
    battery, loud = condition(AlarmKind.BATTERY_LOW, Grade.AMBER), condition(AlarmKind.CLIPPING, Grade.AMBER)
    watched.look(STEP, loud)
    watched.look(STEP, loud, battery)
    assert [one.kind for one in watched.alarms.running] == [AlarmKind.CLIPPING, AlarmKind.BATTERY_LOW]
    watched.look(STEP, loud, condition(AlarmKind.BATTERY_LOW, Grade.RED))
    assert [one.kind for one in watched.alarms.running] == [AlarmKind.BATTERY_LOW, AlarmKind.CLIPPING]
    assert watched.alarms.revision == 3
    assert watched.alarms.sounding == {(AlarmKind.CLIPPING, "mic-judge"), (AlarmKind.BATTERY_LOW, "mic-judge")}


def test_an_alarm_survives_being_written_down() -> None:
    alarm = Alarm(AlarmKind.HOT, Grade.RED, "coretemp/1", BEGAN, {"celsius": 97})
    assert Alarm.parse(alarm.as_fields()) == alarm
