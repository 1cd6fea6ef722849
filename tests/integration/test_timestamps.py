"""Time-stamps of the log: promised with a hearing's end, got from a real authority, checked by `courtrec verify`."""

import hashlib
import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.x509.oid import ExtendedKeyUsageOID

from api.cli.evidence import all_is_well
from api.composition import stamp_context
from api.stamps import load_authority
from storage.db.models import Checkpoint, Timestamp
from storage.db.timestamps import EVERY
from storage.db.unit_of_work import Database
from storage.errors import LedgerError, StampError
from storage.ledger.checkpoint import sign_checkpoint, signed_text
from storage.ledger.timestamp import MAX_ANSWER
from storage.queue import STAMP_AGAIN, EmbeddedWorker, Sweeper, make_queue
from storage.stamping import register
from tests.factories.evidence import OTHER, faults, transcribe
from tests.factories.hearing_log import HEARING, STRANGER, made_hearing
from tests.factories.server import LOG_KEY, Server, make_server
from tests.factories.stamping import PAST, kept, log_size, note_of, promised, stamp, stamped_server
from tests.services.timestamps import Making, TimestampServer, timestamp_server

FAR = datetime(2150, 1, 6, 4, 0, tzinfo=UTC)


@pytest.fixture
def court(database: Database, tmp_path: Path, timestamps: TimestampServer) -> Server:
    made = stamped_server(database, tmp_path, timestamps)
    made.receive(made_hearing(start=PAST))
    return made


def test_the_end_of_a_hearing_promises_a_token_and_the_worker_gets_it(
    court: Server, timestamps: TimestampServer
) -> None:
    [size] = promised(court)
    assert size == log_size(court)
    app = make_queue()
    register(app, stamp_context(court.context))
    worker, sweeper = EmbeddedWorker(app), Sweeper(court.context.database, app, stamping=True)
    worker.start()
    sweeper.start()
    try:
        timestamps.answered.get(timeout=30)
    finally:
        sweeper.stop()
        worker.stop()  # finishes the task at hand
    [token] = kept(court)
    assert (token.size, token.authority) == (size, timestamps.url)
    assert faults(court) == []
    assert f"{size} of them existed by {token.at:%Y-%m-%d %H:%M:%S} UTC" in all_is_well(court.context, None)


def test_without_an_authority_nothing_is_promised_asked_or_said(database: Database, tmp_path: Path) -> None:
    server = make_server(database, tmp_path)
    server.receive(made_hearing())
    assert promised(server) == []
    assert stamp(server, 1) is False
    assert faults(server) == []
    assert "token" not in all_is_well(server.context, None)


def test_a_hearing_that_goes_on_promises_none(database: Database, tmp_path: Path, timestamps: TimestampServer) -> None:
    server = stamped_server(database, tmp_path, timestamps)
    log = made_hearing(start=PAST)
    log.entries = [entry for entry in log.entries if b'"state":"ended"' not in entry]
    server.receive(log)
    assert promised(server) == []


def test_openssl_believes_the_kept_token_as_anyone_can(
    court: Server, timestamps: TimestampServer, tmp_path: Path
) -> None:
    assert stamp(court)
    [token] = kept(court)
    (tmp_path / "token.tst").write_bytes(token.token)
    (tmp_path / "text").write_bytes(signed_text(note_of(court, token.size)))
    command = ["openssl", "ts", "-verify", "-token_in", "-in", "token.tst", "-data", "text"]
    done = subprocess.run([*command, "-CAfile", timestamps.roots], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"Verification: OK\n"), done.stderr


def test_a_token_is_asked_for_once_however_often_the_task_comes(court: Server, timestamps: TimestampServer) -> None:
    assert [stamp(court), stamp(court), stamp(court, 1)] == [True, False, False]
    assert timestamps.answered.qsize() == 1
    with court.context.database.begin() as work:
        [token] = work.timestamps.all()
        assert not work.timestamps.add(token.size, token.authority, b"another", token.at)
    assert len(kept(court)) == 1


def test_one_token_serves_all_hearings_before_it(court: Server) -> None:
    court.receive(made_hearing(OTHER, start=PAST))
    first, second = promised(court)
    assert first < second == log_size(court)
    assert stamp(court, first)
    assert [one.size for one in kept(court)] == [second]
    assert not stamp(court, second)


def test_an_authority_that_is_away_is_asked_again_after_a_while(court: Server, timestamps: TimestampServer) -> None:
    timestamps.status = 503
    [size] = promised(court)
    with pytest.raises(StampError, match=r"answered with status 503\.$"):
        stamp(court)
    sweeper, now = Sweeper(court.context.database, make_queue(), stamping=True), court.clock.utc
    for seconds in (0, 30, 60):
        sweeper.sweep(now + timedelta(seconds=seconds))
    assert promised(court) == [size]
    sweeper.sweep(now + STAMP_AGAIN)
    assert promised(court) == [size, size]
    timestamps.status = 200
    assert stamp(court)
    sweeper.sweep(now + 3 * STAMP_AGAIN)
    assert promised(court) == [size, size]


def test_a_log_that_grew_gets_a_token_each_day_and_one_that_did_not_none(court: Server) -> None:
    assert stamp(court)
    [token] = kept(court)
    sweeper = Sweeper(court.context.database, make_queue(), stamping=True)
    sweeper.sweep(token.at + 2 * EVERY)
    assert len(promised(court)) == 1
    assert court.client().get("/api/log/checkpoint").status_code == 200
    transcribe(court, HEARING)
    sweeper.sweep(token.at + EVERY - timedelta(minutes=1))
    assert len(promised(court)) == 1
    sweeper.sweep(token.at + EVERY)
    assert promised(court)[1:] == [token.size + 1]
    assert stamp(court)
    assert [one.size for one in kept(court)] == [token.size, log_size(court)]
    assert faults(court) == []


def test_an_authority_nobody_answers_for_is_one_sentence(court: Server) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        authority = load_authority(court.context.settings.model_copy(update={"timestamp_url": url}))
        assert authority is not None
        with pytest.raises(StampError, match=rf"^The time-stamp authority {url} cannot be asked \(.+\)\.$"):
            authority.stamp(note_of(court, log_size(court)))


def exchanged_imprint(server: Server) -> Callable[[bytes], bytes]:
    right = hashlib.sha256(signed_text(note_of(server, log_size(server)))).digest()
    return lambda query: query.replace(right, hashlib.sha256(b"another log").digest())


BAD_ANSWERS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "garbage": (lambda answer: b"<html>Not here</html>", "no time-stamp"),
    "nothing": (lambda answer: b"", "no time-stamp"),
    "half": (lambda answer: answer[:200], "no time-stamp"),
    "a grant without a token": (lambda answer: bytes.fromhex("30053003020100"), "no time-stamp"),
    "a refusal": (lambda answer: bytes.fromhex("30053003020102"), r"refused the request \(status 2\)"),
    "an endless one": (lambda answer: answer + bytes(MAX_ANSWER), "more than a time-stamp"),
    "an altered signature": (lambda answer: answer[:-1] + bytes([answer[-1] ^ 1]), "token is altered"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_is_one_sentence_and_nothing_is_kept(
    court: Server, timestamps: TimestampServer, name: str
) -> None:
    timestamps.said, complaint = BAD_ANSWERS[name]
    with pytest.raises(StampError, match=complaint) as caught:
        stamp(court)
    assert "\n" not in str(caught.value)
    assert kept(court) == []


def test_a_token_for_another_imprint_is_refused(court: Server, timestamps: TimestampServer) -> None:
    timestamps.heard = exchanged_imprint(court)
    with pytest.raises(StampError, match="made over something else"):
        stamp(court)
    assert kept(court) == []


def test_an_old_answer_is_not_taken_for_a_new_one(court: Server, timestamps: TimestampServer) -> None:
    assert stamp(court)
    old = timestamps.answered.get_nowait()
    with court.context.database.begin() as work:
        work.session.execute(sa.delete(Timestamp))
    timestamps.said = lambda answer: old
    with pytest.raises(StampError, match="its nonce is not the one sent"):
        stamp(court)


def test_what_the_authority_refuses_is_told_in_its_words(court: Server, timestamps: TimestampServer) -> None:
    sha512 = bytes.fromhex("0609608648016503040203")
    timestamps.heard = lambda query: query.replace(bytes.fromhex("0609608648016503040201"), sha512)
    with pytest.raises(StampError, match=r"refused the request \(.+\)"):
        stamp(court)


def test_an_authority_of_another_root_is_not_trusted(court: Server, tmp_path: Path) -> None:
    with timestamp_server(tmp_path / "stranger") as stranger:
        authority = load_authority(court.context.settings.model_copy(update={"timestamp_url": stranger.url}))
        assert authority is not None
        with pytest.raises(StampError, match="no authority this court trusts"):
            authority.stamp(note_of(court, log_size(court)))


def test_the_newest_checkpoint_must_be_the_courts_own(court: Server) -> None:
    with court.context.database.begin() as work:
        forged = sign_checkpoint("courtrec", log_size(court), bytes(32), STRANGER)
        work.session.execute(sa.update(Checkpoint).values(note=forged))
    with pytest.raises(LedgerError, match="no known key"):
        stamp(court)
    assert kept(court) == []


ALTERED: dict[str, tuple[sa.Executable, str]] = {
    "the token": (sa.update(Timestamp).values(token=b"x" * 700), "cannot be believed: This is no time-stamp"),
    "a token too long": (
        sa.update(Timestamp).values(token=bytes(1 << 17)),
        "believed: The time-stamp has more than",
    ),
    "its time": (sa.update(Timestamp).values(at=PAST), "another time than its own"),
    "what it covers": (sa.update(Timestamp).values(size=Timestamp.size - 1), "is of no checkpoint"),
    "the checkpoints": (sa.delete(Checkpoint), "is of no checkpoint"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_a_kept_token_that_was_altered_is_named(court: Server, name: str) -> None:
    assert stamp(court)
    assert faults(court) == []
    statement, complaint = ALTERED[name]
    with court.context.database.begin() as work:
        work.session.execute(statement)
    found = [one for one in faults(court) if "time-stamp" in one]
    assert len(found) == 1
    assert complaint in found[0]
    assert "\n" not in found[0]


def test_a_token_kept_for_another_checkpoint_is_named(court: Server) -> None:
    assert stamp(court)
    [token] = kept(court)
    transcribe(court, HEARING)
    with court.context.database.begin() as work:
        work.session.execute(sa.update(Timestamp).values(size=log_size(court)))
    [fault] = faults(court)
    assert f"The time-stamp of {log_size(court)} entries" in fault
    assert "made over something else" in fault
    assert token.size < log_size(court)


def test_kept_tokens_must_lead_to_the_certificate_of_the_settings(
    court: Server, tmp_path: Path, timestamps: TimestampServer
) -> None:
    assert stamp(court)
    with timestamp_server(tmp_path / "stranger") as stranger:
        other = make_server(court.context.database, tmp_path, timestamp_roots=stranger.roots)
    [fault] = faults(other)
    assert "no authority this court trusts" in fault


def test_a_certificate_for_another_purpose_gives_no_time(court: Server, tmp_path: Path) -> None:
    """OpenSSL refuses to stamp with such a certificate, so its answer carries no token."""
    with timestamp_server(tmp_path / "server", Making(usage=ExtendedKeyUsageOID.SERVER_AUTH)) as server:
        settings = court.context.settings
        changed = {"timestamp_url": server.url, "timestamp_roots": server.roots}
        authority = load_authority(settings.model_copy(update=changed))
        assert authority is not None
        with pytest.raises(StampError):
            authority.stamp(note_of(court, log_size(court)))


def test_a_token_older_than_what_it_covers_is_named_once(
    database: Database, tmp_path: Path, timestamps: TimestampServer
) -> None:
    server = stamped_server(database, tmp_path, timestamps)
    server.receive(made_hearing(start=FAR))
    assert stamp(server)
    transcribe(server, HEARING)
    assert stamp(server, log_size(server))
    [receipt, fault] = sorted(faults(server), key=lambda one: "time-stamp" in one)
    assert "and the court had received it by" in receipt
    assert "but one of them was stated at 2150-01-06" in fault
    assert "back-dated" in fault


def test_tokens_of_an_authority_that_is_no_longer_asked_still_count(court: Server, tmp_path: Path) -> None:
    assert stamp(court)
    settings = court.context.settings
    later = make_server(court.context.database, tmp_path, timestamp_roots=settings.timestamp_roots)
    assert faults(later) == []
    with court.context.database.begin() as work:
        work.session.execute(sa.update(Timestamp).values(token=b"x"))
    [fault] = faults(later)
    assert "cannot be believed" in fault


def test_a_log_rewritten_with_the_courts_own_key_does_not_fit_its_token(
    court: Server, database: Database, tmp_path: Path
) -> None:
    """What checkpoints alone cannot show: whoever holds the log's key signs any history, but not in the past."""
    assert stamp(court)
    with database.begin() as work:
        row = work.session.get(Checkpoint, log_size(court))
        assert row is not None
        row.note = sign_checkpoint("courtrec", row.size, bytes(32), LOG_KEY)
        row.root = bytes(32)
    assert any("time-stamp" in one and "made over something else" in one for one in faults(court))
