"""How a court-room's devices and its recorder do: what a self-test finds, and what an alarm tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from court.clock import iso_utc, parse_utc
from court.grade import Grade, worst


class Symptom(StrEnum):
    """What a self-test found of a microphone, a camera, or the machine."""

    HEARD = "heard"
    NOT_HEARD = "not_heard"
    TOO_QUIET = "too_quiet"
    CLIPPING = "clipping"
    HUM = "hum"
    NO_SIGNAL = "no_signal"
    MICROPHONE_LOST = "microphone_lost"
    DUPLICATED = "duplicated"
    SWAPPED = "swapped"
    ELSEWHERE = "elsewhere"
    SEEN = "seen"
    CAMERA_LOST = "camera_lost"
    BLACK = "black"
    FROZEN = "frozen"
    BLURRED = "blurred"
    ENCODES = "encodes"
    DISK = "disk"
    CLOCK = "clock"
    SERVER = "server"
    SPARE = "spare"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result. `subject` is the track's id, '' for the machine; `values` are whole numbers and texts about it."""

    symptom: Symptom
    grade: Grade
    subject: str
    values: Mapping[str, int | str]

    def as_fields(self) -> dict[str, Any]:
        return {
            "symptom": self.symptom.value,
            "grade": self.grade.value,
            "subject": self.subject,
            "values": dict(self.values),
        }

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "Finding":
        """The inverse; raises ValueError on what this version does not know."""
        return cls(Symptom(fields["symptom"]), Grade(fields["grade"]), fields["subject"], fields["values"])


@dataclass(frozen=True, slots=True)
class SelfTest:
    """A finished self-test of `room`; `at` is when it ended (UTC)."""

    room: str
    at: datetime
    findings: tuple[Finding, ...]

    @property
    def grade(self) -> Grade:
        return worst(*(one.grade for one in self.findings))

    def as_fields(self) -> dict[str, Any]:
        return {"room": self.room, "at": iso_utc(self.at), "findings": [one.as_fields() for one in self.findings]}

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "SelfTest":
        """The inverse of `as_fields`; raises ValueError, KeyError or TypeError on anything else."""
        return cls(fields["room"], parse_utc(fields["at"]), tuple(map(Finding.parse, fields["findings"])))


class AlarmKind(StrEnum):
    """What an alarm tells of while a hearing is recorded, or while a node waits for one."""

    NO_SIGNAL = "no_signal"
    CLIPPING = "clipping"
    MICROPHONE_LOST = "microphone_lost"
    CAMERA_LOST = "camera_lost"
    CAMERA_BLACK = "camera_black"
    CAMERA_FROZEN = "camera_frozen"
    DISK_LOW = "disk_low"
    SOUND_ONLY = "sound_only"
    CLOCK_FREE = "clock_free"
    CLOCK_STEPPED = "clock_stepped"
    HOT = "hot"
    ON_BATTERY = "on_battery"
    BATTERY_LOW = "battery_low"
    UPS_LOST = "ups_lost"
    UPLOAD_LAG = "upload_lag"
    NODE_LOST = "node_lost"


@dataclass(frozen=True, slots=True)
class Alarm:
    """It runs since `since` (UTC); the other fields are as in a finding."""

    kind: AlarmKind
    grade: Grade
    subject: str
    since: datetime
    values: Mapping[str, int | str]

    def as_fields(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "grade": self.grade.value,
            "subject": self.subject,
            "since": iso_utc(self.since),
            "values": dict(self.values),
        }

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "Alarm":
        """The inverse; raises ValueError on what this version does not know."""
        kind, grade, since = AlarmKind(fields["kind"]), Grade(fields["grade"]), parse_utc(fields["since"])
        return cls(kind, grade, fields["subject"], since, fields["values"])
