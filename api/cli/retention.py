"""`courtrec retention`: each command proves who decides, does the deed, and prints one line on it."""

import secrets
from datetime import MAXYEAR, UTC, datetime, timedelta

from rich.table import Table

from api import acts, keeping
from api.cli.consoles import plain_console
from api.cli.progress import bars
from api.cli.prompts import ask_password
from api.composition import make_context
from api.context import Context
from api.destruction import carry_out
from api.settings import load_settings
from api.standing import Classes, end_of
from storage.retention_classes import load_classes


def list_due(at: datetime | None) -> None:
    """One row per hearing, oldest first; `at` is midnight UTC, None now."""
    context, classes = _opened()
    table = Table(box=None)
    for heading in ("id", "case", "class", "kept until", "term"):
        table.add_column(heading, no_wrap=True)
    for one in keeping.due(context, at.replace(tzinfo=UTC) if at else context.clock.now().utc, classes):
        confirmed = "pending legal confirmation" if one.term.pending else one.term.source
        table.add_row(one.hearing, one.case_number, one.term.name, end_of(one.until), confirmed)
    plain_console(width=200).print(table)


def hold_hearing(hearing: str, by: str, reason: str) -> None:
    context, _ = _opened()
    told = keeping.hold(context, hearing, _decider(context, by), reason)
    _say(f"Hearing {hearing} is under legal hold{_in_store(told)}.")


def lift_hearing(hearing: str, by: str, reason: str) -> None:
    context, _ = _opened()
    told = keeping.lift(context, hearing, _decider(context, by), reason)
    _say(f"Hearing {hearing} is under no legal hold any more{_in_store(told)}.")


def extend_hearing(hearing: str, until: datetime, by: str, reason: str) -> None:
    """`until` is the last day it is kept."""
    context, classes = _opened()
    end = until.replace(tzinfo=UTC) + timedelta(days=1 if until.year < MAXYEAR else 0)
    told = keeping.extend(context, hearing, end, _decider(context, by), reason, classes)
    _say(f"Hearing {hearing} is kept {end_of(end)}{_in_store(told)}.")


def apply_to_store() -> None:
    context, classes = _opened()
    for hearing, told in keeping.apply(context, classes):
        _say(f"Hearing {hearing}: done{_in_store(told)}.")


def propose_act(hearings: list[str], by: str, reason: str) -> None:
    context, classes = _opened()
    act = acts.propose(context, hearings, _decider(context, by), reason, classes, secrets.token_bytes(10))
    _say(f"Act {act} is proposed. Another judge or administrator looks at it and approves it:")
    _say(f"courtrec retention act show {act}")
    _say(f"courtrec retention act approve {act} --by LOGIN")


def list_acts() -> None:
    context, _ = _opened()
    table = Table(box=None)
    for heading in ("act", "state", "hearings", "objects", "proposed by", "approved by", "reason"):
        table.add_column(heading, no_wrap=True)
    for one in acts.acts(context):
        people = one.proposer or "—", one.approver or "—"
        table.add_row(one.id, one.state, str(len(one.hearings)), str(one.objects), *people, one.reason)
    plain_console(width=200).print(table)


def show_act(act: str) -> None:
    context, _ = _opened()
    with context.database.read() as uow:
        document = acts.document_of(uow, act)
        found = acts.read_act(context, uow, document)
    _say(f"Act {found.id}, {found.state}: {found.reason}")
    _say(f"proposed by {found.proposer} on {document['at']}, approved by {found.approver or 'nobody yet'}")
    for part in document["hearings"]:
        _say(
            f"Hearing {part['hearing']}, case {part['case_number']}, class {part['class']}, kept until {part['until']}"
        )
        for one in part["objects"]:
            _say(f"  {one['sha256']}  {one['size']:>12}  {one['what']}")


def approve_act(act: str, by: str) -> None:
    context, _ = _opened()
    acts.approve(context, act, _decider(context, by))
    _say(f"Act {act} is approved. Carry it out: courtrec retention act carry-out {act}")


def carry_out_act(act: str) -> None:
    context, classes = _opened(destroying=True)
    with bars() as progress:
        task = progress.add_task("Destroying", total=None, what="")
        outcome = carry_out(
            context, act, classes, lambda done, total: progress.update(task, completed=done, total=total)
        )
    _say(f"Act {act} is carried out. Objects destroyed: {outcome.destroyed}.")
    if outcome.kept:
        _say(f"Objects kept, since other hearings need them: {outcome.kept}.")
    if outcome.missing:
        _say(f"Objects missing before, not counted by the act: {outcome.missing}. Run courtrec verify.")


def _opened(*, destroying: bool = False) -> tuple[Context, Classes]:
    settings = load_settings()
    classes = load_classes(settings.retention_classes)
    return make_context(settings, destroying=destroying), classes


def _decider(context: Context, login: str) -> str:
    return keeping.answerable(context, login, ask_password(f"Password of {login}"))


def _in_store(told: keeping.Told) -> str:
    lost = f"; {told.missing} are missing there, run courtrec verify" if told.missing else ""
    return f" ({told.objects} objects changed in the store{lost})"


def _say(line: str) -> None:
    plain_console().print(line)
