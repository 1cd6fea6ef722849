"""Correcting the transcript on the hearing's page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Response

from api import corrections, page_content
from api.access import Action
from api.audit import journalled
from api.corrections import Order, Overtaken
from api.deps import CurrentUser, protect_forms
from api.gate import enter
from api.line_history import line_history
from api.web.render import PageDep
from court.correction import LONGEST, Deed

router = APIRouter(dependencies=[Depends(protect_forms)], include_in_schema=False)

Id = Annotated[str, Form(max_length=48)]


@router.post("/hearings/{hearing_id}/corrections")
def correct(
    hearing_id: str,
    page: PageDep,
    caller: CurrentUser,
    deed: Annotated[Deed, Form()],
    key: Annotated[str, Form(max_length=32)],
    line: Id,
    text: Annotated[str, Form(max_length=2 * LONGEST)] = "",
    at: Annotated[int, Form()] = 0,
    above: Id = "",
    speaker: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Carries it out, and gives the lines that the page shows from now on; `speaker` is one of the page's choices.

    Whoever was slower than somebody else is told so (409), with what stands there now.
    """
    role, _, rest = speaker.partition("|")
    voice, _, name = rest.partition("|")
    order = Order(deed, key, line, text=text, at=at, above=above, role=role, voice=voice, speaker=name)
    try:
        made = corrections.correct(page.context, caller, hearing_id, order)
    except Overtaken as error:
        told = page.words.gettext(corrections.OVERTAKEN).format(by=error.by, text=error.text)
        return _lines(page, hearing_id, caller, error.gone, error.lines, told)
    return _lines(page, hearing_id, caller, made.before, made.after)


@router.get("/hearings/{hearing_id}/lines/{line}/history")
def history(hearing_id: str, line: Annotated[str, Path(max_length=48)], page: PageDep, caller: CurrentUser) -> Response:
    """The machine's words of a line and its corrections, as part of a page."""
    with journalled(page.context, caller, Action.READ, hearing_id, "transcript") as uow:
        hearing = enter(uow, caller, hearing_id, Action.READ)
        found = line_history(page.context, uow, caller, hearing, line)
    return page.render("line_history.html", history=found)


def _lines(
    page: PageDep, hearing_id: str, caller: CurrentUser, gone: tuple[str, ...], shown: tuple[str, ...], told: str = ""
) -> Response:
    """The lines in the place of those that are gone, and the one that follows: it may name its speaker now."""
    with journalled(page.context, caller, Action.READ, hearing_id, "transcript") as uow:
        found = enter(uow, caller, hearing_id, Action.READ)
        said = [one for one in page_content.transcript(uow, caller, found, page.context.store, shown).entries if one.id]
        card = page_content.facts(uow, found)
    places = [place for place, one in enumerate(said) if one.id in shown]
    following = said[places[-1] + 1 : places[-1] + 2] if places else []
    return page.render(
        "lines.html",
        409 if told else 200,
        hearing=card,
        entries=[*(said[place] for place in places), *following],
        gone=[*gone, *shown, *(one.id for one in following)],
        overtaken=told,
        may_correct=True,
    )
