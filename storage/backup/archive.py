"""The file of a backup: a tar archive encrypted with age (C2SP age-encryption.org/v1).

Without courtrec it is read by `age --decrypt --identity KEY FILE | tar -x`. The archive holds the list of contents
first, then its parts.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import pyrage
from pyrage import x25519

from storage import durable
from storage.backup.manifest import NAME, Manifest, Part, parse_manifest
from storage.errors import BackupError
from storage.regular import open_regular
from storage.worm.port import CHUNK

_MAX_MANIFEST = 1 << 24
_PACKED = "backup.tar"


def recipients(keys: Sequence[str]) -> list[x25519.Recipient]:
    """Those who can read the backup, by their age keys (`age1…`); raises BackupError naming one that is none."""
    found = []
    for key in keys:
        try:
            found.append(x25519.Recipient.from_str(key))
        except pyrage.RecipientError:
            raise BackupError(
                f"{key!r:.80} is no age key: give the line age1… that `courtrec backup key` printed."
            ) from None
    return found


def new_identity(path: Path) -> str:
    """Writes a new secret key that reads backups, mode 0600, and returns the recipient (`age1…`) that belongs to it.

    Raises BackupError if the file exists or cannot be written.
    """
    identity = x25519.Identity.generate()
    recipient = str(identity.to_public())
    try:
        durable.write_new(path, f"# public key: {recipient}\n{identity}\n".encode(), mode=0o600)
    except FileExistsError:
        raise BackupError(f"The file {path} exists already and is not written over: give another name.") from None
    except OSError as error:
        raise BackupError(f"The key {path} cannot be written ({error.strerror}): check the folder.") from None
    return recipient


def describe_part(path: Path) -> Part:
    """Size and SHA-256 of a file."""
    with path.open("rb") as file:
        return Part(os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest())


def pack(folder: Path, manifest: Manifest, path: Path, readers: Sequence[x25519.Recipient]) -> None:
    """Writes the backup of the parts in `folder` to `path`, whole or not at all.

    Raises BackupError if `path` exists or cannot be written. What is packed lies in `folder` for a moment.
    """
    packed = folder / _PACKED
    try:
        _write_tar(folder, manifest, packed)
        with packed.open("rb") as plain, durable.new_file(path, mode=0o600) as file:
            pyrage.encrypt_io(plain, file, readers)
    except FileExistsError:
        raise BackupError(f"The file {path} exists already and is not written over: give another name.") from None
    except OSError as error:
        raise BackupError(f"The backup {path} cannot be written ({error.strerror}): check the disk.") from None
    except pyrage.EncryptError as error:  # the library wraps what the disk says
        raise BackupError(f"The backup {path} cannot be written ({error}): check the disk.") from None
    finally:
        packed.unlink(missing_ok=True)


def unpack(path: Path, key: Path, folder: Path) -> Manifest:
    """Puts the parts of the backup into `folder`, each checked against the list of contents.

    `key` is the file of a secret key. Raises BackupError if the file is no backup, is damaged or cut short, was made
    for other keys, or if `folder` has no room.
    """
    packed, identities = folder / _PACKED, _read_identities(key)
    try:
        _decrypt(path, identities, packed)
        with tarfile.open(packed, "r:") as archive:
            return _extract(archive, folder)
    except tarfile.TarError:
        raise BackupError(f"The file {path} is no backup of courtrec: what it holds is no archive.") from None
    except OSError as error:
        raise BackupError(f"The backup {path} cannot be unpacked in {folder} ({error.strerror}).") from None
    except BackupError as error:
        raise BackupError(f"The backup {path} cannot be used. {error}") from None
    finally:
        packed.unlink(missing_ok=True)


def _read_identities(path: Path) -> list[x25519.Identity]:
    """The secret keys in a file as `age-keygen` and `new_identity` write them; raises BackupError if there is none."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    found = []
    for line in lines:
        with suppress(pyrage.IdentityError):
            found.append(x25519.Identity.from_str(line.strip()))
    if not found:
        raise BackupError(f"The file {path} holds no key of age: give the one that `courtrec backup key` wrote.")
    return found


def _write_tar(folder: Path, manifest: Manifest, packed: Path) -> None:
    contents = manifest.as_json()
    with tarfile.open(packed, "x:", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(_entry(NAME, len(contents), manifest), io.BytesIO(contents))
        for name, part in manifest.parts.items():
            with (folder / name).open("rb") as file:
                archive.addfile(_entry(name, part.size, manifest), file)


def _entry(name: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(manifest.made_at.timestamp())
    return entry


def _decrypt(path: Path, identities: Sequence[x25519.Identity], packed: Path) -> None:
    try:
        encrypted = os.fdopen(open_regular(path), "rb")
    except OSError as error:
        raise BackupError(f"It cannot be read ({error.strerror}).") from None
    with encrypted, packed.open("xb") as plain:
        try:
            pyrage.decrypt_io(encrypted, plain, identities)
        except pyrage.DecryptError as error:
            raise BackupError(
                f"It is damaged, was made for other keys, or is no file of age ({error}): try another key or backup."
            ) from None
        except OSError as error:
            if error.errno is not None:  # the disk's own word; the library's on damaged bytes has no number
                raise
            raise BackupError("It is damaged or cut short: take another backup.") from None


def _extract(archive: tarfile.TarFile, folder: Path) -> Manifest:
    manifest = parse_manifest(_content(archive, NAME, _MAX_MANIFEST))
    for name, part in manifest.parts.items():
        target = folder / name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise BackupError(f"Its part {name!r:.80} would lie outside the folder: it was made by somebody else.")
        target.parent.mkdir(parents=True, exist_ok=True)
        _extract_part(archive, name, target)
        if describe_part(target) != part:
            raise BackupError(f"Its part {name} is not the one that its list of contents names.")
    return manifest


def _extract_part(archive: tarfile.TarFile, name: str, target: Path) -> None:
    with _member(archive, name) as source, target.open("xb") as file:
        target.chmod(0o600)
        while piece := source.read(CHUNK):
            file.write(piece)


def _content(archive: tarfile.TarFile, name: str, limit: int) -> bytes:
    with _member(archive, name) as source:
        return source.read(limit)


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        found = archive.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise BackupError(f"Its part {name} is missing.")
    return found
