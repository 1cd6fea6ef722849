"""What an administrator pins is loaded, and nothing else; what the program knows is not the court's to choose."""

import hashlib
from pathlib import Path

import huggingface_hub
import pytest

from transcribe.errors import MissingModel, ModelError
from transcribe.manifest import (
    COURT_MANIFEST,
    ModelCard,
    ModelFile,
    court_models,
    manifest_text,
    model_card,
    parse_manifest,
)
from transcribe.models import ensure, verify
from transcribe.pins import card_to_pin, pin

OWN = ModelCard("court-ky", 'Our "Kyrgyz"\n\x7f', "MIT", ("ky", "ru"), (), engine="faster-whisper")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "config.json").write_bytes(b"{}")
    (folder / "model.bin").write_bytes(b"weights of the court")
    (folder / ".hidden").write_bytes(b"not of the model")
    return folder


def test_what_is_pinned_is_verified_from_then_on(given: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    pinned = pin(OWN, models, given)
    assert [file.name for file in pinned.files] == ["model.bin", "config.json"], "the weights name the model"
    assert pinned.sha256 == hashlib.sha256(b"weights of the court").hexdigest()
    assert model_card("court-ky", models) == pinned
    assert verify("court-ky", models) == models / "court-ky"
    assert sorted(one.name for one in models.iterdir()) == ["court-ky", COURT_MANIFEST]
    (models / "court-ky" / "model.bin").write_bytes(b"weights of somebody")
    with pytest.raises(ModelError, match="is not the one the manifest describes"):
        verify("court-ky", models)


def test_an_air_gapped_court_copies_one_folder(given: Path, tmp_path: Path) -> None:
    pin(OWN, tmp_path / "models", given)
    copied = (tmp_path / "models").rename(tmp_path / "elsewhere")
    assert verify("court-ky", copied) == copied / "court-ky"


def test_pinning_again_replaces_one_and_leaves_the_others(given: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    first = pin(OWN, models, given)
    other = pin(ModelCard("other", "Other", "MIT", ("kk",), (), engine="onnx-asr", loader="t-one-ctc"), models, given)
    (given / "model.bin").write_bytes(b"better weights")
    second = pin(OWN, models, given)
    assert court_models(models) == {"court-ky": second, "other": other}
    assert second.sha256 != first.sha256
    verify("court-ky", models)


def test_a_hubs_model_is_missing_until_it_is_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "models"
    for ask in (verify, ensure):
        with pytest.raises(MissingModel, match="run `courtrec models pin gigaam-multilingual`"):
            ask("gigaam-multilingual", models)

    def download(repository: str, local_dir: Path, allow_patterns: list[str]) -> None:
        assert (repository, allow_patterns[1]) == ("istupakov/gigaam-multilingual-ctc-onnx", "multilingual_vocab.txt")
        (local_dir / ".cache").mkdir(parents=True)
        (local_dir / "multilingual_ctc.onnx").write_bytes(b"weights of the hub")
        (local_dir / "multilingual_vocab.txt").write_bytes(b"vocabulary")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    known = card_to_pin("gigaam-multilingual", models)
    assert known is not None
    pinned = pin(known, models, None)
    assert {file.name for file in pinned.files} == {"multilingual_ctc.onnx", "multilingual_vocab.txt"}
    assert (pinned.loader, pinned.languages) == ("gigaam-multilingual-ctc", ("ky", "kk", "ru"))
    verify("gigaam-multilingual", models)


def test_a_hub_that_does_not_answer_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    known = card_to_pin("gigaam-v3", tmp_path)
    assert known is not None
    with pytest.raises(ModelError, match="The hub did not give istupakov/gigaam-v3-onnx"):
        pin(known, tmp_path / "models", None)
    assert not (tmp_path / "models" / COURT_MANIFEST).exists()


def test_the_programs_own_hashes_are_not_the_courts_to_choose(given: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="The hashes of whisper-base come with the program"):
        card_to_pin("whisper-base", tmp_path)
    forged = ModelCard("whisper-base", "Base", "MIT", ("ru",), (ModelFile("model.bin", 1, "00" * 32),))
    (tmp_path / COURT_MANIFEST).write_text(manifest_text([forged]))
    assert model_card("whisper-base", tmp_path).sha256.startswith("d01c3014")


@pytest.mark.parametrize("name", ["../elsewhere", ".hidden", COURT_MANIFEST])
def test_a_name_that_is_no_folders_is_refused(name: str, given: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be named"):
        pin(ModelCard(name, "x", "MIT", ("ru",), ()), tmp_path / "models", given)


def test_folders_without_the_files_are_one_sentence(given: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="holds no files"):
        pin(OWN, tmp_path / "models", tmp_path / "empty")
    with pytest.raises(ModelError, match="cannot be copied"):
        pin(OWN, tmp_path / "models", tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["[[model]]\nname = 1", "not toml", "model = 3"])
def test_a_damaged_manifest_is_one_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / COURT_MANIFEST).write_text(content)
    with pytest.raises(ModelError, match=r"The court's manifest .* cannot be read"):
        court_models(tmp_path)


def test_a_manifest_reads_back_what_was_written() -> None:
    card = ModelCard(
        "a", 'quote " and \\ and\x7f', "MIT", ("ky",), (ModelFile("m", 3, "ab", hub="x/m"),), "o/n", "e", "l"
    )
    assert parse_manifest(manifest_text([card])) == {"a": card}
