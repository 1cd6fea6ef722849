from hardware.devices import AUDIO_RATE
from recorder.segmenter import Limits, Segmenter

BLOCK = AUDIO_RATE // 10


def cuts(speech: list[bool], start: int = 0) -> list[float]:
    """Where blocks of 0.1 s are cut, in seconds."""
    segmenter, found = Segmenter(start), []
    for number, spoken in enumerate(speech, start=1):
        end = start + number * BLOCK
        if segmenter.cut_after(end, spoken):
            found.append(end / AUDIO_RATE)
            segmenter.restart(end)
    return found


def test_speech_without_a_pause_is_cut_at_the_most() -> None:
    assert cuts([True] * 650) == [30.0, 60.0]


def test_silence_is_cut_at_the_least() -> None:
    assert cuts([False] * 130) == [6.0, 12.0]


def test_a_short_pause_does_not_cut_before_the_target() -> None:
    assert cuts([True] * 80 + [False] * 4 + [True] * 30) == []


def test_a_long_pause_cuts_before_the_target() -> None:
    assert cuts([True] * 80 + [False] * 12 + [True] * 30) == [8.8]


def test_a_short_pause_cuts_at_the_target() -> None:
    assert cuts([True] * 150 + [False] * 4 + [True] * 30) == [15.3]


def test_the_pause_that_will_do_gets_shorter_up_to_the_most() -> None:
    limits = Limits()
    needed = [limits.pause_needed(seconds * AUDIO_RATE) for seconds in range(6, 31)]
    assert needed == sorted(needed, reverse=True)
    assert (needed[0], needed[9], needed[-1]) == (limits.long_pause, limits.short_pause, 0)


def test_a_segment_that_begins_after_a_break_counts_from_there() -> None:
    assert cuts([True] * 320, start=100 * AUDIO_RATE) == [130.0]
