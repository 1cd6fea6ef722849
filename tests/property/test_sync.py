"""Eight hours in step: what clocks that run wrongly, late devices and busy lines do to the hearing's timeline."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from court.timeline import GapCause
from hardware.devices import AUDIO_RATE, AudioBlock
from recorder.alignment import Alignment
from recorder.clocks import InputClock, RoomClock

HOURS = 8
APART = 0.040  # seconds: what a person does not notice between lips and voice


@dataclass
class Device:
    """Gives an item each `every` seconds by a clock that is wrong by `ppm`, `late` seconds after it happened, or later:
    now and then the line is busy, and at first everything waits for `hung` seconds after `opened`."""

    ppm: float
    every: float
    late: float
    opened: float
    hung: float
    seed: int

    def own(self, moment: float) -> float:
        """What its clock shows at a true moment."""
        return (moment - self.opened) * (1 + self.ppm * 1e-6)

    def items(self, until: float) -> Iterator[tuple[float, float]]:
        """When an item arrived, and up to which of its own seconds it reaches."""
        chance = random.Random(self.seed)
        happened = last = self.opened
        while happened < until:
            happened += self.every
            jitter = chance.expovariate(1 / 0.004) + (chance.random() < 0.02) * chance.uniform(0, 0.4)
            last = max(last, happened + self.late + jitter, self.opened + self.hung)
            yield last, self.own(happened)


parts = st.floats(-100, 100)
seeds = st.integers(0, 1 << 30)


@settings(max_examples=6, deadline=None)
@given(parts, parts, st.floats(0, 0.8), st.floats(0, 0.8), seeds)
def test_pictures_stay_with_the_sound_for_eight_hours(
    sound: float, picture: float, sound_hung: float, picture_hung: float, seed: int
) -> None:
    """Both are placed as LiveFeed does: pictures from when they settled on, the hearing begins when all have."""
    microphone = Device(sound, 1.0, 0.02, 100.0, sound_hung, seed)
    camera = Device(picture, 1.0, 0.02, 100.3, picture_hung, seed + 1)
    # Finely while everything begins, then an item each second: a line as sparse as that is the harder case.
    heard, seen, room = InputClock(), InputClock(), RoomClock(100.0)
    begun, worst = False, 0.0
    for who, arrived, own in merged(microphone, camera, HOURS * 3600.0):
        clock = heard if who == 0 else seen
        first = not clock.known
        clock.hear(arrived, own)
        if who == 0 and first:
            room.follow(clock, round(own * AUDIO_RATE), 0)
        if not begun and heard.settled and seen.settled:
            room.begin(0, arrived)
            begun = True
        if begun and who == 1:
            happened = own / (1 + picture * 1e-6) + camera.opened
            said = microphone.own(happened) * AUDIO_RATE + room.place(heard)
            worst = max(worst, abs(own * AUDIO_RATE + room.place(seen) - said) / AUDIO_RATE)
    assert begun
    assert worst <= APART


def merged(microphone: Device, camera: Device, until: float) -> Iterator[tuple[int, float, float]]:
    fine = [(0, *one) for one in dense(microphone).items(130)] + [(1, *one) for one in dense(camera).items(130)]
    coarse = [(0, *one) for one in microphone.items(until)] + [(1, *one) for one in camera.items(until)]
    beginning = sorted(one for one in fine if one[1] < 130)
    yield from sorted([*beginning, *(one for one in coarse if one[1] >= 130)], key=lambda one: one[1])


def dense(device: Device) -> Device:
    return Device(device.ppm, 0.04, device.late, device.opened, device.hung, device.seed)


@settings(max_examples=6, deadline=None)
@given(parts, st.integers(0, 3), seeds)
def test_of_another_clock_no_sample_is_lost_and_the_declared_drift_is_the_true_one(
    ppm: float, losses: int, seed: int
) -> None:
    """An hour of a second interface, which is lost now and then."""
    chance = random.Random(seed)
    alignment = Alignment(["judge", "witness"], 0)
    sent = counted = ranges = 0
    block = AUDIO_RATE
    lost = sorted(chance.randrange(300, 3000) for _ in range(losses))
    own = 0
    for second in range(3600):
        alignment.add("judge", AudioBlock(second * block, np.zeros((block, 1), np.int16)), second * block)
        until = round((second + 1) * block * (1 + ppm * 1e-6))
        if second in lost:
            alignment.lose("witness", (GapCause.DEVICE_LOST, "pulled out"))
            own = until
        else:
            placed = round(own / (1 + ppm * 1e-6)) + chance.randint(-200, 200)
            alignment.add("witness", AudioBlock(own, np.zeros((until - own, 1), np.int16)), placed)
            sent += until - own
            own = until
        while (one := alignment.next_block((second + 1) * block, 1 << 60)) is not None:
            assert len(one.sound["judge"]) == one.end - one.start
            if "witness" in one.sound:
                counted += len(one.sound["witness"])
                ranges += one.end - one.start
    assert 0 <= sent - counted <= 2 * AUDIO_RATE  # what was given last still waits
    if not losses:
        assert (counted / ranges - 1) * 1e6 == pytest.approx(ppm, abs=2)


@given(st.lists(st.tuples(st.integers(1, 4000), st.integers(-3000, 3000)), min_size=1, max_size=40))
def test_wherever_its_samples_are_measured_to_lie_each_is_taken_once(pieces: list[tuple[int, int]]) -> None:
    alignment = Alignment(["judge", "witness"], 0)
    got: list[int] = []
    at = 0
    for length, moved in pieces:
        alignment.add("judge", AudioBlock(at, np.zeros((length, 1), np.int16)), at)
        numbers = np.arange(at, at + length) % 30_000
        alignment.add("witness", AudioBlock(at, numbers.astype(np.int16).reshape(-1, 1)), at + (moved if at else 0))
        at += length
        while (one := alignment.next_block(at, 1 << 60)) is not None:
            got += one.sound["witness"][:, 0].tolist()
    alignment.lose("witness", (GapCause.DEVICE_LOST, "ended"))
    alignment.lose("judge", (GapCause.DEVICE_LOST, "ended"))
    while alignment.position < at + 300_000 and (one := alignment.next_block(1 << 60, 1 << 60)) is not None:
        got += one.sound["witness"][:, 0].tolist() if "witness" in one.sound else []
    assert got == [number % 30_000 for number in range(at)]
