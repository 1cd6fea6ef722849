"""The log's end: what was cut off it, taken out of it or put into it behind the court's back is missed."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from court.people import UserRole
from storage.db.models import (
    Checkpoint,
    Gap,
    Hearing,
    LogEntry,
    LogHead,
    MerkleNode,
    NoteRow,
    Segment,
    StateChange,
    StoredObjectRow,
    Window,
)
from storage.db.unit_of_work import Database
from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.ed25519 import SigningKey
from storage.ledger.leaf import LeafKind
from tests.factories.bundles import exported
from tests.factories.evidence import faults
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.objects import OTHERS, put_other
from tests.factories.server import Server


def cut_log(server: Server, size: int) -> None:
    """Cuts the log to its first `size` entries, leaving a tree, a head and checkpoints that agree with each other."""
    tree: dict[tuple[int, int], bytes] = {}
    with Session(server.context.database.engine) as session, session.begin():
        session.execute(sa.delete(LogEntry).where(LogEntry.index >= size))
        session.execute(sa.delete(Checkpoint).where(Checkpoint.size > size))
        session.execute(sa.delete(MerkleNode))
        for row in session.scalars(sa.select(LogEntry).order_by(LogEntry.index)):
            leaf = merkle.leaf_hash(row.entry)
            tree.update({node[:2]: node[2] for node in merkle.append(row.index, leaf, lambda *at: tree[at])})
        session.add_all(MerkleNode(level=at[0], index=at[1], hash=value) for at, value in tree.items())
        session.execute(sa.update(LogHead).values(size=size, root=merkle.root_at(size, lambda *at: tree[at])))


def test_views_cut_off_the_end_of_the_log_are_missed_even_when_it_grows_again(copied: Server) -> None:
    with copied.context.database.read() as work:
        size = work.log.head().size
    for track in ("mic-judge", "cam-hall"):
        assert copied.user(UserRole.SECRETARY).get(f"/media/{HEARING}/{track}/0.mp4").status_code == 200
    assert faults(copied) == []
    cut_log(copied, size)
    [fault] = faults(copied)
    assert "cut short" in fault
    copied.receive(made_hearing(HEARING[:-1] + "3"))
    found = faults(copied)
    assert any("do not give the root" in one for one in found)
    assert any("no signed checkpoint" in one for one in found)


def test_nothing_is_signed_for_a_log_that_was_put_back(copied: Server, tmp_path: Path) -> None:
    """An older database lies in the place of the court's: neither a bundle nor a checkpoint gets a second history."""
    with copied.context.database.read() as work:
        size = work.log.head().size
    assert copied.user(UserRole.SECRETARY).get(f"/media/{HEARING}/mic-judge/0.mp4").status_code == 200
    kept = copied.context.log_checkpoint.read_text()
    cut_log(copied, size)
    with pytest.raises(LedgerError, match=r"does not continue the checkpoint in .*log.checkpoint"):
        exported(copied, tmp_path / "bundle.zip")
    assert not (tmp_path / "bundle.zip").exists()
    copied.receive(made_hearing(HEARING[:-1] + "3"))
    answer = copied.client().get("/api/log/checkpoint")
    assert (answer.status_code, "Run courtrec verify" in answer.json()["detail"]) == (500, True)
    with copied.context.database.read() as work:
        assert max(one.size for one in work.log.checkpoints()) == size
    assert copied.context.log_checkpoint.read_text() == kept


def test_a_whole_hearing_taken_out_is_missed(copied: Server) -> None:
    with copied.context.database.read() as work:
        size = work.log.head().size
    last = HEARING[:-1] + "3"
    copied.receive(made_hearing(last))
    cut_log(copied, size)
    with Session(copied.context.database.engine) as session, session.begin():
        session.execute(sa.delete(StoredObjectRow).where(StoredObjectRow.sha256.in_(made_hearing(last).objects)))
        for table in (Segment, Gap, StateChange, NoteRow, Window):
            session.execute(sa.delete(table).where(table.hearing_id == last))
        session.execute(sa.delete(Hearing).where(Hearing.id == last))
    [fault] = faults(copied)
    assert "cut short" in fault


def test_the_checkpoint_outside_the_database_must_be_there_and_be_ours(copied: Server) -> None:
    path = copied.context.log_checkpoint
    path.write_text("nothing")
    [fault] = faults(copied)
    assert "cannot be believed" in fault
    path.unlink()
    [fault] = faults(copied)
    assert "is missing" in fault


@pytest.mark.parametrize("what", OTHERS)
def test_a_checkpoint_that_cannot_be_read_is_told_in_one_sentence(
    copied: Server, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    path = copied.context.log_checkpoint
    reasons: list[str] = []
    monkeypatch.setattr("storage.db.sealer._log.error", lambda *_, reason: reasons.append(reason))
    put_other(path, what)
    found = faults(copied)
    copied.receive(made_hearing(HEARING[:-1] + "3"))
    if what == "a link":  # where a court keeps it is its own affair
        assert (found, reasons) == ([], [])
        return
    [fault] = found
    for sentence in (fault, *reasons):
        assert f"{path} with the log's newest checkpoint cannot be read (it is {what}, not a file)" in sentence
        assert "Errno" not in sentence
    assert reasons, "the server signs nothing then"


def test_an_entry_that_was_put_in_behind_the_courts_back_is_never_signed(copied: Server) -> None:
    forger = SigningKey.from_seed(b"forger".ljust(32, b"."))
    database = Database(copied.context.database.url)  # a program of somebody else
    with database.begin() as work:
        work.log.enrol_key(forger.key_id, forger.public, "node")
        body = {"at_sample": 0, "template": "free", "text": "Подлог."}
        index = work.log.record(LeafKind.NOTE, HEARING, copied.clock.utc, body, forger)
        work.hearings.add(NoteRow(hearing_id=HEARING, leaf_index=index, **body))
    database.dispose()
    assert copied.client().get("/api/log/checkpoint").status_code == 500
    copied.receive(made_hearing(HEARING[:-1] + "3"))
    assert any("no signed checkpoint" in one for one in faults(copied))
