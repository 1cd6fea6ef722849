"""A hearing with a transcript of three lines, and the people who correct it."""

import secrets
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from court.people import UserRole
from storage.db.models import Utterance
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import ON_SITE, Server, make_server
from transcribe.records import utterances_sha256

LINES = ("слушается дело о взыскании", "истица поясняет ещё раз", "свидетель өкүл келди")
"""What the machine heard, in the second window; each two seconds long, from 71, 74 and 77 seconds on."""
PAGE = f"/hearings/{HEARING}"
HTML = {"Accept": "text/html"}


def server_with_lines(database: Database, folder: Path) -> Server:
    made = make_server(database, folder)
    made.receive(made_hearing())
    transcribed(made)
    return made


def rows(run: int = 1) -> list[Utterance]:
    return [
        Utterance(
            hearing_id=HEARING, run=run, sequence=1, track="mic-judge", role="judge", start_ms=start,
            end_ms=start + 2000,
            text=text, words=_words(text, start), language="ru", flags=["low_probability"] if not position else [],
            engine=f"engine-{run}", model="d0" * 32, parameters_key="ab" * 32, segment_sha256="1" * 64,
            position=position, alternative={}, voice="",
        )
        for position, text in enumerate(LINES)
        for start in [71_000 + 3000 * position]
    ]  # fmt: skip


def _words(text: str, start: int) -> list[dict[str, Any]]:
    return [
        {"text": one, "start_ms": start + 400 * n, "end_ms": start + 400 * n + 300, "probability": 0.9 - 0.2 * n}
        for n, one in enumerate(text.split())
    ]


def transcribed(server: Server, run: int = 1) -> None:
    """As the worker leaves it, so that the verifier finds nothing."""
    with server.context.database.begin() as work:
        for sequence in (0, 1, 2):
            made = rows(run) if sequence == 1 else []
            body = {
                "run": run, "sequence": sequence, "engine": f"engine-{run}", "model_sha256": "d0" * 32,
                "parameters_key": "ab" * 32, "utterances_sha256": utterances_sha256(made),
            }  # fmt: skip
            work.utterances.add_all(made)
            work.log.record(LeafKind.TRANSCRIPT, HEARING, server.clock.utc, body, server.context.server_key)
            work.windows.add(HEARING, sequence, run=run)
            work.windows.done(HEARING, sequence, run)


def refuse_opening(server: Server) -> None:
    """The first line sounds like the opening of a hearing; the court says that it is none."""
    body = {"stage": "opening", "at_ms": 71_000, "accepted": False, "by": "Secretary"}
    with server.context.database.begin() as work:
        work.log.record(LeafKind.STAGE, HEARING, server.clock.utc, body, server.context.server_key)


class Person:
    """Somebody at a browser, before the hearing of `page`."""

    def __init__(
        self,
        server: Server,
        role: UserRole = UserRole.SECRETARY,
        address: str = ON_SITE,
        page: str = PAGE,
        **given: Any,
    ) -> None:
        self.page = page
        self.browser: TestClient = server.user(role, address, **given)
        html = self.browser.get("/verify", headers=HTML).text
        self.csrf = html.split('"X-CSRF-Token": "')[1].split('"')[0]

    def lines(self) -> list[dict[str, Any]]:
        answer = self.browser.get(f"/api{self.page}/transcript")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["utterances"]
        return found

    def texts(self) -> list[str]:
        return [one["text"] for one in self.lines()]

    def asks(self, deed: str, line: str, key: str = "", **values: Any) -> Any:
        """The server's answer."""
        form = {"deed": deed, "line": line, "key": key or secrets.token_hex(16), "csrf": self.csrf} | values
        return self.browser.post(f"{self.page}/corrections", data=form, headers=HTML)

    def does(self, deed: str, place: int, **values: Any) -> None:
        """Does it to the line at that place."""
        answer = self.asks(deed, self.lines()[place]["id"], **values)
        assert answer.status_code == 200, answer.text

    def finds(self, query: str, hearing: str = "") -> list[str]:
        answer = self.browser.get("/api/search", params={"q": query, "hearing": hearing})
        assert answer.status_code == 200, answer.text
        return [one["line"]["text"] for one in answer.json()["hits"]]
