"""Pace of scrubbing: a speed that is kept, and slices that keep it on average."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from storage.fsck import Throttle
from storage.scrub import AVERAGED, allowance

MINUTE = 60
WINDOW = AVERAGED.total_seconds()


@dataclass
class Time:
    """A clock that only moves by sleeping and working."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_reading_waits_until_the_rate_is_kept() -> None:
    time = Time()
    throttle = Throttle(1000, time.read, time.sleep)
    throttle(500)
    time.now += 0.2  # the next piece took that long to read
    throttle(500)
    throttle(0)
    assert [round(one, 6) for one in time.slept] == [0.5, 0.3, 0.0]


def test_a_long_pause_is_not_made_up_for() -> None:
    time = Time()
    throttle = Throttle(1000, time.read, time.sleep)
    time.now += 3600
    throttle(2000)
    assert time.slept == [1.0]


@given(st.lists(st.tuples(st.integers(0, 10_000), st.floats(0, 3)), max_size=50), st.floats(1, 1e6))
def test_the_rate_is_never_exceeded(pieces: list[tuple[int, float]], rate: float) -> None:
    time = Time()
    throttle = Throttle(rate, time.read, time.sleep)
    began, read = time.now, 0
    for size, working in pieces:
        time.now += working
        throttle(size)
        read += size
        assert read <= rate * (time.now - began) * (1 + 1e-9) + 1e-6
    assert all(one >= 0 for one in time.slept)


def test_a_slice_is_a_minutes_worth() -> None:
    assert allowance(1000, read=0) == 1000 * MINUTE


def test_a_slice_waits_for_what_went_beyond() -> None:
    assert allowance(1000, read=int(1000 * (WINDOW - 10))) == 10_000
    assert allowance(1000, read=int(1000 * WINDOW)) <= 0
    assert allowance(1000, read=10**9) < 0
