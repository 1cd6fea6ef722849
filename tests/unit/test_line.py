"""Limits by the time of day, and the waiting that keeps to them."""

from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from recorder.delivery import node_uplink
from recorder.line import Metered, parse_limits
from recorder.settings import NodeSettings, NodeSettingsError, load_node_settings
from recorder.spool import HearingRow, Spool
from tests.factories.server import SetClock


@pytest.mark.parametrize(
    ("at", "rate"),
    [("07:59", None), ("08:00", 62_500), ("17:59", 62_500), ("18:00", 250_000), ("23:59", 250_000), ("02:30", 1_000)],
)
def test_each_time_of_day_has_its_limit(at: str, rate: float | None) -> None:
    limits = parse_limits("08:00-18:00=500k, 18:00-00:00=2M,00:00-04:00=8,04:00-08:00=0")
    assert limits.rate(time.fromisoformat(at)) == rate


@pytest.mark.parametrize(("at", "rate"), [("21:00", None), ("22:00", 12_500), ("05:59", 12_500), ("06:00", None)])
def test_a_span_may_go_over_midnight_and_the_rest_is_free(at: str, rate: float | None) -> None:
    assert parse_limits("22:00-06:00=100k").rate(time.fromisoformat(at)) == rate


def test_none_given_is_no_limit() -> None:
    assert parse_limits("").rate(time(12)) is parse_limits("08:00-18:00=").rate(time(12)) is None


@pytest.mark.parametrize(
    "text", ["8-18=500k", "08:00-25:00=1", "08:00-18:00=fast", "08:00-18:00", "08:00-18:00=1,17:00-19:00=2", "=5"]
)
def test_a_wrong_limit_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("COURTREC_NODE_UPLOAD_LIMITS", text)
    with pytest.raises(NodeSettingsError, match=r"upload_limits|UPLOAD_LIMITS") as caught:
        load_node_settings()
    assert text.rsplit(",", maxsplit=1)[-1] in str(caught.value)
    monkeypatch.setenv("COURTREC_NODE_UPLOAD_LIMITS", "08:00-18:00=500k")
    monkeypatch.setenv("COURTREC_NODE_ZONE", "Asia/Atlantis")
    with pytest.raises(NodeSettingsError, match="Atlantis"):
        load_node_settings()


class Stopwatch:
    """Time passes only by waiting."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wait(self, seconds: float) -> None:
        self.seconds += seconds


def test_no_more_is_sent_than_the_limit_and_a_pause_earns_no_burst() -> None:
    watch, rate = Stopwatch(), 1000.0
    metered = Metered(lambda: rate, lambda: watch.seconds, watch.wait)
    for _ in range(100):
        metered(500)
    assert watch.seconds == pytest.approx(50)
    watch.seconds += 3600
    for _ in range(100):
        metered(500)
    assert watch.seconds == pytest.approx(50 + 3600 + 49)
    rate = 10_000.0
    metered(10_000)
    assert watch.seconds == pytest.approx(50 + 3600 + 50)


def test_without_a_limit_nothing_waits() -> None:
    watch = Stopwatch()
    metered = Metered(lambda: None, lambda: watch.seconds, watch.wait)
    for _ in range(100):
        metered(1 << 20)
    assert watch.seconds == 0


def test_the_court_s_own_clock_decides_and_leaves_go_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """13:00 in Bishkek is 07:00 UTC. Only the bytes of segments are counted."""
    sent: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        request.read()
        return httpx.Response(200, json={})

    client = httpx.Client(base_url="http://server", transport=httpx.MockTransport(server))
    monkeypatch.setattr("recorder.delivery.ingest_client", lambda *_: client)
    bishkek = ZoneInfo("Asia/Bishkek")
    clock = SetClock(datetime(2026, 11, 22, 13, 0, tzinfo=bishkek))
    settings = NodeSettings(home=tmp_path, zone=bishkek, upload_limits=parse_limits("12:00-14:00=1"))
    spool = Spool(tmp_path / "spool")
    spool.begin(HearingRow("hearing", "", "fast", scripted=False))
    for seq in range(200):
        spool.append("hearing", seq, b"leaf" * 1000, 0.0)
    uplink = node_uplink(settings, spool, "token", b"key", clock)
    assert uplink.deliver() == 200
    assert sent == ["POST"] * 4
    assert settings.upload_limits.rate(clock.now().utc.astimezone(settings.zone).time()) == 125
    uplink.close()
    spool.close()
