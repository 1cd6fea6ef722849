import ctypes
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from hardware.clock import SystemClock, disciplined


@pytest.mark.parametrize(("state", "good"), [(0, True), (1, True), (4, True), (5, False), (-1, False)])
def test_the_kernel_says_whether_its_clock_is_synchronised(
    monkeypatch: pytest.MonkeyPatch, state: int, good: bool
) -> None:
    library = SimpleNamespace(ntp_adjtime=lambda timex: state)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    assert disciplined() is good


def test_a_clock_that_cannot_be_asked_is_not_disciplined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    assert not disciplined()


def test_the_system_clock_reads_all_clocks_at_once() -> None:
    first, second = SystemClock().now(), SystemClock().now()
    assert first.monotonic <= second.monotonic
    assert abs((datetime.now(UTC) - second.utc).total_seconds()) < 60
