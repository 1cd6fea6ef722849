"""Who is asked to speak when, and what counts as a voice."""

import pytest

from hardware.levels import SILENT, Level
from recorder.health.prompts import PROMPT_SECONDS, QUIET_SECONDS, VOICED_SECONDS, Ear, Prompts, Stage

BLOCK = 4800
QUIET = Ear(Level(-65, -60, False), speech=False)
LOUD = Ear(Level(-25, -15, False), speech=True)
TRACKS = ("mic-judge", "mic-claimant")


def hear(prompts: Prompts, seconds: float, **ears: Ear) -> None:
    """`ears` by role; who is not named is quiet."""
    for _ in range(round(seconds * 10)):
        prompts.hear({track: ears.get(track.removeprefix("mic-"), QUIET) for track in prompts.tracks}, BLOCK)


def after_quiet() -> Prompts:
    prompts = Prompts(TRACKS)
    hear(prompts, QUIET_SECONDS)
    return prompts


def test_each_microphone_is_asked_for_until_it_was_heard() -> None:
    prompts = Prompts(TRACKS)
    assert (prompts.stage, prompts.track) == (Stage.QUIET, "")
    assert prompts.left() == pytest.approx(QUIET_SECONDS + 2 * PROMPT_SECONDS)
    hear(prompts, QUIET_SECONDS)
    assert (prompts.stage, prompts.track) == (Stage.SPEAK, "mic-judge")
    hear(prompts, VOICED_SECONDS / 2, judge=LOUD)
    assert prompts.share == pytest.approx(0.5)
    hear(prompts, VOICED_SECONDS / 2, judge=LOUD)
    assert (prompts.track, prompts.share) == ("mic-claimant", 0.0)
    hear(prompts, VOICED_SECONDS, claimant=LOUD)
    assert (prompts.stage, prompts.track, prompts.left()) == (Stage.OVER, "", 0.0)
    assert prompts.spoken["mic-judge"].level("mic-judge") == pytest.approx(-25)
    assert prompts.spoken["mic-judge"].level("mic-claimant") == pytest.approx(-65)


def test_who_is_not_heard_is_not_waited_for_longer_than_a_moment() -> None:
    prompts = after_quiet()
    hear(prompts, PROMPT_SECONDS)
    assert prompts.track == "mic-claimant"
    assert prompts.spoken["mic-judge"].samples == 0
    assert prompts.spoken["mic-judge"].level("mic-judge") == SILENT.rms_db


def test_neither_loud_noise_nor_soft_speech_is_a_voice_into_the_microphone() -> None:
    prompts = after_quiet()
    hear(prompts, 2, judge=Ear(Level(-20, -10, False), speech=False))
    hear(prompts, 2, judge=Ear(Level(-60, -55, False), speech=True))
    assert (prompts.track, prompts.share) == ("mic-judge", 0.0)


def test_a_voice_that_comes_in_elsewhere_ends_the_prompt_too() -> None:
    prompts = after_quiet()
    hear(prompts, VOICED_SECONDS, claimant=LOUD)
    assert prompts.track == "mic-claimant"
    assert prompts.spoken["mic-judge"].level("mic-claimant") == pytest.approx(-25)


def test_a_microphone_without_signal_is_not_asked_for() -> None:
    prompts = Prompts(TRACKS)
    hear(prompts, QUIET_SECONDS, judge=Ear(SILENT, speech=False))
    assert prompts.track == "mic-claimant"
    none = Prompts(TRACKS)
    for _ in range(round(QUIET_SECONDS * 10)):
        none.hear({}, BLOCK)
    assert none.stage is Stage.OVER
