"""Searching transcripts, as a page and as data."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api import schemas, searching
from api.deps import ContextDep, CurrentUser, protect_forms
from api.web.render import PageDep

router = APIRouter(dependencies=[Depends(protect_forms)], include_in_schema=False)
api_router = APIRouter(prefix="/api/search", tags=["hearings"])

Words = Annotated[str, Query(max_length=200, description="Beginnings of words; a line must hold all of them.")]
InHearing = Annotated[str, Query(max_length=36, description="In this hearing alone.")]


@router.get("/search")
def search_page(page: PageDep, caller: CurrentUser, q: Words = "", hearing: InHearing = "") -> Response:
    found = searching.search(page.context, caller, q, hearing)
    hits = [(hit, searching.snippet(hit.line, q)) for hit in found.hits]
    return page.render("search.html", section="search", query=q, hearing_id=hearing, hits=hits, more=found.more)


@api_router.get("")
def search(context: ContextDep, caller: CurrentUser, q: Words = "", hearing: InHearing = "") -> schemas.SearchResult:
    """Lines of transcripts that the caller may read, with the moment at which each was said."""
    found = searching.search(context, caller, q, hearing)
    hits = [
        schemas.SearchHit(hearing=hit.hearing.id, case_number=hit.hearing.case_number, line=hit.line)
        for hit in found.hits
    ]
    return schemas.SearchResult(hits=hits, more=found.more)
