"""`courtrec jobs` and `courtrec transcribe`: what was given up, trying it again, another version of a transcript."""

import getpass

import typer
from rich.console import Console
from rich.table import Table

from api import jobs, versions
from api.access import Place
from api.caller import Caller
from api.composition import existing_context, models_folder
from api.settings import load_settings
from court.people import UserRole
from court.timeline import clock_text


def list_jobs() -> None:
    """One row per part that was given up, the newest hearing first; then drafts and PDFs, by their task's name."""
    context = existing_context(load_settings())
    with context.database.read() as uow:
        found, papers = jobs.given_up(uow), jobs.unmade_papers(uow)
    if not found and not papers:
        typer.echo("Nothing was given up.")
        return
    table = Table(box=None)
    for heading in ("hearing", "case", "room", "version", "model", "part", "from", "attempts", "reason"):
        table.add_column(heading, no_wrap=True)
    for one in found:
        start = "" if one.start is None else clock_text(one.start)
        counts = str(one.run), one.model or "as set", str(one.sequence), start, str(one.attempts)
        table.add_row(one.hearing, one.case_number, one.room, *counts, one.error)
    for paper in papers:
        row = (paper.hearing, paper.case_number, paper.room, "", "", paper.task, "", str(paper.attempts), paper.error)
        table.add_row(*row)
    Console(width=240, soft_wrap=True, markup=False).print(table)


def retry_jobs(hearing: str) -> None:
    """Of one hearing, or of all; raises NotFound."""
    count = jobs.try_again(existing_context(load_settings(), keys=True), _operator(), hearing)
    typer.echo(f"Tried again: {count} parts.")


def transcribe_again(hearing: str, model: str) -> None:
    """Raises NotFound, Gone, Conflict, and UnknownModel or Unusable for the model."""
    settings = load_settings()
    context = existing_context(settings, keys=True)
    run = versions.again(context, _operator(), hearing, model, models_folder(settings))
    typer.echo(f"Version {run} of the transcript of hearing {hearing} is being made; the ones before it stay.")


def _operator() -> Caller:
    """Whoever gives commands on the server itself, as the journal names them."""
    name = getpass.getuser()
    return Caller(0, name, name, UserRole.ADMIN, session_id=0, csrf="", address="", place=Place.ON_SITE)
