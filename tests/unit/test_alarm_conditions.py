"""For every kind of alarm: what makes it, and what looks like it and must not."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from court.clock import Anchor
from court.grade import Grade
from court.health import AlarmKind
from court.hearing import HearingState
from court.room import SpoolLimits
from hardware.devices import AUDIO_RATE, Pcm
from hardware.levels import measure
from hardware.temperature import Temperature
from hardware.ups import Ups
from recorder.disk import DiskRoom
from recorder.health.alarms import Key
from recorder.health.conditions import STEP_SHOWN, CameraFacts, ClockSteps, Facts, MicrophoneFacts, conditions
from recorder.health.senses import CLIPPED_BLOCKS, MicrophoneSense
from tests.factories.health import louder, noise, voice

RECORDING, PAUSED, DELIBERATION = HearingState.RECORDING, HearingState.PAUSED, HearingState.DELIBERATION
GIB = 1 << 30
WELL = Facts(
    state=RECORDING,
    microphones=(MicrophoneFacts("mic-judge"),),
    cameras=(CameraFacts("cam-a", still_seconds=59),),
    disk=DiskRoom(50 * GIB, 10 * GIB, False),
    seconds_left=10 * 3600.0,
    disciplined=True,
    stepped=0.0,
    temperatures=(Temperature("cpu", 84.0), Temperature("disk", 60.0, 75.0)),
    ups=Ups(True, charge=100.0, seconds_left=3600.0),
    unsent_seconds=3000.0,
    unsent_bytes=900_000_000,
    limits=SpoolLimits(unsent_gigabytes=1.0),
)


def wrong(sounding: Collection[Key] = (), **changes: Any) -> list[tuple[AlarmKind, Grade]]:
    return [(one.kind, one.grade) for one in conditions(replace(WELL, **changes), sounding)]


def microphone(**facts: Any) -> tuple[MicrophoneFacts, ...]:
    return (MicrophoneFacts("mic-judge", **facts),)


def camera(**facts: Any) -> tuple[CameraFacts, ...]:
    return (CameraFacts("cam-a", **facts),)


def test_a_node_that_is_well_has_no_alarm_in_any_state() -> None:
    for state in (None, *HearingState):
        assert wrong(state=state) == []


@pytest.mark.parametrize(
    ("facts", "kind", "grade", "states"),
    [
        ({"zero": True}, AlarmKind.NO_SIGNAL, Grade.RED, {RECORDING}),
        ({"too_loud": True}, AlarmKind.CLIPPING, Grade.AMBER, {RECORDING}),
        ({"lost": "It was pulled out."}, AlarmKind.MICROPHONE_LOST, Grade.RED, {RECORDING, PAUSED}),
    ],
)
def test_a_microphone_sounds_while_it_is_heard_and_never_when_declared_muted(
    facts: dict[str, Any], kind: AlarmKind, grade: Grade, states: set[HearingState]
) -> None:
    for state in (None, *HearingState):
        assert wrong(state=state, microphones=microphone(**facts)) == ([(kind, grade)] if state in states else [])
        assert wrong(state=state, microphones=microphone(muted=True, **facts)) == []


def test_a_camera_that_is_lost_black_or_frozen() -> None:
    assert wrong(cameras=camera(lost="x", black=True)) == [(AlarmKind.CAMERA_LOST, Grade.RED)]
    assert wrong(cameras=camera(black=True, still_seconds=99)) == [(AlarmKind.CAMERA_BLACK, Grade.AMBER)]
    assert wrong(cameras=camera(still_seconds=60)) == [(AlarmKind.CAMERA_FROZEN, Grade.RED)]
    assert wrong(cameras=camera(still_seconds=59.9)) == []
    assert wrong(state=PAUSED, cameras=camera(lost="x")) == [(AlarmKind.CAMERA_LOST, Grade.RED)]
    for state in (PAUSED, DELIBERATION, None):
        assert wrong(state=state, cameras=camera(black=True, still_seconds=99)) == []
    assert wrong(state=DELIBERATION, cameras=camera(lost="x")) == []


def test_the_disk_is_judged_by_what_this_hearing_or_the_next_one_needs() -> None:
    low: Key = (AlarmKind.DISK_LOW, "")
    assert wrong(seconds_left=3599.0) == [(AlarmKind.DISK_LOW, Grade.RED)]
    assert wrong(seconds_left=3601.0) == []
    assert wrong({low}, seconds_left=5399.0) == [(AlarmKind.DISK_LOW, Grade.RED)]
    assert wrong({low}, seconds_left=5401.0) == []
    short = DiskRoom(9 * GIB, 10 * GIB, False)
    assert wrong(disk=short) == []  # too little for the next hearing does not disturb this one
    assert wrong(state=None, disk=short) == [(AlarmKind.DISK_LOW, Grade.AMBER)]
    assert wrong(state=HearingState.ENDED, disk=short) == [(AlarmKind.DISK_LOW, Grade.AMBER)]
    assert wrong(disk=DiskRoom(GIB, 10 * GIB, True), seconds_left=60.0) == [(AlarmKind.SOUND_ONLY, Grade.RED)]


def test_heat_is_judged_by_what_the_sensor_calls_critical() -> None:
    hot: Key = (AlarmKind.HOT, "cpu")
    assert wrong(temperatures=(Temperature("cpu", 85.0),)) == [(AlarmKind.HOT, Grade.RED)]
    assert wrong(temperatures=(Temperature("disk", 65.0, 75.0),)) == [(AlarmKind.HOT, Grade.RED)]
    assert wrong(temperatures=(Temperature("cpu", 84.0, 110.0),)) == []
    assert wrong({hot}, temperatures=(Temperature("cpu", 80.5),)) == [(AlarmKind.HOT, Grade.RED)]
    assert wrong({hot}, temperatures=(Temperature("cpu", 79.5),)) == []


@pytest.mark.parametrize(
    ("ups", "told"),
    [
        (None, []),
        (Ups(True), []),
        (Ups(True, battery_low=False, charge=10.0), []),  # charging after an outage
        (Ups(True, on_battery=True, charge=80.0), [(AlarmKind.ON_BATTERY, Grade.AMBER)]),
        (Ups(True, on_battery=True, battery_low=True), [(AlarmKind.BATTERY_LOW, Grade.RED)]),
        (Ups(False, trouble="It does not answer."), [(AlarmKind.UPS_LOST, Grade.AMBER)]),
    ],
)
def test_the_ups(ups: Ups | None, told: list[tuple[AlarmKind, Grade]]) -> None:
    assert wrong(ups=ups) == told


def test_what_waits_for_the_server_waits_an_hour_or_what_the_room_says() -> None:
    lag: Key = (AlarmKind.UPLOAD_LAG, "")
    late = [(AlarmKind.UPLOAD_LAG, Grade.AMBER)]
    assert wrong(unsent_seconds=3601.0) == late
    assert wrong({lag}, unsent_seconds=1801.0, unsent_bytes=0) == late
    assert wrong({lag}, unsent_seconds=1799.0, unsent_bytes=0) == []
    assert wrong(unsent_seconds=3601.0, limits=SpoolLimits(unsent_hours=48.0)) == []  # the line may be down for long
    assert wrong(unsent_bytes=1_100_000_000) == late
    assert wrong(unsent_bytes=1_100_000_000, limits=SpoolLimits()) == []


def test_the_clock() -> None:
    assert wrong(disciplined=False) == [(AlarmKind.CLOCK_FREE, Grade.AMBER)]
    assert wrong(stepped=-2.5) == [(AlarmKind.CLOCK_STEPPED, Grade.AMBER)]


def test_a_jump_of_the_clock_is_shown_for_a_while_and_slewing_is_none() -> None:
    steps, began = ClockSteps(), datetime(2026, 3, 12, 8, tzinfo=UTC)

    def at(monotonic: float, offset: float) -> float:
        return steps.look(Anchor(began + timedelta(seconds=monotonic + offset), monotonic, True))

    assert at(0, 0) == 0.0
    for second in range(1, 1000):  # 500 ppm, as fast as NTP slews, for a quarter of an hour
        assert at(second, second * 0.0005) == 0.0
    assert at(1000, -3600.5) == pytest.approx(-3601, abs=0.01)
    assert at(1000 + STEP_SHOWN - 1, -3600.5) == pytest.approx(-3601, abs=0.01)
    assert at(1000 + STEP_SHOWN, -3600.5) == 0.0


def sense(*blocks: Pcm) -> MicrophoneSense:
    """What is noticed of these blocks, a tenth of a second each, from the beginning of a hearing."""
    made = MicrophoneSense("mic-judge")
    for number, block in enumerate(blocks, 1):
        made.hear(block, measure(block), number * AUDIO_RATE // 10)
    return made


def tenths(pcm: Pcm) -> list[Pcm]:
    return [pcm[at : at + AUDIO_RATE // 10] for at in range(0, len(pcm), AUDIO_RATE // 10)]


def test_zero_is_counted_as_long_as_it_lasts_and_quiet_is_none() -> None:
    zero = [np.zeros(AUDIO_RATE // 10, np.int16)] * 20
    assert sense(*tenths(voice(1)), *zero).silent == 2 * AUDIO_RATE
    assert sense(*zero, *tenths(noise(0.1, -90))).silent == 0
    assert sense(*tenths(noise(10, -90))).silent == 0
    made = sense(*zero)
    made.rest()  # the court deliberates
    assert made.silent == 0
    made.lose("It was pulled out.")
    assert (made.silent, made.lost) == (0, "It was pulled out.")
    made.hear(zero[0], measure(zero[0]), 0)
    assert made.lost == ""


def test_a_voice_that_is_cut_off_is_too_loud_and_a_gavel_is_not() -> None:
    loud, quiet = tenths(louder(voice(2), 25)), tenths(noise(20, -60))
    assert sense(*loud).too_loud(2 * AUDIO_RATE)
    gavel = loud[:2]
    assert not sense(*quiet[:50], *gavel, *quiet[:50], *gavel).too_loud(11 * AUDIO_RATE)
    assert not sense(*tenths(louder(voice(2), 6))).too_loud(2 * AUDIO_RATE)
    assert not sense(*loud).too_loud(20 * AUDIO_RATE)  # it is over
    assert CLIPPED_BLOCKS == 5
