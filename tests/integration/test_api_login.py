"""Sessions on both databases: begun with a password, kept as hashes, ended by time or by the person."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from api.auth.sessions import caller_of, log_in, log_out
from api.cli.users import create_user
from api.errors import NotLoggedIn, TooMany
from court.errors import InputError
from court.people import UserRole
from storage.db.models import Session
from storage.db.unit_of_work import Database
from tests.factories.server import ON_SITE, PASSWORD, Server, make_server


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path, login_attempts=2, login_pause_minutes=1, session_hours=2)
    made.user(UserRole.JUDGE)
    return made


def test_a_session_ends_with_its_time_or_the_log_out(server: Server) -> None:
    first, second = (log_in(server.context, " Judge ", PASSWORD, ON_SITE) for _ in range(2))
    caller = caller_of(server.context, first, ON_SITE)
    assert caller is not None
    assert (caller.login, caller.role, caller.address) == ("judge", UserRole.JUDGE, ON_SITE)
    log_out(server.context, first)
    log_out(server.context, first)
    assert caller_of(server.context, first, ON_SITE) is None
    assert caller_of(server.context, second, ON_SITE) is not None
    server.clock.forward(2 * 3600)
    assert caller_of(server.context, second, ON_SITE) is None


def test_an_account_made_in_any_spelling_is_one_and_opens(server: Server) -> None:
    assert create_user(server.context, " Aijamal.K ", " Садыкова А. М. ", UserRole.PARTY, PASSWORD)
    assert not create_user(server.context, "aijamal.k", "Another", UserRole.ADMIN, PASSWORD)
    caller = caller_of(server.context, log_in(server.context, "AIJAMAL.K", PASSWORD, ON_SITE), ON_SITE)
    assert caller is not None
    assert (caller.login, caller.name) == ("aijamal.k", "Садыкова А. М.")


@pytest.mark.parametrize(
    ("login", "name", "complaint"),
    [
        ("a" * 65, "Name", "65 characters: use at most 64"),
        ("clerk", "N" * 201, "201 characters: give 1 to 200"),
        ("clerk", "  ", "0 characters: give 1 to 200"),
        ("клерк", "Name", "only Latin letters"),
    ],
)
def test_an_account_the_log_in_could_not_find_is_refused(server: Server, login: str, name: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        create_user(server.context, login, name, UserRole.PARTY, PASSWORD)


def test_neither_the_database_nor_a_guess_opens_a_session(server: Server) -> None:
    token = log_in(server.context, "judge", PASSWORD, ON_SITE)
    with server.context.database.read() as work:
        stored = list(work.session.scalars(sa.select(Session.token_hash)))
    assert token not in stored
    for guess in ("", "guess", *stored):
        assert caller_of(server.context, guess, ON_SITE) is None


def test_login_and_password_fail_alike_and_then_pause(server: Server) -> None:
    sentences = set()
    for login, password in (("judge", "wrong password"), ("nobody", PASSWORD)):
        with pytest.raises(NotLoggedIn) as caught:
            log_in(server.context, login, password, ON_SITE)
        sentences.add(str(caught.value))
    assert len(sentences) == 1
    with pytest.raises(NotLoggedIn):
        log_in(server.context, "judge", "wrong again", ON_SITE)
    with pytest.raises(TooMany):
        log_in(server.context, "judge", PASSWORD, ON_SITE)
    assert log_in(server.context, "judge", PASSWORD, "10.9.9.9")
    server.clock.forward(61)
    assert log_in(server.context, "judge", PASSWORD, ON_SITE)


def test_without_a_session_programs_get_401_and_people_the_form(server: Server) -> None:
    visitor = server.client()
    answer = visitor.get("/api/hearings", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["detail"]) == (401, "Log in first.")
    page = visitor.get("/?q=1/26", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=/%3Fq%3D1/26")
    part = visitor.get("/", headers={"Accept": "text/html", "HX-Request": "true"})
    assert part.headers["hx-redirect"] == "/login"
