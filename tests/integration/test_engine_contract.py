"""What holds for every engine behind the port, with models that are really loaded and really recognise."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.factories.onnx_models import tone_reader, tones
from tests.speech import festvox_ru, pyannote_sample
from tests.speech.recogniser import models_dir
from transcribe.engines.onnx import OnnxAsrEngine
from transcribe.engines.port import Engine, Identifier, Sound
from transcribe.engines.whisper import IDENTIFY_SECONDS, WhisperEngine
from transcribe.errors import EngineError, ModelError, NoEngine
from transcribe.evaluate import word_errors
from transcribe.language import guess
from transcribe.manifest import ModelCard
from transcribe.models import ensure
from transcribe.pins import pin
from transcribe.speech import SAMPLE_RATE, plain


@dataclass(frozen=True)
class Case:
    """An engine, how to load another of its kind from a folder, and something it understands."""

    engine: Engine
    folder: Path
    load: Callable[[Path], Engine]
    sound: Sound
    language: str
    text: str
    unknown: str


def heard(pcm: np.ndarray[tuple[int], np.dtype[np.int16]]) -> Sound:
    return pcm.astype(np.float32) / 32768.0


def whisper(model: str, sound: Sound, language: str, text: str) -> Case:
    ensure(model, models_dir())

    def load(folder: Path) -> Engine:
        return WhisperEngine(model, folder, device="cpu")

    return Case(load(models_dir()), models_dir() / model, load, sound, language, text, unknown="ky")


def tone(folder: Path) -> Case:
    made = folder / "made"
    made.mkdir()
    tone_reader(made)
    card = ModelCard("tones", "Tones", "MIT", ("ky",), (), engine="onnx-asr", loader="gigaam-multilingual-ctc")
    pin(card, folder / "models", made)

    def load(models: Path) -> Engine:
        return OnnxAsrEngine("tones", models, device="cpu")

    return Case(load(folder / "models"), folder / "models" / "tones", load, tones("аб▁в"), "ky", "аб в", unknown="en")


def russian() -> tuple[Sound, str, str]:
    clip = festvox_ru(1, seed=5)[0]
    return heard(clip.pcm), "ru", clip.text


def english() -> tuple[Sound, str, str]:
    clip = pyannote_sample()
    return heard(clip.pcm[6 * SAMPLE_RATE :]), "en", clip.text


@pytest.fixture(scope="module", params=["whisper-base", "whisper-tiny", "whisper-tiny-en", "onnx-asr"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    if request.param == "onnx-asr":
        yield tone(tmp_path_factory.mktemp("tones"))
    else:
        yield whisper(request.param, *(english() if request.param == "whisper-tiny-en" else russian()))


def test_words_are_understood_and_lie_in_the_sound_in_order(case: Case) -> None:
    segments = case.engine.transcribe(case.sound, case.language)
    words = [word for one in segments for word in one.words]
    assert word_errors({"": case.text}, {"": " ".join(word.text for word in words)}).rate <= 0.5
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end <= len(case.sound) / SAMPLE_RATE + 0.5 for word in words)
    assert all(0 < word.probability <= 1 for word in words)
    assert all(word.text == word.text.strip() != "" for word in words)
    assert {one.language for one in segments} == {case.language}
    assert all(one.log_probability <= 0 and one.compression_ratio > 0 for one in segments)


def test_the_same_sound_gives_the_same_words(case: Case) -> None:
    assert case.engine.transcribe(case.sound, case.language) == case.engine.transcribe(case.sound, case.language)


def test_a_language_it_does_not_know_is_one_sentence_for_good(case: Case) -> None:
    with pytest.raises(NoEngine, match=f"does not know the language '{case.unknown}'"):
        case.engine.transcribe(case.sound, case.unknown)


def test_it_names_its_model_and_settings(case: Case) -> None:
    assert case.engine.name.endswith(f"/{case.folder.name}")
    assert len(case.engine.model_sha256) == 64
    assert case.engine.parameters["device"] == "cpu"


def test_weights_with_one_bit_changed_are_not_loaded(case: Case, tmp_path: Path) -> None:
    shutil.copytree(case.folder.parent, tmp_path / "models", ignore=lambda at, names: foreign(case, at, names))
    weights = max((tmp_path / "models" / case.folder.name).iterdir(), key=lambda one: one.stat().st_size)
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match=r"is not the one the manifest describes \(its SHA-256 differs\)"):
        case.load(tmp_path / "models")


def foreign(case: Case, at: str, names: list[str]) -> list[str]:
    """Other models, which need not be copied."""
    if Path(at) != case.folder.parent:
        return []
    return [name for name in names if (Path(at) / name).is_dir() and name != case.folder.name]


def test_a_language_is_told_from_three_seconds(case: Case) -> None:
    if not (isinstance(case.engine, Identifier) and case.engine.tells_languages):
        return
    spoken = [(russian()[0], "ru"), (english()[0], "en")]
    found = case.engine.identify([sound for sound, _ in spoken])
    assert [guess(one, 9.0, "kk", ("kk", "ru", "en")).language for one in found] == ["ru", "en"]
    cut = case.engine.identify([sound[: IDENTIFY_SECONDS * SAMPLE_RATE] for sound, _ in spoken])
    assert cut == found, "what comes later is not heard"
    assert case.engine.identify([]) == []


def test_times_and_certainty_come_from_the_tokens(tmp_path: Path) -> None:
    found = tone(tmp_path).engine.transcribe(tones("аб▁в"), "ky")[0]
    assert [plain(word.text) for word in found.words] == ["аб", "в"]
    first, second = found.words
    assert first.start == pytest.approx(0.1, abs=0.06)
    assert 0.5 < first.end < second.start
    assert second.start == pytest.approx(1.3, abs=0.06)
    assert first.probability > 0.9


def test_silence_has_no_words_and_no_segments(tmp_path: Path) -> None:
    assert tone(tmp_path).engine.transcribe(np.zeros(SAMPLE_RATE, np.float32), "ky") == []


def test_a_folder_that_is_no_model_of_its_kind_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "multilingual_ctc.onnx").write_bytes(b"no model")
    card = ModelCard("bad", "Bad", "MIT", ("ky",), (), engine="onnx-asr", loader="gigaam-multilingual-ctc")
    pin(card, tmp_path / "models", tmp_path / "made")
    with pytest.raises(EngineError, match="cannot be loaded on cpu"):
        OnnxAsrEngine("bad", tmp_path / "models", device="cpu")
