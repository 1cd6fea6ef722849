"""Term, hold and extension, on both databases, over a folder and over a real MinIO."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api import acts, keeping
from api.auth.passwords import hash_password
from api.destruction import carry_out
from api.errors import Conflict, Forbidden, NotFound, NotLoggedIn
from api.standing import standing
from court.errors import InputError
from court.people import UserRole
from storage.db.models import User
from storage.retention import FOR_EVER, retain_until
from storage.worm.local import LocalStore
from tests.factories.evidence import OTHER, faults
from tests.factories.hearing_log import HEARING, START, made_hearing
from tests.factories.retention import (
    CLASSES,
    LONG_AFTER,
    PENDING,
    THIRD,
    Crash,
    approved,
    crash,
    deeds,
    objects,
    over,
    propose,
    share,
    there,
)
from tests.factories.server import Server
from tests.services.processes import MinioServer


def test_only_what_is_over_and_not_held_is_due(server: Server) -> None:
    context = server.context
    ended = START + timedelta(seconds=90)
    with context.database.read() as work:
        row = work.hearings.get(HEARING)
        assert row is not None
        found = standing(context, work, row, CLASSES)
    stored_for = retain_until(server.clock.utc, context.settings.retention_years)
    assert found.until == stored_for > retain_until(ended, 5)
    assert list(keeping.due(context, stored_for - timedelta(seconds=1), CLASSES)) == []
    assert [one.hearing for one in keeping.due(context, stored_for, CLASSES)] == [HEARING, OTHER]
    keeping.hold(context, HEARING, "judge.a", "appeal")
    assert [one.hearing for one in keeping.due(context, stored_for, CLASSES)] == [OTHER]
    keeping.lift(context, HEARING, "judge.a", "appeal decided")
    assert [one.hearing for one in keeping.due(context, stored_for, CLASSES)] == [HEARING, OTHER]
    keeping.extend(context, OTHER, stored_for + timedelta(days=1), "judge.a", "appeal", CLASSES)
    assert [one.hearing for one in keeping.due(context, stored_for, CLASSES)] == [HEARING]


def test_a_class_that_keeps_for_ever_is_never_due(old: Server) -> None:
    for_ever = [replace(one, years=None) for one in CLASSES]
    assert list(keeping.due(old.context, FOR_EVER - timedelta(days=1), for_ever)) == []
    with pytest.raises(Conflict, match="is kept for ever"):
        acts.propose(old.context, [HEARING], "judge.a", "over", for_ever, b"0123456789")


def test_a_term_that_is_not_confirmed_destroys_nothing(old: Server) -> None:
    assert [one.term.pending for one in keeping.due(old.context, old.clock.utc, PENDING)] == [True, True]
    with pytest.raises(Conflict, match="awaits legal confirmation"):
        acts.propose(old.context, [HEARING], "judge.a", "over", PENDING, b"0123456789")
    act = approved(old)
    with pytest.raises(Conflict, match="awaits legal confirmation"):
        carry_out(old.context, act, PENDING)
    assert there(old) == {*objects(old)}


def test_what_is_extended_is_never_shortened(server: Server) -> None:
    context = server.context
    until = retain_until(server.clock.utc, 20)
    keeping.extend(context, HEARING, until, "judge.a", "appeal", CLASSES)
    for earlier in (until - timedelta(days=1), server.clock.utc):
        with pytest.raises(InputError, match="only ever extended"):
            keeping.extend(context, HEARING, earlier, "judge.a", "never mind", CLASSES)
    with pytest.raises(InputError, match="100 years"):
        keeping.extend(context, HEARING, retain_until(server.clock.utc, 101), "judge.a", "typing", CLASSES)
    with context.database.read() as work:
        assert {one.retain_until for one in work.acts.objects(HEARING)} == {until}
        assert until not in {one.retain_until for one in work.acts.objects(OTHER)}
    assert deeds(server) == ["extend"]
    assert faults(server) == []


def test_a_crash_between_the_entry_and_the_store_is_made_good_by_the_same_command(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = server.context
    until = retain_until(server.clock.utc, 20)
    with monkeypatch.context() as broken:
        broken.setattr(LocalStore, "hold", crash)
        broken.setattr(LocalStore, "extend", crash)
        for deed in (
            lambda: keeping.hold(context, HEARING, "judge.a", "appeal"),
            lambda: keeping.extend(context, HEARING, until, "judge.a", "appeal", CLASSES),
        ):
            with pytest.raises(Crash):
                deed()
    assert deeds(server) == ["hold", "extend"]
    keeping.hold(context, HEARING, "judge.a", "appeal")
    keeping.extend(context, HEARING, until, "judge.a", "appeal", CLASSES)
    assert all(context.store.held(one) for one in objects(server))
    with context.database.read() as work:
        assert {one.retain_until for one in work.acts.objects(HEARING)} == {until}
    with monkeypatch.context() as broken:
        broken.setattr(LocalStore, "hold", crash)
        with pytest.raises(Crash):
            keeping.lift(context, HEARING, "judge.a", "decided")
    assert context.store.held(objects(server)[0])
    keeping.lift(context, HEARING, "judge.a", "decided")
    assert not any(context.store.held(one) for one in objects(server))
    assert deeds(server) == ["hold", "extend", "lift"]


def test_apply_brings_the_store_to_what_the_ledger_says(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    context = server.context
    with monkeypatch.context() as broken:
        broken.setattr(LocalStore, "hold", crash)
        with pytest.raises(Crash):
            keeping.hold(context, HEARING, "judge.a", "appeal")
    server.clock.forward(timedelta(days=366).total_seconds())
    for_ever = [replace(one, years=None) for one in CLASSES]
    assert {hearing for hearing, _ in keeping.apply(context, for_ever)} == {HEARING, OTHER}
    assert all(context.store.held(one) for one in objects(server))
    assert not any(context.store.held(one) for one in objects(server, OTHER))
    with context.database.read() as work:
        locks = {one.retain_until for one in work.acts.objects(OTHER)}
    assert {lock.year for lock in locks if lock is not None} == {server.clock.utc.year + 10}
    extended: list[str] = []
    monkeypatch.setattr(LocalStore, "extend", lambda store, sha256, until: extended.append(sha256))
    list(keeping.apply(context, for_ever))
    assert extended == [], "a lock grows once a year, not with every call"


def test_lifting_leaves_held_what_another_held_hearing_needs(server: Server) -> None:
    shared = share(server)
    keeping.hold(server.context, HEARING, "judge.a", "appeal")
    keeping.hold(server.context, THIRD, "judge.a", "another appeal")
    keeping.lift(server.context, HEARING, "judge.a", "decided")
    assert {one for one in objects(server) if server.context.store.held(one)} == {shared}


def test_there_is_nothing_to_lift_without_a_hold(server: Server) -> None:
    with pytest.raises(Conflict, match="not under legal hold"):
        keeping.lift(server.context, HEARING, "judge.a", "decided")
    with pytest.raises(InputError, match="reason"):
        keeping.hold(server.context, HEARING, "judge.a", "  ")
    with pytest.raises(NotFound):
        keeping.hold(server.context, "no-hearing", "judge.a", "appeal")
    assert deeds(server) == []


def test_only_a_judge_or_administrator_with_the_password_decides(server: Server) -> None:
    with server.context.database.begin() as work:
        for role in UserRole:
            work.accounts.add(
                User(login=f"the-{role}", name=role.title(), role=role.value, password_hash=hash_password("a good one"))
            )
    for role in (UserRole.JUDGE, UserRole.ADMIN):
        assert keeping.answerable(server.context, f"The-{role}", "a good one") == f"the-{role}"
    for role in (UserRole.SECRETARY, UserRole.PARTY):
        with pytest.raises(Forbidden, match="no judge or administrator"):
            keeping.answerable(server.context, f"the-{role}", "a good one")
    with pytest.raises(NotLoggedIn):
        keeping.answerable(server.context, "the-judge", "a bad one")


def test_a_hearing_that_has_not_ended_is_kept(server: Server) -> None:
    log = made_hearing(HEARING[:-1] + "7")
    log.entries = log.entries[:5]
    server.receive(log)
    server.clock.forward(LONG_AFTER.total_seconds())
    with pytest.raises(Conflict, match="has not ended"):
        propose(server, log.hearing)
    with pytest.raises(InputError, match="has not ended"):
        keeping.extend(server.context, log.hearing, retain_until(server.clock.utc, 20), "judge.a", "x", CLASSES)


def test_minio_keeps_longer_what_is_extended(server: Server, minio: MinioServer) -> None:
    on_s3, store = over(server, minio)
    log = made_hearing(HEARING[:-1] + "a")
    on_s3.receive(log)
    until = retain_until(server.clock.utc, 20)
    keeping.extend(on_s3.context, log.hearing, until, "judge.a", "appeal", CLASSES)
    for sha256 in objects(on_s3, log.hearing):
        [kept] = store.versions(sha256)
        lock = store.client.get_object_retention(store.bucket, kept.key, kept.version)
        assert lock is not None
        assert lock.retain_until_date == until
