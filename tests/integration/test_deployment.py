"""The installation of several machines: PostgreSQL, Redis, an S3 store with object lock, a worker of its own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.db.unit_of_work import Database
from tests.factories.command_line import COMMAND, ROOT, courtrec, environment
from tests.factories.databases import reading
from tests.services.processes import MinioServer, PostgresServer, RedisServer


@pytest.fixture
def home(tmp_path: Path, minio: MinioServer) -> Path:
    """A home that holds nothing but the keys of the S3 account."""
    keys = tmp_path / "home" / "keys"
    keys.mkdir(parents=True, mode=0o700)
    for name, secret in (("s3.access", minio.access_key), ("s3.secret", minio.secret_key)):
        (keys / name).touch(mode=0o600)
        (keys / name).write_text(secret)
    return keys.parent


@pytest.fixture
def settings(postgres: PostgresServer, redis: RedisServer, minio: MinioServer) -> dict[str, str]:
    database = Database(postgres.sqlalchemy_url)
    with database.engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    database.dispose()
    return {
        "COURTREC_DATABASE_URL": postgres.sqlalchemy_url,
        "COURTREC_BROKER_URL": redis.url,
        "COURTREC_STORE": "s3",
        "COURTREC_S3_ENDPOINT": minio.endpoint,
        "COURTREC_S3_SECURE": "false",
        "COURTREC_S3_BUCKET": "deployment",
    }


@pytest.fixture
def worker(home: Path, settings: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    assert courtrec(home, "hearings", **settings).returncode == 0  # makes the database's schema first
    process = subprocess.Popen([*COMMAND, "worker"], cwd=ROOT, env=environment(home, **settings))
    yield process
    process.terminate()
    process.wait()


@pytest.mark.usefixtures("worker")
def test_a_hearing_goes_through_the_whole_chain(home: Path, settings: dict[str, str]) -> None:
    recorded = courtrec(home, "record", "--room", "rooms/demo-en.toml", **settings)
    assert recorded.returncode == 0, recorded.stderr
    with reading(settings["COURTREC_DATABASE_URL"]) as work:
        [hearing] = work.hearings.find()
        said = " ".join(one.text for one in work.utterances.of(hearing.id) if one.role == "judge").lower()
        protocol = work.protocols.latest(hearing.id)
    assert "court" in said
    assert protocol is not None
    assert not (home / "objects").exists()
    verified = courtrec(home, "verify", **settings)
    assert verified.returncode == 0, verified.stdout
