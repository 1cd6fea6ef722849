"""What can be done with a remark, whatever was done before."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from court.remarks import ENDINGS, ImpossibleStep, Remark, RemarkDeed, RemarkSubject, Step, remarks, require_possible

NOW = datetime(2026, 11, 25, tzinfo=UTC)
MORE = {"against": "recording", "at_ms": None}


def after(late: bool, *deeds: RemarkDeed) -> Remark:
    steps = [Step("r", deed, "X", "x", NOW, "") for deed in (RemarkDeed.FILE, *deeds)]
    [made] = remarks((step, {**MORE, "late": late}) for step in steps)
    return made


def test_what_came_in_time_is_decided_or_withdrawn() -> None:
    assert after(False).possible == {RemarkDeed.ACCEPT, RemarkDeed.REJECT, RemarkDeed.WITHDRAW}


def test_what_came_late_wants_the_judges_word_first() -> None:
    late = after(True)
    assert late.possible == {RemarkDeed.ADMIT, RemarkDeed.RETURN, RemarkDeed.WITHDRAW}
    with pytest.raises(ImpossibleStep, match="first let it in"):
        require_possible(late, RemarkDeed.ACCEPT)
    assert after(True, RemarkDeed.ADMIT).possible == after(False).possible


@given(st.booleans(), st.lists(st.sampled_from(RemarkDeed), max_size=8))
def test_whatever_is_tried_a_remark_is_ended_once_and_then_nothing_is_possible(
    late: bool, tried: list[RemarkDeed]
) -> None:
    done: list[RemarkDeed] = []
    for deed in tried:
        try:
            require_possible(after(late, *done), deed)
        except ImpossibleStep:
            continue
        done.append(deed)
    assert sum(one in ENDINGS for one in done) <= 1
    assert not ENDINGS & set(done[:-1])
    if late and {RemarkDeed.ACCEPT, RemarkDeed.REJECT} & set(done):
        assert done[0] is RemarkDeed.ADMIT


def test_steps_of_several_remarks_come_to_each_its_own() -> None:
    first, second = (Step(one, RemarkDeed.FILE, "X", "x", NOW, one) for one in "ab")
    ruled = Step("b", RemarkDeed.REJECT, "J", "j", NOW, "why")
    more = {"against": "protocol", "at_ms": 1500, "late": False}
    found = remarks([(first, MORE | {"late": False}), (second, more), (ruled, {})])
    assert [one.id for one in found] == ["a", "b"]
    assert (found[0].ended, found[1].ended) == (None, ruled)
    assert (found[1].against, found[1].span) == (RemarkSubject.PROTOCOL, (1.5, 1.501))
    assert found[0].span == (0.0, float("inf"))
