"""The hearing's card: what is known before anyone speaks, from AIS Court or typed by the secretary."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from court.case_number import CaseNumber
from court.errors import InputError
from court.people import CourtRole, Participant

LANGUAGES = ("ru", "ky", "kk", "en")


class Procedure(StrEnum):
    """The kind of proceedings, and so the code that says what the hearing's protocol must hold."""

    CIVIL = "civil"
    CRIMINAL = "criminal"
    ADMINISTRATIVE = "administrative"


@dataclass(frozen=True, slots=True)
class HearingCard:
    """The facts the protocol's heading is made of; names as they shall be printed.

    Without a `procedure` the hearing is of the kind that the court sets as usual.
    """

    case_number: CaseNumber
    case_title: str = ""
    language: str = "ru"
    court: str = ""
    place: str = ""
    judge: str = ""
    secretary: str = ""
    participants: tuple[Participant, ...] = ()
    procedure: Procedure | None = None

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "HearingCard":
        """From plain fields (JSON, TOML or a form); raises InputError naming the field that cannot be used."""
        language = _text(fields, "language") or "ru"
        if language not in LANGUAGES:
            raise InputError(f"The language {language!r} is unknown: use one of {', '.join(LANGUAGES)}.")
        participants = fields.get("participants", ())
        if not isinstance(participants, list | tuple):
            raise InputError("The participants of the hearing must be a list.")
        return cls(
            case_number=CaseNumber.parse(_text(fields, "case_number")),
            case_title=_text(fields, "case_title"),
            language=language,
            court=_text(fields, "court"),
            place=_text(fields, "place"),
            judge=_text(fields, "judge"),
            secretary=_text(fields, "secretary"),
            participants=tuple(map(_participant, participants)),
            procedure=_procedure(_text(fields, "procedure")),
        )

    def as_fields(self) -> dict[str, Any]:
        """The inverse of `parse`: what goes into the ledger, the ingest API and the database.

        A procedure that is not given is no field, as in cards that know none.
        """
        return {
            "case_number": self.case_number.verbatim,
            "case_title": self.case_title,
            "language": self.language,
            "court": self.court,
            "place": self.place,
            "judge": self.judge,
            "secretary": self.secretary,
            "participants": [
                {"role": p.role.value, "name": p.name, "present": p.present, "note": p.note} for p in self.participants
            ],
            **({"procedure": self.procedure.value} if self.procedure else {}),
        }


def names_on(card: Mapping[str, Any]) -> tuple[str, ...]:
    """Who may be named in the hearing of these fields, each once: judge, secretary, then the participants in order."""
    people = (card.get("judge"), card.get("secretary"), *(one["name"] for one in card.get("participants", ())))
    return tuple(dict.fromkeys(one for one in people if one))


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")  # JSON can hold half a surrogate pair, which is no character and cannot be written
    if not isinstance(value, str) or len(value) > 2000 or any("\ud800" <= one < "\ue000" for one in value):
        raise InputError(f"The field {name!r} of the hearing must be a text of at most 2000 characters.")
    return value.strip()


def _procedure(name: str) -> Procedure | None:
    try:
        return Procedure(name) if name else None
    except ValueError:
        raise InputError(f"The procedure {name!r} is unknown: use one of {', '.join(Procedure)}.") from None


def _participant(entry: Any) -> Participant:
    if not isinstance(entry, Mapping):
        raise InputError("A participant of the hearing must have the fields role and name.")
    try:
        role = CourtRole(entry.get("role", ""))
    except ValueError:
        raise InputError(
            f"The participant's role {entry.get('role')!r} is unknown: use one of {', '.join(CourtRole)}."
        ) from None
    return Participant(role, _text(entry, "name"), bool(entry.get("present", True)), _text(entry, "note"))
