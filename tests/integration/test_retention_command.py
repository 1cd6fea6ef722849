"""`courtrec retention` as a person types it, on a home of its own, from a hearing of long ago to its destruction."""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.app import create_app
from api.cli.main import app
from api.composition import make_context
from api.home import make_store
from api.nodes import enrol_own
from api.settings import Settings, load_settings
from storage.errors import StoreRefused
from storage.retention_classes import load_classes
from storage.worm.local import LocalStore
from storage.worm.s3 import S3Store
from tests.factories import hearing_log
from tests.factories.hearing_log import HEARING, NODE, made_hearing
from tests.factories.server import NODE_TOKEN, Server, SetClock
from tests.services.processes import MinioServer

LONG_AGO = datetime(2001, 3, 1, 8, 0, tzinfo=UTC)
CONFIRMED = "\n".join(f'[class.{one.name}]\nkeep = 5\npending = false\nsource = "order 12"' for one in load_classes())
PASSWORD = "correct horse"

Type = Callable[..., Result]


@pytest.fixture
def type_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """Types a command; a home with one hearing of 2001, a judge `judge.a` and an administrator `admin.b`."""
    monkeypatch.setattr(hearing_log, "START", LONG_AGO)
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    (keys / "node.token").write_text(NODE_TOKEN)
    (keys / "node.token").chmod(0o600)
    own = tmp_path / "classes.toml"
    own.write_text(CONFIRMED)
    environment = {
        "COURTREC_HOME": str(tmp_path), "COURTREC_RETENTION_CLASSES": str(own), "COURTREC_RETENTION_YEARS": "1",
    }  # fmt: skip

    def typed(*arguments: str, answer: str = PASSWORD) -> Result:
        return CliRunner().invoke(app, arguments, input=f"{answer}\n", env=environment)

    context = make_context(Settings(home=tmp_path, retention_years=1))
    object.__setattr__(context, "clock", SetClock(LONG_AGO))
    assert isinstance(context.store, LocalStore)
    server = Server(context, SetClock(LONG_AGO), context.store, create_app(context))
    enrol_own(context, NODE.public)
    server.receive(made_hearing(start=LONG_AGO))
    context.database.dispose()
    for login, role in (("judge.a", "judge"), ("admin.b", "admin"), ("clerk", "secretary")):
        assert typed("user", "add", login, "--name", login, "--role", role).exit_code == 0
    yield typed


def said(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return " ".join(result.output.split())


def refused(result: Result) -> str:
    assert result.exit_code == 1
    return f"{type(result.exception).__name__}: {result.exception}"


def test_from_hold_to_destruction(type_in: Type) -> None:
    def retention(*arguments: str, answer: str = PASSWORD) -> Result:
        return type_in("retention", *arguments, answer=answer)

    decides = ["--by", "judge.a", "--reason"]
    assert "is whole" in said(type_in("verify"))
    assert HEARING in said(retention("due"))
    assert HEARING not in said(retention("due", "--at", "2006-03-01"))
    assert "NotLoggedIn" in refused(retention("hold", HEARING, *decides, "appeal", answer="wrong"))
    assert "no judge or administrator" in refused(retention("hold", HEARING, "--by", "clerk", "--reason", "appeal"))
    assert "6 objects changed in the store" in said(retention("hold", HEARING, *decides, "appeal"))
    assert HEARING not in said(retention("due"))
    assert "under legal hold" in refused(retention("act", "propose", HEARING, *decides, "over"))
    assert "no legal hold any more" in said(retention("lift", HEARING, *decides, "decided"))
    proposed = said(retention("act", "propose", HEARING, *decides, "term is over"))
    act = re.search(r"Act (\S+) is proposed", proposed)
    assert act is not None
    shown = said(retention("act", "show", act[1]))
    assert "mic-judge/0" in shown
    assert "approved by nobody yet" in shown
    assert "another judge or administrator" in refused(retention("act", "approve", act[1], "--by", "judge.a"))
    assert "is not approved" in refused(retention("act", "carry-out", act[1]))
    assert "is approved" in said(retention("act", "approve", act[1], "--by", "admin.b"))
    assert "6 objects were destroyed" in said(retention("act", "carry-out", act[1]))
    assert "destroyed" in said(retention("act", "list"))
    whole = said(type_in("verify"))
    assert "NOTE The destruction of hearing" in whole
    assert "(objects: 6)" in whole
    assert "proposed by judge.a and approved by admin.b: term is over" in whole
    assert "is whole" in whole
    assert HEARING not in said(retention("due"))
    assert "was destroyed by act" in refused(retention("extend", HEARING, "--until", "2030-01-01", *decides, "x"))


def test_on_s3_nothing_is_destroyed_without_the_keys_for_it(
    type_in: Type, tmp_path: Path, minio: MinioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keys(name: str, access: str, secret: str) -> None:
        for part, content in (("access", access), ("secret", secret)):
            (tmp_path / "keys" / f"{name}.{part}").write_text(content)
            (tmp_path / "keys" / f"{name}.{part}").chmod(0o600)

    for name, value in {"STORE": "s3", "S3_ENDPOINT": minio.endpoint, "S3_SECURE": "false", "S3_BUCKET": "act"}.items():
        monkeypatch.setenv(f"COURTREC_{name}", value)
    keys("s3", minio.access_key, minio.secret_key)
    assert "act" in said(type_in("retention", "act", "list"))
    missing = refused(type_in("retention", "act", "carry-out", "x"))
    assert missing.startswith("SettingsError: Nothing can be destroyed in the S3 store with the server's account: put ")
    assert missing.endswith("keys/s3-disposal.access and " + str(tmp_path / "keys" / "s3-disposal.secret") + ".")
    keys("s3-disposal", "disposal", "secret")
    (tmp_path / "keys" / "s3-disposal.secret").unlink()
    assert "s3-disposal.secret cannot be read" in refused(type_in("retention", "act", "carry-out", "x"))
    keys("s3-disposal", "disposal", "secret")
    assert "no act 'x'" in refused(type_in("retention", "act", "carry-out", "x"))
    store = make_store(load_settings(home=tmp_path), destroying=True)
    assert isinstance(store, S3Store)
    content = secrets.token_bytes(99)
    sha256 = hashlib.sha256(content).hexdigest()
    store.put(sha256, content, len(content), datetime.now(UTC).replace(microsecond=0) + timedelta(days=1))
    with pytest.raises(StoreRefused, match="InvalidAccessKeyId"):  # an account that this server does not know
        store.destroy(sha256)


def test_bad_days_are_refused_in_a_sentence(type_in: Type) -> None:
    extend = ("retention", "extend", HEARING, "--by", "judge.a", "--reason", "appeal", "--until")
    assert "only ever extended" in refused(type_in(*extend, "2003-01-01"))
    assert "100 years" in refused(type_in(*extend, "9999-12-31"))
    assert type_in(*extend, "soon").exit_code == 2
    assert "kept until 2040-01-02 00:00 UTC (6 objects changed" in said(type_in(*extend, "2040-01-01"))
    assert HEARING not in said(type_in("retention", "due", "--at", "2040-01-01"))
    assert HEARING in said(type_in("retention", "due", "--at", "2040-01-02"))
    assert f"Hearing {HEARING}: done" in said(type_in("retention", "apply"))
