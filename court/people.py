"""Who takes part in a hearing, and who uses the system: two different lists."""

from dataclasses import dataclass
from enum import StrEnum


class CourtRole(StrEnum):
    """A place in the courtroom; a microphone stands for one of these."""

    JUDGE = "judge"
    SECRETARY = "secretary"
    PROSECUTOR = "prosecutor"
    DEFENCE = "defence"
    CLAIMANT = "claimant"
    RESPONDENT = "respondent"
    DEFENDANT = "defendant"
    VICTIM = "victim"
    WITNESS = "witness"
    EXPERT = "expert"
    INTERPRETER = "interpreter"
    REMOTE = "remote"


class UserRole(StrEnum):
    """What a person may do in the system."""

    SECRETARY = "secretary"
    JUDGE = "judge"
    PARTY = "party"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Participant:
    """A person summoned to the hearing; `present` as the secretary established it."""

    role: CourtRole
    name: str
    present: bool = True
    note: str = ""
