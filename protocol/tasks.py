"""Drafting and rendering as Celery tasks, signing as a service. All may be asked for twice without harm."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import structlog
from celery import Celery

from court.card import HearingCard
from court.errors import CourtError
from court.hearing import HearingState, step
from protocol.context import ProtocolContext
from protocol.draft import draft
from protocol.editing import composed
from protocol.errors import FormError, ProtocolError
from protocol.form import Form
from protocol.forms import load_form, usual_form
from protocol.gather import gather
from protocol.model import ProtocolDocument
from protocol.pdf import Look, render
from protocol.readiness import OutOfDate, require_settled
from protocol.revisions import (
    SIGNED,
    Revision,
    Signed,
    add_draft,
    add_pdf,
    add_signed,
    file_name,
    lacks_pdf,
    require_corrections,
    require_decided,
    require_edits,
    stated,
)
from protocol.signers import SignerRole
from protocol.signing import Paper, bears, paper_for, require_signed, sealed
from protocol.working_copy import edits_of
from storage import durable
from storage.db.models import Protocol
from storage.queue import DRAFT_PROTOCOL, RENDER_PROTOCOL, offer_draft, register_task
from storage.worm.port import read_object

_log = structlog.get_logger(__name__)


def register(app: Celery, context: ProtocolContext) -> None:
    """Makes `app` serve the tasks protocol.draft(hearing_id) and protocol.render(hearing_id)."""

    def draft_task(hearing_id: str) -> None:
        _attempt(context, DRAFT_PROTOCOL, draft_protocol, hearing_id)

    def render_task(hearing_id: str) -> None:
        _attempt(context, RENDER_PROTOCOL, render_protocol, hearing_id)

    register_task(app, DRAFT_PROTOCOL, draft_task)
    register_task(app, RENDER_PROTOCOL, render_task)


def _attempt(
    context: ProtocolContext, task: str, do: Callable[[ProtocolContext, str], object], hearing_id: str
) -> None:
    """One attempt, counted; what it fails of is told where the hearing's protocol is shown, and in the log."""
    with context.database.begin() as work:
        known = work.hearings.lock(hearing_id) is not None
        if not known or not work.papers.begin(hearing_id, task, context.clock.now().utc):
            return
    error: Exception | None = None
    try:
        do(context, hearing_id)
    except Exception as raised:  # noqa: BLE001 - told as a sentence, whatever it is
        error = raised
    with context.database.begin() as work:
        work.hearings.lock(hearing_id)
        if error is None:
            work.papers.done(hearing_id, task)
        else:
            sentence = str(error) if isinstance(error, CourtError) else f"{type(error).__name__}: {error}"
            work.papers.failed(hearing_id, task, sentence, for_good=isinstance(error, FormError))
    if error is not None:
        _log.warning("paper_failed", task=task, hearing=hearing_id, error=sentence, exc_info=_of_program(error))


def _of_program(error: Exception) -> Exception | None:
    """What nobody meant to raise: whoever reads the log needs to know where."""
    return None if isinstance(error, CourtError) else error


def draft_protocol(
    context: ProtocolContext, hearing_id: str, full: bool | None = None, *, correcting: bool = False
) -> bool:
    """Drafts the next revision from what is known now, with what people edited; False if there is nothing new to say
    or it is too early.

    A protocol that a person is correcting or has signed is left alone, unless a new one is `correcting` the signed one.
    `full` as the presiding judge decides: a full protocol or the brief one; without it the form stays what it is.
    Raises FormError where there is no full form.
    """
    context.settle_voices(hearing_id)
    with context.database.read() as work:
        hearing = work.hearings.get(hearing_id)
        drafted = (HearingState.ENDED, HearingState.DRAFT, *((HearingState.SIGNED,) if correcting else ()))
        if hearing is None or hearing.state not in drafted:
            return False
        run = work.runs.shown(hearing_id)
        if work.windows.unfinished(hearing_id, run):
            return False
        facts, corrections = gather(work, hearing, context.zone, context.store), work.runs.corrections(hearing_id, run)
        edits, edited = edits_of(work, hearing_id), work.edits.version(hearing_id)
        latest, old = work.protocols.latest(hearing_id), work.protocols.latest(hearing_id, SIGNED)
    form = _form(context, facts.card, latest, full)
    document = replace(composed(draft(facts, form), edits), corrects=_corrects(context, form, old))
    if latest is not None and ProtocolDocument.from_json(latest.document) == document:
        with context.database.begin() as work:
            work.protocols.rests_on(latest, run, corrections, edited)
        return False
    number = latest.revision + 1 if latest else 1
    revision = Revision(number, document, file_name(form, document, number), run, corrections, edited, old)
    add_draft(context, hearing_id, revision, context.clock.now().utc)
    _log.info("protocol_drafted", hearing=hearing_id, revision=number)
    return True


def render_protocol(context: ProtocolContext, hearing_id: str) -> bool:
    """Makes the PDF of the newest draft; False if there is nothing to make. Raises FormError, and ProtocolError where
    the draft was changed in the database."""
    with context.database.read() as work:
        hearing, latest = work.hearings.get(hearing_id), work.protocols.latest(hearing_id)
        if hearing is None or latest is None or not lacks_pdf(hearing, latest):
            return False
        stated(context, work, latest)
    document = ProtocolDocument.from_json(latest.document)
    form = load_form(document.form, document.language, context.forms, context.profile)
    pdf = render(document, form, Look(context.base_url, latest.revision, draft=True)).pdf
    made = add_pdf(context, latest, pdf, context.clock.now().utc)
    if made:
        _log.info("protocol_rendered", hearing=hearing_id, revision=latest.revision, size=len(pdf))
    return made


def _corrects(context: ProtocolContext, form: Form, old: Protocol | None) -> str:
    """Which signed protocol a new one stands in the place of, in the protocol's language."""
    if old is None or old.signed_at is None:
        return ""
    date = form.moment("date", old.signed_at.astimezone(context.zone))
    return form.say("page.corrects", revision=old.revision, date=date, signer=old.signer, sha256=old.sha256)


def _form(context: ProtocolContext, card: HearingCard, latest: Protocol | None, full: bool | None) -> Form:
    """The form that was decided on, else the newest revision's, else the usual one: a decision lasts."""
    if latest is not None and full is None:
        return load_form(latest.document["form"], card.language, context.forms, context.profile)
    brief = load_form(usual_form(card, context.procedure), card.language, context.forms, context.profile)
    if not full:
        return brief
    if not brief.full:
        raise FormError(f"The form {brief.name!r} has no full form beside it: the protocol stays a brief one.")
    return load_form(brief.full, card.language, context.forms, context.profile)


def correct_protocol(context: ProtocolContext, hearing_id: str) -> bool:
    """Draws up a new protocol in the place of the signed one, which it names; the signed one stays as it is.

    False where there is none signed, or it is being corrected already.
    """
    with context.database.read() as work:
        latest = work.protocols.latest(hearing_id)
        hearing = work.hearings.get(hearing_id)
    if latest is None or latest.state != SIGNED or hearing is None or hearing.state != HearingState.SIGNED:
        return False
    return draft_protocol(context, hearing_id, correcting=True)


def sign_protocol(
    context: ProtocolContext, hearing_id: str, user: str, role: SignerRole = SignerRole.SECRETARY, pin: str = ""
) -> Protocol:
    """Signs the latest revision with the court's key for `user` (the name of who is logged in) and returns it.

    The secretary signs the draft, the judge what the secretary signed. The signed PDF goes into the write-once store
    and, as a copy for people, into the folder `out`. Signing again only makes sure that the copy is there. Runs its own
    event loop: call it from a plain thread. Raises ProtocolError, SealError or IllegalStep; then nothing is signed.
    """
    try:
        latest = _to_be_signed(context, hearing_id, role)
        if not bears(latest, role):
            paper = paper_for(context, latest, role)
            latest = _enter(context, latest, paper, role, user, sealed(context, paper, role, user, pin))
    except OutOfDate:
        _offer_draft(context, hearing_id)
        raise
    _write_copy(context, latest)
    return latest


def protocol_to_sign(context: ProtocolContext, hearing_id: str, role: SignerRole) -> Paper:
    """The protocol for somebody who signs it elsewhere, at the computer with their token; raises as `sign_protocol`."""
    latest = _to_be_signed(context, hearing_id, role)
    if bears(latest, role):
        raise ProtocolError(f"The protocol bears the signature of the {role.value} already.")
    return paper_for(context, latest, role)


def take_signed_protocol(
    context: ProtocolContext, hearing_id: str, user: str, role: SignerRole, pdf: bytes
) -> Protocol:
    """Enters what `user` signed elsewhere as if it were signed here; raises as `sign_protocol`."""
    latest = _to_be_signed(context, hearing_id, role)
    if latest.sha256 != hashlib.sha256(pdf).hexdigest():
        if bears(latest, role):
            raise ProtocolError(f"The protocol bears the signature of the {role.value} already.")
        latest = _enter(context, latest, paper_for(context, latest, role), role, user, pdf)
    _write_copy(context, latest)
    return latest


def _enter(
    context: ProtocolContext, latest: Protocol, paper: Paper, role: SignerRole, user: str, pdf: bytes
) -> Protocol:
    """The signed PDF as the revision after `latest`, once its signature was checked."""
    signature = require_signed(context, paper, role, user, pdf)
    name = file_name(paper.form, paper.document, paper.number)
    revision = Revision(paper.number, paper.document, name, latest.run, latest.corrections, latest.edits)
    signed = Signed(pdf, signature.signer, user, role.value, signature.level.value)
    row = add_signed(context, latest.hearing_id, revision, signed, context.clock.now().utc)
    _log.info("protocol_signed", hearing=row.hearing_id, revision=row.revision, signer=row.signer, level=row.level)
    return row


def _to_be_signed(context: ProtocolContext, hearing_id: str, role: SignerRole) -> Protocol:
    with context.database.read() as work:
        hearing = work.hearings.get(hearing_id)
        latest = work.protocols.latest(hearing_id)
        if hearing is None or latest is None:
            raise ProtocolError("There is no draft to sign yet: wait until the hearing has been transcribed.")
        stated(context, work, latest)
        if latest.state != SIGNED and role is not SignerRole.SECRETARY:
            raise ProtocolError("The secretary signs the protocol first, then the presiding judge.")
        if not bears(latest, role):
            step(HearingState(hearing.state), HearingState.SIGNED)
        if latest.state != SIGNED:
            require_corrections(work, hearing_id, latest.run, latest.corrections)
            document = ProtocolDocument.from_json(latest.document)
            require_edits(work, hearing_id, document, latest.edits)
            require_settled(context, work, hearing, document)
            require_decided(latest)
        if latest.sha256 is None:
            raise ProtocolError(
                "The PDF of this draft is not ready yet: wait until it can be looked at, then sign the draft."
            )
        return latest


def _offer_draft(context: ProtocolContext, hearing_id: str) -> None:
    with context.database.begin() as work:
        hearing = work.hearings.lock(hearing_id)
        if hearing is not None:
            offer_draft(work, hearing, context.clock.now().utc, changed=True)


def _write_copy(context: ProtocolContext, signed: Protocol) -> None:
    path = context.out / signed.file_name
    try:
        if signed.sha256 is not None and not path.exists():
            durable.make_folder(context.out)
            durable.replace(path, read_object(context.store, signed.sha256))
    except OSError as error:
        raise ProtocolError(
            f"The protocol is signed, but its copy {path} could not be written ({error.strerror}): "
            "make room there and sign again; no second signature is made."
        ) from None
