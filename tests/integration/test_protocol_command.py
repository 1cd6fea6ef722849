"""`courtrec protocol sign`: at the computer that has the token, against a running server."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.cli.protocol import sign_here
from court.errors import CourtError
from protocol.signers import SignerRole
from storage.db.models import User
from tests.factories.command_line import courtrec
from tests.factories.served import served
from tests.factories.server import PASSWORD, PASSWORD_HASH, Server
from tests.factories.signing import CERTIFIED, HEARING, JUDGE, SECRETARY
from tests.services.authority import CertificateAuthority
from tests.services.tokens import KEY, PIN, Token


@pytest.fixture
def address(copied: Server, authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A running court that trusts the authority, with both accounts."""
    monkeypatch.setenv("COURTREC_PROTOCOL_TRUST_ROOTS", str(authority.roots))
    copied.clock.utc = datetime.now(UTC)
    with copied.context.database.begin() as work:
        for login, name, role in (("aijamal", SECRETARY, "secretary"), ("asanov", JUDGE, "judge")):
            work.accounts.add(User(login=login, name=name, role=role, password_hash=PASSWORD_HASH))
        work.accounts.add(User(login="chief", name="Администратор", role="admin", password_hash=PASSWORD_HASH))
    with served(copied.app) as port:
        yield f"http://127.0.0.1:{port}"


def states(server: Server) -> list[tuple[str, str]]:
    with server.context.database.read() as work:
        return [(row.state, row.role) for row in work.protocols.of(HEARING)]


def test_a_person_signs_with_the_token_in_their_own_computer(
    address: str,
    copied: Server,
    token: Token,
    authority: CertificateAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    token.hold(authority.issue(CERTIFIED[SignerRole.SECRETARY]))
    judge = authority.issue(CERTIFIED[SignerRole.JUDGE])
    signers = tmp_path / "signers.toml"
    signers.write_text(
        f'[[signer]]\nrole = "secretary"\nkind = "pkcs11"\nmodule = "{token.module}"\ntoken = "{token.label}"\n'
        f'key = "{KEY}"\n[[signer]]\nrole = "judge"\nkind = "pkcs12"\nfile = "{judge.pkcs12}"\n'
        f'passphrase_file = "{judge.passphrase}"\n'
    )

    def sign(login: str, typed: str, server: str = address) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))
        sign_here(HEARING, server, login, signers)
        return capsys.readouterr().out

    monkeypatch.setenv("COURTREC_HOME", str(tmp_path / "desk"))
    for login, typed, sentence in (
        ("asanov", PASSWORD, "The secretary signs the protocol first, then the presiding judge."),
        ("aijamal", "guess", "The login or the password is wrong."),
        ("chief", PASSWORD, "Your role does not include this."),
        ("aijamal", f"{PASSWORD}\n000000", "The PIN of the token court is wrong"),
    ):
        with pytest.raises(CourtError, match=sentence):
            sign(login, typed)
    with pytest.raises(CourtError, match=r"server http://127\.0\.0\.1:9 does not answer"):
        sign("aijamal", PASSWORD, "http://127.0.0.1:9")
    assert states(copied) == [("draft", "")]
    told = sign("aijamal", f"{PASSWORD}\n{PIN}")
    assert "Signed as secretary by ИМАНОВА АЙЖАМАЛ, level B-B: revision 2." in told
    asked = ["--server", address, "--login", "asanov", "--signers", str(signers)]
    done = courtrec(tmp_path / "desk", "protocol", "sign", HEARING, *asked, typed=PASSWORD + "\n")
    assert "Signed as judge by Асанов Б. Т., level B-B: revision 3." in done.stdout, done.stderr
    assert states(copied) == [("draft", ""), ("signed", "secretary"), ("signed", "judge")]
