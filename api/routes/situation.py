"""The situation centre: every room of the court on one page, for those who keep the recorders running."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Response

from api import views
from api.alarm_texts import alarm_texts, node_lost
from api.deps import require_role
from api.errors import ApiError
from api.findings import FindingText
from api.node_client import NodeClient
from api.web.render import Page, PageDep
from court.hearing import HearingState
from court.people import UserRole

router = APIRouter(prefix="/situation", dependencies=[Depends(require_role(UserRole.ADMIN))], include_in_schema=False)

_TONES = ("bad", "warn", "good")


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room as its node tells of it. `number` is its place in the live levels; `status` is None where it does not
    answer, `case_number` empty where nothing is recorded or the hearing's first entry is on its way."""

    number: int
    name: str
    node: str
    state: str
    seconds: float
    case_number: str
    microphones: tuple[Mapping[str, str], ...]
    status: views.NodeView | None
    alarms: tuple[FindingText, ...]

    @property
    def tone(self) -> str:
        """The worst of its alarms, else good."""
        return min((one.tone for one in self.alarms), key=_TONES.index, default="good")


@router.get("")
def situation(page: PageDep) -> Response:
    return page.render("situation.html", section="situation", rooms=_rooms(page))


@router.get("/rooms")
def rooms(page: PageDep) -> Response:
    return page.render("situation_rooms.html", section="situation", rooms=_rooms(page))


def _rooms(page: Page) -> list[RoomView]:
    """All nodes are asked at once. Rooms with the worst alarms come first, else in the order of the settings."""
    nodes = page.context.all_nodes
    with ThreadPoolExecutor(max(1, len(nodes))) as pool:
        told = [*pool.map(_asked, nodes)]
    found = [_room(page, number, node, status) for number, (node, status) in enumerate(zip(nodes, told, strict=True))]
    return sorted(found, key=lambda one: _TONES.index(one.tone))


def _asked(node: NodeClient) -> dict[str, Any] | None:
    try:
        return node.status()
    except ApiError:
        return None


def _room(page: Page, number: int, node: NodeClient, status: dict[str, Any] | None) -> RoomView:
    if status is None:
        lost = node_lost(page.context.clock.now().utc, page.words)
        return RoomView(number, node.url, "", "", 0.0, "", (), None, (lost,))
    live = status["state"] is not None and HearingState(status["state"]).live
    roles = {one["track"]: one["role"] for one in status["tracks"]}
    return RoomView(
        number,
        status["room"],
        status["node"],
        status["state"] if live else "",
        status["seconds"],
        _case_number(page, status["hearing"]) if live else "",
        tuple(one for one in status["tracks"] if one["kind"] == "audio" and one["role"]) if live else (),
        views.node_view(status, status["hearing"] or ""),
        tuple(alarm_texts(status.get("alarms", ()), page.words, roles)),
    )


def _case_number(page: Page, hearing_id: str) -> str:
    with page.context.database.read() as uow:
        hearing = uow.hearings.get(hearing_id)
        return "" if hearing is None else hearing.case_number
