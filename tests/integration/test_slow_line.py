"""A court-room behind a line that is slow, breaks and is away for days: all arrives, speech first, and is whole."""

import hashlib
import random
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.nodes import enrol_own
from api.verification import verify
from api.verification_notes import delivery_notes
from court.card import HearingCard
from hardware.clock import SystemClock
from recorder.spool import Attachment, HearingRow, Spool
from recorder.uplink import Uplink, ingest_client
from storage.db.models import StoredObjectRow
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.deliveries import migrated
from tests.factories.hearing_log import HEARING, NODE, TRACKS, HearingLog, add_state, anchor, open_hearing
from tests.factories.recordings import KEY, node, simulated_room, tone, write_wav
from tests.factories.served import served
from tests.factories.server import NODE_TOKEN, Server, make_server
from tests.factories.waiting import until
from tests.simulators.slow_line import SlowLine

Message = MutableMapping[str, Any]


class Arrivals:
    """The server's application, remembering in which order leaves and whole objects were acknowledged."""

    def __init__(self, server: Server) -> None:
        self.order: list[str] = []
        self._app = server.app

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300 and scope["method"] != "GET":
                self.order.append(scope["path"])
            await send(message)

        await self._app(scope, receive, told)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    home = tmp_path / "server"
    home.mkdir()
    database = Database(f"sqlite:///{migrated(home)}/courtrec.db")
    made = make_server(database, home)
    object.__setattr__(made.context, "clock", SystemClock())  # what the node dates by
    enrol_own(made.context, KEY.public)
    yield made
    database.dispose()


@contextmanager
def delivering(spool: Spool, port: int, public_key: bytes) -> Iterator[Uplink]:
    uplink = Uplink(spool, ingest_client(f"http://127.0.0.1:{port}", NODE_TOKEN), public_key)
    uplink.start()
    try:
        yield uplink
    finally:
        uplink.close()


def test_days_offline_then_everything_arrives_speech_first(tmp_path: Path, server: Server) -> None:
    """Three hearings are recorded while the server is away; the line then breaks after every 60 kB."""
    sounds = [write_wav(tmp_path / f"{number}.wav", tone(8, 440 + number)) for number in range(2)]
    agent = node(tmp_path / "node", simulated_room(sounds))
    arrivals = Arrivals(server)
    with ExitStack() as stack:
        port = stack.enter_context(served(arrivals))
        line = stack.enter_context(SlowLine(port, rate=2_000_000, cut_after=60_000).running())
        line.away = True
        with delivering(agent.spool, line.port, KEY.public) as uplink:
            cards = [HearingCard.parse({"case_number": f"ГД {number}/26"}) for number in range(3)]
            hearings = [agent.run_to_end(card) for card in cards]
            until(lambda: "cannot be reached" in uplink.trouble)
            assert {*agent.spool.backlogs()} == {*hearings}
            assert arrivals.order == []
            line.away = False
            until(lambda: agent.spool.backlog().count == 0)
    assert line.connections > 3
    kinds = [kind_of(agent.spool, path) for path in arrivals.order]
    assert "mic-judge" not in kinds[kinds.index("mix") :]
    assert "mix" not in kinds[kinds.index("cam-overview") :]
    last_leaves = len(kinds) - 1 - kinds[::-1].index("leaves")
    assert last_leaves < kinds.index("mix"), "what no transcript needs travels when every entry is there"
    agent.close()
    check(server, hearings)


def kind_of(spool: Spool, path: str) -> str:
    """The track of the object that a request brought, or `leaves`."""
    if path.endswith("/leaves"):
        return "leaves"
    sha256 = path.split("/")[4]
    ((file,),) = {*spool.rows("SELECT file FROM entry WHERE sha256 = ? LIMIT 1", sha256)}
    return Path(file).stem.rpartition("-")[0]


def check(server: Server, hearings: list[str]) -> None:
    assert list(verify(server.context)) == []
    assert list(delivery_notes(server.context)) == []
    with server.context.database.read() as uow:
        assert {one.id for one in uow.hearings.find()} == {*hearings}
        assert all(one.state == "ended" for one in uow.hearings.find())


def test_a_video_segment_of_20_mb_arrives_over_a_line_that_breaks_every_2_mb(tmp_path: Path, server: Server) -> None:
    """What 2 Mbit/s bring in ten seconds. Hardly a byte travels twice."""
    content = random.Random(3).randbytes(20 << 20)
    with closing(Spool(tmp_path / "spool")) as spool:
        spooled_picture(spool, content)
        with served(server.app) as port, SlowLine(port, cut_after=2_500_000).running() as line:
            with delivering(spool, line.port, NODE.public):
                until(lambda: spool.backlog().count == 0)
            assert line.connections >= 8
            assert line.carried < len(content) * 1.1
    with server.context.database.read() as uow:
        sha256 = hashlib.sha256(content).hexdigest()
        assert uow.session.get(StoredObjectRow, sha256) is not None
    assert server.store.read(sha256) == content
    assert list(verify(server.context)) == []


def spooled_picture(spool: Spool, content: bytes) -> None:
    """A hearing of ten seconds with one segment of its camera; the microphone gave nothing."""
    log = HearingLog()
    open_hearing(log)
    rate = TRACKS["cam-hall"]
    span = {"start": 0, "rate": rate, "track": "cam-hall", "end": 10 * rate, "anchor": anchor(0)}
    segment = {"sequence": 0, "init_size": 20, "codec": "h264", "partial": False}
    log.add(NODE, LeafKind.SEGMENT, {**log.keep(content), **span, **segment})
    gap = {"track": "mic-judge", "start": 0, "end": 480_000, "rate": 48_000, "cause": "device_lost"}
    log.add(NODE, LeafKind.GAP, {**gap, "device_log": "", "anchor": anchor(0)})
    add_state(log, "ended", 10)
    spool.begin(HearingRow(HEARING, "", "fast", scripted=False))
    for seq, entry in enumerate(log.entries):
        sealed = None
        if parse(entry).kind is LeafKind.SEGMENT:
            file = f"{HEARING}/cam-hall-00000.mp4"
            (spool.folder / file).write_bytes(content)
            sealed = ("cam-hall", Attachment(file, hashlib.sha256(content).hexdigest(), len(content)))
        spool.append(HEARING, seq, entry, 0.0, sealed)
    spool.end(HEARING)


def test_the_line_itself(tmp_path: Path, server: Server) -> None:
    """The simulated line breaks where it says, and is away when it says."""
    with served(server.app) as port, SlowLine(port, cut_after=10_000).running() as line:
        address = f"http://127.0.0.1:{line.port}/healthz"
        assert httpx.get(address).status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.post(address, content=bytes(100_000))
        assert line.carried <= 20_000
        line.away = True
        with pytest.raises(httpx.HTTPError):
            httpx.get(address)
