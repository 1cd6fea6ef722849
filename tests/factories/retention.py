"""Hearings whose time has come: what is proposed, approved and done about them, and what is then there."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from minio import Minio

from api import acts
from api.app import create_app
from api.destruction import Outcome, carry_out
from storage.retention import parse_classes
from storage.worm.port import Source, StoredObject
from storage.worm.s3 import S3Store
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import Server
from tests.services.processes import MinioServer

ECONOMIC = """
[class.economic]
code = "civil"
category = ""
marks = ["Э"]
keep = 5
pending = false
source = "order 12"
"""
CLASSES = parse_classes(ECONOMIC, "test")
PENDING = tuple(replace(one, pending=True) for one in CLASSES)
LONG_AFTER = timedelta(days=366 * 11)
"""Past the class's 5 years and the 10 for which objects are stored."""


def propose(server: Server, *hearings: str, by: str = "judge.a") -> str:
    return acts.propose(server.context, hearings or [HEARING], by, "the term is over", CLASSES, b"0123456789")


def approved(server: Server, *hearings: str) -> str:
    act = propose(server, *hearings)
    acts.approve(server.context, act, "admin.b")
    return act


def done(server: Server, act: str) -> Outcome:
    return carry_out(server.context, act, CLASSES)


def state_of(server: Server, act: str) -> str:
    return {one.id: one.state for one in acts.acts(server.context)}[act]


def objects(server: Server, hearing: str = HEARING) -> list[str]:
    with server.context.database.read() as work:
        return [one.sha256 for one in work.acts.objects(hearing)]


def there(server: Server, hearing: str = HEARING) -> set[str]:
    return {one for one in objects(server, hearing) if server.context.store.versions(one)}


def deeds(server: Server, hearing: str = HEARING) -> list[str]:
    with server.context.database.read() as work:
        rows = work.log.entries(hearing)
        return [str(row.entry).split('"deed":"')[1].split('"')[0] for row in rows if row.kind == "retention"]


class Shortened(S3Store):
    """Locks what it stores for seconds."""

    def put(self, sha256: str, source: Source, size: int, retain_until: datetime) -> StoredObject:
        return super().put(sha256, source, size, seconds_ahead(2))


def over(server: Server, minio: MinioServer) -> tuple[Server, Shortened]:
    """The server over a bucket of its own."""
    client = Minio(minio.endpoint, minio.access_key, minio.secret_key, secure=False)
    store = Shortened(client, f"retention-{secrets.token_hex(4)}")
    context = replace(server.context, store=store)
    return Server(context, server.clock, server.store, create_app(context)), store


def seconds_ahead(count: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=count)


THIRD = HEARING[:-1] + "3"


def share(server: Server) -> str:
    """A third hearing, one segment of which has the same bytes as one of the first; its object's SHA-256."""
    server.receive(made_hearing(THIRD, shared=("mic-judge", 1)))
    with server.context.database.read() as work:
        [shared] = work.acts.elsewhere(THIRD)
    return shared


class Crash(Exception):
    pass


def crash(*_: object) -> None:
    raise Crash
