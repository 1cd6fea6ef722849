"""Remarks on a signed protocol or the recording: filed by parties, decided by the judge with reasons.

Each step is stated in the log and none is changed; what came too late is kept, and the judge says whether it is let in.
A remark about a closed part, or about the whole of a hearing that has one, is read and made at the court only.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from api.access import Action
from api.caller import Caller
from api.context import Context
from api.errors import Conflict, NotFound, Unusable
from api.gate import Sieve, enter, is_kept, require
from api.openness_orders import seconds_of
from api.terms import HearingTerms, hearing_terms
from court.card import HearingCard
from court.catalogue import N_
from court.ids import time_ordered_id
from court.people import UserRole
from court.remarks import LONGEST, Remark, RemarkDeed, RemarkSubject, Step, require_possible
from storage.db.models import Hearing, Protocol, RemarkStep
from storage.db.remarks import step_body
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind

_SAMPLES = 48_000
_KEY = re.compile(r"[0-9a-f]{32}")
_LONGEST_NAME = 200
_RULINGS = frozenset({RemarkDeed.ADMIT, RemarkDeed.RETURN, RemarkDeed.ACCEPT, RemarkDeed.REJECT})

USED_KEY = N_("This was sent before with another content: reload the page.")
NO_TEXT = N_("Write what the remark is, in at most 10,000 characters.")
NO_REASONS = N_("Give the reasons, in at most 10,000 characters.")
NO_PERSON = N_("Give the name of whoever made the remark on paper.")
NOT_SIGNED = N_("Remarks are made on a signed protocol: there is none yet.")
NOT_THAT_LONG = N_("The hearing has no such moment: give one as on the player's clock, or leave the field empty.")
NO_REMARK = N_("There is no such remark.")
NOT_YOURS = N_("Only whoever entered a remark withdraws it.")


@dataclass(frozen=True, slots=True)
class Filing:
    """`key` are 128 random bits in hex, the same when the same is filed again. `at` is a moment as on the player's
    clock, empty for the whole; `person` who made it on paper, where a secretary enters it."""

    key: str
    against: RemarkSubject
    text: str
    at: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class RemarkView:
    """One remark for the page: `possible` is what the reader can do with it, `due` by when it is to be decided."""

    remark: Remark
    possible: frozenset[RemarkDeed]
    due: date
    overdue: bool


@dataclass(frozen=True, slots=True)
class RemarksPanel:
    """`until` is the last day in time, `over` whether it is past; `pending` as the terms are."""

    remarks: tuple[RemarkView, ...]
    may_file: bool
    on_paper: bool
    until: date
    over: bool
    pending: bool


def signed_protocol(uow: UnitOfWork, hearing_id: str) -> Protocol | None:
    """The newest signed revision."""
    return next((one for one in reversed(uow.protocols.of(hearing_id)) if one.signed_at is not None), None)


def panel(uow: UnitOfWork, caller: Caller, hearing: Hearing, now: datetime) -> RemarksPanel | None:
    """None while there is nothing to remark on."""
    signed = signed_protocol(uow, hearing.id)
    if signed is None or signed.signed_at is None:
        return None
    terms, role = _terms(hearing), caller.role
    sieve = Sieve(uow, caller, hearing.id, Action.READ)
    until = terms.remarks_until(signed.signed_at)
    return RemarksPanel(
        remarks=tuple(
            _view(one, caller, terms, now) for one in uow.remarks.of(hearing.id) if sieve.passes(*one.span)
        ),
        may_file=is_kept(hearing) and role in (UserRole.PARTY, UserRole.SECRETARY),
        on_paper=role is UserRole.SECRETARY,
        until=until,
        over=terms.day(now) > until,
        pending=terms.terms.pending,
    )  # fmt: skip


def file_remark(context: Context, caller: Caller, hearing_id: str, filing: Filing) -> None:
    """Files it, in time or late; the same one again does nothing.

    Raises Forbidden, NotFound, Unusable for what is missing, and Conflict while no protocol is signed.
    """
    text = _text(filing.text, NO_TEXT)
    at_ms = seconds_of(filing.at) * 1000 if filing.at.strip() else None
    by = _person(caller, filing.person)
    now = context.clock.now().utc
    with context.database.begin() as uow:
        uow.hearings.lock(hearing_id)
        hearing = enter(uow, caller, hearing_id, Action.REMARK)
        if at_ms is not None and at_ms * _SAMPLES // 1000 >= (hearing.end_sample or 0):
            raise Unusable(NOT_THAT_LONG)
        more = {"against": filing.against.value, "at_ms": at_ms}
        if (before := _before(uow, hearing_id, filing.key)) is not None:
            _require_same(before, RemarkDeed.FILE, text, more)
            return
        signed = signed_protocol(uow, hearing_id)
        if signed is None or signed.signed_at is None or not is_kept(hearing):
            raise Conflict(NOT_SIGNED)
        terms = _terms(hearing)
        late = terms.day(now) > terms.remarks_until(signed.signed_at)
        remark = time_ordered_id(now, os.urandom(10))
        step = Step(remark, RemarkDeed.FILE, by, caller.login, now, text)
        found = Remark(remark, filing.against, at_ms, late, step)
        require(uow, caller, hearing_id, Action.REMARK, found.span)
        more |= {"late": late, "revision": signed.revision}
        _state(context, uow, hearing_id, filing.key, step, more)


def take_step(
    context: Context, caller: Caller, hearing_id: str, remark_id: str, deed: RemarkDeed, key: str, text: str
) -> None:
    """The judge's ruling on a remark, `text` being its reasons, or its withdrawal; the same one again does nothing.

    Raises Forbidden, NotFound, Unusable without reasons, and ImpossibleStep where it was decided meanwhile.
    """
    ruling = deed in _RULINGS
    text = _text(text, NO_REASONS) if ruling else ""
    now = context.clock.now().utc
    with context.database.begin() as uow:
        uow.hearings.lock(hearing_id)
        action = Action.DECIDE_REMARK if ruling else Action.REMARK
        enter(uow, caller, hearing_id, action)
        remark = next((one for one in uow.remarks.of(hearing_id) if one.id == remark_id), None)
        if remark is None:
            raise NotFound(NO_REMARK)
        require(uow, caller, hearing_id, action, remark.span)
        if (before := _before(uow, hearing_id, key)) is not None:
            _require_same(before, deed, text, {})
            return
        if deed is RemarkDeed.FILE or (not ruling and remark.filed.entered_by != caller.login):
            raise Conflict(NOT_YOURS)
        require_possible(remark, deed)
        _state(context, uow, hearing_id, key, Step(remark_id, deed, caller.name, caller.login, now, text), {})


def _view(remark: Remark, caller: Caller, terms: HearingTerms, now: datetime) -> RemarkView:
    mine = {RemarkDeed.WITHDRAW} if remark.filed.entered_by == caller.login else set()
    may = _RULINGS if caller.role is UserRole.JUDGE else mine
    due = terms.decision_until(remark.filed.at)
    return RemarkView(remark, remark.possible & may, due, remark.ended is None and terms.day(now) > due)


def _terms(hearing: Hearing) -> HearingTerms:
    return hearing_terms(HearingCard.parse(hearing.card))


def _state(
    context: Context, uow: UnitOfWork, hearing_id: str, key: str, step: Step, more: Mapping[str, object]
) -> None:
    row = RemarkStep(
        hearing_id=hearing_id,
        number=uow.remarks.next_number(hearing_id),
        key=key,
        remark=step.remark,
        deed=step.deed.value,
        by=step.by,
        entered_by=step.entered_by,
        text=step.text,
        more=dict(more),
        at=step.at,
    )
    row.leaf_index = uow.log.record(LeafKind.REMARK, hearing_id, step.at, step_body(row), context.server_key)
    uow.remarks.add(row)


def _before(uow: UnitOfWork, hearing_id: str, key: str) -> RemarkStep | None:
    if _KEY.fullmatch(key) is None:
        raise Unusable(USED_KEY)
    return uow.remarks.by_key(hearing_id, key)


def _require_same(before: RemarkStep, deed: RemarkDeed, text: str, more: Mapping[str, object]) -> None:
    if (before.deed, before.text) != (deed.value, text) or not more.items() <= before.more.items():
        raise Conflict(USED_KEY)


def _text(text: str, otherwise: str) -> str:
    found = text.replace("\r\n", "\n").strip()
    if not found or len(found) > LONGEST:
        raise Unusable(otherwise)
    return found


def _person(caller: Caller, name: str) -> str:
    if caller.role is not UserRole.SECRETARY:
        return caller.name
    found = " ".join(name.split())
    if not found or len(found) > _LONGEST_NAME or not found.isprintable():
        raise Unusable(NO_PERSON)
    return found
