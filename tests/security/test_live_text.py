"""Live text: kept in memory only, until its window is transcribed, and for those who may read the hearing there."""

import asyncio
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from api.caller import Caller
from api.live import told_text
from api.live_text import SILENT, forget_transcribed
from court.openness import Openness
from court.people import UserRole
from storage.db.models import User
from storage.db.unit_of_work import Database
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import ELSEWHERE, ON_SITE, Server, make_server

SPOKEN = "тайна усыновления"
TOKEN = "live-token"
SPARE = "019ab000-0000-7000-8000-00000000000a"

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    object.__setattr__(made.context.secrets, "live_token", TOKEN)
    made.receive(made_hearing())
    return made


def line(key: str = "mic-judge-71000", start: float = 71.0, sequence: int = 1, **more: Any) -> dict[str, Any]:
    told = {"id": key, "track": "mic-judge", "role": "judge", "sequence": sequence, "start": start, "end": start + 2}
    return {**told, "stable": SPOKEN, "rest": "", "final": True, "flags": [], **more}


def report(server: Server, *lines: dict[str, Any], token: str = TOKEN, **more: Any) -> int:
    told = {"worker": "w", "state": "on", "recording": HEARING, "lines": lines, **more}
    answer = server.client().post("/live/text", json=told, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


def reader(server: Server, role: UserRole, address: str = ON_SITE, granted: bool = False) -> Caller:
    with server.context.database.begin() as uow:
        user = User(login=f"{role}-{address}-{granted}", name=role.title(), role=role.value, password_hash="")
        known = uow.accounts.by_login(user.login) or uow.accounts.add(user)
        if granted:
            uow.accounts.grant(known.id, HEARING)
    place = server.context.settings.place_of(address)
    return Caller(known.id, known.login, known.name, role, session_id=1, csrf="", address=address, place=place)


def texts(server: Server, caller: Caller) -> list[str]:
    with server.context.database.read() as uow:
        return [one.stable for one in server.context.live_texts.visible(uow, caller, HEARING).values()]


def test_only_who_shows_the_token_may_report(server: Server) -> None:
    assert report(server, line(), token="") == 401
    assert report(server, line(), token="node-token") == 401
    assert texts(server, reader(server, UserRole.SECRETARY)) == []
    assert report(server, line()) == 204
    assert texts(server, reader(server, UserRole.SECRETARY)) == [SPOKEN]


def test_where_no_token_was_made_nobody_may(server: Server) -> None:
    object.__setattr__(server.context.secrets, "live_token", "")
    assert report(server, line(), token="") == 401


def test_what_is_too_long_is_refused(server: Server) -> None:
    assert report(server, line(stable="x" * 4001)) == 422
    assert report(server, *[line()] * 101) == 422


@pytest.mark.parametrize("known_by", ["log", "node"])
@pytest.mark.parametrize("span", [(0.0, None), (72.5, 72.6), (60.0, 75.0)])
def test_closed_text_leaves_the_site_for_nobody(
    server: Server, known_by: str, span: tuple[float, float | None]
) -> None:
    start, end = span
    orders = [{"start": start, "end": end, "openness": "closed"}] if known_by == "node" else []
    if known_by == "log":
        server.order(HEARING, Openness.CLOSED, round(start * 1000), None if end is None else round(end * 1000))
    report(server, line(), orders=orders)
    for role, granted in product((UserRole.SECRETARY, UserRole.JUDGE, UserRole.PARTY), (False, True)):
        assert texts(server, reader(server, role, ELSEWHERE, granted)) == [], (role, granted)
    for role in (UserRole.SECRETARY, UserRole.JUDGE):
        assert texts(server, reader(server, role)) == [SPOKEN]


def test_who_may_not_read_the_hearing_gets_no_stream(server: Server) -> None:
    report(server, line())
    path = f"/live/text/{HEARING}"
    assert server.client().get(path).status_code == 401
    assert server.user(UserRole.ADMIN).get(path).status_code == 403
    assert server.user(UserRole.PARTY).get(path).status_code == 403
    assert server.user(UserRole.JUDGE).get(f"/live/text/{SPARE}").status_code == 404


def test_of_a_spare_recording_what_lies_near_a_closed_part_is_closed(server: Server) -> None:
    server.order(HEARING, Openness.CLOSED, 75_000, 80_000)
    report(server, line(), line("mic-judge-20000", 20.0, stable="открыто"), recording=SPARE, spare_of=HEARING)
    assert texts(server, reader(server, UserRole.JUDGE, ELSEWHERE)) == ["открыто"]
    assert len(texts(server, reader(server, UserRole.JUDGE))) == 2


def test_what_both_nodes_heard_is_there_once_and_the_spare_ones_words_go_on(server: Server) -> None:
    judge = reader(server, UserRole.JUDGE)
    half = line("mic-judge-80000", 80.0, stable="половина", final=False)
    report(server, line(), half)
    beside = {"recording": SPARE, "spare_of": HEARING}
    again = line("mic-judge-70500", 70.5)  # the spare's segment begins before the first node died
    other = line("mic-claimant-71000", 71.0, role="claimant", stable="в то же время")
    late = line("mic-judge-140000", 140.0, sequence=9, stable="потом")
    report(server, again, other, line("mic-judge-77000", 77.0, sequence=8, stable="дальше"), late, **beside)
    assert texts(server, judge) == [SPOKEN, "в то же время", "дальше", "потом"]
    with server.context.database.begin() as uow:
        uow.windows.done(HEARING, 1)  # the first node delivered that part after all: its transcript has these words
    forget_transcribed(server.context.live_texts, server.context.database, server.clock.monotonic)
    assert texts(server, judge) == ["потом"]


def test_text_is_forgotten_when_its_window_is_transcribed_and_when_it_is_old(server: Server) -> None:
    judge, live = reader(server, UserRole.JUDGE), server.context.live_texts
    report(server, line(), line("mic-judge-90000", 90.0, sequence=2, stable="дальше"))
    now = server.clock.monotonic
    forget_transcribed(live, server.context.database, now)
    assert texts(server, judge) == [SPOKEN, "дальше"]
    with server.context.database.begin() as uow:
        uow.windows.done(HEARING, 1)
    forget_transcribed(live, server.context.database, now)
    assert texts(server, judge) == ["дальше"]
    forget_transcribed(live, server.context.database, now + 3600)
    assert texts(server, judge) == []
    assert live.recordings() == []


def test_nothing_stays_of_an_ended_recording_that_is_transcribed(server: Server) -> None:
    """Such as a half sentence whose worker was ended, or a line of a window that never came."""
    judge, live = reader(server, UserRole.JUDGE), server.context.live_texts
    report(server, line("mic-judge-80000", 80.0, stable="половина", final=False), line(sequence=99))
    now = server.clock.monotonic

    def left(state: str, *done: int, later: float = SILENT + 1) -> int:
        with server.context.database.begin() as uow:
            hearing = uow.hearings.get(HEARING)
            assert hearing is not None
            hearing.state = state
            for sequence in done:
                uow.windows.done(HEARING, sequence)
        forget_transcribed(live, server.context.database, now + later)
        return len(texts(server, judge))

    assert left("ended", 1, 2) == 2, "a window is still to be transcribed"
    assert left("recording", 0) == 2, "it goes on"
    assert left("ended", later=1) == 2, "its worker may still be at it"
    assert left("ended") == 0


def test_nothing_of_it_is_written_anywhere(server: Server, tmp_path: Path) -> None:
    report(server, line())
    judge = reader(server, UserRole.JUDGE)
    assert texts(server, judge) == [SPOKEN]
    server.context.database.dispose()
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and SPOKEN.encode() in path.read_bytes()]
    assert kept == []


def test_a_new_worker_leaves_no_half_sentence_of_the_one_before(server: Server) -> None:
    judge = reader(server, UserRole.JUDGE)
    report(server, line(), line("mic-judge-80000", 80.0, stable="половина", final=False))
    assert len(texts(server, judge)) == 2
    report(server, worker="another")
    assert texts(server, judge) == [SPOKEN]


def test_lines_are_told_once_revised_and_taken_back(server: Server) -> None:
    judge = reader(server, UserRole.JUDGE, ELSEWHERE)

    async def listen() -> list[tuple[str, Any]]:
        told: list[tuple[str, Any]] = []
        stream = told_text(server.context, judge, HEARING)

        async def until(event: str) -> None:
            async for one in stream:
                told.append((one.event or "", json.loads(one.data)))
                if one.event == event:
                    return

        report(server, line(stable="тайна", rest="усы", final=False))
        await until("text")
        report(server, line())
        await until("text")
        report(server, orders=[{"start": 0, "end": None, "openness": "closed"}])
        await until("gone")
        server.clock.forward(SILENT + 1)
        await until("state")
        server.clock.forward(120)
        assert [one async for one in stream] == []
        return told

    told = asyncio.run(listen())
    key = f"{HEARING}-mic-judge-71000"
    shown = [(name, {k: v for k, v in one.items() if k in ("stable", "rest", "final")}) for name, one in told[1:3]]
    assert told[0] == ("state", "on")
    assert shown == [
        ("text", {"stable": "тайна", "rest": "усы", "final": False}),
        ("text", {"stable": SPOKEN, "rest": "", "final": True}),
    ]
    assert told[3:] == [("gone", [key]), ("state", "off")]
