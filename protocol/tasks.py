"""Drafting as a Celery task, signing as a service. Both may be asked for twice without harm."""

import structlog
from celery import Celery

from court.card import HearingCard
from court.hearing import HearingState, step
from protocol.context import ProtocolContext
from protocol.draft import draft, finalise
from protocol.errors import FormError, ProtocolError, SealError
from protocol.form import Form
from protocol.forms import load_form, usual_form
from protocol.gather import gather
from protocol.model import ProtocolDocument
from protocol.pdf import Look, render
from protocol.revisions import (
    SIGNED,
    Revision,
    add_revision,
    file_name,
    require_corrections,
    require_decided,
    stated_faults,
)
from protocol.seal import load_sealer, sign
from protocol.verify import load_timestamp_roots, load_trust_roots, verify_pdf
from storage import durable
from storage.db.models import Protocol
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.ed25519 import VerifyKey
from storage.ledger.leaf import LeafKind, parse
from storage.queue import DRAFT_PROTOCOL, register_task
from storage.worm.port import read_object

_log = structlog.get_logger(__name__)


def register(app: Celery, context: ProtocolContext) -> None:
    """Makes `app` serve the task protocol.draft(hearing_id)."""

    def draft_task(hearing_id: str) -> None:
        draft_protocol(context, hearing_id)

    register_task(app, DRAFT_PROTOCOL, draft_task)


def draft_protocol(context: ProtocolContext, hearing_id: str, full: bool | None = None) -> bool:
    """Drafts the next revision from what is known now; False if there is nothing new to say or it is too early.

    A protocol that a person is correcting or has signed is left alone. `full` as the presiding judge decides: a full
    protocol or the brief one; without it the form stays what it is. Raises FormError where there is no full form.
    """
    with context.database.read() as work:
        hearing = work.hearings.get(hearing_id)
        if hearing is None or hearing.state not in (HearingState.ENDED, HearingState.DRAFT):
            return False
        run = work.runs.shown(hearing_id)
        if work.windows.unfinished(hearing_id, run):
            return False
        facts, corrections = gather(work, hearing, context.zone, context.store), work.runs.corrections(hearing_id, run)
        latest = work.protocols.latest(hearing_id)
    form = _form(context, facts.card, latest, full)
    document = draft(facts, form)
    if latest is not None and ProtocolDocument.from_json(latest.document) == document:
        with context.database.begin() as work:
            work.protocols.rests_on(latest, run, corrections)
        return False
    number = latest.revision + 1 if latest else 1
    pdf = render(document, form, Look(context.base_url, number, draft=True)).pdf
    revision = Revision(number, document, pdf, file_name(form, document, number), run=run, corrections=corrections)
    add_revision(context, hearing_id, revision, context.clock.now().utc)
    _log.info("protocol_drafted", hearing=hearing_id, revision=number, sha256=revision.sha256)
    return True


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


def sign_protocol(context: ProtocolContext, hearing_id: str, user: str) -> Protocol:
    """Signs the latest revision for `user` (the name of who is logged in) and returns the signed revision.

    The signed PDF goes into the write-once store and, as a copy for people, into the folder `out`. Signing again
    only makes sure that the copy is there. Runs its own event loop: call it from a plain thread. Raises
    ProtocolError, SealError or IllegalStep; then nothing is signed.
    """
    latest = _to_be_signed(context, hearing_id)
    if latest.state != SIGNED:
        latest = add_revision(context, hearing_id, _signed(context, latest, user), context.clock.now().utc)
        _log.info("protocol_signed", hearing=hearing_id, revision=latest.revision, signer=latest.signer)
    _write_copy(context, latest)
    return latest


def _to_be_signed(context: ProtocolContext, hearing_id: str) -> Protocol:
    with context.database.read() as work:
        hearing = work.hearings.get(hearing_id)
        latest = work.protocols.latest(hearing_id)
        if hearing is None or latest is None:
            raise ProtocolError("There is no draft to sign yet: wait until the hearing has been transcribed.")
        _require_stated(context, work, latest)
        if latest.state != SIGNED:
            step(HearingState(hearing.state), HearingState.SIGNED)
            require_corrections(work, hearing_id, latest.run, latest.corrections)
            require_decided(latest)
        return latest


def _require_stated(context: ProtocolContext, work: UnitOfWork, latest: Protocol) -> None:
    """Nobody signs, or is handed as signed, what is not exactly the newest revision that the ledger states."""
    entry = work.log.newest_entry(latest.hearing_id, LeafKind.PROTOCOL, LeafKind.SIGNATURE)
    leaf = parse(entry.entry) if entry is not None and entry.index == latest.leaf_index else None
    if leaf is None:
        wrong = ["revision"]
    elif not any(leaf.verify(VerifyKey(raw)) for raw in (context.key.public, *context.former_keys)):
        wrong = ["ledger entry"]
    else:
        wrong = stated_faults(latest, leaf)
    if wrong:
        raise ProtocolError(
            f"Revision {latest.revision} of the protocol was changed in the database ({', '.join(wrong)}), so nothing "
            "was signed: run courtrec verify and restore the database from its backup."
        )


def _signed(context: ProtocolContext, latest: Protocol, user: str) -> Revision:
    """The final form of the latest revision, signed, and the signature checked as anyone else would."""
    moment = context.local_now()
    sealer = load_sealer(context.signer, context.timestamp_url, context.timestamp_login)
    trust_roots = load_trust_roots(context.signer.trust_roots)
    timestamp_roots = load_timestamp_roots(context.signer)
    draft_document = ProtocolDocument.from_json(latest.document)
    form = load_form(draft_document.form, draft_document.language, context.forms, context.profile)
    document = finalise(draft_document, form, moment)
    number = latest.revision + 1
    pdf = sign(render(document, form, Look(context.base_url, number, draft=False)), sealer, form, moment)
    report = verify_pdf(pdf, trust_roots, moment, timestamp_roots)
    if not report.genuine:
        raise SealError(f"The fresh signature does not hold, so nothing was stored. {report.faults[0]}")
    name = file_name(form, document, number)
    return Revision(number, document, pdf, name, sealer.name, user, latest.run, latest.corrections)


def _write_copy(context: ProtocolContext, signed: Protocol) -> None:
    path = context.out / signed.file_name
    try:
        if not path.exists():
            durable.make_folder(context.out)
            durable.replace(path, read_object(context.store, signed.sha256))
    except OSError as error:
        raise ProtocolError(
            f"The protocol is signed, but its copy {path} could not be written ({error.strerror}): "
            "make room there and sign again; no second signature is made."
        ) from None
