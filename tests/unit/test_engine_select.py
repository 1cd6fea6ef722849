"""Which recogniser serves which language is a setting, and what is missing is said plainly."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from transcribe.engines import select, whisper
from transcribe.engines.select import Engines
from transcribe.engines.whisper import BATCH, WhisperEngine
from transcribe.errors import EngineError, MissingModel, ModelError, NoEngine, TranscribeSettingsError
from transcribe.settings import TranscribeSettings, load_transcribe_settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURTREC_TRANSCRIBE_ENGINES", '{"ky": "gigaam", "ru": ["own", "whisper-base"]}')
    monkeypatch.setenv("COURTREC_TRANSCRIBE_LANGUAGES", '["kk", "ru"]')
    monkeypatch.setenv("COURTREC_TRANSCRIBE_THREADS", "2")
    monkeypatch.setenv("COURTREC_TRANSCRIBE_DEVICE", "cpu")
    settings = TranscribeSettings()
    assert (settings.models_for("ky"), settings.models_for("ru")) == (("gigaam",), ("own", "whisper-base"))
    assert (settings.languages, settings.threads, settings.device) == (("kk", "ru"), 2, "cpu")


@pytest.mark.parametrize("field", ["ENGINES", "LANGUAGES", "GLOSSARY", "LIVE_MODELS"])
def test_a_setting_that_is_no_json_is_named(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"COURTREC_TRANSCRIBE_{field}", "whisper-base")
    with pytest.raises(TranscribeSettingsError, match=rf"COURTREC_TRANSCRIBE_{field}: it is not JSON like [\[{{]"):
        load_transcribe_settings()


def test_a_glossary_is_of_the_languages_of_hearings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURTREC_TRANSCRIBE_GLOSSARY", '{"ru": "расписка", "kk": ["қолхат"]}')
    assert load_transcribe_settings().glossary == {"ru": ("расписка",), "kk": ("қолхат",)}
    monkeypatch.setenv("COURTREC_TRANSCRIBE_GLOSSARY", '{"RU": ["расписка"]}')
    with pytest.raises(TranscribeSettingsError, match=r"GLOSSARY: .*no hearing is in 'RU': use ru, ky, kk, en"):
        load_transcribe_settings()


def test_a_language_without_an_engine_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoEngine, match=r"No recogniser is set for hearings in 'uz'.*en, kk, ky, ru"):
        Engines(TranscribeSettings(), tmp_path)("uz")


def test_kyrgyz_is_nobodys_while_its_model_is_not_here(tmp_path: Path) -> None:
    engines = Engines(TranscribeSettings(), tmp_path)
    with pytest.raises(NoEngine, match=r"in 'ky' can be used.*courtrec models pin gigaam-multilingual"):
        engines("ky")


class Loaded:
    """Stands in for an engine; `broken` are models that cannot be loaded."""

    languages = ("ru", "en")
    broken: ClassVar[set[str]] = set()
    asked: ClassVar[list[str]] = []

    def __init__(self, model: str, models_dir: Path, **options: object) -> None:
        self.asked.append(model)
        if model in self.broken:
            raise ModelError(f"The model file {model} is not the one the manifest describes.")
        if not (models_dir / model).is_dir():
            raise MissingModel(f"The recognition model {model} is not here.")
        self.name = model


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> type[Loaded]:
    monkeypatch.setattr(select, "WhisperEngine", Loaded)
    monkeypatch.setattr(Loaded, "broken", set())
    monkeypatch.setattr(Loaded, "asked", [])
    return Loaded


def test_languages_of_one_model_share_one_engine(loaded: type[Loaded], tmp_path: Path) -> None:
    (tmp_path / "whisper-base").mkdir()
    engines = Engines(TranscribeSettings(engines={"ru": "whisper-base", "en": "whisper-base"}), tmp_path)
    assert engines("ru") is engines("en")
    assert loaded.asked == ["whisper-base"]


def test_the_first_model_that_is_here_serves(loaded: type[Loaded], tmp_path: Path) -> None:
    engines = Engines(TranscribeSettings(engines={"ru": ("whisper-small", "whisper-base")}), tmp_path)
    (tmp_path / "whisper-base").mkdir()
    assert engines("ru").name == "whisper-base"
    (tmp_path / "whisper-small").mkdir()
    assert engines("ru").name == "whisper-small", "what is fetched later serves without a restart"


def test_a_damaged_model_is_passed_over_and_not_hashed_again(loaded: type[Loaded], tmp_path: Path) -> None:
    loaded.broken.add("whisper-small")
    (tmp_path / "whisper-base").mkdir()
    engines = Engines(TranscribeSettings(engines={"ru": ("whisper-small", "whisper-base")}), tmp_path)
    assert [engines("ru").name, engines("ru").name] == ["whisper-base", "whisper-base"]
    assert loaded.asked.count("whisper-small") == 1


def test_a_model_that_does_not_know_the_language_is_passed_over(loaded: type[Loaded], tmp_path: Path) -> None:
    (tmp_path / "whisper-base").mkdir()
    engines = Engines(TranscribeSettings(engines={"ky": "whisper-base"}), tmp_path)
    with pytest.raises(NoEngine, match="whisper-base does not know the language 'ky'"):
        engines("ky")


class Telling(Loaded):
    """An engine that tells languages apart."""

    model_sha256, tells_languages = "ab" * 32, True

    def identify(self, sounds: Sequence[object]) -> list[dict[str, float]]:
        return [{"ru": 1.0} for _ in sounds]


def test_the_courts_other_languages_have_their_engines_and_what_tells_them_apart(
    loaded: type[Loaded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = TranscribeSettings(engines={"ru": "whisper-base", "en": "whisper-base"}, languages=("ru", "ky", "en"))
    (tmp_path / "whisper-base").mkdir()
    assert Engines(settings, tmp_path).tongues("ru") is None, "nothing here tells them apart"
    monkeypatch.setattr(select, "WhisperEngine", Telling)
    engines = Engines(settings, tmp_path)
    found = engines.tongues("ru")
    assert found is not None
    assert (found.identifier.name, found.engines) == ("whisper-base", {"ky": None, "en": engines("en")})
    (tmp_path / "whisper-tiny").mkdir()
    better = engines.tongues("ru")
    assert better is not None
    assert better.identifier.name == "whisper-tiny"
    assert Engines(settings.model_copy(update={"languages": ("ru",)}), tmp_path).tongues("ru") is None


def test_a_language_whose_models_are_all_damaged_says_why(loaded: type[Loaded], tmp_path: Path) -> None:
    loaded.broken.add("whisper-base")
    engines = Engines(TranscribeSettings(engines={"ru": "whisper-base"}), tmp_path)
    for _ in range(2):
        with pytest.raises(NoEngine, match="whisper-base is not the one the manifest describes"):
            engines("ru")


@pytest.mark.parametrize(
    ("model", "sentence"),
    [("nonsense", "'nonsense' is unknown: use one of"), ("silero-vad", "silero-vad recognises no words")],
)
def test_a_model_that_cannot_recognise_is_one_sentence(model: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(NoEngine, match=sentence):
        Engines(TranscribeSettings(engines={"ru": model}), tmp_path)("ru")


def test_a_model_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="run `courtrec models fetch whisper-base`"):
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
    monkeypatch.setattr(WhisperEngine, "_fitting", lambda engine: BATCH)
    engine = WhisperEngine("whisper-base", tmp_path, device=device)
    assert asked == {**expected, "cpu_threads": 1, "local_files_only": True}
    encoded = {"encoded_least_ms": 15_000, "encoded_after_ms": 5_000}
    assert engine.parameters == {**expected, **encoded, "beam_size": 5, "batch": BATCH}


def test_a_model_that_cannot_be_loaded_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def load(path: str, **options: object) -> None:
        raise RuntimeError("CUDA driver version is insufficient")

    monkeypatch.setattr(whisper, "verify", lambda name, folder: folder / name)
    monkeypatch.setattr(whisper, "WhisperModel", load)
    with pytest.raises(EngineError, match="cannot be loaded on cpu: CUDA driver version"):
        WhisperEngine("whisper-base", tmp_path, device="cpu")
