"""Settings: defaults that run, and one sentence for what cannot be used."""

import os
from pathlib import Path

import pytest

from api.access import Place
from api.composition import load_all_settings, make_context
from api.errors import SettingsError
from api.home import open_database
from api.secrets import given_secret, load_secrets
from api.settings import Settings, load_settings
from court.errors import InputError
from recorder.password import read_record
from recorder.settings import NodeSettings, NodeSettingsError
from tests.factories.objects import OTHERS


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("COURTREC_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_run_embedded_and_trust_only_this_machine(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.database_address == f"sqlite:///{tmp_path}/var/courtrec.db"
    assert (settings.broker_url, settings.store, settings.site) == ("memory://", "local", "http://127.0.0.1:8000")
    places = {address: settings.place_of(address) for address in ("127.0.0.1", "::1", "192.168.0.7", "10.0.0.1", "")}
    assert [place is Place.ON_SITE for place in places.values()] == [True, True, False, False, False]


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURTREC_ON_SITE_NETWORKS", "10.20.0.0/16, 2001:db8::/32")
    monkeypatch.setenv("COURTREC_PUBLIC_URL", "https://court.example/")
    settings = load_settings()
    assert settings.place_of("10.20.3.4") is Place.ON_SITE
    assert settings.place_of("::ffff:10.20.3.4") is Place.ON_SITE
    assert settings.place_of("2001:db8::7") is Place.ON_SITE
    assert settings.place_of("127.0.0.1") is Place.ELSEWHERE
    assert settings.place_of("testclient") is Place.ELSEWHERE
    assert (settings.site, settings.https) == ("https://court.example", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COURTREC_ON_SITE_NETWORKS", "10.20.0.0/99"),
        ("COURTREC_PORT", "a"),
        ("COURTREC_LANGUAGE", "de"),
        ("COURTREC_NODE_URL", "node:9000"),
        ("COURTREC_STORE", "tape"),
        ("COURTREC_LOG_ORIGIN", "two words"),
        ("COURTREC_RETENTION_YEARS", "0"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COURTREC_TRANSCRIBE_DEVICE", "foo"),
        ("COURTREC_TRANSCRIBE_THREADS", "0"),
        ("COURTREC_TRANSCRIBE_ENGINES", "whisper-base"),
        ("COURTREC_PROTOCOL_ZONE", "Asia/Nowhere"),
        ("COURTREC_PROTOCOL_BASE_URL", "court.example"),
        ("COURTREC_PROTOCOL_PROFILE", "uz"),
        ("COURTREC_PROTOCOL_PROCEDURE", "family"),
    ],
)
def test_a_wrong_value_for_the_worker_is_named_before_anything_begins(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=rf"The settings cannot be used: {name}: .*\.") as caught:
        load_all_settings()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("nonsense", "COURTREC_DATABASE_URL cannot be used"),
        ("oracle-of-delphi://host/db", "COURTREC_DATABASE_URL cannot be used"),
        ("postgresql+nodriver://host/db", "COURTREC_DATABASE_URL cannot be used"),
        ("postgresql+psycopg://clerk:secret@127.0.0.1:1/db", r"127\.0\.0\.1:1/db cannot be used \("),
        ("sqlite:///no/such/folder/courtrec.db", "unable to open database file"),
        ("sqlite:///not-a-database", "file is not a database"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_sentence(tmp_path: Path, address: str, complaint: str) -> None:
    (tmp_path / "not-a-database").write_text("a shopping list" * 100)
    with pytest.raises(SettingsError, match=complaint) as caught:
        open_database(address)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("home", ["taken", "taken/below"])
def test_a_home_that_cannot_be_a_folder_is_one_sentence(tmp_path: Path, home: str) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(SettingsError, match="set COURTREC_HOME"):
        make_context(Settings(home=tmp_path / home))


def test_an_s3_store_needs_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURTREC_STORE", "s3")
    with pytest.raises(SettingsError, match="COURTREC_S3_ENDPOINT"):
        load_settings()


def test_secrets_are_made_once_for_this_account_only(tmp_path: Path) -> None:
    first, again = load_secrets(tmp_path / "keys"), load_secrets(tmp_path / "keys")
    assert (first.node_token, first.session) == (again.node_token, again.session)
    assert len(first.node_token) >= 32
    assert first.node_token.encode() != first.session
    assert {one.stat().st_mode & 0o777 for one in (tmp_path / "keys").iterdir()} == {0o600}
    assert first.node_token not in repr(first)


def test_a_secret_open_to_others_empty_or_missing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s3.access"
    with pytest.raises(SettingsError, match="cannot be read"):
        given_secret(path)
    path.write_text("\n")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="empty"):
        given_secret(path)
    path.write_text("key")
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        given_secret(path)


@pytest.mark.parametrize("what", ["a named pipe", "a socket", "a folder"])
def test_a_secret_that_is_no_file_is_refused_and_never_waited_for(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    OTHERS[what](folder / "node.token")
    with pytest.raises(SettingsError, match=rf"node\.token cannot be read \(it is {what}, not a file\)"):
        load_secrets(folder)
    with pytest.raises(NodeSettingsError, match=r"node\.token cannot be read or is empty"):
        NodeSettings(home=tmp_path).read_token()
    OTHERS[what](folder / "node.password")
    assert read_record(folder / "node.password") == ""


def test_nothing_secret_is_a_setting() -> None:
    assert not [name for name in Settings.model_fields if any(w in name for w in ("secret", "password", "token"))]


def test_further_nodes_are_named_by_their_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURTREC_NODE_URLS", "http://192.0.2.7:8090/, https://node-2.court#0123456789abcdef,")
    assert load_settings().node_urls == ("http://192.0.2.7:8090", "https://node-2.court#0123456789abcdef")
    monkeypatch.setenv("COURTREC_NODE_URLS", "http://192.0.2.7:8090,node-2.court")
    with pytest.raises(SettingsError, match="must begin with http:// or https://"):
        load_settings()
    monkeypatch.setenv("COURTREC_NODE_URLS", "https://node-2.court#mine")
    with pytest.raises(SettingsError, match="'mine' is no key id"):
        load_settings()
