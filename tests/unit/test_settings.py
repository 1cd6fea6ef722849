"""Settings: defaults that run, and one sentence for what cannot be used."""

import os
from pathlib import Path

import pytest

from api.access import Place
from api.errors import SettingsError
from api.secrets import given_secret, load_secrets
from api.settings import Settings, load_settings


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


def test_nothing_secret_is_a_setting() -> None:
    assert not [name for name in Settings.model_fields if any(w in name for w in ("secret", "password", "token"))]
