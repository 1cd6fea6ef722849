"""Which recogniser serves which language is a setting, and what is missing is said plainly."""

from pathlib import Path
from typing import Literal

import pytest

from transcribe.engines import select, whisper
from transcribe.engines.select import Engines
from transcribe.engines.whisper import WhisperEngine
from transcribe.errors import EngineError, ModelError, NoEngine
from transcribe.settings import TranscribeSettings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURTREC_TRANSCRIBE_ENGINES", '{"ky": "gigaam"}')
    monkeypatch.setenv("COURTREC_TRANSCRIBE_THREADS", "2")
    monkeypatch.setenv("COURTREC_TRANSCRIBE_DEVICE", "cpu")
    settings = TranscribeSettings()
    assert (settings.model_for("ky"), settings.threads, settings.device) == ("gigaam", 2, "cpu")


def test_a_language_without_an_engine_is_one_sentence() -> None:
    with pytest.raises(NoEngine, match=r"No recogniser is set for hearings in 'ky'.*en, kk, ru"):
        TranscribeSettings().model_for("ky")


def test_languages_of_one_model_share_one_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loaded: list[tuple[str, Path, object]] = []

    def load(model: str, models_dir: Path, **options: object) -> object:
        loaded.append((model, models_dir, options["threads"]))
        return object()

    monkeypatch.setattr(select, "WhisperEngine", load)
    engines = Engines(TranscribeSettings(threads=3), tmp_path)
    assert engines("ru") is engines("en")
    assert loaded == [("whisper-base", tmp_path, 3)]


def test_a_model_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="run `courtrec models fetch`"):
        WhisperEngine("whisper-base", tmp_path)


@pytest.mark.parametrize(
    ("gpus", "device", "expected"),
    [
        (0, "auto", {"device": "cpu", "compute_type": "int8"}),
        (1, "auto", {"device": "cuda", "compute_type": "float16"}),
        (1, "cuda", {"device": "cuda", "compute_type": "float16"}),
        (1, "cpu", {"device": "cpu", "compute_type": "int8"}),
    ],
)
def test_a_gpu_is_used_where_there_is_one_and_it_may_be(
    gpus: int,
    device: Literal["auto", "cpu", "cuda"],
    expected: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr(whisper, "verify", lambda name, folder: folder / name)
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: gpus)
    monkeypatch.setattr(whisper, "WhisperModel", lambda path, **options: asked.update(options))
    engine = WhisperEngine("whisper-base", tmp_path, device=device)
    assert asked == {**expected, "cpu_threads": 1, "local_files_only": True}
    assert engine.parameters == {**expected, "beam_size": 5}


def test_a_model_that_cannot_be_loaded_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def load(path: str, **options: object) -> None:
        raise RuntimeError("CUDA driver version is insufficient")

    monkeypatch.setattr(whisper, "verify", lambda name, folder: folder / name)
    monkeypatch.setattr(whisper, "WhisperModel", load)
    with pytest.raises(EngineError, match="cannot be loaded on cpu: CUDA driver version"):
        WhisperEngine("whisper-base", tmp_path, device="cpu")
