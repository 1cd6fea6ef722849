"""The self-test of the room before a hearing, as part of the page on which the hearing is begun."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Response

from api.deps import protect_forms, require_role
from api.errors import Conflict, NodeUnreachable
from api.findings import TONES, FindingText, finding_texts
from api.i18n import Words
from api.node_client import NodeClient
from api.room_nodes import NO_NODE
from api.web.render import Page, PageDep
from court.grade import Grade, worst
from court.health import SelfTest
from court.people import UserRole

router = APIRouter(
    prefix="/selftest",
    dependencies=[Depends(protect_forms), Depends(require_role(UserRole.SECRETARY))],
    include_in_schema=False,
)

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tested:
    """One node's self-test: whether it answers and tests now, with which microphones; why there is none (`trouble`);
    when the last one ended (None: never), its grade, and what it found."""

    answers: bool
    running: bool
    microphones: tuple[Told, ...]
    trouble: str
    at: datetime | None
    grade: Grade
    wrong: tuple[FindingText, ...]
    right: tuple[FindingText, ...]


@router.get("")
def shown(page: PageDep) -> Response:
    """How far the running tests have come, or what the last ones found."""
    return _answer(page, lambda node: node.selftest())


@router.post("/start")
def start(page: PageDep) -> Response:
    """Both nodes of the room listen at once: nobody has to speak twice."""
    return _answer(page, lambda node: node.start_selftest())


@router.post("/stop")
def stop(page: PageDep) -> Response:
    return _answer(page, lambda node: node.stop_selftest())


def _answer(page: Page, deed: Callable[[NodeClient], Told]) -> Response:
    nodes = [one for one in (page.context.node, page.context.spare) if one is not None]
    with ThreadPoolExecutor(len(nodes) or 1) as pool:
        tests = [_tested(told, trouble, page.words) for told, trouble in pool.map(lambda one: _asked(one, deed), nodes)]
    first, *spares = tests or [_tested(None, NO_NODE, page.words)]
    spare = next(iter(spares), None)
    # The levels come from the node that answers, so the prompts are of that one.
    leads = spare if spare is not None and spare.running and not first.answers else first
    grades = [one.grade for one in (first, spare) if one is not None]
    return page.render(
        "selftest.html",
        running=leads.running,
        microphones=leads.microphones,
        first=first,
        spare=spare,
        tone=TONES[worst(*grades)],
        tones=TONES,
    )


def _asked(node: NodeClient, deed: Callable[[NodeClient], Told]) -> tuple[Told | None, str]:
    """What the node tells, None where it does not answer; and why it does not do as asked."""
    try:
        return deed(node), ""
    except NodeUnreachable as error:
        return None, str(error)
    except Conflict as error:
        return {"running": None, "tracks": [], "trouble": "", "last": None}, str(error)


def _tested(told: Told | None, trouble: str, words: Words) -> Tested:
    if told is None:
        return Tested(False, False, (), words.sentence(trouble), None, Grade.AMBER, (), ())
    trouble = trouble or told["trouble"]
    last = None if told["last"] is None else SelfTest.parse(told["last"])
    roles = {one["track"]: one["role"] for one in told["tracks"]}
    texts = [] if last is None else finding_texts(last.findings, words, roles)
    return Tested(
        True,
        told["running"] is not None,
        tuple(one for one in told["tracks"] if one["kind"] == "audio"),
        words.sentence(trouble),
        None if last is None else last.at,
        worst(last.grade if last else Grade.GREEN, Grade.AMBER if trouble else Grade.GREEN),
        tuple(one for one in texts if one.tone != "good"),
        tuple(one for one in texts if one.tone == "good"),
    )
