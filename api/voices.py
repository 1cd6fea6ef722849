"""The people who share a microphone, as the court names them: stated in the ledger, told wherever they speak."""

from dataclasses import dataclass

from api.access import Action
from api.caller import Caller
from api.context import Context
from api.errors import Conflict, Unusable
from api.gate import is_kept, require
from court.catalogue import N_
from court.hearing import HearingState
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.db.voices import Speaker
from storage.ledger.leaf import LeafKind
from storage.queue import DRAFT_PROTOCOL
from transcribe.speech import role_of
from transcribe.voices import people_at, settle

LONGEST = 200  # characters of a name
NO_VOICE = N_("There is no such voice in this hearing: reload the page.")
TOO_LONG = N_("A name has at most 200 characters.")


@dataclass(frozen=True, slots=True)
class VoiceView:
    """A person at a shared microphone: `label` stands for them in the form, `at` is when they are first heard, in
    seconds, `choices` are who it may be."""

    label: str
    role: str
    number: int
    name: str
    at: float
    choices: tuple[str, ...]


def voices(uow: UnitOfWork, hearing: Hearing) -> list[VoiceView]:
    """Everybody at the hearing's shared microphones, in order of microphone and number."""
    people = people_at(uow, hearing)
    heard = {row.label: row.start_ms / 1000 for row in uow.voices.of(hearing.id)}
    return [
        VoiceView(
            label=one.labels[0],
            role=role_of(one.track),
            number=one.number,
            name=one.name,
            at=heard[one.labels[0]],
            choices=people.get(one.track, ()),
        )
        for one in uow.voices.speakers(hearing.id)
    ]


def name_voice(context: Context, caller: Caller, hearing_id: str, label: str, name: str) -> None:
    """States that the voice of which `label` is a print is `name`'s; an empty name takes that back.

    It holds for the whole hearing, what is still to come included. Raises Forbidden, NotFound, Unusable, and Conflict
    where the recording was destroyed.
    """
    name = " ".join(name.split())
    if len(name) > LONGEST:
        raise Unusable(TOO_LONG)
    now = context.clock.now().utc
    with context.database.begin() as uow:
        require(uow, caller, hearing_id, Action.RECORD)
        hearing = uow.hearings.lock(hearing_id)
        speaker = uow.voices.by_label(hearing_id).get(label)
        if hearing is None or speaker is None:
            raise Unusable(NO_VOICE)
        if not is_kept(hearing):
            raise Conflict("The recording was destroyed: its voices cannot be named any more.")
        if speaker.name == name:
            return
        body = {"voices": _prints(uow, hearing_id, speaker), "name": name, "by": caller.name}
        uow.log.record(LeafKind.VOICE, hearing_id, now, body, context.server_key)
        if hearing.state in (HearingState.ENDED, HearingState.DRAFT) and not uow.windows.unfinished(hearing_id):
            uow.outbox.put(DRAFT_PROTOCOL, [hearing_id], now)
    settle(context.database, hearing_id)


def _prints(uow: UnitOfWork, hearing_id: str, speaker: Speaker) -> list[str]:
    """The prints that stand for the person: those that bore the name so far, else the one heard longest."""
    names = uow.voices.names(hearing_id)
    named = [label for label in speaker.labels if names.get(label)]
    longest = max(
        (row for row in uow.voices.of(hearing_id) if row.label in speaker.labels), key=lambda row: row.speech_ms
    )
    return named or [longest.label]
