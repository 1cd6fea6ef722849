"""Every alarm has a cause and a cure in words."""

from datetime import UTC, datetime

import pytest

from api.alarm_texts import alarm_text, alarm_texts, node_lost
from api.i18n import words
from court.grade import Grade
from court.health import Alarm, AlarmKind

SINCE = datetime(2026, 3, 12, 8, tzinfo=UTC)
ROLES = {"mic-judge": "judge"}
TRACKS = {AlarmKind.NO_SIGNAL, AlarmKind.CLIPPING, AlarmKind.MICROPHONE_LOST, AlarmKind.CAMERA_LOST,
          AlarmKind.CAMERA_BLACK, AlarmKind.CAMERA_FROZEN}  # fmt: skip
VALUES: dict[str, int | str] = {
    "log": "Why {it} is so.", "free": 1 << 30, "minutes": 55, "milliseconds": -2500, "celsius": 96, "charge": 60,
    "bytes": 7,
}  # fmt: skip


def alarm(kind: AlarmKind, **values: int | str) -> Alarm:
    return Alarm(kind, Grade.RED, "mic-judge" if kind in TRACKS else "", SINCE, values or VALUES)


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("kind", AlarmKind)
def test_every_alarm_says_what_is_wrong_and_what_to_do(kind: AlarmKind, language: str) -> None:
    text = alarm_text(alarm(kind), words(language), ROLES)
    assert text.where == (words(language).gettext("Judge") if kind in TRACKS else text.where)
    assert text.where
    assert text.what.endswith(".")
    assert text.cure.endswith(".")
    assert "{" not in text.what.replace("{it}", "")
    assert (text.tone, text.since) == ("bad", SINCE)


def test_a_ups_tells_what_it_knows() -> None:
    def told(**values: int | str) -> str:
        return alarm_text(Alarm(AlarmKind.ON_BATTERY, Grade.AMBER, "", SINCE, values), words("ru"), {}).what

    assert told() == "Нет напряжения в сети: узел работает от батареи ИБП."
    assert told(charge=60, minutes=12).endswith("(заряд 60 %, осталось 12 мин).")


def test_a_silent_node_and_a_nodes_status() -> None:
    lost = node_lost(SINCE, words("ru"))
    assert (lost.where, lost.tone) == ("Узел записи", "bad")
    (text,) = alarm_texts([alarm(AlarmKind.NO_SIGNAL).as_fields()], words("ru"), ROLES)
    assert text.where == "Судья"
    jumped = alarm_text(alarm(AlarmKind.CLOCK_STEPPED), words("ru"), {})
    assert jumped.what == "Показания изменились скачком на −2500 мс."
