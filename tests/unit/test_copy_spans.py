"""Which samples may go, and what a copy says of itself in tones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from court.card import LANGUAGES
from court.openness import Openness, OpennessSpan, openness_of
from hardware.devices import AUDIO_RATE
from protocol.copies.notice import LEAD_SECONDS, card, mark, spelled, tones
from protocol.copies.spans import kept, open_ticks
from protocol.copies.wording import CopyFacts, absent_lines, card_lines, mark_text, readme
from tests.factories.recordings import Pcm, loudness

RATE = 48_000
_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
spans = st.builds(
    lambda start, length, what: OpennessSpan(start / 1000, None if length is None else (start + length) / 1000, what),
    st.integers(0, 3000), st.none() | st.integers(0, 2000), st.sampled_from(Openness),
)  # fmt: skip


@given(st.lists(spans, max_size=5), st.integers(1, 4 * RATE))
def test_a_sample_goes_if_no_moment_of_it_is_closed(orders: list[OpennessSpan], end: int) -> None:
    found = open_ticks(orders, end, RATE)
    assert found == sorted(found)
    assert all(0 <= a < b <= end for a, b in found)
    for tick in {0, end - 1, *(edge + step for pair in found for edge in pair for step in (-1, 0))}:
        if 0 <= tick < end:
            free = openness_of(orders, (tick + 0.1) / RATE, (tick + 0.9) / RATE) is Openness.OPEN
            assert any(a <= tick < b for a, b in found) is free


def test_a_closed_part_between_two_samples_takes_both() -> None:
    order = OpennessSpan(1.00001, 1.00003, Openness.CLOSED)
    assert open_ticks([order], 2 * RATE, RATE) == [(0, 48_000), (48_002, 96_000)]
    assert kept(47_990, 48_010, [(0, 48_000), (48_002, 96_000)]) == [(47_990, 48_000), (48_002, 48_010)]


def heard(pcm: Pcm) -> str:
    """Reads DTMF digits back, as telephone exchanges do: the loudest row and column in each 20 ms."""
    said, before = "", ""
    step = AUDIO_RATE // 50
    for at in range(0, len(pcm) - step, step):
        part = pcm[at : at + step]
        strength = [
            max((loudness(part, hertz), place) for place, hertz in enumerate(ones)) for ones in (_ROWS, _COLUMNS)
        ]
        loud = min(strength)[0] > 1000
        key = "123A456B789C*0#D"[strength[0][1] * 4 + strength[1][1]] if loud else ""
        said += key if key != before else ""
        before = key
    return said


@pytest.mark.parametrize(
    ("case", "text"), [("ГД 4405/24-Б2", "4405*24*2#17#"), ("ВСБ 204-0291/26 УД", "204*0291*26#17#"), ("Су-Сд", "#17#")]
)
def test_the_tones_say_case_and_copy(case: str, text: str) -> None:
    pcm = tones(spelled(case, 17))
    assert len(pcm) == LEAD_SECONDS * AUDIO_RATE
    noise = np.random.default_rng(3).normal(0, 300, len(pcm))
    assert heard((pcm + noise).astype(np.int16)) == text


def test_the_longest_number_fits_into_the_lead() -> None:
    pcm = tones(spelled("9" * 100, 10**9))
    assert not pcm[-AUDIO_RATE // 2 :].any()


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_names_the_copy_is_there_in_each_language(language: str) -> None:
    facts = CopyFacts(17, "ГД 4405/24-Б2", "суд", "Ким А. Б.", "ходатайство", "сегодня", language)
    names = {one: f"{one}.x" for one in ("recording", "transcript", "proof", "verifier")}
    text = readme(facts, names, "court+1+KEY")
    assert all(one in text for one in ("17", "ГД 4405/24-Б2", "Ким А. Б.", "ходатайство", "court+1+KEY", "proof.x"))
    assert "protocol" not in names
    assert "Ким А. Б." in "".join(absent_lines(facts))
    assert "Ким А. Б." in mark_text(facts)
    picture = np.asarray(card(card_lines(facts), 640, 360))
    assert (picture > 200).any()
    assert not (picture[:, -5:] > 200).any()  # nothing runs over the edge
    assert mark(mark_text(facts), 640, 360).startswith(b"\x89PNG")
