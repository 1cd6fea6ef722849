"""The secretary's console: leading a hearing's recording on the room's node."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Form, Response

from api import page_content, reading, schemas, views
from api.access import Action
from api.alarm_texts import alarm_texts
from api.audit import journalled, record_access
from api.caller import Caller
from api.deps import CurrentUser, protect_forms, require_role
from api.errors import NotFound, Unusable
from api.gate import Sieve, enter
from api.node_client import Asked, NodeClient
from api.room_nodes import NO_NODE, attached
from api.standin import end_on_spare
from api.web.render import Page, PageDep
from court.hearing import HearingState
from court.notes import NoteTemplate
from court.openness import Openness
from court.people import UserRole
from protocol.filling import on_timeline
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.worm.port import WormStore

router = APIRouter(
    prefix="/hearings",
    dependencies=[Depends(protect_forms), Depends(require_role(UserRole.SECRETARY))],
    include_in_schema=False,
)

_SAME_MOMENT = 0.01  # seconds
_SAID = 30  # utterances of the transcript that stand before the live text

Result = TypeVar("Result")


def _asked(
    hearing_id: str,
    caller: CurrentUser,
    seen: Annotated[int | None, Form(ge=0)] = None,
    recording: Annotated[str, Form(max_length=64)] = "",
) -> Asked:
    """Who asks, and how many steps, or orders on openness, the page had seen; they were counted in `recording`, the
    hearing's own (empty) or a spare one."""
    return Asked(caller.name, recording or hearing_id, seen)


AskedDep = Annotated[Asked, Depends(_asked)]


@router.get("/{hearing_id}/console")
def console(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    hearing: Hearing | None = None
    try:
        with journalled(page.context, caller, Action.RECORD, hearing_id, "console") as uow:
            hearing = enter(uow, caller, hearing_id, Action.RECORD)
            values = _hearing_values(uow, caller, hearing, page.context.store) | _said_values(uow, caller, hearing)
    except NotFound:
        values = _underway_values(page, hearing_id) | {"said": []}
    return page.render(
        "console.html",
        live_states=page_content.live_states(page),
        roles=page_content.script_words(page)["roles"],
        note_templates=[one.value for one in NoteTemplate if one is not NoteTemplate.FREE],
        **values,
        **_state_values(page, hearing_id, hearing),
        **_node_values(page, hearing_id),
        **_alarm_values(page, hearing_id),
    )


@router.get("/{hearing_id}/state")
def state(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    with page.context.database.read() as uow:
        hearing = _known(uow, page, caller, hearing_id)
    return page.render("console_state.html", hearing_id=hearing_id, **_state_values(page, hearing_id, hearing))


@router.get("/{hearing_id}/notes")
def notes(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    with page.context.database.read() as uow:
        hearing = _known(uow, page, caller, hearing_id)
        if hearing is None:
            return Response(status_code=204)  # the page keeps what it has
        values = _hearing_values(uow, caller, hearing, page.context.store)
    return page.render("console_notes.html", **values)


@router.get("/{hearing_id}/said")
def said(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    """The end of what is transcribed so far; live text goes on from there."""
    try:
        with journalled(page.context, caller, Action.READ, hearing_id, "transcript") as uow:
            hearing = enter(uow, caller, hearing_id, Action.READ)
            values = _said_values(uow, caller, hearing)
    except NotFound:
        return Response(status_code=204)  # the page keeps what it has
    return page.render("console_said.html", hearing_id=hearing_id, **values)


@router.get("/{hearing_id}/node")
def node(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    with page.context.database.read() as uow:
        _known(uow, page, caller, hearing_id)
    return page.render("console_node.html", hearing_id=hearing_id, **_node_values(page, hearing_id))


@router.get("/{hearing_id}/alarms")
def alarms(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    with page.context.database.read() as uow:
        _known(uow, page, caller, hearing_id)
    return page.render("console_alarms.html", hearing_id=hearing_id, **_alarm_values(page, hearing_id))


@router.post("/{hearing_id}/mute")
def mute(
    hearing_id: str,
    page: PageDep,
    caller: CurrentUser,
    track: Annotated[str, Form(max_length=64)],
    muted: Annotated[bool, Form()],
) -> Response:
    """The secretary declares a microphone muted, or heard again."""
    subject, asked = f"{'mute' if muted else 'unmute'} {track}", Asked(caller.name, hearing_id)
    status, _ = _lead(page, caller, hearing_id, subject, lambda node, asked: node.mute(track, muted, asked), asked)
    microphones = [one for one in status["tracks"] if one["kind"] == "audio" and one["role"]]
    return page.render(
        "console_meters.html", hearing_id=hearing_id, microphones=microphones, node=views.node_view(status, hearing_id)
    )


@router.post("/{hearing_id}/pause")
def pause(hearing_id: str, page: PageDep, caller: CurrentUser, asked: AskedDep) -> Response:
    return _step(page, caller, hearing_id, "pause", lambda node, asked: node.pause(asked), asked)


@router.post("/{hearing_id}/resume")
def resume(hearing_id: str, page: PageDep, caller: CurrentUser, asked: AskedDep) -> Response:
    return _step(page, caller, hearing_id, "resume", lambda node, asked: node.resume(asked), asked)


@router.post("/{hearing_id}/deliberate")
def deliberate(hearing_id: str, page: PageDep, caller: CurrentUser, asked: AskedDep) -> Response:
    return _step(page, caller, hearing_id, "deliberate", lambda node, asked: node.deliberate(asked), asked)


@router.post("/{hearing_id}/stop")
def stop(hearing_id: str, page: PageDep, caller: CurrentUser, asked: AskedDep) -> Response:
    return _step(page, caller, hearing_id, "stop", lambda node, asked: node.stop(asked), asked)


@router.post("/{hearing_id}/close")
def close(
    hearing_id: str,
    page: PageDep,
    caller: CurrentUser,
    asked: AskedDep,
    back_seconds: Annotated[int, Form(ge=0, le=86_400)] = 0,
) -> Response:
    """The court closes the session, from so long ago on."""
    subject = f"close the session, {back_seconds} s back"
    return _step(page, caller, hearing_id, subject, _ordering(Openness.CLOSED, back_seconds), asked)


@router.post("/{hearing_id}/open")
def open_again(hearing_id: str, page: PageDep, caller: CurrentUser, asked: AskedDep) -> Response:
    return _step(page, caller, hearing_id, "open the session", _ordering(Openness.OPEN), asked)


@router.post("/{hearing_id}/note")
def note(
    hearing_id: str,
    page: PageDep,
    caller: CurrentUser,
    template: Annotated[str, Form()] = NoteTemplate.FREE.value,
    text: Annotated[str, Form(max_length=2000)] = "",
    key: Annotated[str, Form()] = "",
) -> Response:
    """`key` names the note: sent again it is the same note."""
    if template == NoteTemplate.FREE and not text.strip():
        raise Unusable("A free note needs a few words: type them first, or use one of the buttons.")
    at, recording = _lead(
        page,
        caller,
        hearing_id,
        "note",
        lambda node, asked: node.note(template, text, key, asked),
        Asked(caller.name, hearing_id),
    )
    with page.context.database.read() as uow:
        hearing = _known(uow, page, caller, hearing_id)
        if hearing is None:
            values = _underway_values(page, hearing_id)
        else:
            values = _hearing_values(uow, caller, hearing, page.context.store)
            at = on_timeline(uow, hearing_id, recording, at)
    fresh = schemas.NoteView(at=at, template=template, text=text)
    if all(abs(one.at - at) > _SAME_MOMENT for one in values["notes"]):
        values["notes"].append(fresh)  # it may not have arrived from the node yet
    return page.render("console_notes.html", **values)


def _step(
    page: Page,
    caller: Caller,
    hearing_id: str,
    name: str,
    deed: Callable[[NodeClient, Asked], dict[str, Any]],
    asked: Asked,
) -> Response:
    """Takes a step on the node and shows the state it led to."""
    status, _ = _lead(page, caller, hearing_id, name, deed, asked)
    return page.render("console_state.html", hearing_id=hearing_id, **_told_state(status))


def _ordering(openness: Openness, back_seconds: int = 0) -> Callable[[NodeClient, Asked], dict[str, Any]]:
    return lambda node, asked: node.order(openness.value, back_seconds, asked)


def _lead(
    page: Page, caller: Caller, hearing_id: str, name: str, deed: Callable[[NodeClient, Asked], Result], asked: Asked
) -> tuple[Result, str]:
    """Has the room's nodes do it, once it is clear that this hearing is the one being recorded, and journals who asked.

    Returns what came of it, and which recording it was entered in: the hearing's own, or a spare one.

    The deed comes first: the journal tells what was done, and what the node refuses leaves no entry. While the
    hearing's first entry is on its way there is no hearing to write an entry for, and the recording does not wait
    for one: the node's own signed state or note is the record then.
    """
    result, before = attached(page.context.nodes).lead(hearing_id, asked, deed)
    with page.context.database.begin() as uow:
        if uow.hearings.lock(hearing_id) is not None:
            record_access(page.context, uow, caller, Action.RECORD, hearing_id=hearing_id, subject=name)
            if name == "stop" and before["hearing"] != hearing_id:
                seconds = result["seconds"] if isinstance(result, dict) else before["seconds"]
                end_on_spare(page.context, uow, hearing_id, before["hearing"], seconds, caller.name)
    return result, before["hearing"]


def _known(uow: UnitOfWork, page: Page, caller: Caller, hearing_id: str) -> Hearing | None:
    """The hearing; None while the node records it and its first entry is on the way. Else raises NotFound."""
    try:
        return enter(uow, caller, hearing_id, Action.RECORD)
    except NotFound:
        if _status_or_none(page, hearing_id) is None:
            raise
        return None


def _said_values(uow: UnitOfWork, caller: Caller, hearing: Hearing) -> dict[str, Any]:
    rows = uow.lines.of(hearing.id)[-_SAID:]
    sieve = Sieve(uow, caller, hearing.id, Action.READ)
    return {"said": [one for one in map(reading.utterance, rows) if sieve.passes(one.start, one.end)]}


def _hearing_values(uow: UnitOfWork, caller: Caller, hearing: Hearing, store: WormStore) -> dict[str, Any]:
    return {
        "hearing_id": hearing.id,
        "hearing": page_content.facts(uow, hearing),
        "watched": page_content.watched(uow, caller, hearing),
        **page_content.attendance_card(uow, caller, hearing),
        "notes": list(reading.timeline(uow, caller, hearing, store).notes),
        "microphones": [one for one in hearing.tracks if one["kind"] == "audio" and not one["derived"]],
    }


def _underway_values(page: Page, hearing_id: str) -> dict[str, Any]:
    """The same for a hearing of which only the node knows yet; raises NotFound if it does not record that one."""
    status = _status_or_none(page, hearing_id)
    if status is None:
        raise NotFound("There is no such hearing.")
    microphones = [one for one in status["tracks"] if one["kind"] == "audio" and one["role"]]
    return {"hearing_id": hearing_id, "hearing": None, "attendance": [], "notes": [], "microphones": microphones}


def _state_values(page: Page, hearing_id: str, hearing: Hearing | None) -> dict[str, Any]:
    """The state as the node has it; where the node is elsewhere, as it was last heard."""
    status = _status_or_none(page, hearing_id)
    if status is not None and status["state"] is not None:
        return _told_state(status)
    if hearing is None:
        return _shown_state(HearingState.RECORDING.value, 0.0)
    return _shown_state(hearing.state, (hearing.end_sample or 0) / reading.SAMPLES_PER_SECOND)


def _told_state(status: Mapping[str, Any]) -> dict[str, Any]:
    """As the node tells it; one of an earlier version tells less."""
    told = {name: status[name] for name in ("openness", "steps", "orders", "by") if name in status}
    shown = _shown_state(status["state"] or HearingState.ENDED.value, status["seconds"])
    return {**shown, **told, "recording": status["hearing"]}


def _shown_state(shown: str, seconds: float) -> dict[str, Any]:
    state = {"state": shown, "seconds": seconds, "live": HearingState(shown).live}
    return {**state, "openness": Openness.OPEN.value, "steps": "", "orders": "", "recording": "", "by": ""}


def _node_values(page: Page, hearing_id: str) -> dict[str, Any]:
    if page.context.nodes is None:
        return {"node": None, "node_error": page.words.sentence(NO_NODE), "spare": None}
    first, spare = page.context.nodes.seen()
    node = None if first.status is None else views.node_view(first.status, hearing_id)
    view = None if spare is None else views.spare_view(first.status, spare.status, hearing_id)
    return {"node": node, "node_error": page.words.sentence(first.error), "spare": view}


def _alarm_values(page: Page, hearing_id: str) -> dict[str, Any]:
    status = _status_or_none(page, hearing_id) or {}
    roles = {one["track"]: one["role"] for one in status.get("tracks", ())}
    return {"alarms": alarm_texts(status.get("alarms", ()), page.words, roles)}


def _status_or_none(page: Page, hearing_id: str) -> dict[str, Any] | None:
    """The status of the node that leads this hearing, if any answers and records it."""
    return page.context.nodes.recording(hearing_id) if page.context.nodes is not None else None
