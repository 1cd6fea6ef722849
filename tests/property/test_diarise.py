"""Bleed never yields a second utterance, whoever speaks how long in whatever room."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.voices import heard_everywhere, room
from transcribe.diarise.channel import dominant_channels

TRACKS = ("mic-claimant", "mic-judge", "mic-respondent", "mic-secretary")
FRAME = 0.017  # seconds: turns begin and end with a frame


@st.composite
def turn_takings(draw: st.DrawFn) -> tuple[list[tuple[str, float, float]], float]:
    """One person after the other, with pauses between; and the length of it all."""
    clock, turns = draw(st.floats(0.3, 2.0)), []
    for _ in range(draw(st.integers(1, 4))):
        length = draw(st.floats(0.5, 4.0))
        turns.append((draw(st.sampled_from(TRACKS)), clock, clock + length))
        clock += length + draw(st.floats(0.6, 2.0))
    return turns, clock


@settings(max_examples=60, deadline=None)
@given(turn_takings(), st.floats(-30.0, -6.0), st.floats(-75.0, -40.0), st.integers(0, 2**16))
def test_one_voice_is_heard_from_one_microphone(
    spoken: tuple[list[tuple[str, float, float]], float], bleed_db: float, noise_db: float, seed: int
) -> None:
    turns, seconds = spoken
    pcm = room(turns, seconds, TRACKS, bleed_db=bleed_db, noise_db=noise_db, seed=seed)
    found = dominant_channels(pcm, heard_everywhere(turns))
    assert [one.track for one in found] == [track for track, _, _ in turns]
    for one, (_, start, end) in zip(found, turns, strict=True):
        assert start - FRAME <= one.start < one.end <= end + FRAME


@settings(max_examples=40, deadline=None)
@given(st.floats(-30.0, -6.0), st.floats(1.0, 3.0), st.floats(-3.0, 3.0), st.integers(0, 2**16))
def test_two_voices_at_once_are_heard_from_their_two_microphones(
    bleed_db: float, together: float, louder_db: float, seed: int
) -> None:
    turns = [("mic-judge", 1.0, 4.0), ("mic-claimant", 4.0 - together, 7.0)]
    pcm = room(turns, 8.0, TRACKS, bleed_db=bleed_db, gains_db={"mic-judge": louder_db}, seed=seed)
    found = dominant_channels(pcm, heard_everywhere([("", 0.9, 7.1)]))
    assert {one.track for one in found} == {"mic-judge", "mic-claimant"}
    for track, start, end in turns:
        heard = sum(one.seconds for one in found if one.track == track)
        assert heard > 0.8 * (end - start)
