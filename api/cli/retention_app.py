"""The commands `courtrec retention …`; what they do is in retention.py."""

from datetime import datetime
from typing import Annotated

import typer

retention_app = typer.Typer(help="How long hearings are kept, and their destruction by act.", no_args_is_help=True)
act_app = typer.Typer(
    help="Acts of destruction: one person proposes, another approves, then it is carried out.", no_args_is_help=True
)
retention_app.add_typer(act_app, name="act")

HearingArgument = Annotated[str, typer.Argument(help="Id of the hearing (see `courtrec hearings`).")]
ActArgument = Annotated[str, typer.Argument(help="Id of the act (see `courtrec retention act list`).")]
ByOption = Annotated[str, typer.Option("--by", help="Login of the judge or administrator who decides.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stands in the ledger.")]


@retention_app.command()
def due(
    at: Annotated[datetime | None, typer.Option("--at", formats=["%Y-%m-%d"], help="A day to look from (UTC).")] = None,
) -> None:
    """Lists the hearings whose retention is over and that no legal hold keeps."""
    from api.cli.retention import list_due

    list_due(at)


@retention_app.command()
def hold(hearing: HearingArgument, by: ByOption, reason: ReasonOption) -> None:
    """Puts a hearing under legal hold: nothing of it may be destroyed until the hold is lifted."""
    from api.cli.retention import hold_hearing

    hold_hearing(hearing, by, reason)


@retention_app.command()
def lift(hearing: HearingArgument, by: ByOption, reason: ReasonOption) -> None:
    """Lifts every legal hold on a hearing."""
    from api.cli.retention import lift_hearing

    lift_hearing(hearing, by, reason)


@retention_app.command()
def extend(
    hearing: HearingArgument,
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day it is kept (UTC).")],
    by: ByOption,
    reason: ReasonOption,
) -> None:
    """Keeps a hearing longer than its class says. There is no way to keep it shorter."""
    from api.cli.retention import extend_hearing

    extend_hearing(hearing, until, by, reason)


@retention_app.command()
def apply() -> None:
    """Brings the store's locks and holds to what the ledger says; run it at least once a year, and after a crash."""
    from api.cli.retention import apply_to_store

    apply_to_store()


@act_app.command("propose")
def act_propose(
    hearings: Annotated[list[str], typer.Argument(help="Ids of hearings from `courtrec retention due`.")],
    by: ByOption,
    reason: ReasonOption,
) -> None:
    """Proposes to destroy hearings whose retention is over; prints the act's id."""
    from api.cli.retention import propose_act

    propose_act(hearings, by, reason)


@act_app.command("list")
def act_list() -> None:
    """Lists all acts and how far they have come."""
    from api.cli.retention import list_acts

    list_acts()


@act_app.command("show")
def act_show(act: ActArgument) -> None:
    """Prints an act with every object it names."""
    from api.cli.retention import show_act

    show_act(act)


@act_app.command("approve")
def act_approve(act: ActArgument, by: ByOption) -> None:
    """Approves an act that another person proposed."""
    from api.cli.retention import approve_act

    approve_act(act, by)


@act_app.command("carry-out")
def act_carry_out(act: ActArgument) -> None:
    """Destroys what an approved act names, for good; after a crash, run it again."""
    from api.cli.retention import carry_out_act

    carry_out_act(act)
