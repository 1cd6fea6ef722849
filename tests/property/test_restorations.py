"""Statements of restorations and rotations: what they say, which of them count, and what no damage to them hides."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import LedgerError
from storage.ledger.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from storage.ledger.ed25519 import SigningKey
from storage.ledger.faults import FaultKind
from storage.ledger.heads import NOBODY, Head, check_heads
from storage.ledger.restoration import (
    Restoration,
    named_restorations,
    parse_restoration,
    read_restoration,
    sign_restoration,
)
from storage.ledger.rotation import LOG, Rotation, following, leading_to, sign_rotation
from storage.ledger.statements import check_restorations

ORIGIN = "court.example/log"
KEYS = [SigningKey.from_seed(bytes([number]) * 32) for number in range(5)]
ROOT = bytes(range(32))
AT = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
sizes = st.integers(0, 10**15)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - of UTC
    lambda one: one.replace(microsecond=one.microsecond // 1000 * 1000)
)
ends = st.builds(Checkpoint, st.just(ORIGIN), sizes, st.binary(min_size=32, max_size=32))


@given(ends, times, st.none() | ends, st.text(max_size=80))
def test_a_statement_reads_as_it_was_signed(kept: Checkpoint, at: datetime, lost: Checkpoint | None, why: str) -> None:
    stated = sign_restoration(kept, at, lost, why, KEYS[0])
    assert parse_restoration(stated.note, ORIGIN, [KEYS[0].public]) == stated
    assert (stated.kept, stated.at, stated.lost) == (kept, at, lost)
    assert f"to its first {kept.size} entries" in stated.sentence
    assert stated.sentence.isprintable()
    assert ("is not known" in stated.sentence) == (lost is None)
    with pytest.raises(LedgerError, match="no known key's signature"):
        parse_restoration(stated.note, ORIGIN, [KEYS[1].public])
    with pytest.raises(LedgerError, match="is of the log"):
        read_restoration(stated.note, "other.example/log")


STATED = [sign_restoration(Checkpoint(ORIGIN, size, ROOT), AT, None, "", KEYS[0]) for size in range(4)]
OF_ANOTHER = sign_restoration(Checkpoint("other.example/log", 3, ROOT), AT, None, "", KEYS[0])


@given(st.sampled_from(STATED), st.data())
def test_no_altered_statement_is_believed(one: Restoration, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(one.note) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda letter: letter != one.note[at]))
    altered = one.note[:at] + letter + one.note[at + 1 :]
    with pytest.raises(LedgerError):
        parse_restoration(altered, ORIGIN, [KEYS[0].public])
    _, faults = check_restorations([altered], naming([one]))
    assert FaultKind.MISSING in {fault.kind for fault in faults}
    assert len(faults) == 2


def naming(stated: list[Restoration], *more: str) -> Checkpoint:
    """The log's signed head that names them."""
    lines = [*more, *(one.extension for one in stated)]
    note = sign_checkpoint(ORIGIN, 9, ROOT, KEYS[0], extensions=lines)
    return verify_checkpoint(note, ORIGIN, [KEYS[0].public])


@given(st.lists(st.sampled_from(STATED), unique=True), st.lists(st.sampled_from([*STATED, OF_ANOTHER]), unique=True))
def test_exactly_what_the_signed_head_names_must_be_there(named: list[Restoration], there: list[Restoration]) -> None:
    told, faults = check_restorations([one.note for one in there], naming(named, "something else", "courtrec/x y"))
    assert {one.sha256 for one in told} == {one.sha256 for one in named if one in there}
    assert len(faults) == len({one.sha256 for one in named} ^ {one.sha256 for one in there})
    assert {one.sentence.count("\n") for one in faults} <= {0}


def test_checkpoints_without_extensions_name_nothing() -> None:
    assert named_restorations(naming([])) == frozenset()
    assert check_restorations([], naming([])) == ([], [])
    assert named_restorations(Checkpoint(ORIGIN, 1, ROOT, ("courtrec/restoration/v1", "x"))) == frozenset()


def test_a_head_that_others_vouch_for_tells_of_a_restoration_that_was_hushed_up() -> None:
    """The log's key signed a later head without the line; the older one is under a time-stamp."""
    older = sign_checkpoint(ORIGIN, 9, ROOT, KEYS[0], extensions=[STATED[0].extension]).encode()
    for signed, count in ((naming([STATED[0], STATED[1]]), 0), (naming([STATED[1]]), 1)):
        report = check_heads([Head(9, 0, ())], {"heads/9.txt": older}, signed, [], NOBODY)
        assert len(report.faults) == count
        assert all("names a restoration" in fault.sentence for fault in report.faults)


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda pair: pair[0] != pair[1])))
def test_statements_lead_from_a_key_to_all_that_follow_it_and_to_no_other(pairs: set[tuple[int, int]]) -> None:
    rotations = [ROTATIONS[pair] for pair in sorted(pairs)]
    reached, found = {0}, following([KEYS[0].public], rotations)
    while more := {new for old, new in pairs if old in reached} - reached:
        reached |= more
    assert set(found) == {KEYS[number].public for number in reached - {0}}
    for key in found:
        chain = leading_to(key, found.values())
        assert chain[-1].old == KEYS[0].public
        assert all(one.new == before.old for before, one in pairwise(chain))


ROTATIONS: dict[tuple[int, int], Rotation] = {
    (old, new): sign_rotation(ORIGIN, LOG, KEYS[old], KEYS[new], AT)
    for old in range(5)
    for new in range(5)
    if old != new
}
