"""The machine-readable protocol: JSON with a published schema (docs/protocol.schema.json). Pure."""

from collections.abc import Mapping
from typing import Any

from court.card import LANGUAGES

FORMAT = "courtrec protocol 1"
SCHEMA_NAME = "protocol.schema.json"

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 0}
_SECONDS = {"type": "number", "minimum": 0, "description": "Seconds since the recording began."}
_HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}

_HASH_IF_MADE = {"anyOf": [_HASH, {"type": "null"}], "description": "Null while a draft's PDF is being made."}


def _record(description: str = "", **fields: Any) -> dict[str, Any]:
    told = {"description": description} if description else {}
    return {"type": "object", **told, "properties": fields, "required": list(fields)}


def _list(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(of)}


_LINE = _record(
    text=_TEXT,
    at={"anyOf": [_SECONDS, {"type": "null"}]},
    evidence={**_TEXT, "description": "What it rests on: card:FIELD, note:N, state:N, gap:N, track:*, utterance:N, …"},
)
_DOCUMENT = _record(
    "The protocol in one language after one form. Fields that are not described here may be added.",
    form=_TEXT,
    language={"enum": list(LANGUAGES)},
    hearing={**_TEXT, "format": "uuid"},
    recording={**_TEXT, "description": "Name of the recording."},
    closed={"type": "boolean", "description": "Whether any part of the hearing was closed: then all of this is."},
    heading=_record(
        court=_TEXT, case_number=_TEXT, title=_TEXT, subtitle=_TEXT, judge=_TEXT, secretary=_TEXT,
    ),
    fields=_list(_record("A prescribed field.", number=_NUMBER, label=_TEXT, lines=_list(_LINE))),
    course=_list(_LINE),
    completeness=_list(_LINE),
    transcript_note=_TEXT,
    transcript=_list(
        _record(at=_SECONDS, speaker=_TEXT, text=_TEXT, doubtful={"type": "boolean"}, evidence=_TEXT)
    ),
    technical=_list(_record(label=_TEXT, value=_TEXT)),
)  # fmt: skip
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "courtrec: brief protocol of a court hearing",
    **_record(
        format={"const": FORMAT},
        revision={**_NUMBER, "minimum": 1},
        state={"enum": ["draft", "signed"]},
        signer=_TEXT,
        signed_at={"anyOf": [{**_TEXT, "format": "date-time"}, {"type": "null"}]},
        pdf=_record("The PDF of this revision: signed, it is the protocol.", file_name=_TEXT, sha256=_HASH_IF_MADE),
        document=_DOCUMENT,
    ),
}


def machine_readable(
    document: Mapping[str, Any], *, revision: int, state: str, signer: str, signed_at: str | None, file_name: str,
    sha256: str | None,
) -> dict[str, Any]:  # fmt: skip
    """What the schema describes; `signed_at` as RFC 3339 writes it."""
    return {
        "format": FORMAT,
        "revision": revision,
        "state": state,
        "signer": signer,
        "signed_at": signed_at,
        "pdf": {"file_name": file_name, "sha256": sha256},
        "document": dict(document),
    }
