"""The time-stamp authority as it is set: its address, log-in and certificates; and that it stamps signatures, too."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from api.errors import SettingsError
from api.settings import load_settings
from api.stamps import load_authority
from protocol.context import make_context
from protocol.demo_key import make_demo_pkcs12
from protocol.settings import ProtocolSettings
from protocol.signers.port import Level
from protocol.tasks import sign_protocol
from protocol.verify import load_timestamp_roots, load_trust_roots, verify_pdf
from storage.db.unit_of_work import Database
from storage.errors import StampError
from storage.ledger.timestamp import token_time
from storage.worm.port import read_object
from tests.factories.drafts import draw_up
from tests.factories.evidence import faults, transcribe
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import Server
from tests.factories.stamping import PAST, log_size, note_of, stamp, stamped_server
from tests.services.timestamps import Making, TimestampServer, timestamp_server


@pytest.fixture
def court(database: Database, tmp_path: Path, timestamps: TimestampServer) -> Server:
    made = stamped_server(database, tmp_path, timestamps)
    made.receive(made_hearing(start=PAST))
    return made


def log_in(folder: Path, user: str | None, password: str | None) -> None:
    (folder / "keys").mkdir(exist_ok=True)
    for name, content in (("timestamp.user", user), ("timestamp.password", password)):
        if content is not None:
            (folder / "keys" / name).write_text(f"{content}\n")
            (folder / "keys" / name).chmod(0o600)


def test_an_authority_that_wants_a_password_gets_the_one_in_the_secret_files(
    court: Server, database: Database, tmp_path: Path, timestamps: TimestampServer
) -> None:
    timestamps.login = "court:п@ss:word"
    with pytest.raises(StampError, match="wants another user name or password than keys/"):
        stamp(court)
    log_in(tmp_path, "court", "wrong")
    with pytest.raises(StampError, match="wants another user name or password"):
        stamp(stamped_server(database, tmp_path, timestamps), log_size(court))
    log_in(tmp_path, "court", "п@ss:word")
    knowing = stamped_server(database, tmp_path, timestamps)
    assert "п@ss:word" not in repr(knowing.context)
    assert stamp(knowing, log_size(court))
    assert faults(knowing) == []


@pytest.mark.parametrize(("user", "password"), [("court", None), (None, "secret"), ("court", ""), ("", "secret")])
def test_half_a_login_is_refused_at_start(
    tmp_path: Path, timestamps: TimestampServer, user: str | None, password: str | None
) -> None:
    log_in(tmp_path, user, password)
    with pytest.raises(SettingsError, match=r"The secret file .*timestamp\.(user|password)"):
        load_authority(load_settings(home=tmp_path, timestamp_url=timestamps.url, timestamp_roots=timestamps.roots))


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("https://tsa.example:port/stamp", r"COURTREC_TIMESTAMP_URL is no address \(.+\): correct it"),
        ("http://tsa.example/stamp", "ask the authority for an https:// address"),
        ("https://court:secret@tsa.example/stamp", "holds a user name: put it and the password into keys/"),
    ],
)
def test_a_password_goes_neither_into_the_address_nor_over_an_open_line(
    tmp_path: Path, timestamps: TimestampServer, url: str, complaint: str
) -> None:
    log_in(tmp_path, "court", "secret")
    with pytest.raises(SettingsError, match=complaint) as caught:
        load_authority(load_settings(home=tmp_path, timestamp_url=url, timestamp_roots=timestamps.roots))
    assert "secret@" not in str(caught.value)


def test_an_authority_may_send_its_chain_from_the_signer_upwards(court: Server, tmp_path: Path) -> None:
    """As OpenSSL does. DER asks for another order of a set: this signer's certificate, the longer one, comes last."""
    making = Making(key=lambda: rsa.generate_private_key(65537, 2048), between=True)
    with timestamp_server(tmp_path / "chained", making) as chained:
        changed = {"timestamp_url": chained.url, "timestamp_roots": chained.roots}
        authority = load_authority(court.context.settings.model_copy(update=changed))
        assert authority is not None
        note = note_of(court, log_size(court))
        token, at = authority.stamp(note)
        assert token_time(token, note, authority.roots) == at


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_certificates_that_cannot_be_used_are_named_at_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"roots\.pem cannot be used \(.+\): .* COURTREC_TIMESTAMP_ROOTS\.$"):
        load_authority(load_settings(timestamp_roots=path))


def test_an_authority_without_its_certificates_is_refused_at_start() -> None:
    with pytest.raises(SettingsError, match="COURTREC_TIMESTAMP_ROOTS"):
        load_settings(timestamp_url="http://authority.example")
    with pytest.raises(SettingsError, match="COURTREC_TIMESTAMP_URL"):
        load_settings(timestamp_url="authority.example", timestamp_roots=Path("roots.pem"))


@pytest.mark.parametrize("login", [None, ("court", "пароль")])
def test_the_same_authority_stamps_the_protocols_signature(
    court: Server, tmp_path: Path, timestamps: TimestampServer, login: tuple[str, str] | None
) -> None:
    timestamps.login = ":".join(login or ())
    context = make_context(
        ProtocolSettings(), database=court.context.database, store=court.context.store, key=court.context.server_key,
        clock=court.clock, home=tmp_path, site="http://court.test", keep=timedelta(days=1),
        timestamp_url=timestamps.url, timestamp_login=login, timestamp_roots=timestamps.roots,
    )  # fmt: skip
    make_demo_pkcs12(context.signer.pkcs12, "Айжамал", court.clock)
    transcribe(court, HEARING)
    draw_up(context, HEARING)
    signed = sign_protocol(context, HEARING, "secretary")
    roots, authority = load_trust_roots(context.signer.trust_roots), load_timestamp_roots(context.signer)
    pdf = read_object(context.store, signed.sha256)
    report = verify_pdf(pdf, roots, court.clock.utc, authority)
    assert [one.level for one in report.signatures] == [Level.TIMESTAMPED]
    assert report.genuine, report.faults
    assert not verify_pdf(pdf, roots, court.clock.utc).genuine
    assert faults(court) == []
