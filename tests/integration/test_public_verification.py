"""What anyone is told of a protocol: who signed it, with which number, and whether a newer one stands in its place."""

import hashlib
import re
from pathlib import Path

from protocol.context import DEMO_JUDGE
from protocol.demo_key import demo_files, make_demo_pkcs12
from protocol.signers import SignerRole
from protocol.tasks import correct_protocol, render_protocol, sign_protocol
from storage.db.models import Protocol
from tests.factories.evidence import OTHER, protocols_of
from tests.factories.hearing_log import HEARING
from tests.factories.server import ELSEWHERE, Server

HTML = {"Accept": "text/html"}


def newest(server: Server) -> Protocol:
    with server.context.database.read() as work:
        row = work.protocols.latest(HEARING)
    assert row is not None
    return row


def test_who_signed_is_told_by_hash_and_by_number(copied: Server) -> None:
    visitor, row = copied.client(ELSEWHERE), newest(copied)
    by_hash = visitor.get(f"/api/verify/{row.sha256}").json()
    assert [(one["signer"], one["role"], one["level"]) for one in by_hash["signatures"]] == [
        ("Айжамал (DEMO)", "secretary", "B-B")
    ]
    assert by_hash["replaced_by"] is None
    number = f"{HEARING}-r{row.revision}"
    assert visitor.get(f"/api/verify/protocol/{number}").json() == by_hash
    page = visitor.get(f"/verify?protocol={number}", headers=HTML).text
    assert "Айжамал (DEMO)" in page
    [signed] = re.findall(r"Айжамал \(DEMO\)<br>([^<·]*)", page)
    assert signed.strip() == "22 ноября 2026, 15:00 (UTC+06:00)"
    assert '"zone": "Asia/Bishkek"' in page, "what a file's verdict is told in"
    draft = visitor.get(f"/api/verify/protocol/{OTHER}-r1").json()
    assert (draft["verdict"], draft["signatures"]) == ("draft", [])


def test_a_number_that_no_protocol_has_is_none(copied: Server) -> None:
    visitor = copied.client(ELSEWHERE)
    for number, status in ((f"{HEARING}-r9", 404), (f"{HEARING[:-1]}9-r1", 404), ("1", 422), (f"{HEARING}-r0", 422)):
        assert visitor.get(f"/api/verify/protocol/{number}").status_code == status, number


def test_the_judges_signature_and_the_protocol_that_replaces_both_are_told(copied: Server, tmp_path: Path) -> None:
    protocols, visitor = protocols_of(copied, tmp_path), copied.client(ELSEWHERE)
    keys = protocols.signer.pkcs12
    make_demo_pkcs12(keys.with_name(DEMO_JUDGE), "Judge", copied.clock, beside=demo_files(keys))
    secretary = newest(copied)
    sign_protocol(protocols, HEARING, "Judge", SignerRole.JUDGE)
    judge = newest(copied)
    both = visitor.get(f"/api/verify/{judge.sha256}").json()
    assert [one["role"] for one in both["signatures"]] == ["secretary", "judge"]
    alone = visitor.get(f"/api/verify/{secretary.sha256}").json()
    assert ([one["role"] for one in alone["signatures"]], alone["replaced_by"]) == (["secretary"], judge.revision)
    assert visitor.get(f"/api/verify/protocol/{HEARING}-r{secretary.revision}").json()["sha256"] == judge.sha256

    assert correct_protocol(protocols, HEARING, "описка")
    render_protocol(protocols, HEARING)
    assert visitor.get(f"/api/verify/{judge.sha256}").json()["replaced_by"] is None, "a draft replaces nothing"
    sign_protocol(protocols, HEARING, "secretary")
    newer = newest(copied)
    assert visitor.get(f"/api/verify/{judge.sha256}").json()["replaced_by"] == newer.revision
    assert [one["role"] for one in visitor.get(f"/api/verify/{newer.sha256}").json()["signatures"]] == ["secretary"]
    page = visitor.get(f"/verify?protocol={HEARING}-r{judge.revision}", headers=HTML).text
    assert f"/verify?protocol={HEARING}-r{newer.revision}" in page


def test_an_altered_pdf_is_unknown_and_says_which_protocol_it_claims_to_be(copied: Server) -> None:
    """The page compares both (api/web/test/protocol_number.test.ts)."""
    visitor, row = copied.client(ELSEWHERE), newest(copied)
    altered = hashlib.sha256(b"another").hexdigest()
    assert visitor.get(f"/api/verify/{altered}").json()["verdict"] == "unknown"
    assert visitor.get(f"/api/verify/protocol/{HEARING}-r{row.revision}").json()["verdict"] == "genuine"
