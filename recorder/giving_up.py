"""Giving up the bytes of a microphone's segment that this disk lost, so that what is behind it can be delivered.

The server takes a microphone's entry only once its bytes are there. Where they can never be, a person says so here; the
entry then goes with the word that they were given up. That excuses its place in the order alone: the court states that
they are missing, and an administrator answers for it (`courtrec write-off`).
"""

import contextlib
import hashlib
from pathlib import Path

from recorder.errors import NotGivenUp
from recorder.spool import GIVEN_UP, Spool, track_of
from recorder.spool_file import beside
from recorder.upload_order import Rank, rank


def give_up(folder: Path, file: str) -> None:
    """Remembers in the spool in `folder`, which a recorder may be using, that the bytes of its segment `file` are lost.

    Raises NotGivenUp where that is no segment of a microphone that waits for delivery, or where its bytes are whole;
    SpoolError if the spool cannot be used.
    """
    with beside(folder) as db:
        query = "SELECT position, sha256, stored, local FROM entry WHERE file = ? AND file != ''"
        found = db.execute(query, (file,)).fetchall()  # to the end, so that no snapshot is held meanwhile
        if not found:
            raise NotGivenUp(f"There is no segment {file} in the spool: name it as the node's message does.")
        position, sha256, stored, local = found[0]
        if local == GIVEN_UP:
            raise NotGivenUp(f"The segment {file} was given up before: the node sends its entry without it.")
        if stored:
            raise NotGivenUp(f"The segment {file} does not wait for delivery: the server has it.")
        if rank(track_of(file)) is not Rank.SPEECH:
            raise NotGivenUp(
                f"The segment {file} is no microphone's, so nothing waits for it: what never arrives of it is written "
                "off at the court (`courtrec write-off`)."
            )
        if is_whole(folder / file, sha256):
            raise NotGivenUp(f"The segment {file} is whole on this disk: nothing of it needs to be given up.")
        db.execute("UPDATE entry SET local = ?, stored = 1 WHERE position = ? AND stored = 0", (GIVEN_UP, position))


def take_back(spool: Spool) -> int:
    """Takes back what was given up and lies whole in the spool again: it is sent as any segment; returns how many."""
    rows = spool.rows("SELECT position, file, sha256 FROM entry WHERE local = ?", GIVEN_UP)
    whole = [(position,) for position, file, sha256 in rows if is_whole(spool.folder / file, sha256)]
    with spool.change() as db:
        db.executemany("UPDATE entry SET local = 'here', stored = 0 WHERE position = ?", whole)
    return len(whole)


def is_whole(path: Path, sha256: str) -> bool:
    """Whether every byte can be read and they hash to that."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    return False
