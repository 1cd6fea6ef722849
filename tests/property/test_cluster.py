"""Who a voice is depends on what was heard, not on the order in which windows were transcribed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from transcribe.diarise.cluster import Sample, cluster, joined_to
from transcribe.diarise.embedding import unit


@st.composite
def samples(draw: st.DrawFn) -> list[Sample]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    people = rng.standard_normal((draw(st.integers(1, 4)), 24))
    found = []
    for _ in range(draw(st.integers(1, 14))):
        aside = draw(st.floats(0.0, 1.2)) * rng.standard_normal(24)
        own = people[draw(st.integers(0, len(people) - 1))] + aside
        name = draw(st.sampled_from(("", "", "", "Асанов", "Беков")))
        found.append(Sample(unit(np.asarray(own, np.float32)), draw(st.floats(0.5, 9.0)), name))
    return found


def partition(numbers: list[int]) -> set[frozenset[int]]:
    return {frozenset(at for at, one in enumerate(numbers) if one == number) for number in numbers}


@settings(deadline=None)
@given(samples(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(voices: list[Sample], most: int, random: object) -> None:
    order = list(range(len(voices)))
    random.shuffle(order)  # type: ignore[attr-defined]
    there = partition(cluster(voices, most, enough=2.0))
    shuffled = cluster([voices[at] for at in order], most, enough=2.0)
    assert partition([shuffled[order.index(at)] for at in range(len(voices))]) == there


@settings(deadline=None)
@given(samples(), st.integers(1, 4))
def test_names_hold_and_numbers_follow_the_first_appearance(voices: list[Sample], most: int) -> None:
    numbers = cluster(voices, most, enough=2.0)
    assert list(dict.fromkeys(numbers)) == list(range(max(numbers) + 1))
    named = {(one.name, number) for one, number in zip(voices, numbers, strict=True) if one.name}
    assert len(named) == len({name for name, _ in named}) == len({number for _, number in named})
    assert max(numbers) + 1 <= max(len(voices), most)


@settings(deadline=None)
@given(samples(), samples(), st.integers(1, 4))
def test_those_who_come_are_somebody_and_nobody_is_moved(there: list[Sample], fresh: list[Sample], most: int) -> None:
    numbers = cluster(there, most, enough=2.0)
    found = joined_to(list(zip(there, numbers, strict=True)), fresh, most, 2.0, max(numbers) + 1)
    assert len(found) == len(fresh)
    new = [one for one in found if one not in numbers]
    assert sorted(set(new)) == list(range(max(numbers) + 1, max(numbers) + 1 + len(set(new))))
    assert len({*numbers, *found}) <= max(most, len({*numbers}))
