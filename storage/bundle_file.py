"""A bundle as people hold it: a ZIP archive, or the folder it was unpacked to. Nothing in it is trusted here.

README.txt       what this is, for people; nothing rests on it
bundle.json      the list of contents
entries.jsonl    one entry of the ledger per line, byte for byte
checkpoint.txt   the log's signed head, above which these entries are proven
keys.txt         the court's keys, signed with the log's key
heads/…          earlier heads of the log, with the time-stamp tokens (DER) over their text
files/…          recordings and protocols, as they were stored
"""

import hashlib
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from storage.errors import BundleError, LedgerError
from storage.ledger.bundle import Bundle, Contents
from storage.ledger.faults import ObjectState
from storage.ledger.stored import Objects

CONTENTS, ENTRIES, CHECKPOINT, KEYS, README = (
    "bundle.json", "entries.jsonl", "checkpoint.txt", "keys.txt", "README.txt"
)  # fmt: skip
MAX_PART = 1 << 28
"""Bytes of the list of contents, the entries or a note: what is larger is no bundle of one hearing."""

CHUNK = 1 << 20
_LOCAL_HEADER = 30


class Parts(Protocol):
    """The parts of a bundle by name, which begin with FILES for those handed out. Safe for threads."""

    def names(self) -> list[str]: ...

    def pieces(self, name: str) -> Iterator[bytes]:
        """The part's bytes; raises BundleError if it is missing or cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class OpenBundle:
    """`names` are those of the files by the SHA-256 they share, `extra` those of parts that the list of contents does
    not name."""

    bundle: Bundle
    parts: Parts
    names: Mapping[str, Sequence[str]]
    extra: tuple[str, ...]

    @contextmanager
    def hashing(self) -> Iterator[Objects]:
        """What the files handed out really hold, by SHA-256: all are read and hashed beside what the block does.

        Where there is one core, a second thread only gets in the way.
        """
        cores = len(os.sched_getaffinity(0))
        if cores == 1:
            yield lambda sha256: _worst(sha256, [self._state(name) for name in self.names[sha256]])
            return
        with ThreadPoolExecutor(cores) as pool:
            states = {name: pool.submit(self._state, name) for names in self.names.values() for name in names}
            yield lambda sha256: _worst(sha256, [states[name].result() for name in self.names[sha256]])

    def _state(self, name: str) -> ObjectState:
        digest, size = hashlib.sha256(), 0
        try:
            for piece in self.parts.pieces(name):
                digest.update(piece)
                size += len(piece)
        except BundleError:
            return ObjectState(None, 0)
        return ObjectState(digest.hexdigest(), size)


@contextmanager
def open_bundle(path: Path) -> Iterator[OpenBundle]:
    """Raises BundleError, one sentence, where it cannot be read as a bundle at all."""
    with _opened(path) as parts:
        try:
            contents = Contents.parse(_read(parts, CONTENTS))
        except LedgerError as error:
            raise BundleError(f"The bundle {path} cannot be read: {error}") from None
        entries = tuple(_read(parts, ENTRIES).split(b"\n")[:-1])
        checkpoint, keys = (_read(parts, name).decode(errors="replace") for name in (CHECKPOINT, KEYS))
        heads = {name: _read(parts, name) for one in contents.heads for name in (one.note, *one.token_names)}
        known = {CONTENTS, ENTRIES, CHECKPOINT, KEYS, README, *contents.files, *heads}
        names: dict[str, list[str]] = {}
        for name, sha256 in contents.files.items():
            names.setdefault(sha256, []).append(name)
        extra = tuple(name for name in parts.names() if name not in known)
        yield OpenBundle(Bundle(contents, entries, checkpoint, keys, heads), parts, names, extra)


@contextmanager
def _opened(path: Path) -> Iterator[Parts]:
    if path.is_dir():
        yield _Folder(path)
        return
    with ExitStack() as opened:
        try:
            file = opened.enter_context(path.open("rb"))
            archive = opened.enter_context(zipfile.ZipFile(file))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise BundleError(
                f"The file {path} is no bundle, or not all of it is here ({error}): get it again from the court."
            ) from None
        if len(set(archive.namelist())) < len(archive.namelist()):
            raise BundleError(f"The bundle {path} holds two parts of one name: it was packed by somebody else.")
        stored = sum(one.file_size for one in archive.infolist() if one.compress_type == zipfile.ZIP_STORED)
        if stored > path.stat().st_size:  # a small file of parts over one another would take days to read
            raise BundleError(f"The bundle {path} is smaller than its parts, or not all of it is here: get it again.")
        yield _Archive(archive, file.fileno())


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        return [one.relative_to(self._path).as_posix() for one in sorted(self._path.rglob("*")) if not one.is_dir()]

    def pieces(self, name: str) -> Iterator[bytes]:
        try:
            with (self._path / name).open("rb") as file:
                while piece := file.read(CHUNK):
                    yield piece
        except OSError as error:
            raise BundleError(f"The part {name} of the bundle is missing or unreadable ({error.strerror}).") from None


class _Archive:
    """Parts are stored, not packed, and read straight from the file: the SHA-256 makes ZIP's own checksum needless."""

    def __init__(self, archive: zipfile.ZipFile, descriptor: int) -> None:
        self._archive = archive
        self._descriptor = descriptor

    def names(self) -> list[str]:
        return [one for one in self._archive.namelist() if not one.endswith("/")]

    def pieces(self, name: str) -> Iterator[bytes]:
        try:
            info = self._archive.getinfo(name)
        except KeyError:
            raise BundleError(f"The part {name} of the bundle is missing.") from None
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise BundleError(f"The part {name} was packed anew: unpack the archive and verify the folder.")
        header = self._read(_LOCAL_HEADER, info.header_offset)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise BundleError(f"The part {name} of the bundle is damaged.")
        # APPNOTE.TXT 4.3.7: name and extra field, whose lengths end the header, stand before the content.
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        at = info.header_offset + _LOCAL_HEADER + lengths
        end = at + info.file_size
        while at < end and (piece := self._read(min(CHUNK, end - at), at)):
            at += len(piece)
            yield piece

    def _read(self, size: int, at: int) -> bytes:
        """Up to `size` bytes; raises BundleError also where the directory names a place that no file can have."""
        try:
            return os.pread(self._descriptor, size, at)
        except (OSError, OverflowError) as error:
            raise BundleError(f"The bundle cannot be read at byte {at} ({error}): it is damaged.") from None


def _worst(sha256: str, states: Sequence[ObjectState]) -> ObjectState:
    """Of files that should be the same, the first that is not."""
    return next((state for state in states if state.sha256 != sha256), states[0])


def _read(parts: Parts, name: str) -> bytes:
    content = bytearray()
    for piece in parts.pieces(name):
        content += piece
        if len(content) > MAX_PART:
            raise BundleError(f"The part {name} of the bundle is larger than {MAX_PART} bytes: it is no court's.")
    return bytes(content)
