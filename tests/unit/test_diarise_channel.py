"""Who speaks, by microphone: bleed is nobody, two at once are two."""

import numpy as np
import pytest

from tests.factories.voices import heard_everywhere, room
from transcribe.diarise.channel import dominant_channels
from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan

JUDGE, CLAIMANT, RESPONDENT = "mic-judge", "mic-claimant", "mic-respondent"


def test_each_turn_belongs_to_the_microphone_it_was_spoken_into() -> None:
    turns = [(JUDGE, 1.0, 4.0), (CLAIMANT, 5.0, 8.0), (RESPONDENT, 9.0, 11.0)]
    pcm = room(turns, 12.0)
    found = dominant_channels(pcm, heard_everywhere(turns))
    assert [one.track for one in found] == [track for track, _, _ in turns]
    for one, (_, start, end) in zip(found, turns, strict=True):
        assert one.start == pytest.approx(start, abs=0.25)
        assert one.end == pytest.approx(end, abs=0.25)


def test_what_is_said_begins_and_ends_with_its_sound_and_is_heard_with_some_room_around() -> None:
    turns = [(JUDGE, 1.0, 4.0), (CLAIMANT, 4.1, 8.0)]
    pcm = room(turns, 9.0)
    judge, claimant = dominant_channels(pcm, heard_everywhere([("", 0.8, 8.2)]))
    for one, (_, start, end) in zip((judge, claimant), turns, strict=True):
        assert (one.begins, one.ends) == (pytest.approx(start, abs=0.06), pytest.approx(end, abs=0.06))
        assert one.start < one.begins < one.ends < one.end
        assert one.start < start
        assert one.end > end


def test_two_people_at_once_are_two() -> None:
    turns = [(JUDGE, 1.0, 5.0), (CLAIMANT, 4.0, 8.0)]
    pcm = room(turns, 9.0)
    found = dominant_channels(pcm, heard_everywhere([("", 1.0, 8.0)]))
    assert [one.track for one in found] == [JUDGE, CLAIMANT]
    assert found[0].end > 4.5
    assert found[1].start < 4.5


@pytest.mark.parametrize("louder", [JUDGE, CLAIMANT, RESPONDENT])
def test_a_microphone_turned_up_does_not_take_over(louder: str) -> None:
    turns = [(JUDGE, 1.0, 4.0), (CLAIMANT, 5.0, 8.0)]
    pcm = room(turns, 9.0, gains_db={louder: 11.0})
    found = dominant_channels(pcm, heard_everywhere(turns))
    assert [one.track for one in found] == [JUDGE, CLAIMANT]


def test_speech_without_any_pause_is_still_speech() -> None:
    turns = [(JUDGE, 0.0, 6.0)]
    pcm = room(turns, 6.0)
    [found] = dominant_channels(pcm, heard_everywhere(turns))
    assert (found.track, found.start, found.end) == (JUDGE, 0.0, 6.0)


def test_noise_taken_for_speech_belongs_to_nobody() -> None:
    pcm = room([(JUDGE, 1.0, 3.0)], 10.0)
    assert dominant_channels(pcm, heard_everywhere([("", 5.0, 9.0)])) == []


def test_noise_beside_a_stretch_that_was_not_recorded_belongs_to_nobody() -> None:
    pcm = room([(JUDGE, 1.0, 3.0)], 10.0)
    for one in pcm.values():
        one[6 * SAMPLE_RATE :] = 0
    assert dominant_channels(pcm, heard_everywhere([("", 3.5, 5.9)])) == []


def test_the_detector_is_asked_only_where_a_microphone_leads() -> None:
    turns = [(JUDGE, 2.0, 5.0), (CLAIMANT, 8.0, 11.0)]
    pcm = room(turns, 13.0)
    asked: list[tuple[str, float, float]] = []

    def detect(track: str, sound: Pcm, start: float, end: float) -> list[SpeechSpan]:
        assert sound is pcm[track]
        asked.append((track, start, end))
        return [SpeechSpan(track, start, end)]

    dominant_channels(pcm, detect)
    assert [track for track, _, _ in sorted(asked, key=lambda one: one[1])] == [JUDGE, CLAIMANT]
    for (_, start, end), (_, begins, ends) in zip(sorted(asked, key=lambda one: one[1]), turns, strict=True):
        assert begins - 1.0 < start < begins - 0.3, "some sound before, for the detector to come to itself"
        assert ends + 0.3 < end < ends + 1.0


def test_a_dead_microphone_changes_nothing() -> None:
    turns = [(JUDGE, 1.0, 4.0)]
    pcm = room(turns, 6.0)
    pcm[RESPONDENT] = np.zeros_like(pcm[RESPONDENT])
    assert [one.track for one in dominant_channels(pcm, heard_everywhere(turns))] == [JUDGE]


def test_a_dip_does_not_end_a_turn_and_a_click_is_no_turn() -> None:
    pcm = room([(JUDGE, 1.0, 3.0), (JUDGE, 3.3, 5.0), (CLAIMANT, 7.0, 7.01)], 9.0)
    found = dominant_channels(pcm, heard_everywhere([("", 1.0, 5.0)]))
    assert [one.track for one in found] == [JUDGE]


@pytest.mark.parametrize("pcm", [{}, {JUDGE: np.zeros(0, np.int16)}, {JUDGE: np.zeros(16_000, np.int16)}])
def test_nothing_recorded_is_nobody_speaking(pcm: dict[str, np.ndarray]) -> None:
    assert dominant_channels(pcm, heard_everywhere([(JUDGE, 0.0, 1.0)])) == []
