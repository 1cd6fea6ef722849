"""Every answer carries the headers that keep the browser on our side, errors included."""

from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from api.auth.csrf import VISIT_COOKIE
from api.auth.sessions import COOKIE, set_cookie
from court.people import UserRole
from storage.db.unit_of_work import Database
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import Server, make_server

PATHS = (
    "/healthz", "/api/log/checkpoint", f"/api/verify/{'0' * 64}", f"/api/hearings/{HEARING}", "/nothing",
    f"/media/{HEARING}/mic-judge/0.mp4", f"/media/{HEARING}/mic-judge.m3u8", "/api/openapi.json",
    "/", "/login", "/verify", f"/hearings/{HEARING}", "/static/nothing.js",
)  # fmt: skip


pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    return made


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_protected(server: Server, path: str) -> None:
    for browser in (server.client(), server.user(UserRole.JUDGE)):
        headers = browser.get(path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert policy["media-src"] == "'self' blob:"
        assert policy["worker-src"] == "'self' blob:"
        assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
        assert not [rule for rule in policy.values() if "unsafe" in rule or "*" in rule]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in headers


def test_an_unexpected_failure_is_protected_and_tells_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("api.routes.verify.attest", fail)
    browser = TestClient(server.app, raise_server_exceptions=False)
    answer = browser.get(f"/api/verify/{'0' * 64}")
    assert answer.status_code == 500
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "secret" not in answer.text


def test_personal_answers_stay_out_of_caches(server: Server) -> None:
    judge = server.user(UserRole.JUDGE)
    assert judge.get(f"/api/hearings/{HEARING}/transcript").headers["cache-control"] == "no-store"
    assert judge.get(f"/media/{HEARING}/mic-judge/0.mp4").headers["cache-control"] == "private, no-cache"


def test_cookies_are_out_of_reach_of_scripts_and_foreign_sites(server: Server) -> None:
    given = server.client().get("/nothing").headers["set-cookie"]
    assert given.startswith(f"{VISIT_COOKIE}=")
    response = Response()
    set_cookie(response, server.context, "token")
    session = response.headers["set-cookie"]
    assert session.startswith(f"{COOKIE}=token")
    for cookie in (given, session):
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert {"httponly", "samesite=lax", "path=/"} <= parts
        assert "secure" not in parts
    assert "set-cookie" not in server.client().get("/api/log/checkpoint").headers


def test_over_https_cookies_are_secure_and_browsers_stay_there(database: Database, tmp_path: Path) -> None:
    server = make_server(database, tmp_path, public_url="https://court.example")
    headers = server.client().get("/nothing").headers
    assert headers["strict-transport-security"].startswith("max-age=")
    assert "; Secure" in headers["set-cookie"]
    response = Response()
    set_cookie(response, server.context, "token")
    assert "Secure" in response.headers["set-cookie"]
