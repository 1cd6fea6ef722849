"""A hearing that is dated back or ahead says so: to the court's own verifier, in a bundle, and on the page."""

from datetime import timedelta
from pathlib import Path

import pytest

from api import ingest
from api.verification import verify
from api.verification_notes import receipt_notes
from storage.db.unit_of_work import Database
from storage.ledger.checkpoint import verifier_key
from storage.ledger.leaf import LeafKind, parse
from storage.offline import check_file
from tests.factories.bundles import exported
from tests.factories.hearing_log import HEARING, START, HearingLog, made_hearing
from tests.factories.server import LOG_KEY, Server, batch, make_server, node_entries

OTHER = HEARING[:-1] + "2"
KEY = verifier_key("courtrec", LOG_KEY.public)
LATE = f"Entries of hearing {HEARING} dated 2026-11-02 04:00 UTC reached the court only on 2026-11-22 09:00 UTC."


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


def without_receipts(patch: pytest.MonkeyPatch) -> None:
    """As the server was before it stated when it received anything."""
    patch.setattr(ingest, "_state_receipt", lambda *_: None)


def kinds(server: Server) -> list[LeafKind]:
    with server.context.database.read() as uow:
        return [parse(row.entry).kind for row in uow.log.entries(HEARING)]


def test_a_hearing_that_is_dated_back_says_so_to_everybody(server: Server, tmp_path: Path) -> None:
    log = made_hearing()
    server.receive(log)
    assert kinds(server)[:2] == [LeafKind.HEARING, LeafKind.RECEIPT]
    assert kinds(server).count(LeafKind.RECEIPT) == 1
    assert list(verify(server.context)) == [], "days without a network are no fault"
    assert list(receipt_notes(server.context)) == list(receipt_notes(server.context, HEARING)) == [LATE]
    told = check_file(exported(server, tmp_path / "bundle.zip"), KEY)
    assert told.whole
    assert LATE in told.lines
    answer = server.client().get(f"/api/verify/{next(iter(log.objects))}").json()
    assert (answer["verdict"], answer["received_at"]) == ("genuine", "2026-11-22T09:00:00Z")


def test_a_hearing_that_comes_as_it_is_held_has_one_receipt_and_is_not_spoken_of(
    server: Server, tmp_path: Path
) -> None:
    log = made_hearing()
    for sha256, content in log.objects.items():
        server.node().put(f"/api/ingest/objects/{sha256}", content=content)
    for entry in node_entries(log):
        server.clock.utc = START + timedelta(seconds=len(log.entries))
        assert server.node().post("/api/ingest/leaves", json=batch([entry])).status_code == 200
    assert kinds(server).count(LeafKind.RECEIPT) == 1
    assert list(receipt_notes(server.context)) == []
    assert not [line for line in check_file(exported(server, tmp_path / "bundle.zip"), KEY).lines if "reached" in line]
    answer = server.client().get(f"/api/verify/{next(iter(log.objects))}").json()
    assert (answer["verdict"], answer["received_at"]) == ("genuine", None)


def test_a_hearing_that_is_dated_ahead_is_a_fault_to_everybody(server: Server, tmp_path: Path) -> None:
    server.receive(made_hearing(start=server.clock.utc + timedelta(hours=1)))
    [fault] = verify(server.context)
    assert "is dated 2026-11-22T10:00:00.000Z, and the court had received it by 2026-11-22T09:00:00.000Z" in fault
    told = check_file(exported(server, tmp_path / "bundle.zip"), KEY)
    assert told.lines[0] == f"FAULT  {fault}"


def test_hearings_from_before_there_were_receipts_stay_whole_and_later_ones_owe_them(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        without_receipts(patch)
        server.receive(made_hearing())
    old = exported(server, tmp_path / "old.zip")
    server.receive(made_hearing(OTHER))
    assert list(verify(server.context)) == []
    assert check_file(old, KEY).whole
    assert check_file(exported(server, tmp_path / "again.zip"), KEY).whole
    with monkeypatch.context() as patch:
        without_receipts(patch)
        third = HEARING[:-1] + "3"
        server.receive(made_hearing(third))
    sentence = f"The court never stated when it received the opening of hearing {third}, as it does of every one."
    assert list(verify(server.context)) == [sentence]
    told = check_file(exported(server, tmp_path / "third.zip", third), KEY)
    assert told.lines[0] == f"FAULT  {sentence}"


def test_a_hearing_that_goes_on_over_the_change_is_whole(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    log: HearingLog = made_hearing()
    with monkeypatch.context() as patch:
        without_receipts(patch)
        for sha256, content in log.objects.items():
            server.node().put(f"/api/ingest/objects/{sha256}", content=content)
        server.node().post("/api/ingest/leaves", json=batch(node_entries(log)[:4]))
    server.receive(log)
    assert kinds(server).count(LeafKind.RECEIPT) == 1
    assert list(verify(server.context)) == []
