"""The queue's page of what it gave up on, and the versions of a hearing's transcript."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from api import jobs, page_content, reading, versions
from api.access import Action
from api.audit import journalled
from api.composition import models_folder
from api.deps import CurrentUser, protect_forms
from api.gate import enter, is_kept
from api.web.render import PageDep
from court.hearing import HearingState
from storage.queue import DRAFT_PROTOCOL

router = APIRouter(dependencies=[Depends(protect_forms)], include_in_schema=False)

Model = Annotated[str, Form(max_length=100)]
Hearing = Annotated[str, Form(max_length=36)]


@router.get("/jobs")
def job_list(page: PageDep, caller: CurrentUser) -> Response:
    jobs.may_manage(caller)
    with page.context.database.read() as uow:
        found, papers = jobs.given_up(uow), jobs.unmade_papers(uow)
    return page.render("jobs.html", section="jobs", given_up=found, papers=papers, draft=DRAFT_PROTOCOL)


@router.post("/jobs/try-again")
def try_again(
    page: PageDep,
    caller: CurrentUser,
    hearing: Hearing = "",
    sequence: Annotated[int | None, Form()] = None,
    run: Annotated[int | None, Form()] = None,
) -> Response:
    jobs.try_again(page.context, caller, hearing, sequence, run)
    return RedirectResponse("/jobs", status_code=303)


@router.get("/hearings/{hearing_id}/versions")
def version_list(
    hearing_id: str, page: PageDep, caller: CurrentUser, left: int | None = None, right: int | None = None
) -> Response:
    """All versions, and two of them side by side: by default the one that is shown and the newest other one."""
    with journalled(page.context, caller, Action.READ, hearing_id, "transcript") as uow:
        hearing = enter(uow, caller, hearing_id, Action.READ)
        found = versions.versions(uow, hearing)
        numbers = [one.number for one in found]
        shown = next((one.number for one in found if one.shown), None)
        left = left if left in numbers else shown
        right = right if right in numbers else next((one for one in reversed(numbers) if one != left), None)
        passages = []
        if left is not None and right is not None:
            said = [reading.said(uow, caller, hearing, page.context.store, one) for one in (left, right)]
            passages = versions.side_by_side(*said)
        card = page_content.facts(uow, hearing)
        may_again = page.may(Action.MANAGE_JOBS) and is_kept(hearing) and not HearingState(hearing.state).live
    return page.render(
        "versions.html",
        hearing=card,
        versions=found,
        left=left,
        right=right,
        passages=passages,
        may_again=may_again,
        may_choose=page.may(Action.CHOOSE_TRANSCRIPT),
        models=versions.recognisers(card.language, models_folder(page.context.settings)),
    )


@router.post("/hearings/{hearing_id}/versions")
def transcribe_again(hearing_id: str, page: PageDep, caller: CurrentUser, model: Model = "") -> Response:
    versions.again(page.context, caller, hearing_id, model, models_folder(page.context.settings))
    return RedirectResponse(f"/hearings/{hearing_id}/versions", status_code=303)


@router.post("/hearings/{hearing_id}/versions/{run}/choose")
def choose(hearing_id: str, run: int, page: PageDep, caller: CurrentUser) -> Response:
    versions.choose(page.context, caller, hearing_id, run)
    return RedirectResponse(f"/hearings/{hearing_id}/versions", status_code=303)
