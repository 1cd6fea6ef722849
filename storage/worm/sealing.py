"""What the file system can add to a write-once file: the immutable flag and fs-verity.

The flag (`chattr +i`) stops everybody, root included, from writing, renaming, linking or deleting the file until root
takes it away again; it needs the capability CAP_LINUX_IMMUTABLE. fs-verity makes the content unchangeable for good and
lets the kernel check every read; the file can still be deleted. Numbers and layouts as in linux/fs.h and
linux/fsverity.h, on 64-bit machines.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from storage.errors import StoreNotWriteOnce

IMMUTABLE, VERITY = 0x10, 0x100000
"""FS_IMMUTABLE_FL, FS_VERITY_FL."""
GET_FLAGS, SET_FLAGS, ENABLE_VERITY = 0x80086601, 0x40086602, 0x40806685

_READ_ONLY = 0o444
# struct fsverity_enable_arg: version 1, SHA-256, blocks of 4096 bytes, no salt, no signature.
_ENABLE = struct.pack("=4IQIIQ11Q", 1, 1, 4096, 0, 0, 0, 0, 0, *([0] * 11))
_NOT_HERE = frozenset({errno.ENOTTY, errno.EOPNOTSUPP, errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS})

Ioctl = Callable[[int, int, bytes], bytes]
"""(descriptor, request, argument) → the argument as the kernel left it."""


class Sealing(StrEnum):
    """`AUTO` takes what file system and rights allow; `REQUIRE` stores nothing that is not immutable."""

    OFF = "off"
    AUTO = "auto"
    REQUIRE = "require"


@dataclass(frozen=True, slots=True)
class Seal:
    """Why a protection could not be had; empty for one that holds."""

    no_flag: str
    no_verity: str


class NotSealed(StoreNotWriteOnce):
    """The immutable flag is required and could not be set."""


def kernel_ioctl(descriptor: int, request: int, argument: bytes) -> bytes:
    return fcntl.ioctl(descriptor, request, argument)


def seal(path: Path, sealing: Sealing, ioctl: Ioctl = kernel_ioctl) -> Seal:
    """Makes a finished file read-only, and immutable with fs-verity where that is possible. Repeating is harmless.

    In this order: fs-verity wants the right to write, and nothing can be done to a file that is immutable. Raises
    NotSealed if the flag is required and refused, OSError where the disk fails.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        flags = _flags(descriptor, ioctl)
        no_verity = no_flag = ""
        if not flags & VERITY:
            no_verity = _refusal(lambda: ioctl(descriptor, ENABLE_VERITY, _ENABLE))
        if not flags & IMMUTABLE:
            os.fchmod(descriptor, _READ_ONLY)
            no_flag = _refusal(lambda: _set_flags(descriptor, _flags(descriptor, ioctl) | IMMUTABLE, ioctl))
        if no_flag and sealing is Sealing.REQUIRE:
            raise NotSealed(
                f"The file {path} cannot be made immutable ({no_flag}), which COURTREC_STORE_SEALING=require demands: "
                "keep objects on ext4, XFS or Btrfs and give the server the capability CAP_LINUX_IMMUTABLE."
            )
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return Seal(no_flag, no_verity)


def unseal(path: Path, ioctl: Ioctl = kernel_ioctl) -> None:
    """Takes the immutable flag away where a file has it; raises OSError where that is not allowed."""
    if not path.is_file() or path.is_symlink():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        flags = _flags(descriptor, ioctl)
        if flags & IMMUTABLE:
            _set_flags(descriptor, flags & ~IMMUTABLE, ioctl)
    finally:
        os.close(descriptor)


def is_immutable(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return bool(_flags(descriptor, kernel_ioctl) & IMMUTABLE)
    finally:
        os.close(descriptor)


def _flags(descriptor: int, ioctl: Ioctl) -> int:
    """The file's flags; none where the file system has no flags."""
    try:
        return int(struct.unpack("=ii", ioctl(descriptor, GET_FLAGS, bytes(8)))[0])
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        return 0


def _set_flags(descriptor: int, flags: int, ioctl: Ioctl) -> None:
    ioctl(descriptor, SET_FLAGS, struct.pack("=ii", flags, 0))


def _refusal(attempt: Callable[[], object]) -> str:
    """Why file system, kernel or rights do not allow it; empty if it was done."""
    try:
        attempt()
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        return error.strerror or "refused"
    return ""
