"""Notes the secretary makes during the hearing: a moment, what kind of step it was, and a few words."""

from dataclasses import dataclass
from enum import StrEnum


class NoteTemplate(StrEnum):
    """Steps of a hearing that the protocol must name; `FREE` is any other remark."""

    OPENING = "opening"
    RECORDING_ANNOUNCED = "recording_announced"
    APPEARANCE = "appearance"
    RIGHTS = "rights"
    MOTION = "motion"
    RULING = "ruling"
    EXPLANATIONS = "explanations"
    DOCUMENTS = "documents"
    BREAK = "break"
    EXAMINATION = "examination"
    EVIDENCE = "evidence"
    PLEADINGS = "pleadings"
    LAST_WORD = "last_word"
    ANNOUNCEMENT = "announcement"
    CLOSING = "closing"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Note:
    """`at` is in seconds on the hearing's timeline. `key` names the request that made it, `by` who did, if known."""

    at: float
    template: NoteTemplate
    text: str
    key: str = ""
    by: str = ""
