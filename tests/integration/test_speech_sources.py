"""Recorded human speech is where the tests look for it, and is what its text says it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.speech import Clip, Line, SpeechMissing, asterisk_ru, compose, festvox_ru, pyannote_sample, sources
from tools.sample_hearing.audio import read_pcm


def letters_per_second(clip: Clip) -> float:
    spoken = sum(end - start for _, start, end in clip.speech)
    return sum(letter.isalpha() for letter in clip.text) / spoken


@pytest.mark.parametrize("source", [festvox_ru, asterisk_ru])
def test_russian_clips_carry_speech_at_the_pace_of_their_text(source: Callable[..., list[Clip]]) -> None:
    clips = source(20, seed=3)
    assert [clip.name for clip in clips] == [clip.name for clip in source(20, seed=3)]
    for clip in clips:
        assert clip.pcm.dtype == np.int16
        assert 5 < letters_per_second(clip) < 30, clip.name


def test_all_620_sentences_have_sound() -> None:
    text = (sources.FESTVOX / "etc" / "txt.done.data").read_text(encoding="utf-8")
    sentences = sources.festvox_sentences(text)
    assert len(sentences) == 620
    assert all((sources.FESTVOX / "wav" / f"{name}.wav").is_file() for name in sentences)


def test_the_two_speaker_sample_is_fetched_once_and_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = pyannote_sample()
    assert clip.seconds == pytest.approx(30.0, abs=0.01)
    assert {speaker for speaker, _, _ in clip.speech} == {"speaker90", "speaker91"}
    assert clip.text.startswith("Hello? Hello? Oh, hello.")

    monkeypatch.setattr(sources, "_pip_download", lambda folder: pytest.fail("fetched a second time"))
    assert np.array_equal(pyannote_sample().pcm, clip.pcm)


def test_what_is_not_installed_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FESTVOX", tmp_path)
    with pytest.raises(SpeechMissing, match="apt-get install festvox-ru"):
        festvox_ru(1)


def test_a_room_of_two_real_voices_is_written_as_one_file_per_microphone(tmp_path: Path) -> None:
    (man,), (woman,) = festvox_ru(1), asterisk_ru(1)
    made = compose("real", ["judge", "claimant"], [Line("judge", man), Line("claimant", woman)], seed=1)
    files = made.write(tmp_path)
    assert [file.name for file in files] == ["judge.flac", "claimant.flac"]
    assert np.array_equal(np.stack([read_pcm(file) for file in files]), made.pcm)
    assert made.text == f"{man.text} {woman.text}"
