"""Opening what should be a file, where somebody may have put something else: a pipe would be waited for, for ever."""

import errno
import os
import stat
from pathlib import Path

_OTHERS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a link"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: Path, *, follow: bool = True) -> int:
    """A descriptor to read a regular file by; never waits. With `follow` also one that a link leads to.

    Raises FileNotFoundError, or another OSError whose `strerror` says what is there instead.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    _refuse_other(path, (os.stat if follow else os.lstat)(path).st_mode)  # opening a device or socket may do something
    descriptor = os.open(path, flags | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    try:
        _refuse_other(path, os.fstat(descriptor).st_mode)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def read_regular(path: Path) -> bytes:
    """The whole content; raises as `open_regular`."""
    with os.fdopen(open_regular(path), "rb") as file:
        return file.read()


def _refuse_other(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        what = next((name for is_one, name in _OTHERS if is_one(mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {what}, not a file", str(path))
