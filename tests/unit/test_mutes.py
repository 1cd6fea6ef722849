"""When a microphone was declared muted."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from court.mutes import MuteSpan, mute_spans

declarations = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 50).map(float), st.booleans()))


def test_spans_begin_and_end_with_what_was_declared() -> None:
    declared = [("a", 1.0, True), ("b", 2.0, True), ("a", 3.0, True), ("a", 5.0, False), ("b", 6.0, False)]
    declared.append(("a", 9.0, True))
    assert mute_spans(declared) == [MuteSpan("a", 1.0, 5.0), MuteSpan("b", 2.0, 6.0), MuteSpan("a", 9.0, None)]
    assert mute_spans([("a", 1.0, False)]) == []


@given(declarations)
def test_spans_of_one_microphone_never_overlap(declared: list[tuple[str, float, bool]]) -> None:
    ordered = sorted(declared, key=lambda one: one[1])
    for track in ("a", "b"):
        own = [one for one in mute_spans(ordered) if one.track == track]
        for before, after in pairwise(own):
            assert before.end is not None
            assert before.end <= after.start
