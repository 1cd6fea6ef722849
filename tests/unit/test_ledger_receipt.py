"""When the court says that it received what a node states, and what contradicts that."""

from datetime import UTC, datetime, timedelta

import pytest

from storage.ledger.ed25519 import SigningKey
from storage.ledger.faults import FaultKind
from storage.ledger.leaf import LeafKind, entry_hash
from storage.ledger.receipt import LATE, check_receipts, is_owed, late_sentence, receipt_due
from tests.factories.hearing_log import HEARING, NODE, SERVER
from tests.factories.receipts import Leaves

NOW = datetime(2026, 11, 23, 17, 5, tzinfo=UTC)
COURT = {SERVER.key_id}
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("at", "follows", "stated", "due"),
    [
        (0, None, None, True),  # the opening, always
        (0, 0, 0, False),
        (-14, -15, 0, False),  # a slow line
        (-16, -16, -1, False),  # late, and told of a minute ago
        (-16, -16, -15, True),
        (-16, -16, None, True),  # of a hearing begun before there were receipts
        (5, 0, 0, False),  # the two clocks may differ so much
        (6, 5, 0, True),
        (7, 6, 0, False),  # that it is ahead was told of the entry before
    ],
)
def test_a_receipt_is_due_for_the_opening_and_by_exception(
    at: int, follows: int | None, stated: int | None, due: bool
) -> None:
    def moment(minute: int | None) -> datetime | None:
        return None if minute is None else NOW + minute * MINUTE

    assert receipt_due(NOW + at * MINUTE, moment(follows), NOW, moment(stated)) is due


def test_a_hearing_that_comes_when_it_is_dated_is_not_spoken_of() -> None:
    made = Leaves()
    made.receipt(made.node(NOW), NOW + MINUTE)
    made.node(NOW + MINUTE)
    assert list(check_receipts(made.all, COURT, demanded=True)) == []
    assert late_sentence(made.all, COURT) is None


def test_a_hearing_that_is_dated_back_is_told_with_both_times() -> None:
    made = Leaves()
    made.receipt(made.node(datetime(2026, 11, 20, 9, 0, tzinfo=UTC)), NOW)
    assert list(check_receipts(made.all, COURT, demanded=True)) == [], "days offline are no fault"
    told = f"Entries of hearing {HEARING} dated 2026-11-20 09:00 UTC reached the court only on 2026-11-23 17:05 UTC."
    assert late_sentence(made.all, COURT) == told
    made.receipt(made.node(datetime(2026, 11, 20, 10, 0, tzinfo=UTC)), NOW + LATE)
    more = " Others came late after that, the last of them dated 2026-11-20 10:00 UTC, on 2026-11-23 17:20 UTC."
    assert late_sentence(made.all, COURT) == told + more


def test_an_entry_dated_after_its_receipt_is_named() -> None:
    made = Leaves()
    first = made.node(NOW)
    made.receipt(first, NOW)
    ahead = made.node(NOW + 20 * MINUTE)
    assert list(check_receipts(made.all, COURT, demanded=True)) == [], "nobody has said yet that it is here"
    made.receipt(ahead, NOW + MINUTE)
    [fault] = check_receipts(made.all, COURT, demanded=True)
    assert (fault.kind, fault.where) == (FaultKind.BACKDATED, f"{HEARING}/{NODE.key_id}/1")
    assert "had received it by 2026-11-23T17:06:00.000Z" in fault.sentence


def test_receipts_of_two_keys_of_the_court_do_not_run_backwards() -> None:
    """One key's chain cannot; after a rotation another key begins a chain of its own."""
    newer = SigningKey.from_seed(b"newer".ljust(32, b"."))
    made = Leaves()
    first = made.node(NOW - 9 * MINUTE)
    made.receipt(first, NOW)
    made.receipt(first, NOW - MINUTE, newer)
    [fault] = check_receipts(made.all, COURT | {newer.key_id}, demanded=True)
    assert (fault.kind, fault.where) == (FaultKind.BACKDATED, f"{HEARING}/{newer.key_id}/0")


@pytest.mark.parametrize("by", [None, NODE])
def test_an_opening_without_the_courts_word_is_named_where_it_is_owed(by: SigningKey | None) -> None:
    """A node's own word on it is none."""
    made = Leaves()
    opening = made.node(NOW)
    if by is not None:
        made.receipt(opening, NOW, by)
    assert list(check_receipts(made.all, COURT, demanded=False)) == [], "it was recorded before there were receipts"
    [fault] = check_receipts(made.all, COURT, demanded=True)
    assert (fault.kind, fault.where) == (FaultKind.MISSING, HEARING)


def test_a_receipt_of_nothing_that_stands_before_it_is_named_unless_that_was_withheld() -> None:
    made, elsewhere = Leaves(), Leaves().node(NOW - MINUTE)
    made.receipt(made.node(NOW), NOW)
    stray = made.receipt(elsewhere, NOW)
    [fault] = check_receipts(made.all, COURT, demanded=True)
    assert (fault.kind, fault.where) == (FaultKind.CONTRADICTORY, f"{HEARING}/{SERVER.key_id}/{stray.seq}")
    assert list(check_receipts(made.all, COURT, demanded=True, withheld=[entry_hash(elsewhere.entry)])) == []


@pytest.mark.parametrize(
    ("since", "owed"),
    [({}, False), ({"receipt": 6}, True), ({"receipt": 7}, False), ({"receipt": "6"}, False), ({"node": 1}, False)],
)
def test_who_began_after_the_first_receipt_of_the_log_owes_one(since: dict[str, object], owed: bool) -> None:
    assert is_owed(since, LeafKind.RECEIPT, 7) is owed
