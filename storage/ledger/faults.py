"""What the verifier finds, and what it is told about stored objects."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """`INCOMPLETE`: time neither recorded nor declared as a gap; `CONTRADICTORY`: signed facts that cannot all
    be true; `FOREIGN`: what belongs to another hearing or to no announced track.
    """

    ALTERED = "altered"
    MISSING = "missing"
    REORDERED = "reordered"
    DUPLICATED = "duplicated"
    TRUNCATED = "truncated"
    BACKDATED = "backdated"
    WRONG_KEY = "wrong_key"
    FOREIGN = "foreign"
    INCOMPLETE = "incomplete"
    CONTRADICTORY = "contradictory"


@dataclass(frozen=True, slots=True)
class Fault:
    """`where` is a path: `<hearing>`, `<hearing>/<track>/<sequence>`, `<hearing>/<author>/<seq>` or
    `log/<index>`; `sentence` says the same to a person."""

    kind: FaultKind
    where: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ObjectState:
    """An object as it was just read from the store: the digest of all its bytes, None if it is not there."""

    sha256: str | None
    size: int
