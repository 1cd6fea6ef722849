"""Arithmetic of tracks: what is missing of them up to the hearing's end."""

from fractions import Fraction

from court.timeline import SampleRange, rests

RATES = {"mic-judge": 48_000, "cam-hall": 90_000, "cam-door": 90_000}


def test_the_rest_of_each_track_counts_in_its_own_ticks() -> None:
    reached = {"mic-judge": 480_000, "cam-hall": 450_000}
    assert rests(RATES, reached, Fraction(10)) == {
        "cam-hall": SampleRange(450_000, 900_000, 90_000),
        "cam-door": SampleRange(0, 900_000, 90_000),
    }


def test_what_goes_beyond_the_end_lacks_nothing_and_a_part_of_a_tick_is_none() -> None:
    assert rests({"mic-judge": 48_000}, {"mic-judge": 480_001}, Fraction(10)) == {}
    assert rests({"cam-hall": 90_000}, {}, Fraction(1, 48_000)) == {"cam-hall": SampleRange(0, 1, 90_000)}
