"""No unsafe request is carried out on the word of a cookie alone."""

import re
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends, Form
from starlette.testclient import TestClient

from api.app import API_ROUTERS, PAGE_ROUTERS
from api.auth.csrf import SAFE_METHODS
from api.deps import CsrfToken, CurrentUser, OptionalUser, protect_forms
from court.people import UserRole
from storage.db.unit_of_work import Database
from tests.factories.hearing_log import HEARING
from tests.factories.server import Server, make_server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

OPEN_TO_ALL = {"/api/log/cosignatures", "/api/nodes/enrol"}
"""No cookie counts there: a witness's signature does, and a one-time code."""
PARAMETERS = {"hearing_id": HEARING, "sha256": "0" * 64}
"""What stands in the addresses; for all others a 1."""


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    """With a form that any visitor may send and one for people who are logged in."""
    made = make_server(database, tmp_path)
    protected = [Depends(protect_forms)]

    @made.app.get("/form")
    def form(csrf: CsrfToken) -> str:
        return csrf

    @made.app.post("/visitor", dependencies=protected)
    def visitor(caller: OptionalUser, word: Annotated[str, Form()] = "") -> str:
        return word

    @made.app.post("/person", dependencies=protected)
    def person(caller: CurrentUser) -> str:
        return caller.login

    return made


def token_of(browser: TestClient) -> str:
    token: str = browser.get("/form").json()
    return token


@pytest.mark.parametrize("path", ["/visitor", "/person"])
def test_a_form_needs_its_own_token(server: Server, path: str) -> None:
    mine, other = server.user(UserRole.SECRETARY), server.user(UserRole.JUDGE)
    assert mine.post(path, data={"word": "yes"}).status_code == 403
    for wrong in ("", "guess", token_of(other), token_of(server.client())):
        assert mine.post(path, data={"csrf": wrong, "word": "yes"}).status_code == 403
        assert mine.post(path, headers={"X-CSRF-Token": wrong}).status_code == 403
    assert mine.post(path, data={"csrf": token_of(mine), "word": "yes"}).status_code == 200
    assert mine.post(path, headers={"X-CSRF-Token": token_of(mine)}).status_code == 200


def test_a_visitors_token_is_bound_to_the_visit(server: Server) -> None:
    mine, other = server.client(), server.client()
    token = token_of(mine)
    assert mine.post("/visitor", data={"csrf": token, "word": "yes"}).json() == "yes"
    token_of(other)
    assert other.post("/visitor", data={"csrf": token}).status_code == 403
    assert server.client().post("/visitor", data={"csrf": token}).status_code == 403


def test_a_strange_visit_cookie_does_no_harm(server: Server) -> None:
    browser = server.client()
    for cookie in ('courtrec_visit="a\\073b', "courtrec_visit=", "=;;=", "courtrec_visit=" + "x" * 5000):
        assert browser.post("/visitor", headers={"Cookie": cookie}).status_code == 403


def test_no_unsafe_route_is_open_to_a_cookie_alone(server: Server) -> None:
    """Every unsafe page route refuses a secretary's cookie without a token; the ingest takes no cookie at all.

    What anyone may send counts by the signatures it bears, whoever sends it.
    """
    browser = server.user(UserRole.SECRETARY)
    tried = 0
    for router in (*API_ROUTERS, *PAGE_ROUTERS):
        for route in router.routes:
            for method in getattr(route, "methods", set()) - SAFE_METHODS:
                if getattr(route, "path", "") in OPEN_TO_ALL:
                    continue
                path = re.sub(r"{(\w+)}", lambda found: PARAMETERS.get(found[1], "1"), str(getattr(route, "path", "")))
                assert browser.request(method, path).status_code in {401, 403}, (method, path)
                tried += 1
    assert tried >= 2
