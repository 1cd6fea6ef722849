"""A court goes on under new keys: what the old ones signed holds, and no key counts that nobody vouched for."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.cli.keys import list_keys, rotate_key
from api.composition import make_context
from api.home import Home, load_keys
from api.settings import load_settings
from api.verification import verify
from court.errors import InputError
from court.openness import Openness
from court.people import UserRole
from protocol.context import make_context as make_protocol_context
from protocol.demo_key import make_demo_pkcs12
from protocol.errors import ProtocolError
from protocol.settings import ProtocolSettings
from protocol.tasks import draft_protocol, render_protocol, sign_protocol
from storage.db.models import Checkpoint, PublicKey
from storage.db.sealer import read_kept
from storage.db.unit_of_work import Database
from storage.keyring import KeyRing, rotate, rotation_path
from storage.ledger import merkle
from storage.ledger.checkpoint import (
    parse_note,
    parse_verifier_key,
    sign_checkpoint,
    verifier_key,
    verify_checkpoint,
)
from storage.ledger.ed25519 import key_id
from storage.ledger.rotation import LOG, SERVER, parse_rotation
from storage.offline import check_file
from tests.factories.bundles import contents_of, exported, read_parts, with_contents, write_parts
from tests.factories.evidence import OTHER, faults, transcribe
from tests.factories.hearing_log import HEARING, STRANGER, made_hearing
from tests.factories.server import Server, make_server


@pytest.fixture
def court(database: Database, tmp_path: Path) -> Server:
    """Keys in files, one hearing, one view of it by the old server key."""
    made = restarted(database, tmp_path)
    made.receive(made_hearing())
    made.user(UserRole.SECRETARY).get(f"/media/{HEARING}/mic-judge/0.mp4")
    return made


def restarted(database: Database, folder: Path) -> Server:
    settings = load_settings(home=folder)
    rings = {f"{purpose}_keys": load_keys(settings, purpose) for purpose in (SERVER, LOG)}
    return make_server(database, folder, **rings)


def replaced(court: Server, purpose: str) -> Server:
    """The court after a rotation at its own clock's time, and a restart."""
    home = court.context.settings.home
    rotate(Home(home).own_key(purpose), purpose, "courtrec", court.clock.utc)
    later = restarted(court.context.database, home)
    later.clock.utc = court.clock.utc
    return later


def published(court: Server) -> str:
    note: str = court.client().get("/api/log/checkpoint").json()["checkpoint"]
    return note


def signed_by(note: str) -> int:
    return len(parse_note(note)[1])


def test_the_log_goes_on_under_a_new_key_and_all_of_it_is_believed(court: Server) -> None:
    old = court.context.log_keys.key
    assert (signed_by(published(court)), faults(court)) == (1, [])
    later = replaced(court, LOG)
    recorded = next(iter(made_hearing().objects))  # under a checkpoint that the old key alone has signed
    assert later.client().get(f"/api/verify/{recorded}").json()["verdict"] == "genuine"
    later.receive(made_hearing(OTHER))
    note = published(later)
    assert signed_by(note) == 2
    assert verify_checkpoint(note, "courtrec", [old.public]).size > 0  # who knows only the old key goes on believing
    assert verify_checkpoint(note, "courtrec", [later.context.log_keys.key.public]).size > 0
    assert faults(later) == []
    later.clock.forward(timedelta(days=30).total_seconds())
    later.user(UserRole.SECRETARY).get(f"/media/{OTHER}/mic-judge/0.mp4")
    assert signed_by(published(later)) == 1
    kept = read_kept(later.context.log_checkpoint, "courtrec", [later.context.log_keys.key.public])
    assert kept == verify_checkpoint(published(later), "courtrec", [later.context.log_keys.key.public])
    assert faults(later) == []


def test_a_server_that_was_not_restarted_yet_and_one_that_was_work_on_one_log(court: Server) -> None:
    home = court.context.settings.home
    rotate(Home(home).own_key(LOG), LOG, "courtrec", court.clock.utc)
    other = Database(court.context.database.url)  # of another process
    later = restarted(other, home)
    later.receive(made_hearing(OTHER))
    assert signed_by(published(later)) == 2
    court.receive(made_hearing(HEARING[:-1] + "3"))
    assert signed_by(published(court)) == 1
    later.receive(made_hearing(HEARING[:-1] + "4"))
    assert signed_by(published(later)) == 2
    assert faults(later) == []
    other.dispose()


def test_what_the_old_key_stated_last_cannot_be_left_out_of_a_copy(court: Server, tmp_path: Path) -> None:
    """No entry of its chain follows it, so none lacks it: the court's own count of the hearing's entries tells."""
    court.order(HEARING, Openness.OPEN)
    later = replaced(court, SERVER)
    key = verifier_key("courtrec", later.context.log_keys.key.public)
    path = exported(later, tmp_path / "bundle.zip")
    assert check_file(path, key).whole
    parts = read_parts(path)
    entries, contents = parts["entries.jsonl"].splitlines(), contents_of(parts)
    at = next(place for place, entry in enumerate(entries) if b'"kind":"openness"' in entry)
    index = contents["indices"].pop(at)
    proof = [[0, index, merkle.leaf_hash(entries.pop(at)).hex()], *contents["nodes"]]
    shorter = with_contents(parts, indices=contents["indices"], nodes=proof)
    shorter["entries.jsonl"] = b"".join(entry + b"\n" for entry in entries)
    told = check_file(write_parts(tmp_path / "shorter.zip", shorter), key)
    assert "entries of the hearing" in told.lines[0]
    assert len(told.lines) == 2


def test_an_auditor_who_holds_the_first_key_is_led_to_the_present_one(court: Server) -> None:
    first = court.context.log_keys.key
    later = replaced(replaced(court, LOG), LOG)
    keys = later.client("203.0.113.9").get("/api/log/keys").json()
    known, led = first.public, [first.public]
    for one in reversed(keys[1:]):
        stated = parse_rotation(one["replaced"])
        assert (stated.origin, stated.purpose, stated.old) == ("courtrec", "log", known)
        assert one["key"] == verifier_key("courtrec", known)
        known = stated.new
        led.append(known)
    assert led[-1] == later.context.log_keys.key.public
    assert keys[0] == {"key": verifier_key("courtrec", known), "replaced": ""}


def test_entries_of_the_old_server_key_hold_and_the_new_one_goes_on(court: Server) -> None:
    old = court.context.server_key.key_id
    later = replaced(court, SERVER)
    later.user(UserRole.JUDGE).get(f"/media/{HEARING}/mic-judge/1.mp4")
    with later.context.database.read() as work:
        authors = {row.author for row in work.log.entries(HEARING)}
    assert {old, later.context.server_key.key_id} <= authors
    assert faults(later) == []


def test_a_draft_made_under_the_old_key_is_printed_and_signed_under_the_new_one(court: Server, tmp_path: Path) -> None:
    transcribe(court, HEARING)
    later = replaced(court, SERVER)
    for server, works in ((court, True), (later, True)):
        context = make_protocol_context(
            ProtocolSettings(), database=server.context.database, store=server.context.store,
            key=server.context.server_key, former_keys=server.context.server_keys.public[1:], clock=server.clock,
            home=tmp_path, site="http://court.test", keep=timedelta(days=1),
        )  # fmt: skip
        if server is court:
            make_demo_pkcs12(context.signer.pkcs12, "Айжамал", server.clock)
            assert draft_protocol(context, HEARING) is works
    stranger = make_protocol_context(
        ProtocolSettings(), database=later.context.database, store=later.context.store,
        key=later.context.server_key, clock=later.clock, home=tmp_path, site="http://court.test",
        keep=timedelta(days=1),
    )  # fmt: skip
    for use in (render_protocol, partial(sign_protocol, user="secretary")):
        with pytest.raises(ProtocolError, match="ledger entry"):
            use(stranger, HEARING)
    assert render_protocol(context, HEARING)
    sign_protocol(context, HEARING, "secretary")
    assert faults(later) == []


def test_a_key_that_merely_stands_in_the_table_counts_for_nothing(court: Server) -> None:
    with court.context.database.begin() as work:
        work.log.enrol_key(STRANGER.key_id, STRANGER.public, "log")
        row = work.session.scalars(sa.select(Checkpoint)).first()
        assert row is not None
        row.note = sign_checkpoint("courtrec", row.size, row.root, STRANGER)
    found = faults(court)
    assert f"The log key {STRANGER.key_id} is listed as this court's, but no signed rotation leads" in found[0]
    assert any("cannot be believed" in one and "no known key's signature" in one for one in found)


@pytest.mark.parametrize("purpose", [LOG, SERVER])
def test_an_old_key_whose_statement_is_gone_counts_no_more(court: Server, purpose: str) -> None:
    ring: KeyRing = getattr(court.context, f"{purpose}_keys")
    replaced(court, purpose)
    home = court.context.settings.home
    rotation_path(Home(home).own_key(purpose), ring.key.key_id).unlink()
    without = restarted(court.context.database, home)
    found = faults(without)
    assert any(f"The {purpose} key {ring.key.key_id} is listed" in one for one in found)
    assert len(found) > 1
    with without.context.database.read() as work:
        assert work.session.get(PublicKey, ring.key.key_id) is not None


def test_the_commands_replace_and_list_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COURTREC_HOME", str(tmp_path))
    context = make_context(load_settings())
    old = {purpose: getattr(context, f"{purpose}_keys").key.key_id for purpose in (LOG, SERVER)}
    context.database.dispose()
    for purpose in (LOG, SERVER):
        rotate_key(purpose)
        told = capsys.readouterr().out
        assert f"The {purpose} key is now " in told
        assert (f"also bear the signature of {old[purpose]} until" in told) is (purpose == LOG)
    list_keys()
    *shown, published = capsys.readouterr().out.splitlines()
    origin, public = parse_verifier_key(published.split()[-1])
    assert (origin, key_id(public)) == ("courtrec", shown[1].split()[1])
    rows = [line.split() for line in shown]
    assert [row[0] for row in rows[1:]] == ["log", "log", "server", "server"]
    assert [row[1] for row in rows[1:]][1::2] == [old[LOG], old[SERVER]]
    assert rows[1][-1] == "yes"
    assert "until" in rows[2]
    assert rows[4][-1] == "no"
    later = make_context(load_settings())
    assert list(verify(later)) == []
    later.database.dispose()
    with pytest.raises(InputError, match="There is no key for 'door': use one of log, server"):
        rotate_key("door")
