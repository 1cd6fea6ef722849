"""Versions of a hearing's transcript: asking for another one, comparing two, choosing the one that counts.

Nothing replaces anything: every version stays readable, and `courtrec verify` checks each against the log. Who asked
for one or chose one is journalled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api import schemas
from api.access import Action
from api.audit import record_access
from api.caller import Caller
from api.context import Context
from api.errors import Conflict, NotFound, Unusable
from api.gate import require, require_kept
from court.catalogue import N_
from court.hearing import HearingState
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.queue import offer_draft, offer_window
from storage.turns import FIRST_RUN
from transcribe.manifest import known_models, model_card

STILL_LASTS = N_("While the hearing lasts its first transcript is being made: ask for another one afterwards.")
NOTHING_RECORDED = N_("There is no sound of this hearing to transcribe.")
NOT_COMPLETE = N_("This version of the transcript is still being made: choose it when it is complete.")


@dataclass(frozen=True, slots=True)
class Version:
    """`models` as the log names them, once the first part is done; `asked_by` is '' for the first version, which makes
    itself. Counts are of windows."""

    number: int
    models: tuple[str, ...]
    asked_by: str
    asked_at: datetime | None
    windows: int
    done: int
    given_up: int
    complete: bool
    shown: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """What two versions make of the same stretch, from `start` seconds on; either may have nothing there."""

    start: float
    left: tuple[schemas.UtteranceView, ...]
    right: tuple[schemas.UtteranceView, ...]

    @property
    def same(self) -> bool:
        return [(one.role, one.text) for one in self.left] == [(one.role, one.text) for one in self.right]


def versions(uow: UnitOfWork, hearing: Hearing) -> list[Version]:
    """All versions, the first one first."""
    shown, asked = uow.runs.shown(hearing.id), {one.number: one for one in uow.runs.asked(hearing.id)}
    found = []
    for one in uow.runs.of(hearing.id):
        row, models = asked.get(one.number), [name for name, _ in uow.utterances.models(hearing.id, one.number)]
        found.append(
            Version(
                number=one.number,
                models=tuple(dict.fromkeys(models)) or ((row.model,) if row and row.model else ()),
                asked_by=row.asked_by if row else "",
                asked_at=row.asked_at if row else None,
                windows=one.windows,
                done=one.windows - one.unfinished - one.given_up,
                given_up=one.given_up,
                complete=one.complete,
                shown=one.number == shown,
            )
        )
    return found


def again(context: Context, caller: Caller, hearing_id: str, model: str, models_dir: Path) -> int:
    """Asks for another version with `model` ('': as the settings say); its number. One that is on its way is enough.

    Raises Forbidden, NotFound, Gone where the recording was destroyed, Conflict while the hearing lasts or has no
    sound, Unusable or UnknownModel for a model that cannot do it.
    """
    now = context.clock.now().utc
    with context.database.begin() as uow:
        require(uow, caller, hearing_id, Action.MANAGE_JOBS)
        hearing = uow.hearings.lock(hearing_id)
        if hearing is None or HearingState(hearing.state).live or hearing.end_sample is None:
            raise Conflict(STILL_LASTS)
        require_kept(hearing)
        if model:
            _check_model(model, hearing, models_dir)
        complete = {one.number for one in uow.runs.of(hearing_id) if one.complete}
        waiting = [one for one in uow.runs.asked(hearing_id) if one.model == model and one.number not in complete]
        if waiting:
            return waiting[-1].number
        windows = [
            window
            for part in (hearing, *uow.hearings.spares(hearing_id))
            for window in uow.windows.of(part.id, FIRST_RUN)
        ]
        if not windows:
            raise Conflict(NOTHING_RECORDED)
        run = uow.runs.add(hearing, model, caller.name, now)
        for window in windows:
            offer_window(uow, window.hearing_id, window.sequence, run.number, now)
        subject = f"transcript version {run.number}" + (f" with {model}" if model else "")
        record_access(context, uow, caller, Action.MANAGE_JOBS, hearing_id=hearing_id, subject=subject)
        return run.number


def choose(context: Context, caller: Caller, hearing_id: str, run: int) -> None:
    """Makes that version the one that pages show and the next draft takes; a signed protocol stays as it is.

    Raises Forbidden, NotFound, Conflict where the version is not complete.
    """
    with context.database.begin() as uow:
        require(uow, caller, hearing_id, Action.CHOOSE_TRANSCRIPT)
        hearing = uow.hearings.lock(hearing_id)
        found = [one for one in uow.runs.of(hearing_id) if one.number == run]
        if hearing is None or not found:
            raise NotFound("There is no such version of the transcript.")
        if not found[0].complete:
            raise Conflict(NOT_COMPLETE)
        if hearing.chosen_run == run:
            return
        hearing.chosen_run = run
        uow.session.flush()
        offer_draft(uow, hearing, context.clock.now().utc, changed=True)
        subject = f"transcript version {run} chosen"
        record_access(context, uow, caller, Action.CHOOSE_TRANSCRIPT, hearing_id=hearing_id, subject=subject)


def recognisers(language: str, models_dir: Path) -> list[str]:
    """The models that know the language, by name; whether a worker has them, it will say."""
    found = known_models(models_dir).values()
    return [one.name for one in found if one.engine and (language in one.languages or not one.languages)]


def side_by_side(left: Iterable[schemas.UtteranceView], right: Iterable[schemas.UtteranceView]) -> list[Passage]:
    """Two versions cut where neither has anybody speaking, so that each passage holds the same stretch of both."""
    marked = sorted([(one, False) for one in left] + [(one, True) for one in right], key=lambda one: one[0].start)
    passages: list[list[tuple[schemas.UtteranceView, bool]]] = []
    reached = float("-inf")
    for one in marked:
        if one[0].start >= reached:
            passages.append([])
        passages[-1].append(one)
        reached = max(reached, one[0].end)
    return [_passage(one) for one in passages]


def _passage(marked: Sequence[tuple[schemas.UtteranceView, bool]]) -> Passage:
    sides = [tuple(one for one, right in marked if right is side) for side in (False, True)]
    return Passage(marked[0][0].start, *sides)


def _check_model(model: str, hearing: Hearing, models_dir: Path) -> None:
    card, language = model_card(model, models_dir), hearing.card["language"]
    if not card.engine:
        raise Unusable(f"The model {model} recognises no words: choose another one.")
    if card.languages and language not in card.languages:
        raise Unusable(f"The model {model} does not know the language {language!r} of the hearing: choose another one.")
