"""The real recogniser on real human speech, on silence and on noise."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.speech import Line, asterisk_ru, compose, festvox_named, festvox_ru
from tests.speech.recogniser import models_dir
from transcribe.engines.encoding import encoded_samples
from transcribe.engines.whisper import WhisperEngine
from transcribe.errors import EngineError
from transcribe.evaluate import speaker_errors, word_errors
from transcribe.pipeline import spoken_spans, transcribe_window
from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan, plain

TRACKS = ("mic-judge", "mic-secretary")
ENDINGS = [
    one + two
    for one in ("Марат", "Бакыт", "Эрмек", "Талант", "Нурлан")
    for two in ("овна", "бековна", "ова", "ов", "ович")
] * 4


def noise(seconds: int, level_db: float) -> dict[str, Pcm]:
    rng = np.random.default_rng(3)
    scale = 32768 * 10 ** (level_db / 20)
    return {track: (rng.standard_normal(seconds * SAMPLE_RATE) * scale).astype(np.int16) for track in TRACKS}


def test_two_people_in_a_room_are_told_apart_and_understood(whisper_base: WhisperEngine) -> None:
    man, woman = festvox_ru(2, seed=1), asterisk_ru(2, seed=1)
    lines = [Line("judge", man[0]), Line("secretary", woman[0]), Line("judge", man[1]), Line("secretary", woman[1])]
    room = compose("two", ("judge", "secretary"), lines, seed=1)
    pcm = dict(zip(TRACKS, room.pcm, strict=True))
    found = transcribe_window(pcm, 0.0, "ru", whisper_base)

    assert [one.role for one in found] == [one.role for one in room.utterances], "bleed is no second utterance"
    said = {role: " ".join(one.text for one in found if one.role == role) for role in room.seats}
    meant = {role: " ".join(one.text for one in room.utterances if one.role == role) for role in room.seats}
    assert word_errors(meant, said).rate < 0.35
    reference = [SpeechSpan(f"mic-{role}", start, end) for role, start, end in room.speech]
    seconds = room.pcm.shape[1] / SAMPLE_RATE
    assert speaker_errors(reference, spoken_spans(pcm), seconds, collar=0.25).rate < 0.05
    for heard, meant_one in zip(found, room.utterances, strict=True):
        assert heard.start == pytest.approx(meant_one.start, abs=0.3)
        assert heard.end == pytest.approx(meant_one.end, abs=0.3)
        starts = [word.start for word in heard.words]
        assert starts == sorted(starts)
        assert all(heard.start <= word.start <= word.end <= heard.end for word in heard.words)


def test_a_name_told_beforehand_is_written_as_told(whisper_base: WhisperEngine) -> None:
    pcm = {"mic-judge": festvox_named(["ru_0383"])[0].pcm}  # "... - Да, сказал Шрелла, - ..."

    def heard(engine: WhisperEngine) -> list[str]:
        return plain(" ".join(one.text for one in transcribe_window(pcm, 0.0, "ru", engine))).split()

    told = whisper_base.with_hotwords(["Асанов Б. Т.", "Шрелла"])
    assert "шрелла" in heard(told)
    assert "шрелла" not in heard(whisper_base), "the engine that was told nothing stays as it was"
    assert "асанов" not in heard(told)
    assert told.parameters != whisper_base.parameters
    assert told.parameters == whisper_base.with_hotwords(["Асанов Б. Т.", "Шрелла"]).parameters


def test_more_words_than_whisper_can_look_at_are_left_out_from_the_end(whisper_base: WhisperEngine) -> None:
    pcm = {"mic-judge": festvox_named(["ru_0383"])[0].pcm}
    many = ["Шрелла", *(f"Садыкова Айгуль {ending}" for ending in ENDINGS)]
    told = whisper_base.with_hotwords(many)
    assert told.parameters == whisper_base.with_hotwords(many[:25]).parameters
    assert told.parameters != whisper_base.with_hotwords(many[:12]).parameters, "twelve full names are not too many"
    assert transcribe_window(pcm, 0.0, "ru", told)


def test_the_same_sound_gives_the_same_words(whisper_base: WhisperEngine) -> None:
    pcm = {"mic-judge": festvox_ru(1)[0].pcm}
    first = transcribe_window(pcm, 0.0, "ru", whisper_base)
    assert first[0].words
    assert transcribe_window(pcm, 0.0, "ru", whisper_base) == first


def test_several_sounds_at_once_are_understood_as_each_alone(whisper_base: WhisperEngine) -> None:
    clips = [*festvox_ru(2, seed=1), *asterisk_ru(1, seed=1)]
    sounds = [one.pcm.astype(np.float32) / 32768.0 for one in clips]
    together = whisper_base.transcribe_all(sounds, "ru")
    assert together == whisper_base.transcribe_all(sounds, "ru"), "the same sounds give the same words"
    for clip, sound, segments in zip(clips, sounds, together, strict=True):
        words = [word for one in segments for word in one.words]
        assert word_errors({"": clip.text}, {"": " ".join(word.text for word in words)}).rate < 0.35
        assert all(0 <= word.start <= word.end <= len(sound) / SAMPLE_RATE + 1 for word in words)
    assert whisper_base.transcribe_all(sounds[:1], "ru") == [whisper_base.transcribe(sounds[0], "ru")]
    assert whisper_base.transcribe_all([], "ru") == []
    with pytest.raises(EngineError, match="does not know the language 'ky'"):
        whisper_base.transcribe_all(sounds, "ky")


def test_no_more_is_encoded_than_is_said_and_the_words_are_found(
    whisper_base: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = festvox_ru(1, seed=1)[0]
    encoded, encode = list[int](), whisper_base._model.encode

    def counted(features: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> object:
        encoded.append(features.shape[-1])
        return encode(features)

    monkeypatch.setattr(whisper_base._model, "encode", counted)
    sound = clip.pcm.astype(np.float32) / 32768.0
    [said] = whisper_base.transcribe(sound, "ru")
    assert word_errors({"": clip.text}, {"": " ".join(word.text for word in said.words)}).rate < 0.35
    assert encoded == [encoded_samples([len(sound)]) // 160]
    assert encoded[0] < 3000


@pytest.mark.parametrize("level_db", [-200.0, -60.0, -40.0, -25.0])
def test_silence_and_noise_have_no_words(whisper_base: WhisperEngine, level_db: float) -> None:
    assert transcribe_window(noise(15, level_db), 0.0, "ru", whisper_base) == []


def test_hum_and_knocking_have_no_words(whisper_base: WhisperEngine) -> None:
    time = np.arange(15 * SAMPLE_RATE) / SAMPLE_RATE
    hum = 0.1 * np.sin(2 * np.pi * 50 * time)
    knocks = 0.5 * np.exp(-60 * (time % 2.0)) * np.sin(2 * np.pi * 180 * time)
    pcm = {"mic-judge": ((hum + knocks) * 32767).astype(np.int16), "mic-secretary": np.zeros(time.size, np.int16)}
    assert transcribe_window(pcm, 0.0, "ru", whisper_base) == []


def test_a_language_the_model_does_not_know_is_one_sentence(whisper_base: WhisperEngine) -> None:
    with pytest.raises(EngineError, match="does not know the language 'ky'"):
        whisper_base.transcribe(np.zeros(SAMPLE_RATE, np.float32), "ky")


def test_a_gpu_that_is_not_there_is_one_sentence(
    whisper_base: WhisperEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 0)
    with pytest.raises(EngineError, match="no usable GPU was found"):
        WhisperEngine("whisper-base", models_dir(), device="cuda")


def test_what_is_stored_names_model_and_settings(whisper_base: WhisperEngine) -> None:
    assert whisper_base.name == "faster-whisper/whisper-base"
    assert len(whisper_base.model_sha256) == 64
    assert whisper_base.parameters == {
        "beam_size": 5,
        "batch": 8,
        "encoded_least_ms": 15_000,
        "encoded_after_ms": 5_000,
        "device": "cpu",
        "compute_type": "int8",
    }


LOAD = """
import socket, sys
def refuse(*args, **kwargs):
    raise SystemExit("the network was touched")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from pathlib import Path
import numpy
from transcribe.engines.whisper import WhisperEngine
engine = WhisperEngine("whisper-base", Path(sys.argv[1]), device="cpu")
engine.transcribe(numpy.zeros(16000, numpy.float32), "ru")
"""


def test_loading_and_recognising_touch_no_network_and_warn_of_nothing(whisper_base: WhisperEngine) -> None:
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-W", "error", "-c", LOAD, str(models_dir())]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
