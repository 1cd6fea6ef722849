"""Alarms in the reader's language: where, what is wrong, what to do."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from api.findings import TONES, FindingText
from api.i18n import Words
from api.web.render import track_text
from court.alarm_texts import PLACES, SAYS
from court.catalogue import N_
from court.grade import Grade
from court.health import Alarm, AlarmKind


def alarm_text(alarm: Alarm, words: Words, roles: Mapping[str, str]) -> FindingText:
    """`roles` are whose microphones the tracks are, by track."""
    say = words.gettext
    what, cure = SAYS[alarm.kind]
    values = {key: str(value) for key, value in alarm.values.items()}
    values |= {"sensor": alarm.subject, "rest": _rest(alarm.values, words)}
    if "log" in values:
        values["log"] = words.sentence(values["log"])
    if "free" in alarm.values:
        values["free"] = words.size(int(alarm.values["free"]))
    if "milliseconds" in values:
        values["milliseconds"] = values["milliseconds"].replace("-", "−")
    place = PLACES.get(alarm.kind)
    where = say(place) if place else track_text(words, alarm.subject, roles.get(alarm.subject, ""))
    return FindingText(where, say(what).format(**values).strip(), say(cure), TONES[alarm.grade], alarm.since)


def alarm_texts(told: Sequence[Mapping[str, object]], words: Words, roles: Mapping[str, str]) -> list[FindingText]:
    """From the `alarms` of a node's status."""
    return [alarm_text(Alarm.parse(one), words, roles) for one in told]


def node_lost(since: datetime, words: Words) -> FindingText:
    """What the server itself says of a node that is silent."""
    return alarm_text(Alarm(AlarmKind.NODE_LOST, Grade.RED, "", since, {}), words, {})


def _rest(values: Mapping[str, int | str], words: Words) -> str:
    """What the UPS tells of its battery, which not each does."""
    say = words.gettext
    told = []
    if "charge" in values:
        told.append(say(N_("{charge} % charged")).format(charge=values["charge"]))
    if "minutes" in values:
        told.append(say(N_("{minutes} min left")).format(minutes=values["minutes"]))
    return f" ({', '.join(told)})" if told else ""
