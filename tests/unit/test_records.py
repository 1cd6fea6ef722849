"""What the hash over a window's rows covers, for rows of now and from before they had alternatives."""

from typing import Any

import pytest

from storage.db.models import Utterance
from transcribe.records import utterances_sha256

FIELDS: dict[str, Any] = {
    "track": "mic-judge", "role": "judge", "start_ms": 0, "end_ms": 900, "text": "Суд идёт", "words": [],
    "language": "ru", "flags": [], "position": 0, "segment_sha256": "ab" * 32, "parameters_key": "cd" * 32,
}  # fmt: skip


def sha256(alternative: dict[str, Any] | None, **changes: object) -> str:
    return utterances_sha256([Utterance(**{**FIELDS, **changes}, alternative=alternative)])


def test_rows_from_before_keep_the_hash_they_were_signed_with() -> None:
    assert sha256(None) == "f634ab034709b2b0213a2d63a89786404112f8e9184f7bff438829b610f40013"


@pytest.mark.parametrize(
    "change", [{"language": "ky"}, {"text": "Суд ушёл"}, {"flags": ["no_speech"]}, {"segment_sha256": "00" * 32}]
)
def test_a_changed_row_has_another_hash(change: dict[str, Any]) -> None:
    assert sha256({}, **change) != sha256({})
    assert sha256(None, **change) != sha256(None)


def test_the_alternative_cannot_be_changed_or_taken_away() -> None:
    found = {sha256(one) for one in (None, {}, {"language": "ky", "text": "Сот"}, {"language": "ky", "text": "Соттор"})}
    assert len(found) == 4
