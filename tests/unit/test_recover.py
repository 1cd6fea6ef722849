"""Where a hearing stands after a crash, whatever the clocks say."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from court.clock import Anchor
from court.hearing import HearingState
from hardware.devices import AUDIO_RATE, AudioBlock
from recorder.alignment import Alignment
from recorder.history import History
from recorder.plan import Plan
from recorder.recover import origin_at, position_now
from recorder.spool import Origin
from storage.ledger.chain import Chain

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STATED = 20 * AUDIO_RATE


def stood(covered: int = STATED) -> History:
    """A hearing whose last leaf, at noon, states the first ten seconds, and of which `covered` was sealed since."""
    return History(
        Chain("hearing", "node"),
        plan=Plan(HearingState.RECORDING, 0),
        covered={"mic-judge": covered, "mix": covered, "cam-door": 0},
        mark=(10 * AUDIO_RATE, NOON),
    )


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_the_machines_own_clock_tells_and_not_the_time_of_day(hours: int) -> None:
    origin = origin_at(0, Anchor(NOON, 1000.0, disciplined=False))
    now = Anchor(NOON + timedelta(hours=hours), 1032.0, disciplined=True)
    assert position_now(stood(), now, goes_on=True, origin=origin) == 32 * AUDIO_RATE


@pytest.mark.parametrize(("hours", "seconds"), [(0, 40), (-1, 20)])
def test_after_a_start_of_the_machine_the_time_of_day_tells(hours: int, seconds: int) -> None:
    """But nothing that is stated already is recorded over."""
    origin = Origin("another start of the machine", 990.0)
    now = Anchor(NOON + timedelta(hours=hours, seconds=30), 5.0, disciplined=True)
    assert position_now(stood(), now, goes_on=True, origin=origin) == seconds * AUDIO_RATE


def test_recordings_wait() -> None:
    now = Anchor(NOON + timedelta(hours=1), 5000.0, disciplined=True)
    assert position_now(stood(), now, goes_on=False, origin=None) == STATED


def test_the_sound_of_a_camera_that_no_microphone_uses_is_left_out() -> None:
    alignment = Alignment({"desk"}, 0)
    alignment.add("door", AudioBlock(0, np.zeros((10, 1), np.int16)), 0)
    assert alignment.next_block(AUDIO_RATE, AUDIO_RATE) is None
