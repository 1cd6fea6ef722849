"""What the pages of one hearing read from the database, already sifted by what the caller may see."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from api import attendance, corrections, reading, remarks, schemas, stages, views
from api.access import Action
from api.caller import Caller
from api.context import Context
from api.errors import Forbidden
from api.findings import FindingText, finding_texts
from api.gate import DESTROYED_BY_ACT, enter, is_kept, require
from api.openness_orders import orders
from api.protocol_term import protocol_term
from api.protocol_watch import standing
from api.replacement import may_replace
from api.transcript_view import TranscriptView, transcript_view
from api.voices import voices
from api.web.labels import LIVE_STATES
from api.web.render import Page
from court.attendance import as_ticked
from court.card import HearingCard
from court.health import SelfTest
from court.hearing import HearingState
from court.labels import LABELS
from court.notes import NoteTemplate
from court.people import CourtRole, UserRole
from court.timeline import GapCause
from protocol.errors import ProtocolError
from protocol.forms import is_full, other_form
from protocol.revisions import require_ready
from protocol.signers import SignerRole
from storage.db.models import Hearing, LogEntry, Protocol
from storage.db.unit_of_work import UnitOfWork
from storage.turns import FIRST_RUN
from storage.worm.port import WormStore

SIGNED = "signed"
_AROUND = 60_000  # ms: further away nothing says who speaks, nor what an interpreter renders


def facts(uow: UnitOfWork, hearing: Hearing) -> views.HearingFacts:
    """The card, with who appeared as the secretary ticked it."""
    card = HearingCard.parse(hearing.card)
    people = as_ticked(card.participants, uow.decisions.attendance(hearing.id))
    return views.hearing_facts(reading.summary(uow, hearing), replace(card, participants=people))


def transcript(
    uow: UnitOfWork, caller: Caller, hearing: Hearing, store: WormStore, near: Collection[str] = ()
) -> TranscriptView:
    """With ids of lines in `near`, what was said around those: as much as says how they are shown."""
    whole, said = completeness(uow, hearing, store), uow.lines.spans(hearing.id, near) if near else []
    within = [(start - _AROUND, end + _AROUND) for start, end in said] or None
    return _transcript(uow, hearing, reading.timeline(uow, caller, hearing, store, within), whole)


def completeness(uow: UnitOfWork, hearing: Hearing, store: WormStore) -> views.Completeness:
    tracks = [one["track"] for one in reading.captured_tracks(hearing)]
    return views.completeness(reading.outages(uow, hearing, store), tracks, live=hearing.end_sample is None)


def whole_page(uow: UnitOfWork, page: Page, caller: Caller, hearing: Hearing) -> dict[str, Any]:
    """Everything of the hearing's page for somebody who may read it."""
    store = page.context.store
    whole, evidence = completeness(uow, hearing, store), _evidence(uow, hearing)
    return {
        "hearing": facts(uow, hearing),
        "transcript": _transcript(uow, hearing, reading.timeline(uow, caller, hearing, store), whole),
        "completeness": whole,
        "evidence": evidence,
        "tested": _test_texts(page, hearing, evidence.tested),
        "may_play": True,
        "may_correct": corrections.may_correct(caller, hearing),
        "speakers": _speakers(page, uow, hearing),
        "watched": watched(uow, caller, hearing),
        "may_decide": stages.may_decide(caller, uow, hearing),
        **attendance_card(uow, caller, hearing),
        "voices": voices(uow, hearing) if is_kept(hearing) and _may(uow, caller, hearing.id, Action.RECORD) else [],
        "orders": orders(uow, hearing.id),
        "may_close": caller.role is UserRole.JUDGE and not HearingState(hearing.state).live,
        "gone": "" if is_kept(hearing) else page.words.gettext(DESTROYED_BY_ACT),
        "remarks": remarks.panel(uow, caller, hearing, page.context.clock.now().utc),
        **protocol_panel(uow, page.context, caller, hearing),
        **script_words(page),
        "live_states": live_states(page),
    }


def watched(uow: UnitOfWork, caller: Caller, hearing: Hearing) -> str:
    """What the page shows of the protocol, for those who are told of changes (api.protocol_watch); else ''."""
    try:
        return standing(uow, enter(uow, caller, hearing.id, Action.DECIDE_STAGE)).json
    except Forbidden:
        return ""


def attendance_card(uow: UnitOfWork, caller: Caller, hearing: Hearing) -> dict[str, Any]:
    """Who appeared, for the secretary who ticks it; empty for everybody else."""
    may = _may(uow, caller, hearing.id, Action.RECORD)
    return {
        "attendance": attendance.rows(uow, hearing) if may else [],
        "may_tick": may and attendance.may_tick(hearing),
    }


def protocol_panel(uow: UnitOfWork, context: Context, caller: Caller, hearing: Hearing) -> dict[str, Any]:
    """The protocol's revisions, what keeps the newest from being signed, and what the caller may do with them."""
    rows = visible_revisions(uow, caller, hearing.id)
    state = HearingState(hearing.state)
    kept = is_kept(hearing)
    expected = not rows and (state.live or state is HearingState.ENDED)
    unmade = kept and caller.role is not UserRole.PARTY and (not rows or rows[-1].sha256 is None)
    failure = next((one.error for one, _ in uow.papers.given_up(hearing.id)), "") if unmade else ""
    newest = uow.protocols.revision(hearing.id, rows[-1].revision) if rows else None
    form = newest.document["form"] if newest else ""
    unsigned = bool(rows) and rows[-1].state != SIGNED and kept and caller.role is not UserRole.PARTY
    found = reading.outages(uow, hearing, context.store) if unsigned else []
    return {
        "hearing": facts(uow, hearing),
        "protocol": views.ProtocolView(
            tuple(revision(row) for row in rows),
            expected,
            failure,
            full=is_full(form),
            other=other_form(form),
            unsettled=tuple(reading.unsettled(uow, hearing, found)),
            term=protocol_term(uow, hearing, context.clock.now().utc) if kept else None,
            obstacle=_obstacle(uow, newest) if unsigned and newest else "",
            faulty=any(one.missing for one in found),
        ),
        "may_edit": kept and bool(rows) and _may(uow, caller, hearing.id, Action.EDIT_PROTOCOL),
        "may_decide_form": unsigned and _may(uow, caller, hearing.id, Action.DECIDE_FORM),
        "may_download": kept and _may(uow, caller, hearing.id, Action.DOWNLOAD),
        "may_replace": kept
        and may_replace(caller, hearing, newest)
        and _may(uow, caller, hearing.id, Action.CORRECT_PROTOCOL),
        "may_sign": kept and _signs(caller, rows) and _may(uow, caller, hearing.id, Action.SIGN),
    }


def _obstacle(uow: UnitOfWork, latest: Protocol) -> str:
    try:
        require_ready(uow, latest)
    except ProtocolError as error:
        return str(error)
    return ""


def _signs(caller: Caller, rows: Sequence[Protocol]) -> bool:
    """Whether the next signature is the caller's: the secretary's, then the judge's."""
    signed = bool(rows) and rows[-1].state == SIGNED
    if caller.role is UserRole.SECRETARY:
        return not signed
    return caller.role is UserRole.JUDGE and signed and rows[-1].role != SignerRole.JUDGE


def visible_revisions(uow: UnitOfWork, caller: Caller, hearing_id: str) -> list[Protocol]:
    """All revisions for the court, without their documents; for a party those that are signed, since a draft is none
    yet."""
    rows = uow.protocols.of(hearing_id)
    return [row for row in rows if row.state == SIGNED or caller.role is not UserRole.PARTY]


def visible_revision(uow: UnitOfWork, caller: Caller, hearing_id: str, number: int | None = None) -> Protocol | None:
    """The newest revision that the caller may have, or the one asked for, with its document."""
    rows = visible_revisions(uow, caller, hearing_id)
    found = next((one for one in reversed(rows) if number in (None, one.revision)), None)
    return None if found is None else uow.protocols.revision(hearing_id, found.revision)


def revision(row: Protocol) -> views.Revision:
    return views.Revision(
        row.revision, row.state, row.sha256, row.created_at, row.signed_at, row.signer, row.role, row.level
    )


def script_words(page: Page) -> dict[str, dict[str, str]]:
    """Terms of the field for the player's script, in the reader's language."""
    say = page.words.gettext
    groups = {"causes": GapCause, "roles": CourtRole, "note_labels": NoteTemplate}
    return {name: {one.value: say(LABELS[one.value]) for one in kind} for name, kind in groups.items()}


def live_states(page: Page) -> dict[str, str]:
    """What the live text says of itself, in the reader's language."""
    return {state: page.words.gettext(text) for state, text in LIVE_STATES.items()}


def _transcript(
    uow: UnitOfWork, hearing: Hearing, timeline: schemas.Timeline, whole: views.Completeness
) -> TranscriptView:
    parts = [hearing, *uow.hearings.spares(hearing.id)]
    run = uow.runs.shown(hearing.id)
    windows = [window for one in parts for window in uow.windows.of(one.id, run)]
    later = any(_came_later(uow, one, run) for one in parts)
    return transcript_view(timeline, whole.gaps, windows, ended=hearing.end_sample is not None, came_later=later)


def _came_later(uow: UnitOfWork, part: Hearing, run: int) -> bool:
    """Whether sound arrived only after its window's text was made, by the entries that say what that was made of."""
    made = [
        one for one in uow.utterances.transcripts(part.id) if one.get("run", FIRST_RUN) == run and "segments" in one
    ]
    done, heard = {one["sequence"] for one in made}, {each["sha256"] for one in made for each in one["segments"]}
    tracks, here = part.microphones, uow.hearings.segments(part.id)
    return any(one.track in tracks and one.sequence in done and one.sha256 not in heard for one in here)


def _speakers(page: Page, uow: UnitOfWork, hearing: Hearing) -> list[tuple[str, str]]:
    """Choices for the form: value and text."""
    say = page.words.gettext
    found = []
    for role, voice, name, number in corrections.speakers(uow, hearing):
        who = name or (say("voice %(number)s") % {"number": number} if number else "")
        found.append((f"{role}|{voice}|{name}", ", ".join(filter(None, (say(LABELS[role]), who)))))
    return found


def _test_texts(page: Page, hearing: Hearing, tested: SelfTest | None) -> list[FindingText]:
    roles = {one["track"]: one["role"] for one in hearing.tracks}
    return finding_texts(tested.findings, page.words, roles) if tested else []


def _evidence(uow: UnitOfWork, hearing: Hearing) -> views.Evidence:
    segments = uow.hearings.segments(hearing.id)
    given_up = uow.hearings.given_up(hearing.id)
    late = [one for one in uow.hearings.undelivered(hearing.id) if one not in given_up]
    entries = uow.session.scalar(select(func.count()).where(LogEntry.hearing_id == hearing.id)) or 0
    head = uow.log.head()
    return views.Evidence(
        segments=len(segments),
        size=sum(one.size for one in segments),
        tracks=tuple(one["track"] for one in hearing.tracks),
        entries=entries,
        log_size=head.size,
        root=head.root.hex(),
        late=len(late),
        late_size=sum(one.size for one in late),
        given_up=len(given_up),
        lost=len(uow.hearings.written_off(hearing.id)),
        tested=reading.self_test(uow, hearing.id),
    )


def _may(uow: UnitOfWork, caller: Caller, hearing_id: str, action: Action) -> bool:
    try:
        require(uow, caller, hearing_id, action)
    except Forbidden:
        return False
    return True
