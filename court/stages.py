"""Stages of a hearing that its protocol names, and what a person decided about one that was only heard. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class StageKind(StrEnum):
    """The values are those of notes and states of the same meaning, so that each has one word everywhere."""

    OPENING = "opening"
    RIGHTS = "rights"
    MOTION = "motion"
    RULING = "ruling"
    EXAMINATION = "examination"
    DOCUMENTS = "documents"
    PLEADINGS = "pleadings"
    LAST_WORD = "last_word"
    RETIREMENT = "deliberation"
    ANNOUNCEMENT = "announcement"


@dataclass(frozen=True, slots=True)
class StageDecision:
    """A person accepted or refused that a stage began at `at` seconds; the last decision on it holds."""

    kind: StageKind
    at: float
    accepted: bool
    by: str
