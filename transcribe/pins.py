"""Pinning: an administrator states once what a model's files hash to, and nothing else is loaded from then on.

For models whose hashes the packaged manifest does not know: those of a hub, and the court's own.
"""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from storage import durable
from transcribe.errors import ModelError
from transcribe.manifest import COURT_MANIFEST, ModelCard, ModelFile, court_models, manifest_text, packaged_models
from transcribe.models import scratch_folder
from transcribe.sources import snapshot

ENGINES = ("faster-whisper", "onnx-asr")


def card_to_pin(name: str, models_dir: Path) -> ModelCard | None:
    """What is known of the model `name` already; None for one of the court's own.

    Raises ModelError for a model whose hashes the packaged manifest states: those are not the court's to choose.
    """
    packaged = packaged_models().get(name)
    if packaged and packaged.pinned:
        raise ModelError(f"The hashes of {name} come with the program: run `courtrec models fetch {name}`.")
    return packaged or court_models(models_dir).get(name)


def pin(card: ModelCard, models_dir: Path, folder: Path | None) -> ModelCard:
    """Takes the model's files from `folder`, or from its hub if that is None, hashes them and keeps them.

    A card without files takes every file of the folder. Returns the card as the court's manifest has it from now on;
    whatever was pinned under the name before is replaced. Raises ModelError.
    """
    if "/" in card.name or card.name.startswith(".") or card.name == COURT_MANIFEST:
        raise ModelError(f"A model cannot be named {card.name!r}: use letters, digits and hyphens.")
    with scratch_folder(models_dir) as scratch:
        work = Path(scratch)
        found = _copied(card, folder, work / card.name) if folder else snapshot(card, work / card.name)
        pinned = replace(card, files=_hashed(card, found), carriers=(), convert=())
        target = models_dir / card.name
        if target.exists():
            target.replace(work / "before")
        found.replace(target)
    others = [one for name, one in court_models(models_dir).items() if name != card.name]
    durable.replace(models_dir / COURT_MANIFEST, manifest_text([*others, pinned]).encode())
    return pinned


def _copied(card: ModelCard, folder: Path, target: Path) -> Path:
    target.mkdir()
    try:
        there = sorted(one.name for one in folder.iterdir() if one.is_file() and not one.name.startswith("."))
        wanted = [file.name for file in card.files] or there
        for name in wanted:
            shutil.copyfile(folder / name, target / name)
    except OSError as error:
        raise ModelError(f"The file {error.filename} of {card.name} cannot be copied ({error.strerror}).") from None
    if not wanted:
        raise ModelError(f"The folder {folder} holds no files.")
    return target


def _hashed(card: ModelCard, folder: Path) -> tuple[ModelFile, ...]:
    """The files with size and hash, the weights (the largest file) first."""
    known = {file.name: file for file in card.files}
    found = []
    for path in folder.iterdir():
        if not path.is_file():  # what the hub's client keeps for itself
            shutil.rmtree(path)
            continue
        with path.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        found.append(
            ModelFile(path.name, path.stat().st_size, sha256, hub=known[path.name].hub if path.name in known else "")
        )
    return tuple(sorted(found, key=lambda one: (-one.size, one.name)))
