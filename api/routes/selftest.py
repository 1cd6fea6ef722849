"""The self-test of the room before a hearing, as part of the page on which the hearing is begun."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Response

from api.deps import protect_forms, require_role
from api.errors import Conflict, NodeUnreachable
from api.findings import TONES, finding_texts
from api.node_client import NodeClient
from api.web.render import Page, PageDep
from court.grade import Grade
from court.health import SelfTest
from court.people import UserRole

router = APIRouter(
    prefix="/selftest",
    dependencies=[Depends(protect_forms), Depends(require_role(UserRole.SECRETARY))],
    include_in_schema=False,
)


@router.get("")
def shown(page: PageDep) -> Response:
    """How far the running test has come, or what the last one found."""
    return _answer(page, lambda node: node.selftest())


@router.post("/start")
def start(page: PageDep) -> Response:
    return _answer(page, lambda node: node.start_selftest())


@router.post("/stop")
def stop(page: PageDep) -> Response:
    return _answer(page, lambda node: node.stop_selftest())


def _answer(page: Page, deed: Callable[[NodeClient], dict[str, Any]]) -> Response:
    node, trouble = page.context.node, ""
    told: dict[str, Any] = {"running": None, "tracks": [], "trouble": "", "last": None}
    try:
        if node is None:
            raise NodeUnreachable("No recording node is attached to this server.")
        told = deed(node)
    except (Conflict, NodeUnreachable) as error:
        trouble = str(error)
    trouble = trouble or told["trouble"]
    last = None if told["last"] is None else SelfTest.parse(told["last"])
    roles = {one["track"]: one["role"] for one in told["tracks"]}
    texts = [] if last is None else finding_texts(last.findings, page.words, roles)
    return page.render(
        "selftest.html",
        running=told["running"] is not None,
        microphones=[one for one in told["tracks"] if one["kind"] == "audio"],
        trouble=page.words.sentence(trouble),
        last=last,
        tone=TONES[last.grade if last else Grade.GREEN],
        wrong=[one for one in texts if one.tone != "good"],
        right=[one for one in texts if one.tone == "good"],
    )
