"""A copy of a SQLite database to be read where its own folder may not be written.

SQLite cannot open one that a crash left without writing beside it, and told that nothing changes (`immutable`) it reads
past the write-ahead log: the newest entries would be missing, and nobody told.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from storage.errors import StorageError

_ENDINGS = ("", "-wal", "-journal")
"""Of the files that belong to a database; what else lies beside one, SQLite makes anew from these."""


@dataclass(frozen=True, slots=True)
class CopiedDatabase:
    """`log` is how many bytes of a write-ahead log or journal belong to it, 0 where it was closed in order."""

    path: Path
    log: int


@contextmanager
def copied_database(path: Path) -> Iterator[CopiedDatabase]:
    """The database in `path` as it stands, in a temporary folder for the length of the block.

    Raises StorageError where it cannot be copied, or where somebody wrote to it meanwhile.
    """
    with ExitStack() as made:
        try:
            folder = made.enter_context(TemporaryDirectory(prefix="courtrec-"))
            copy = Path(folder) / path.name
            before = _states(path)
            for ending in before:
                shutil.copyfile(f"{path}{ending}", f"{copy}{ending}")
            after = _states(path)
        except OSError as error:
            raise StorageError(
                f"The database {path} cannot be copied to a temporary folder ({error.strerror}): check its rights, or "
                "set TMPDIR to a folder with room for it."
            ) from None
        if after != before:
            raise StorageError(
                f"The database {path} was written while it was copied: stop the server, or verify as its own user."
            )
        yield CopiedDatabase(copy, sum(size for ending, (size, _) in before.items() if ending))


def _states(path: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file of the database that is there."""
    found = {}
    for ending in _ENDINGS:
        file = Path(f"{path}{ending}")
        if file.exists():
            stat = file.stat()
            found[ending] = (stat.st_size, stat.st_mtime_ns)
    return found
