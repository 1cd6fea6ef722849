"""A server over an empty database and a local store, its users, and what a node delivers to it."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.auth.passwords import hash_password
from api.auth.sessions import COOKIE, log_in
from api.context import Context
from api.nodes import enrol_own
from api.secrets import Secrets
from api.settings import Settings
from api.stamps import load_authority
from court.clock import Anchor, Clock
from court.openness import Openness
from court.people import UserRole
from storage.db.models import OpennessRow, User, Utterance
from storage.db.unit_of_work import Database
from storage.keyring import KeyRing
from storage.ledger.ed25519 import SigningKey
from storage.ledger.leaf import LeafKind
from storage.worm.local import LocalStore
from tests.factories.hearing_log import NODE, SERVER, HearingLog, made_hearing

LOG_KEY = SigningKey.from_seed(b"log".ljust(32, b"."))
SERVER_RING, LOG_RING = KeyRing(SERVER), KeyRing(LOG_KEY)
NODE_TOKEN = "node-token"
PASSWORD = "correct horse"
PASSWORD_HASH = hash_password(PASSWORD)
ON_SITE, ELSEWHERE = "10.1.2.3", "203.0.113.9"


@dataclass
class SetClock:
    """A clock that stands until a test moves it."""

    utc: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    monotonic: float = 1000.0

    def now(self) -> Anchor:
        return Anchor(self.utc, self.monotonic, True)

    def forward(self, seconds: float) -> None:
        self.utc += timedelta(seconds=seconds)
        self.monotonic += seconds


@dataclass
class Server:
    context: Context
    clock: SetClock
    store: LocalStore
    app: FastAPI

    def client(self, address: str = ON_SITE) -> TestClient:
        """A visitor's browser at a network address, never following redirects by itself."""
        return TestClient(
            self.app, client=(address, 50000), follow_redirects=False,
            headers={"Accept": "application/json"},
        )  # fmt: skip

    def user(self, role: UserRole, address: str = ON_SITE, granted: Iterable[str] = ()) -> TestClient:
        """The browser of somebody of that role who has logged in; every call shares the role's one account."""
        with self.context.database.begin() as work:
            found = work.accounts.by_login(role.value)
            if found is None:
                name = role.value.title()
                found = work.accounts.add(
                    User(login=role.value, name=name, role=role.value, password_hash=PASSWORD_HASH)
                )
            for hearing in granted:
                work.accounts.grant(found.id, hearing)
        browser = self.client(address)
        browser.cookies.set(COOKIE, log_in(self.context, role.value, PASSWORD, address))
        return browser

    def node(self) -> TestClient:
        browser = self.client()
        browser.headers["Authorization"] = f"Bearer {NODE_TOKEN}"
        return browser

    def receive(self, log: HearingLog) -> None:
        """Everything of a hearing that its node states."""
        node = self.node()
        for sha256, content in log.objects.items():
            assert node.put(f"/api/ingest/objects/{sha256}", content=content).status_code in {200, 201}
        answer = node.post("/api/ingest/leaves", json=batch(node_entries(log)))
        assert answer.status_code == 200, answer.text

    def transcribe(self, rows: Iterable[Utterance]) -> None:
        """Stores utterances as a worker does: with an entry for each window, so a later call replaces an earlier."""
        with self.context.database.begin() as work:
            kept = list(rows)
            work.utterances.add_all(kept)
            for one in {row.sequence: row for row in kept}.values():
                body = {
                    "run": one.run, "sequence": one.sequence, "engine": one.engine, "model_sha256": one.model,
                    "parameters_key": one.parameters_key, "utterances_sha256": "0" * 64,
                }  # fmt: skip
                work.log.record(LeafKind.TRANSCRIPT, one.hearing_id, self.clock.utc, body, self.context.server_key)

    def order(self, hearing: str, openness: Openness, start_ms: int = 0, end_ms: int | None = None) -> None:
        """The court's order that a span is open or closed."""
        span = {"start_ms": start_ms, "end_ms": end_ms, "openness": openness.value}
        body = {**span, "by": "judge"}
        with self.context.database.begin() as work:
            index = work.log.record(LeafKind.OPENNESS, hearing, self.clock.utc, body, self.context.server_key)
            work.hearings.add(OpennessRow(hearing_id=hearing, ordered_by="judge", leaf_index=index, **span))


def make_server(
    database: Database,
    folder: Path,
    server_keys: KeyRing = SERVER_RING,
    log_keys: KeyRing = LOG_RING,
    **settings: Any,
) -> Server:
    clock = SetClock()
    context = court_context(database, folder, clock, server_keys, log_keys, **settings)
    app = create_app(context)
    enrol_own(context, NODE.public)
    return Server(context, clock, LocalStore(folder / "objects"), app)


def court_context(
    database: Database,
    folder: Path,
    clock: Clock,
    server_keys: KeyRing = SERVER_RING,
    log_keys: KeyRing = LOG_RING,
    **settings: Any,
) -> Context:
    """What a server on a local store under `folder` works with, without the server."""
    read = Settings(home=folder, on_site_networks="10.0.0.0/8", **settings)
    return Context(
        settings=read,
        database=database,
        store=LocalStore(folder / "objects"),
        server_keys=server_keys,
        log_keys=log_keys,
        secrets=Secrets(session=b"session secret", node_token=NODE_TOKEN),
        clock=clock,
        authority=load_authority(read),
    )


def node_entries(log: HearingLog) -> list[bytes]:
    author = f'"author":"{NODE.key_id}"'.encode()
    return [entry for entry in log.entries if author in entry]


def batch(entries: Sequence[bytes], key: SigningKey = NODE) -> dict[str, object]:
    return {
        "entries": [base64.b64encode(entry).decode() for entry in entries],
        "public_key": base64.b64encode(key.public).decode(),
    }


__all__ = ["Server", "SetClock", "batch", "made_hearing", "make_server", "node_entries"]
