"""A bundle as people hold it: a ZIP archive, or the folder it was unpacked to. Nothing in it is trusted here.

README.txt       what this is, for people; nothing rests on it
bundle.json      the list of contents
entries.jsonl    one entry of the ledger per line, byte for byte
checkpoint.txt   the log's signed head, above which these entries are proven
keys.txt         the court's keys, signed with the log's key
register.jsonl   what the log says about the node that recorded it, where it says anything
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
from typing import BinaryIO, Protocol

from storage.errors import BundleError, LedgerError, NoBundle
from storage.ledger.bundle import Bundle
from storage.ledger.contents import Contents
from storage.ledger.faults import ObjectState
from storage.ledger.stored import Objects
from storage.regular import open_regular

CONTENTS, ENTRIES, CHECKPOINT, KEYS, README, REGISTER = (
    "bundle.json", "entries.jsonl", "checkpoint.txt", "keys.txt", "README.txt", "register.jsonl"
)  # fmt: skip
MAX_PART = 1 << 28
"""Bytes of the list of contents, the entries or a note: what is larger is no bundle of one hearing."""

CHUNK = 1 << 20
_LOCAL_HEADER, _END_RECORD, _ZIP64_EXTRA = 30, 22, 20
"""Bytes of what APPNOTE.TXT calls local file header, end of central directory record, and ZIP64's extra field."""
_UTF8 = 0x800


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
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
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
    """Raises NoBundle where it cannot be read as a bundle at all, another BundleError where a part is missing or was
    cut, one sentence each."""
    with open_parts(path) as parts:
        try:
            contents = Contents.parse(_read(parts, CONTENTS))
        except (BundleError, LedgerError) as error:
            raise NoBundle(f"The bundle {path} cannot be read: {error}") from None
        entries = _lines(parts, ENTRIES)
        register = _lines(parts, REGISTER) if contents.register else ()
        checkpoint, keys = (_read(parts, name).decode(errors="replace") for name in (CHECKPOINT, KEYS))
        heads = {name: _read(parts, name) for one in contents.heads for name in (one.note, *one.token_names)}
        known = {CONTENTS, ENTRIES, CHECKPOINT, KEYS, README, *contents.files, *heads}
        known |= {REGISTER} if register else set()
        names: dict[str, list[str]] = {}
        for name, sha256 in contents.files.items():
            names.setdefault(sha256, []).append(name)
        extra = tuple(name for name in parts.names() if name not in known)
        yield OpenBundle(Bundle(contents, entries, checkpoint, keys, heads, register), parts, names, extra)


def _is_one_file(path: Path) -> bool:
    """Whether it is a PDF or an MP4 file, as the court hands them out."""
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            head = file.read(8)
    except (OSError, ValueError):
        return False
    return head.startswith(b"%PDF") or head[4:] == b"ftyp"


@contextmanager
def open_parts(path: Path) -> Iterator[Parts]:
    """The parts of an archive or a folder, whatever they are; raises NoBundle or another BundleError."""
    if path.is_dir():
        yield _Folder(path)
        return
    with ExitStack() as opened:
        try:
            file = opened.enter_context(os.fdopen(open_regular(path), "rb"))
            archive = opened.enter_context(zipfile.ZipFile(file))
        except (
            zipfile.BadZipFile,
            OSError,
            ValueError,
            NotImplementedError,
        ) as error:  # what zipfile says of any bytes
            if _is_one_file(path):
                raise NoBundle(
                    f"The file {path} is a protocol or a recording, no bundle: put it on the court's page "
                    "Verification, or verify the archive it came in, or the proof.zip that a protocol has attached."
                ) from None
            reason = error.strerror if isinstance(error, OSError) else error
            raise NoBundle(
                f"The file {path} is no bundle, or not all of it is here ({reason}): get it again from the court."
            ) from None
        if len(set(archive.namelist())) < len(archive.namelist()):
            raise BundleError(f"The bundle {path} holds two parts of one name: it was packed by somebody else.")
        if not _is_seamless(archive, file):
            raise NoBundle(
                f"The bundle {path} was packed anew, or something stands before, between or behind its parts: "
                "unpack it and verify the folder."
            )
        yield _Archive(archive, path)


def _is_seamless(archive: zipfile.ZipFile, file: BinaryIO) -> bool:
    """Whether the parts lie one behind the other, each under the name that the directory gives it, and nothing else.

    Programs read archives in two ways, by their directory or from front to back; here both must see the same. Parts
    that lie over one another, which would take days to read, are no such archive either.
    """
    at = 0
    for info in sorted(archive.infolist(), key=lambda one: one.header_offset):
        if info.header_offset != at or info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            return False
        name_size, extra_size, name = _local_header(file, at)
        if name != info.filename or extra_size > _ZIP64_EXTRA:
            return False
        at += _LOCAL_HEADER + name_size + extra_size + info.file_size
    file.seek(0, os.SEEK_END)
    end = file.tell()
    file.seek(max(0, end - _END_RECORD))
    return archive.start_dir == at and file.read(4) == b"PK\x05\x06" and not archive.comment


def _local_header(file: BinaryIO, at: int) -> tuple[int, int, str]:
    """Sizes of name and extra field, and the name, as they stand before a part's content (APPNOTE.TXT 4.3.7)."""
    file.seek(at)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
        return 0, 0, ""
    name_size = int.from_bytes(header[26:28], "little")
    encoding = "utf-8" if int.from_bytes(header[6:8], "little") & _UTF8 else "cp437"
    return name_size, int.from_bytes(header[28:30], "little"), file.read(name_size).decode(encoding, errors="replace")


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        return [one.relative_to(self._path).as_posix() for one in sorted(self._path.rglob("*")) if _is_part(one)]

    def pieces(self, name: str) -> Iterator[bytes]:
        try:
            with os.fdopen(open_regular(self._path / name), "rb") as file:
                while piece := file.read(CHUNK):
                    yield piece
        except OSError as error:
            raise BundleError(f"The part {name} of the bundle is missing or unreadable ({error.strerror}).") from None


class _Archive:
    """Parts are stored, not packed, and read straight from the file: the SHA-256 makes ZIP's own checksum needless."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive = archive
        self._path = path

    def names(self) -> list[str]:
        return self._archive.namelist()

    def pieces(self, name: str) -> Iterator[bytes]:
        try:
            info = self._archive.getinfo(name)
        except KeyError:
            raise BundleError(f"The part {name} of the bundle is missing.") from None
        try:
            with self._path.open("rb") as file:  # one of its own: threads read at once
                name_size, extra_size, _ = _local_header(file, info.header_offset)
                file.seek(info.header_offset + _LOCAL_HEADER + name_size + extra_size)
                left = info.file_size
                while left and (piece := file.read(min(CHUNK, left))):
                    left -= len(piece)
                    yield piece
        except OSError as error:
            raise BundleError(f"The part {name} of the bundle cannot be read ({error.strerror}).") from None


def _is_part(path: Path) -> bool:
    """Not a folder; a link to one is something that somebody put there."""
    return path.is_symlink() or not path.is_dir()


def _worst(sha256: str, states: Sequence[ObjectState]) -> ObjectState:
    """Of files that should be the same, the first that is not."""
    return next((state for state in states if state.sha256 != sha256), states[0])


def _lines(parts: Parts, name: str) -> tuple[bytes, ...]:
    *lines, rest = _read(parts, name).split(b"\n")
    if rest:
        raise BundleError(f"The last line of {name} does not end: it was cut short, or somebody added it.")
    return tuple(lines)


def _read(parts: Parts, name: str) -> bytes:
    content = bytearray()
    for piece in parts.pieces(name):
        content += piece
        if len(content) > MAX_PART:
            raise BundleError(f"The part {name} of the bundle is larger than {MAX_PART} bytes: it is no court's.")
    return bytes(content)
