"""An act of destruction, by which objects may be missing."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """An act of destruction as one hearing's leaves tell it.

    `objects` are the sizes in bytes of what it destroys, by SHA-256; `stated` is when that was stated, `done` when it
    was finished, '' before.
    """

    id: str
    proposer: str
    approver: str
    reason: str
    stated: str
    objects: Mapping[str, int]
    done: str = ""
