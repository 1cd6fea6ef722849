"""What each kind of leaf must say. Fields beyond these are kept and ignored, so later versions may add some.

On the hearing's timeline `start` and `end` are in ticks of the track's own `rate`, `at_sample` in samples at
48 kHz, `*_ms` in milliseconds, `*_us` in microseconds; `*_ppb` are billionths; times of day are RFC 3339 UTC with
milliseconds. There are no fractions: a number is whole or it is not in the ledger.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from court.attendance import Attendance
from court.grade import Grade
from court.hearing import HearingState
from court.ids import is_id
from court.notes import NoteTemplate
from court.openness import Openness
from court.retention import RetentionDeed
from court.stages import StageKind
from court.timeline import GapCause


class LeafKind(StrEnum):
    HEARING = "hearing"
    STATE = "state"
    SEGMENT = "segment"
    GAP = "gap"
    NOTE = "note"
    OPENNESS = "openness"
    MUTE = "mute"
    TRANSCRIPT = "transcript"
    DRAFT = "draft"
    PROTOCOL = "protocol"
    SIGNATURE = "signature"
    ACCESS = "access"
    REMARK = "remark"
    COPY = "copy"
    RETENTION = "retention"
    DELIVERY = "delivery"
    RECEIPT = "receipt"
    NODE = "node"
    SYNC = "sync"
    LOSS = "loss"
    VOICE = "voice"
    CORRECTION = "correction"
    STAGE = "stage"
    ATTENDANCE = "attendance"
    TERM = "term"


class NodeDeed(StrEnum):
    """What is done with the right to record; `ADOPT` takes over a key from before there was a register."""

    CODE = "code"
    ENROL = "enrol"
    ADOPT = "adopt"
    REVOKE = "revoke"


Check = Callable[[Any], bool]

MAX_COUNT = 2**53 - 1
"""The largest whole number that JSON readers agree on (RFC 8785 §3.2.2.3)."""

_HASH = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_TRACK_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT


def is_difference(value: Any) -> bool:
    """A whole number on either side of 0."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_COUNT


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_hash(value: Any) -> bool:
    """A SHA-256 as 64 lower-case hex digits."""
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def is_time(value: Any) -> bool:
    """A time exactly as `iso_utc` writes it."""
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_rate(value: Any) -> bool:
    return is_count(value) and value > 0


def _is_track(value: Any) -> bool:
    return isinstance(value, str) and _TRACK_ID.fullmatch(value) is not None


def _is_medium(value: Any) -> bool:
    return value in ("audio", "video")


def _one_of(choices: type[StrEnum]) -> Check:
    known = frozenset(str(choice) for choice in choices)
    return lambda value: isinstance(value, str) and value in known


def _record(fields: Mapping[str, Check]) -> Check:
    return lambda value: isinstance(value, dict) and _wrong(value, fields) is None


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(one) for one in value)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _wrong(body: Mapping[str, Any], fields: Mapping[str, Check]) -> str | None:
    return next((name for name, check in fields.items() if name not in body or not check(body[name])), None)


_ANCHOR = _record({"utc": is_time, "monotonic_ms": is_count, "disciplined": is_flag})
_TRACK = _record(
    {
        "track": _is_track,
        "role": is_text,
        "kind": _is_medium,
        "rate": _is_rate,
        "derived": is_flag,
        "device": is_text,
    }
)
_FINDING = _record({"symptom": is_text, "grade": _one_of(Grade), "subject": is_text, "values": _record({})})
_RANGE: dict[str, Check] = {"track": _is_track, "start": is_count, "end": is_count, "rate": _is_rate}
_DOCUMENT: dict[str, Check] = {
    "revision": is_count,
    "form": is_text,
    "language": is_text,
    "document_sha256": is_hash,
    "file_name": is_text,
}

_FIELDS: dict[LeafKind, dict[str, Check]] = {
    LeafKind.HEARING: {
        "card": _record({}),
        "room": is_text,
        "node": is_text,
        "profile": is_text,
        "tracks": _list_of(lambda value: _TRACK(value) and is_count(value.get("delay_ms", 0))),
        "started": _ANCHOR,
    },
    LeafKind.STATE: {"state": _one_of(HearingState), "at_sample": is_count, "anchor": _ANCHOR},
    LeafKind.SEGMENT: {
        **_RANGE,
        "sequence": is_count,
        "sha256": is_hash,
        "size": is_count,
        "init_size": is_count,
        "codec": is_text,
        "partial": is_flag,
        "anchor": _ANCHOR,
    },
    LeafKind.GAP: {**_RANGE, "cause": _one_of(GapCause), "device_log": is_text, "anchor": _ANCHOR},
    LeafKind.NOTE: {"at_sample": is_count, "template": _one_of(NoteTemplate), "text": is_text},
    LeafKind.OPENNESS: {
        "start_ms": is_count,
        "end_ms": _or_none(is_count),
        "openness": _one_of(Openness),
    },
    LeafKind.MUTE: {"track": _is_track, "at_sample": is_count, "muted": is_flag},
    LeafKind.TRANSCRIPT: {
        "sequence": is_count,
        "engine": is_text,
        "model_sha256": is_text,
        "parameters_key": is_hash,
        "utterances_sha256": is_hash,
    },
    LeafKind.DRAFT: _DOCUMENT,
    LeafKind.PROTOCOL: {**_DOCUMENT, "sha256": is_hash, "size": is_count},
    LeafKind.SIGNATURE: {
        "protocol_sha256": is_hash,
        "size": is_count,
        "signer": is_text,
        "revision": is_count,
        "covers_root": is_hash,
        "covers_size": is_count,
        "document_sha256": is_hash,
        "file_name": is_text,
    },
    LeafKind.ACCESS: dict.fromkeys(("actor", "role", "action", "object", "ground", "address"), is_text),
    LeafKind.REMARK: {
        **dict.fromkeys(("deed", "remark", "by", "entered_by"), is_text),
        "number": is_count,
        "step_sha256": is_hash,
    },
    LeafKind.COPY: {
        **dict.fromkeys(("actor", "role", "recipient", "ground", "address"), is_text),
        "objects": is_count,
        "withheld": is_count,
        "content_sha256": is_hash,
    },
    LeafKind.RETENTION: {
        "deed": _one_of(RetentionDeed),
        **dict.fromkeys(("by", "reason", "act", "approved_by", "document_sha256"), is_text),
        "until": _or_none(is_time),
        "years": is_count,
        "objects": _list_of(_record({"sha256": is_hash, "size": is_count, "what": is_text})),
    },
    LeafKind.SYNC: {
        "track": _is_track,
        "reference": _is_track,
        "at_sample": is_count,
        "drift_ppb": _or_none(is_difference),
        "late_us": _or_none(is_difference),
        "anchor": _ANCHOR,
    },
    LeafKind.VOICE: {"voices": _list_of(is_text), "name": is_text, "by": is_text},
    LeafKind.CORRECTION: {
        "run": is_count,
        "revision": is_count,
        "deed": is_text,
        "by": is_text,
        "correction_sha256": is_hash,
    },
    LeafKind.STAGE: {"stage": _one_of(StageKind), "at_ms": is_count, "accepted": is_flag, "by": is_text},
    LeafKind.ATTENDANCE: {
        "participant": is_count,
        "name": is_text,
        "attendance": _one_of(Attendance),
        "at_ms": _or_none(is_count),
        "by": is_text,
    },
    LeafKind.TERM: {"longer": is_flag, "reason": is_text, "by": is_text},
    LeafKind.DELIVERY: {"track": _is_track, "sequence": is_count, "sha256": is_hash, "arrived": is_flag},
    LeafKind.LOSS: {
        "by": is_text,
        "reason": is_text,
        "segments": _list_of(_record({"track": _is_track, "sequence": is_count, "sha256": is_hash})),
    },
    LeafKind.RECEIPT: {"entry": is_hash},
    LeafKind.NODE: {
        "deed": _one_of(NodeDeed),
        **dict.fromkeys(("key", "name", "room", "by", "code"), is_text),
        "until": _or_none(is_time),
    },
}

COURT_END = frozenset({"spare", "reason"})
"""Fields of a state leaf by which the court itself ends a hearing, since its node did not; no node's to state."""

_OPTIONAL: dict[LeafKind, dict[str, Check]] = {
    LeafKind.HEARING: {
        "key": is_text,
        "spare_of": lambda value: is_text(value) and is_id(value),
        "selftest": _record({"room": is_text, "at": is_time, "findings": _list_of(_FINDING)}),
    },
    LeafKind.STATE: {"by": is_text, "spare": lambda value: is_text(value) and is_id(value), "reason": is_text},
    LeafKind.NOTE: {"key": is_text, "by": is_text},
    LeafKind.OPENNESS: {"by": is_text},
    LeafKind.MUTE: {"by": is_text},
    LeafKind.TRANSCRIPT: {"run": is_count, "together": _list_of(is_count)},
    LeafKind.LOSS: {"stretches": _list_of(_record(_RANGE))},
    LeafKind.COPY: {
        **dict.fromkeys(("copy", "protocol"), is_count),
        "given": _list_of(_record({"name": is_text, "sha256": is_hash, "size": is_count})),
        "spans_ms": _list_of(_list_of(is_count)),
        "mark_sha256": is_hash,
    },
}
"""Fields that may be missing, and hold this if they are there: who ordered it, the key by which a request that came
twice is known, the self-test before the hearing. A track may also have `delay_ms`, by how much its pictures are
placed earlier than they came. `run`: which version of the transcript, the first where it is missing. `together`: the
windows that were recognised in one call, this one among them. `stretches`: those of tracks of which nothing was ever
stated. `spare_of`: the hearing whose room this node records beside the first one. `spare`: the recording on which the
court ended a hearing whose own node did not answer; `reason`: why it ended one whose node never comes back; both in
the court's own leaf alone. `copy`: the number of a copy made for listening, with what was `given` beside the bundle and
the open parts of the hearing (`spans_ms`, from and to) in it; `mark_sha256`, of the secret of the mark in its sound.
`protocol`: the revision that the bundle goes with."""


def wrong_field(kind: LeafKind, body: Mapping[str, Any]) -> str | None:
    """The name of a field that is missing from `body` or holds what it may not, None if all is well."""
    optional = {name: check for name, check in _OPTIONAL.get(kind, {}).items() if name in body}
    wrong = _wrong(body, {**_FIELDS[kind], **optional})
    if wrong is None and kind in (LeafKind.SEGMENT, LeafKind.GAP) and body["end"] < body["start"]:
        return "end"
    return wrong
