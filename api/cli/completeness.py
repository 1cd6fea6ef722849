"""`courtrec completeness`: whether every second of a hearing is recorded, declared or a named fault."""

import typer

from api import reading
from api.composition import existing_context
from api.errors import NotFound
from api.gate import existing_hearing
from api.settings import load_settings
from court import exit_codes
from court.timeline import clock_text
from protocol.completeness import Doubt, Outage

WHAT_TO_DO = {
    Doubt.UNEXPLAINED: "nothing says why: look with `courtrec verify`, then give it up with `courtrec write-off`",
    Doubt.AWAITED: "recorded, but not here: wait until its node has delivered it, or `courtrec write-off`",
}


def print_completeness(hearing_id: str) -> int:
    """One line for each stretch without recording, then for each that keeps the protocol from being signed.

    Returns the exit code: 1 where there is one of these. Raises NotFound, also for a hearing that goes on.
    """
    context = existing_context(load_settings())
    with context.database.read() as uow:
        hearing = existing_hearing(uow, hearing_id)
        if hearing.end_sample is None:
            raise NotFound(f"Hearing {hearing_id} has not ended: what it lacks may be on its way.")
        found = reading.outages(uow, hearing, context.store)
        doubts = reading.unsettled(uow, hearing, found)
    for one in found:
        if one.cause is not None or one.spare:
            typer.echo(f"{_stretch(one.tracks, one.start, one.end)} {_cause(one)}")
    for doubt in doubts:
        typer.echo(f"{_stretch(doubt.tracks, doubt.start, doubt.end)} UNSETTLED: {WHAT_TO_DO[doubt.doubt]}")
    if doubts:
        typer.echo("The protocol cannot be signed: settle these stretches first.")
        return exit_codes.FAULT_FOUND
    typer.echo("Every second of every track is recorded, declared or a named fault.")
    return exit_codes.OK


def _stretch(tracks: tuple[str, ...], start: float, end: float) -> str:
    return f"{clock_text(start)}–{clock_text(end)} {', '.join(tracks)}:"


def _cause(one: Outage) -> str:
    told = one.cause.value.replace("_", " ") if one.cause else "no cause stated"
    kind = "declared" if one.declared else "recorded by the spare node" if one.spare else "fault"
    return f"{kind}, {told}" + (f" ({one.log})" if one.log else "")
