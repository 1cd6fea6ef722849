"""Four eyes and destruction, on both databases, over a folder and over a real MinIO."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api import acts, destruction, keeping
from api.destruction import Outcome
from api.errors import Conflict, NotFound
from api.verification import verify
from api.verification_notes import destruction_notes
from court.people import UserRole
from storage.db.checks import Due
from storage.db.models import DestructionAct, LogEntry
from storage.errors import ObjectLocked
from storage.fsck import Result, scrub
from storage.ledger.leaf import LeafKind
from storage.offline import check_file
from storage.worm.local import LocalStore
from tests.factories.bundles import exported
from tests.factories.evidence import OTHER, faults
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.retention import (
    CLASSES,
    LONG_AFTER,
    THIRD,
    Crash,
    approved,
    deeds,
    done,
    objects,
    over,
    propose,
    seconds_ahead,
    share,
    state_of,
    there,
)
from tests.factories.server import Server
from tests.services.processes import MinioServer


def test_an_act_destroys_exactly_what_it_names_and_it_stays_provable(old: Server) -> None:
    named, others = there(old), there(old, OTHER)
    assert faults(old) == []
    act = approved(old)
    assert done(old, act) == Outcome(destroyed=len(named), kept=0, missing=0)
    assert (there(old), there(old, OTHER)) == (set(), others)
    assert deeds(old) == ["propose", "approve", "destroy", "destroyed"]
    assert faults(old) == []
    assert faults(old, HEARING) == []
    [note] = destruction_notes(old.context)
    assert note.startswith(f"The destruction of hearing {HEARING} (objects: {len(named)}) was carried out by ")
    assert "proposed by judge.a and approved by admin.b: the term is over" in note
    visitor = old.client()
    assert {visitor.get(f"/api/verify/{one}").json()["verdict"] for one in objects(old)} == {"genuine"}
    assert state_of(old, act) == "destroyed"
    assert done(old, act) == Outcome(len(named), 0, 0), "carrying it out again changes nothing"
    assert deeds(old) == ["propose", "approve", "destroy", "destroyed"]


def test_nobody_looks_for_what_was_destroyed_or_hands_it_out(old: Server, tmp_path: Path) -> None:
    done(old, approved(old, HEARING))
    found = list(scrub(old.context.database, old.context.store, old.context.clock, Due(old.clock.utc)))
    looked_at = {one.known.sha256 for one in found}
    assert looked_at >= there(old, OTHER)
    assert looked_at.isdisjoint(objects(old, HEARING))
    assert {one.result for one in found} == {Result.WHOLE}
    told = check_file(exported(old, tmp_path / "bundle.zip"))
    assert told.whole, told.lines
    assert "0 files are as they were recorded." in told.lines


def test_an_act_of_many_objects_is_stated_in_several_entries(old: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destruction, "PART", 4)
    assert done(old, approved(old)).destroyed == len(objects(old)) == 6
    assert deeds(old) == ["propose", "approve", "destroy", "destroy", "destroyed"]
    assert faults(old) == []


def test_nobody_approves_what_they_proposed(old: Server) -> None:
    act = propose(old)
    for same in ("judge.a", "Judge.A"):
        with pytest.raises(Conflict, match="another judge or administrator must approve"):
            acts.approve(old.context, act, same)
    with pytest.raises(Conflict, match="is not approved"):
        done(old, act)
    assert there(old) == {*objects(old)}
    assert deeds(old) == ["propose"]
    acts.approve(old.context, act, "admin.b")
    acts.approve(old.context, act, "judge.c")
    assert deeds(old) == ["propose", "approve"]


def test_a_hold_wins_at_every_step(old: Server) -> None:
    keeping.hold(old.context, HEARING, "judge.c", "appeal")
    with pytest.raises(Conflict, match=r"legal hold by judge.c \(appeal\)"):
        propose(old)
    keeping.lift(old.context, HEARING, "judge.c", "decided")
    act = approved(old)
    keeping.hold(old.context, HEARING, "judge.c", "second appeal")
    with pytest.raises(Conflict, match="legal hold"):
        done(old, act)
    keeping.lift(old.context, HEARING, "judge.c", "decided")
    old.context.store.hold(objects(old)[0], True)  # by the store's own means, without us
    with pytest.raises(Conflict, match=f"{objects(old)[0]} of act {act} is under legal hold in the store"):
        done(old, act)
    assert there(old) == {*objects(old)}
    assert "destroy" not in deeds(old)


def test_what_was_extended_after_the_approval_is_kept(old: Server) -> None:
    act = approved(old)
    keeping.extend(old.context, HEARING, old.clock.utc + timedelta(days=1), "judge.c", "appeal", CLASSES)
    with pytest.raises(Conflict, match="is kept until"):
        done(old, act)
    old.clock.forward(timedelta(days=2).total_seconds())
    assert done(old, act).destroyed == len(objects(old))
    assert faults(old) == []


@pytest.mark.parametrize("after", [0, 3])
def test_after_a_crash_there_is_a_statement_and_files_and_the_command_ends_it(
    old: Server, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    act, count = approved(old), len(objects(old))
    destroy, calls = LocalStore.destroy, []

    def crashing(store: LocalStore, sha256: str) -> None:
        if len(calls) == after:
            raise Crash
        calls.append(sha256)
        destroy(store, sha256)

    with monkeypatch.context() as broken:
        broken.setattr(LocalStore, "destroy", crashing)
        with pytest.raises(Crash):
            done(old, act)
    assert deeds(old) == ["propose", "approve", "destroy"]
    assert len(there(old)) == count - after
    assert faults(old) == []
    assert state_of(old, act) == "stated"
    assert "is being carried out since" in next(destruction_notes(old.context))
    assert done(old, act) == Outcome(count, 0, 0)
    assert (there(old), faults(old), deeds(old)[-1]) == (set(), [], "destroyed")


def test_what_another_hearing_needs_is_kept_until_that_is_destroyed_too(old: Server) -> None:
    shared = share(old)
    with old.context.database.read() as work:
        locks = {one.sha256: one.retain_until for one in work.acts.objects(HEARING)}
    assert {one for one, lock in locks.items() if lock is not None and lock > old.clock.utc} == {shared}
    assert [one.hearing for one in keeping.due(old.context, old.clock.utc, CLASSES)] == [HEARING, OTHER]
    act = approved(old)
    assert done(old, act) == Outcome(destroyed=len(objects(old)) - 1, kept=1, missing=0)
    assert there(old) == {shared}
    assert faults(old) == []
    old.clock.forward(LONG_AFTER.total_seconds())
    second = acts.propose(old.context, [THIRD], "judge.a", "over", CLASSES, b"9876543210")
    acts.approve(old.context, second, "admin.b")
    done(old, second)
    assert there(old) == there(old, THIRD) == set()
    assert faults(old) == []
    assert deeds(old) == ["propose", "approve", "destroy", "destroyed", "destroy", "destroyed"]


def test_one_act_destroys_what_its_hearings_share_but_only_when_its_lock_is_over(old: Server) -> None:
    shared = share(old)
    with old.context.database.begin() as work:
        for row in work.acts.objects(THIRD):
            row.retain_until = old.clock.utc if row.sha256 != shared else old.clock.utc + timedelta(days=1)
    act = approved(old, HEARING, THIRD)
    with pytest.raises(Conflict, match=f"{shared}.* is kept until"):
        done(old, act)
    assert there(old) == {*objects(old)}
    old.clock.forward(timedelta(days=1).total_seconds())
    assert done(old, act).kept == 0
    assert there(old) == there(old, THIRD) == set()
    assert faults(old) == []


def test_an_act_does_not_cover_what_was_lost_before(old: Server) -> None:
    lost, *rest = objects(old)
    act = approved(old)
    old.context.store.destroy(lost)
    assert done(old, act) == Outcome(destroyed=len(rest), kept=0, missing=1)
    assert [lost in fault and "missing" in fault for fault in faults(old)] == [True]


def test_what_is_still_there_after_the_deed_is_a_fault(old: Server) -> None:
    content = {one: old.context.store.read(one) for one in objects(old)[:1]}
    done(old, approved(old))
    for sha256, one in content.items():
        old.context.store.put(sha256, one, len(one), old.clock.utc)
        assert [sha256 in fault and "is in the store" in fault for fault in faults(old)] == [True]


def test_an_object_missing_without_act_is_a_fault(old: Server) -> None:
    approved(old)
    old.context.store.destroy(objects(old)[0])
    assert ["missing" in fault for fault in faults(old)] == [True]


def test_what_came_after_the_proposal_is_not_destroyed(old: Server) -> None:
    act = approved(old)
    paper = {"sha256": "ab" * 32, "size": 1, "document_sha256": "cd" * 32, "file_name": "late.pdf"}
    with old.context.database.begin() as work:
        body = paper | {"revision": 1, "form": "civil_brief", "language": "ru"}
        work.log.record(LeafKind.PROTOCOL, HEARING, old.clock.utc, body, old.context.server_key)
    with pytest.raises(Conflict, match="other objects than act"):
        done(old, act)


TAMPERED: dict[str, Any] = {
    "another reason": lambda told: told | {"reason": "x"},
    "no object": lambda told: told | {"hearings": [told["hearings"][0] | {"objects": []}]},
    "another hearing": lambda told: told | {"hearings": [told["hearings"][0] | {"hearing": OTHER}]},
    "no act at all": lambda told: {"hearings": "none"},
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_an_act_altered_in_the_database_destroys_nothing_and_is_named(old: Server, how: str) -> None:
    act = approved(old)
    with old.context.database.begin() as work:
        row = work.acts.get(act)
        assert row is not None
        row.document = TAMPERED[how](row.document)
    with pytest.raises(Conflict, match="changed in the database"):
        done(old, act)
    assert there(old) == {*objects(old)}
    assert state_of(old, act) == "altered"
    found = faults(old)
    assert any(act in fault or "list of acts" in fault for fault in found), found
    assert all("\n" not in fault and fault.endswith(".") for fault in found)


def test_an_act_that_was_put_into_the_database_destroys_nothing_and_is_named(old: Server) -> None:
    act = propose(old)
    with old.context.database.begin() as work:
        row = work.acts.get(act)
        assert row is not None
        forged = act[:-1] + ("0" if act[-1] != "0" else "1")
        work.acts.add(DestructionAct(id=forged, document=row.document | {"act": forged, "by": "nobody"}))
    with pytest.raises(Conflict, match="changed in the database"):
        done(old, forged)
    assert [forged in fault for fault in faults(old)] == [True]
    with old.context.database.begin() as work:
        work.session.execute(sa.delete(DestructionAct))
    assert [act in fault and "missing from the database" in fault for fault in faults(old)] == [True]


def test_a_hold_hidden_from_the_log_stops_the_act(old: Server) -> None:
    act = approved(old)
    keeping.hold(old.context, HEARING, "judge.c", "appeal")
    for sha256 in objects(old):
        old.context.store.hold(sha256, False)
    with old.context.database.begin() as work:
        last = work.log.newest_entry(HEARING, LeafKind.RETENTION)
        assert last is not None
        work.session.execute(sa.update(LogEntry).where(LogEntry.index == last.index).values(kind="access"))
    with pytest.raises(Conflict, match="log is not whole"):
        done(old, act)
    assert there(old) == {*objects(old)}


def test_a_destroyed_hearing_says_so_and_is_held_no_more(old: Server) -> None:
    reader = old.user(UserRole.JUDGE)
    page = {"Accept": "text/html"}
    assert "courtrec-player" in reader.get(f"/hearings/{HEARING}", headers=page).text
    done(old, approved(old))
    for path in ("master.m3u8", "mic-judge.m3u8", "mic-judge/0.mp4"):
        answer = reader.get(f"/media/{HEARING}/{path}")
        assert (answer.status_code, "destroyed by an act" in answer.json()["detail"]) == (410, True)
    assert reader.get(f"/hearings/{HEARING}/protocol.pdf").status_code == 410
    shown = reader.get(f"/hearings/{HEARING}", headers=page)
    assert shown.status_code == 200
    assert "courtrec-player" not in shown.text
    assert "уничтожены по акту" in shown.text
    assert reader.get(f"/media/{OTHER}/mic-judge/0.mp4").status_code == 200
    with pytest.raises(Conflict, match="was destroyed by act"):
        keeping.hold(old.context, HEARING, "judge.a", "too late")
    with pytest.raises(Conflict, match="destroyed by act already"):
        propose(old)


def test_unknown_acts_and_hearings_are_named(old: Server) -> None:
    with pytest.raises(NotFound, match="no act 'x'"):
        done(old, "x")
    with pytest.raises(NotFound, match="no such hearing"):
        propose(old, "x")


def test_minio_itself_refuses_until_the_retention_is_over(server: Server, minio: MinioServer) -> None:
    """MinIO goes by its own clock, so what is stored there is locked for seconds only."""
    on_s3, store = over(server, minio)
    context, log = on_s3.context, made_hearing(HEARING[:-1] + "7")
    log.objects = {sha256: content for sha256, content in log.objects.items() if not content.startswith(b"%PDF")}
    on_s3.receive(log)
    on_s3.clock.forward(LONG_AFTER.total_seconds())
    keeping.hold(context, log.hearing, "judge.c", "appeal")
    assert all(store.held(one) for one in log.objects)
    keeping.lift(context, log.hearing, "judge.c", "decided")
    act = approved(on_s3, log.hearing)
    for sha256 in log.objects:
        store.extend(sha256, seconds_ahead(5))
    deadline, refused = time.monotonic() + 30, 0
    while True:
        try:
            outcome = done(on_s3, act)
            break
        except ObjectLocked:
            refused += 1
            assert state_of(on_s3, act) == "stated"
            assert time.monotonic() < deadline, "the retention never ended"
    assert refused
    assert outcome == Outcome(len(log.objects), 0, 0)
    assert not any(store.versions(one) for one in log.objects)
    assert list(verify(context, log.hearing)) == []
