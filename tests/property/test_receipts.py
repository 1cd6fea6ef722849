"""Whatever a node's entries are dated and whenever they come: who is not on time is told of, and it costs little."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from court.clock import iso_utc, parse_utc
from storage.ledger.back_dating import TOLERANCE
from storage.ledger.leaf import LeafKind, SignedLeaf
from storage.ledger.receipt import LATE, check_receipts, is_late, late_sentence, receipt_due
from tests.factories.hearing_log import SERVER
from tests.factories.receipts import Leaves

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
COURT = {SERVER.key_id}
seconds = st.integers(0, 40 * 60)
arrivals = st.lists(st.tuples(seconds, st.integers(-3 * 86_400, 3600)), min_size=1, max_size=30)
"""How long after the one before an entry comes, and how much later than that its clock would date it."""


def received(arrivals: list[tuple[int, int]]) -> tuple[list[SignedLeaf], list[tuple[datetime, datetime]]]:
    """The leaves in the log as the server makes them, and of each of the node's when it is dated and when it came."""
    made, now, times, stated = Leaves(), NOW, list[tuple[datetime, datetime]](), None
    for wait, off in arrivals:
        now += timedelta(seconds=wait)
        leaf, follows = made.node(now + timedelta(seconds=off)), times[-1][0] if times else None
        times.append((parse_utc(leaf.at), now))
        if receipt_due(times[-1][0], follows, now, stated):
            made.receipt(leaf, now)
            stated = now
    return made.all, times


@given(arrivals)
def test_lateness_and_haste_are_told_of_and_nothing_else_is(arrivals: list[tuple[int, int]]) -> None:
    leaves, times = received(arrivals)
    ahead = any(at > came + TOLERANCE for at, came in times)
    assert bool(list(check_receipts(leaves, COURT, demanded=True))) is ahead
    receipts = [leaf for leaf in leaves if leaf.kind is LeafKind.RECEIPT]
    late = [came for at, came in times if is_late(at, came)]
    for came in late:
        assert any(iso_utc(came - LATE) < one.at <= iso_utc(came) for one in receipts), "told of within a quarter hour"
    assert late or late_sentence(leaves, COURT) is None
    assert len(receipts) <= 1 + len(late) + sum(at > came + TOLERANCE for at, came in times)


@given(st.lists(st.tuples(seconds, st.integers(-14 * 60, 4 * 60)), min_size=1, max_size=30))
def test_an_ordinary_hearing_has_one_entry_more(arrivals: list[tuple[int, int]]) -> None:
    leaves, times = received(arrivals)
    if all(not is_late(at, came) and at <= came + TOLERANCE for at, came in times):
        assert [leaf.kind for leaf in leaves].count(LeafKind.RECEIPT) == 1
        assert leaves[1].kind is LeafKind.RECEIPT
        assert late_sentence(leaves, COURT) is None
