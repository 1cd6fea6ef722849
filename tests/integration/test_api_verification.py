"""`courtrec verify` and the public verification: what is altered is named, on both databases."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from api.verification import verify
from court.people import UserRole
from protocol.demo_key import make_demo_pkcs12
from protocol.errors import ProtocolError
from protocol.tasks import draft_protocol, sign_protocol
from storage.db.base import Base
from storage.db.models import (
    Checkpoint,
    Gap,
    Hearing,
    LogEntry,
    LogHead,
    MerkleNode,
    NoteRow,
    Protocol,
    PublicKey,
    Segment,
    StateChange,
    StoredObjectRow,
    Utterance,
    Window,
)
from storage.db.unit_of_work import Database
from storage.ledger.checkpoint import verify_checkpoint
from storage.ledger.leaf import LeafKind, parse
from storage.ledger.merkle import verify_consistency
from storage.ledger.proof import InclusionProof, verify_proof
from storage.retention import retain_until
from tests.factories.drafts import draw_up
from tests.factories.evidence import (
    OTHER,
    faults,
    filled,
    protocols_of,
    transcribe,
    utterance,
)
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import LOG_KEY, Server


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return filled(database, tmp_path)


def test_an_honest_installation_has_no_fault_and_every_object_is_read(server: Server) -> None:
    progress: list[tuple[int, int]] = []
    assert list(verify(server.context, None, lambda done, total: progress.append((done, total)))) == []
    assert progress[-1] == (len(server_objects(server)), len(server_objects(server)))
    assert faults(server, HEARING) == []


def test_flipping_one_byte_of_any_object_names_it(server: Server) -> None:
    for path in server_objects(server):
        content = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        found = faults(server)
        assert len(found) == 1
        assert path.name in found[0]
        path.write_bytes(content)
    assert faults(server) == []


def test_an_object_that_is_gone_is_named_only_for_its_hearing(server: Server) -> None:
    with server.context.database.read() as work:
        segment = work.hearings.segment(OTHER, "mic-judge", 1)
    assert segment is not None
    path = next(path for path in server_objects(server) if path.name == segment.sha256)
    path.unlink()
    assert segment.sha256 in faults(server, OTHER)[0]
    assert faults(server, HEARING) == []


def test_an_object_that_no_leaf_names_is_checked_too(server: Server) -> None:
    content = b"delivered, but its leaf never came"
    digest = put(server, content)
    path = next(path for path in server_objects(server) if path.name == digest)
    path.chmod(0o600)
    path.write_bytes(b"x" + content)
    assert [digest in sentence for sentence in faults(server)] == [True]


def of_hearing(model: type[Segment | StateChange | Gap]) -> sa.ColumnElement[bool]:
    return model.hearing_id == HEARING


def said(sequence: int) -> sa.Update:
    return sa.update(Utterance).where(Utterance.hearing_id == HEARING, Utterance.sequence == sequence)


def sealed() -> sa.Update:
    return sa.update(Protocol).where(Protocol.hearing_id == HEARING, Protocol.revision == 2)


def copied_row(model: type[Base], **changed: object) -> sa.Insert:
    """The table's first row once more, with another primary key and what is `changed`."""
    columns = [column for column in model.__table__.columns if not (column.primary_key and column.name not in changed)]
    values = [sa.literal(changed[one.name], one.type) if one.name in changed else one for one in columns]
    return sa.insert(model).from_select(columns, sa.select(*values).limit(1))


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
RECORDED = sa.select(Segment.sha256).where(Segment.sequence == 1)
LAST = sa.select(sa.func.max(LogEntry.index)).scalar_subquery()
GARBAGE = b"x" * 32
ALTERATIONS: dict[str, tuple[sa.Executable, str]] = {
    "entry": (sa.update(LogEntry).where(LogEntry.index == 3).values(entry=GARBAGE), "Entry 3"),
    "entry removed": (sa.delete(LogEntry).where(LogEntry.index == 5), "Entry 5"),
    "last entry removed": (sa.delete(LogEntry).where(LogEntry.index == LAST), "cut short"),
    "entry moved": (sa.update(LogEntry).where(LogEntry.index == 2).values(hearing_id=OTHER, author="x"), "Entry 2"),
    "tree": (sa.update(MerkleNode).where(MerkleNode.level == 1).values(hash=GARBAGE), "Merkle tree"),
    "head": (sa.update(LogHead).values(size=LogHead.size + 1), "head"),
    "checkpoint": (sa.update(Checkpoint).values(note="nothing"), "checkpoint"),
    "segment": (sa.update(Segment).where(of_hearing(Segment), Segment.sequence == 1).values(start=1), "start"),
    "segment removed": (sa.delete(Segment).where(of_hearing(Segment), Segment.sequence == 1), "missing"),
    "gap": (sa.update(Gap).where(of_hearing(Gap)).values(cause="device_lost"), "cause"),
    "state": (sa.delete(StateChange).where(of_hearing(StateChange), StateChange.state == "paused"), "missing"),
    "card": (sa.update(Hearing).where(Hearing.id == HEARING).values(room="another"), "room"),
    "end": (sa.update(Hearing).where(Hearing.id == HEARING).values(end_sample=1), "end"),
    "checkpoints removed": (sa.delete(Checkpoint), "no signed checkpoint"),
    "checkpoint's columns": (sa.update(Checkpoint).values(root=GARBAGE), "another size or root"),
    "case key": (sa.update(Hearing).where(Hearing.id == HEARING).values(case_key="Z"), "case number"),
    "hearing's state": (sa.update(Hearing).where(Hearing.id == HEARING).values(state="archived"), "The state"),
    "hearing's state that is none": (sa.update(Hearing).where(Hearing.id == HEARING).values(state="x"), "The state"),
    "end's time": (sa.update(Hearing).where(Hearing.id == HEARING).values(ended_at=LONG_AGO), "The end"),
    "object's row": (sa.delete(StoredObjectRow).where(StoredObjectRow.sha256.in_(RECORDED)), "list of stored objects"),
    "object's place": (sa.update(StoredObjectRow).values(key="elsewhere"), "another size or place"),
    "window": (sa.update(Window).where(Window.hearing_id == HEARING).values(state="failed"), "was transcribed"),
    "window removed": (sa.delete(Window).where(Window.hearing_id == HEARING), "was transcribed"),
    "utterance": (said(0).values(text="Иное."), "window 0"),
    "utterance removed": (sa.delete(Utterance).where(Utterance.sequence == 0), "window 0"),
    "utterance of other sound": (said(0).values(segment_sha256="2" * 64), "window 0"),
    "utterance of another engine": (said(1).values(engine="x"), "no entry of the log states"),
    "utterance of another model": (said(1).values(model="x"), "no entry of the log states"),
    "utterance of other parameters": (said(1).values(parameters_key="b" * 64), "no entry of the log states"),
    "utterance in no window": (said(1).values(sequence=999), "window 999"),
    "protocols removed": (sa.delete(Protocol), "missing from the database"),
    "protocol's state": (sealed().values(state="draft"), "state"),
    "draft's state": (sa.update(Protocol).where(Protocol.revision == 1).values(state="signed"), "state"),
    "protocol's signer": (sealed().values(signer="X"), "signer"),
    "protocol's hearing": (sealed().values(hearing_id=OTHER), "no entry of the log"),
    "protocol's time": (sealed().values(created_at=LONG_AGO), "time"),
    "protocol's signing": (sealed().values(signed_at=LONG_AGO), "time of signing"),
    "protocol's file": (sealed().values(file_name="x.pdf"), "file name"),
    "protocol's document": (sealed().values(document={"form": "x"}), "document"),
    "protocol's PDF": (sealed().values(sha256="0" * 64), "PDF"),
    "segment of no entry": (copied_row(Segment, leaf_index=10_000, sequence=9), "no entry of the log states"),
    "note of no entry": (copied_row(NoteRow, leaf_index=10_000), "no entry of the log states"),
    "note twice": (copied_row(NoteRow), "no entry of the log states, or lists it twice"),
    "window of no entry": (copied_row(Window, sequence=99, state="done"), "counts as transcribed"),
    "hearing of no entry": (copied_row(Hearing, id=HEARING[:-1] + "9"), "not both in the table"),
    "node key": (sa.update(PublicKey).where(PublicKey.purpose == "node").values(raw=GARBAGE), "key"),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_what_was_altered_in_the_database_is_named(copied: Server, name: str) -> None:
    statement, word = ALTERATIONS[name]
    assert faults(copied) == []
    with copied.context.database.engine.begin() as connection:
        connection.execute(statement)
    found = faults(copied)
    assert any(word in sentence for sentence in found), found
    assert all("\n" not in sentence and sentence.endswith(".") for sentence in found)


def test_a_signed_protocol_is_checked_down_to_its_certificate(server: Server, tmp_path: Path) -> None:
    context = server.context
    protocols = protocols_of(server, tmp_path)
    key = make_demo_pkcs12(protocols.signer.pkcs12, "Айжамал", context.clock)
    transcribe(server, HEARING)
    draw_up(protocols, HEARING)
    signed = sign_protocol(protocols, HEARING, "secretary")
    assert faults(server) == []
    assert server.client().get(f"/api/verify/{signed.sha256}").json()["what"] == "signed protocol"
    stranger = make_demo_pkcs12(tmp_path / "stranger.p12", "Stranger", context.clock)
    key.trust_roots.write_bytes(stranger.trust_roots.read_bytes())
    [fault] = faults(server, HEARING)
    assert "Revision 2" in fault
    assert "certificate" in fault


def test_a_signature_made_over_another_log_is_named(copied: Server) -> None:
    with copied.context.database.begin() as work:
        entry = work.log.newest_entry(HEARING, LeafKind.SIGNATURE)
        assert entry is not None
        body = {**parse(entry.entry).body, "covers_root": "ab" * 32}
        work.log.record(LeafKind.SIGNATURE, HEARING, copied.clock.utc, body, copied.context.server_key)
    assert any("over another log" in sentence for sentence in faults(copied))


def test_an_utterance_that_nobody_transcribed_is_named(copied: Server) -> None:
    for sequence, engine in ((1, "other"), (999, "whisper"), (2, "whisper")):
        with Session(copied.context.database.engine) as session, session.begin():
            session.add(utterance(HEARING, sequence, engine=engine, position=7 + sequence, text="Подлог."))
    found = faults(copied)
    assert [any(f"window {sequence}" in one for one in found) for sequence in (1, 999, 2)] == [True] * 3
    assert len(found) == 3


def test_a_draft_without_its_pdf_is_whole_and_stated(server: Server, tmp_path: Path) -> None:
    transcribe(server, HEARING)
    assert draft_protocol(protocols_of(server, tmp_path), HEARING)
    assert faults(server) == []


FOREIGN = {
    "text": {"document": {"fields": []}},
    "PDF": {"sha256": "ab" * 32, "size": 5},
    "entry": {"draft_index": None},
    "another entry": {"leaf_index": 0},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_was_changed_on_a_draft_without_its_pdf_is_named(server: Server, tmp_path: Path, what: str) -> None:
    transcribe(server, HEARING)
    assert draft_protocol(protocols_of(server, tmp_path), HEARING)
    with server.context.database.begin() as work:
        work.session.execute(sa.update(Protocol).values(FOREIGN[what]))
    assert any("Revision 1 of the protocol" in one for one in faults(server))


def test_entries_of_a_draft_and_of_its_pdf_cannot_be_exchanged(server: Server, tmp_path: Path) -> None:
    transcribe(server, HEARING)
    draw_up(protocols_of(server, tmp_path), HEARING)
    with server.context.database.begin() as work:
        row = work.protocols.latest(HEARING)
        assert row is not None
        row.draft_index, row.leaf_index = row.leaf_index, row.draft_index
    assert any("is stated by no entry" in one for one in faults(server))


def test_a_pdf_taken_away_from_its_draft_is_missed(copied: Server) -> None:
    with copied.context.database.begin() as work:
        row = work.protocols.latest(OTHER)
        assert row is not None
        row.sha256 = row.size = row.leaf_index = None
    assert any("Revision 1" in one and "missing from the database" in one for one in faults(copied))


def test_an_altered_draft_is_not_signed(copied: Server, tmp_path: Path) -> None:
    with copied.context.database.begin() as work:
        row = work.protocols.latest(OTHER)
        assert row is not None
        document = json.loads(json.dumps(row.document))
        document["fields"][3]["lines"][0]["text"] = "Иное дело"
        row.document = document
    assert ["document" in one for one in faults(copied)] == [True, True], "by the draft's entry and by its PDF's"
    with pytest.raises(ProtocolError, match=r"changed in the database \(document\), so it is neither printed"):
        sign_protocol(protocols_of(copied, tmp_path), OTHER, "secretary")
    with copied.context.database.read() as work:
        assert len(work.protocols.of(OTHER)) == 1


def test_an_altered_protocol_is_not_handed_out(copied: Server) -> None:
    with copied.context.database.read() as work:
        row = work.protocols.latest(HEARING)
    assert row is not None
    reader = copied.user(UserRole.JUDGE)
    assert reader.get(f"/hearings/{HEARING}/protocol.pdf").status_code == 200
    path = next(path for path in server_objects(copied) if path.name == row.sha256)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"x")
    answer = reader.get(f"/hearings/{HEARING}/protocol.pdf")
    assert answer.status_code == 500
    assert "not given out" in answer.json()["detail"]


def test_a_hearing_that_does_not_exist_is_a_fault(server: Server) -> None:
    missing = HEARING[:-1] + "9"
    assert faults(server, missing) == [f"There is no hearing {missing} in the log."]


def test_the_public_gets_a_proof_that_holds_without_the_court(server: Server) -> None:
    digest = server_objects(server)[0].name
    verdict = server.client("203.0.113.9").get(f"/api/verify/{digest}").json()
    assert (verdict["verdict"], verdict["what"], verdict["sha256"]) == ("genuine", "segment", digest)
    proof = InclusionProof.parse(verdict["proof"])
    published = server.client().get("/api/log/checkpoint").json()
    key = base64.b64decode(published["log_key"])
    assert key == LOG_KEY.public
    assert verify_proof(proof, "courtrec", [key]).size == published["size"]
    assert verify_checkpoint(published["checkpoint"], "courtrec", [key]).root.hex() == published["root"]


def test_the_public_is_told_a_draft_from_a_signed_protocol(copied: Server) -> None:
    visitor = copied.client("203.0.113.9")
    with copied.context.database.read() as work:
        protocols = [(one.state, one.sha256) for one in work.session.scalars(sa.select(Protocol))]
    said = {(state, visitor.get(f"/api/verify/{sha256}").json()["verdict"]) for state, sha256 in protocols}
    assert said == {("draft", "draft"), ("signed", "genuine")}


def test_the_public_is_told_what_is_unknown_and_what_is_altered(server: Server) -> None:
    visitor = server.client()
    assert visitor.get(f"/api/verify/{'0' * 64}").json()["verdict"] == "unknown"
    assert visitor.get("/api/verify/nothing").status_code == 422
    with server.context.database.read() as work:
        segment = work.hearings.segment(HEARING, "mic-judge", 0)
    assert segment is not None
    with server.context.database.begin() as work:
        entry = work.log.entry(segment.leaf_index)
        assert entry is not None
        entry.entry = entry.entry.replace(b'"partial":false', b'"partial":true')
    verdict = visitor.get(f"/api/verify/{segment.sha256}").json()
    assert (verdict["verdict"], verdict["proof"]) == ("altered", None)


FORGED = "f0" * 32
DISAGREEING: dict[str, sa.Executable] = {
    "a forged file put in the segment's place": sa.update(Segment).where(of_hearing(Segment)).values(sha256=FORGED),
    "a Merkle tree that does not lead to the root": sa.update(MerkleNode).values(hash=GARBAGE),
    "another entry": sa.update(Segment).where(of_hearing(Segment)).values(leaf_index=0),
    "no entry": sa.update(Segment).where(of_hearing(Segment)).values(leaf_index=10_000),
}


@pytest.mark.parametrize("name", DISAGREEING)
def test_nothing_is_called_genuine_that_the_log_does_not_prove(copied: Server, name: str) -> None:
    with copied.context.database.begin() as work:
        work.session.execute(DISAGREEING[name])
    with copied.context.database.read() as work:
        segment = work.hearings.segment(HEARING, "mic-judge", 0)
    assert segment is not None
    assert copied.client().get(f"/api/verify/{segment.sha256}").json()["verdict"] == "altered"


def test_checkpoints_are_shown_to_be_of_one_log(server: Server) -> None:
    visitor = server.client()
    old = visitor.get("/api/log/checkpoint").json()
    server.receive(made_hearing(HEARING[:-1] + "3"))
    new = visitor.get("/api/log/checkpoint").json()
    path = visitor.get("/api/log/consistency", params={"old": old["size"], "new": new["size"]}).json()
    roots = bytes.fromhex(old["root"]), bytes.fromhex(new["root"])
    assert verify_consistency(old["size"], new["size"], *roots, [bytes.fromhex(one) for one in path])
    assert visitor.get("/api/log/consistency", params={"old": 0, "new": new["size"] + 1}).status_code == 422


def server_objects(server: Server) -> list[Path]:
    return sorted(path for path in server.store.folder.rglob("*") if path.is_file())


def put(server: Server, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    assert server.node().put(f"/api/ingest/objects/{digest}", content=content).status_code == 201
    with server.context.database.read() as work:
        row = work.log.object(digest)
    assert row is not None
    assert row.retain_until == retain_until(server.clock.utc, server.context.settings.retention_years)
    return digest
