"""Batches fit the memory that is free."""

from hypothesis import given
from hypothesis import strategies as st

from transcribe.engines.memory import POSITIONS, batch_size
from transcribe.engines.prompt import CONTEXT

LARGE = (32, 1280)
GIB = 1 << 30


def test_a_large_model_on_cards_of_several_sizes() -> None:
    assert [batch_size(gib * GIB, *LARGE) for gib in (0, 1, 4, 8, 24)] == [0, 1, 5, 10, 16]
    assert batch_size(24 * GIB, *LARGE, most=64) == 31
    assert batch_size(4 * GIB, *LARGE, beams=1) > batch_size(4 * GIB, *LARGE)


@given(st.integers(0, 1 << 40), st.integers(1, 64), st.integers(1, 4096), st.integers(1, 10))
def test_what_is_chosen_fits_and_one_more_would_not(free: int, layers: int, width: int, beams: int) -> None:
    found = batch_size(free, layers, width, beams=beams, most=1 << 30)
    window = 2 * layers * width * 2 * (POSITIONS + beams * CONTEXT)
    assert found * window <= free * 3 // 4 < (found + 1) * window
