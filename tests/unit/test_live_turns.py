"""Where live utterances begin and end, what two hypotheses agree on, and who is at the microphone."""

import itertools
from collections.abc import Iterable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transcribe.live.agreement import agreed
from transcribe.live.dominance import Dominance
from transcribe.live.hops import HOP, HOP_SECONDS, RoomSound
from transcribe.live.turns import ENDS, LONGEST, Turn, Turns
from transcribe.speech import SAMPLE_RATE, Pcm


def hear(turns: Turns, pattern: Iterable[bool], track: str = "mic-judge") -> list[Turn]:
    """The utterances of one microphone with speech in these hops."""
    begun = []
    for number, speaks in enumerate(pattern):
        begun += turns.hear(number * HOP_SECONDS, (number + 1) * HOP_SECONDS, {track: speaks})
    return begun


def hops(seconds: float) -> int:
    return round(seconds / HOP_SECONDS)


def test_an_utterance_begins_with_speech_rests_and_ends_with_a_pause() -> None:
    turns = Turns()
    (one,) = hear(turns, [False] * 10 + [True] * 20)
    assert (one.ended, one.resting) == (False, False)
    assert one.start < 10 * HOP_SECONDS < one.last
    hear_on = [False] * (hops(ENDS) + 1)
    assert hear(turns, []) == []
    for number, speaks in enumerate(hear_on):
        turns.hear((30 + number) * HOP_SECONDS, (31 + number) * HOP_SECONDS, {"mic-judge": speaks})
        assert one.resting
    assert one.ended
    assert one.last == 30 * HOP_SECONDS


def test_a_cough_begins_nothing() -> None:
    assert hear(Turns(), [False, True, False, False] * 10) == []


def test_a_short_pause_does_not_end_an_utterance_but_a_break_does() -> None:
    turns = Turns()
    (one,) = hear(turns, [True] * 10 + [False] * 2 + [True] * 10)
    assert not one.ended
    turns.end_all()
    assert one.ended


def test_two_people_at_once_are_two_utterances() -> None:
    turns = Turns()
    begun = []
    for number in range(10):
        speaking = {"mic-claimant": True, "mic-respondent": number > 3}
        begun += turns.hear(number * HOP_SECONDS, (number + 1) * HOP_SECONDS, speaking)
    assert [one.track for one in begun] == ["mic-claimant", "mic-respondent"]


@given(st.lists(st.booleans(), max_size=400))
def test_no_utterance_is_longer_than_allowed_and_those_of_one_microphone_do_not_overlap_in_speech(
    pattern: list[bool],
) -> None:
    turns = Turns()
    found = hear(turns, pattern)
    assert all(one.last - one.start <= LONGEST + HOP_SECONDS for one in found)
    assert len({one.id for one in found}) == len(found)
    assert all(one.ended for one in found[:-1])
    assert all(a.last < b.last for a, b in itertools.pairwise(found))


def test_what_two_hypotheses_begin_with_alike_is_relied_on() -> None:
    before = ["Уважаемый", "суд", "прошу"]
    assert agreed(before, ["уважаемый", "суд,", "прошу", "приобщить"]) == 3
    assert agreed(before, ["Уважаемый", "судья", "прошу"]) == 1
    assert agreed(before, []) == 0


def noise(decibels: float, seed: int) -> Pcm:
    wave = np.random.default_rng(seed).normal(0, 32768 * 10 ** (decibels / 20), HOP)
    return np.asarray(np.clip(wave, -32768, 32767), np.int16)


def test_bleed_is_nobodys_and_two_loud_microphones_are_two() -> None:
    judge = Dominance(("mic-claimant", "mic-judge"))
    for number in range(40):
        judge.take({"mic-claimant": noise(-60, number), "mic-judge": noise(-62, 1000 + number)})
    for number in range(5):
        own = judge.take({"mic-claimant": noise(-34, number), "mic-judge": noise(-20, number)})
    assert own == {"mic-claimant": False, "mic-judge": True}
    for number in range(5):
        own = judge.take({"mic-claimant": noise(-21, number), "mic-judge": noise(-20, 50 + number)})
    assert own == {"mic-claimant": True, "mic-judge": True}
    for number in range(5):
        own = judge.take({"mic-claimant": noise(-60, number), "mic-judge": noise(-62, number)})
    assert own == {"mic-claimant": False, "mic-judge": False}


def test_sound_is_kept_in_place_and_a_microphone_that_lags_holds_up_nothing() -> None:
    room = RoomSound()
    ramp = np.arange(4 * SAMPLE_RATE, dtype=np.int16)
    room.add("mic-a", 0, ramp[: 2 * HOP])
    room.add("mic-b", 0, ramp[: HOP // 2])
    assert [end for end, _ in room.hops()] == []  # what b gives may still come
    room.add("mic-a", 2 * HOP, ramp[2 * HOP : SAMPLE_RATE])
    ends = [(end, pcm["mic-a"][0], pcm["mic-b"][-1]) for end, pcm in room.hops()]
    assert ends == [((n + 1) * HOP, n * HOP, 0) for n in range(SAMPLE_RATE // HOP)]
    assert room.of("mic-a", 100, 200).tolist() == list(range(100, 200))


def test_a_long_hearing_keeps_the_last_half_minute_only() -> None:
    room = RoomSound()
    for second in range(200):
        assert room.add("mic-a", second * SAMPLE_RATE, np.full(SAMPLE_RATE, second, np.int16)) or second == 0
        [*room.hops()]
    assert set(room.of("mic-a", 185 * SAMPLE_RATE, 186 * SAMPLE_RATE)) == {185}
    assert len(room.of("mic-a", 0, 200 * SAMPLE_RATE)) == 200 * SAMPLE_RATE
    assert not room.add("mic-a", 900 * SAMPLE_RATE, np.zeros(HOP, np.int16))  # a break: all of it is forgotten
    assert room.reached // HOP == 900 * SAMPLE_RATE // HOP
