"""Utterances as they are stored, and the hashes by which the ledger names a window's transcript."""

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import rfc8785

from storage.db.models import Utterance as UtteranceRow
from storage.turns import FIRST_RUN
from transcribe.engines.port import Engine
from transcribe.pipeline import Tongues, parameters_of
from transcribe.speech import Utterance

# What was transcribed and how is under the hash as well, so no row can be moved to other sound or another run.
_HASHED = (
    *("track", "role", "start_ms", "end_ms", "text", "words", "language", "flags", "position"),
    *("segment_sha256", "parameters_key"),
)
# Rows have an alternative, if an empty one, since one window may hold several languages.
_HASHED_SINCE = ("alternative",)


def rows_of(
    hearing_id: str,
    sequence: int,
    utterances: Sequence[Utterance],
    *,
    run: int = FIRST_RUN,
    engine: Engine,
    tongues: Tongues | None = None,
    segments: Mapping[str, str],
    voices: Mapping[tuple[str, int], str] = MappingProxyType({}),
    voice_model: str = "",
) -> list[UtteranceRow]:
    """Rows of one window's utterances, in its order; `segments` maps each track to its segment's SHA-256,
    `voices` each voice at a shared microphone to its label.

    All bear the name of the hearing's own engine; the transcript's parameters say which one served which language.
    """
    key = parameters_key(engine, tongues, voice_model)
    return [
        UtteranceRow(
            hearing_id=hearing_id,
            run=run,
            sequence=sequence,
            track=one.track,
            role=one.role,
            start_ms=round(one.start * 1000),
            end_ms=round(one.end * 1000),
            text=one.text,
            words=[word.as_fields() for word in one.words],
            language=one.language,
            alternative={"language": one.other_language, "text": one.other_text} if one.other_language else {},
            flags=list(one.flags),
            voice=voices.get((one.track, one.voice), ""),
            engine=engine.name,
            model=engine.model_sha256,
            parameters_key=key,
            segment_sha256=segments[one.track],
            position=position,
        )
        for position, one in enumerate(utterances)
    ]


def again(row: UtteranceRow, run: int) -> UtteranceRow:
    """The same utterance in another version of the transcript."""
    columns = (column.key for column in UtteranceRow.__mapper__.column_attrs)
    same = {name: getattr(row, name) for name in columns if name not in ("id", "run")}
    return UtteranceRow(run=run, **same)


def parameters_key(engine: Engine, tongues: Tongues | None = None, voice_model: str = "") -> str:
    """SHA-256 over everything a transcript depends on besides the sound: settings and models."""
    settings = {**parameters_of(engine, tongues, voice_model), "model_sha256": engine.model_sha256}
    return hashlib.sha256(rfc8785.dumps(settings)).hexdigest()


def utterances_sha256(rows: Sequence[UtteranceRow]) -> str:
    """The hash the ledger's transcript leaf gives; anyone can compute it again from the stored rows of a window."""
    content: list[Any] = [{name: getattr(row, name) for name in _hashed(row)} for row in rows]
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def _hashed(row: UtteranceRow) -> tuple[str, ...]:
    """What was hashed before there were alternatives and voices still has its hash."""
    return (
        *_HASHED,
        *(() if row.alternative is None else _HASHED_SINCE),
        *(("voice",) if row.voice else ()),
    )
