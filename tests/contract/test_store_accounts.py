"""The accounts of deploy/policies on a real MinIO: each does its verbs, and is refused every other."""

import hashlib
import io
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from minio import Minio
from minio.commonconfig import COMPLIANCE, GOVERNANCE
from minio.credentials.providers import StaticProvider
from minio.deleteobjects import DeleteObject
from minio.error import MinioAdminException, S3Error
from minio.minioadmin import MinioAdmin
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.retention import Retention
from minio.versioningconfig import SUSPENDED, VersioningConfig

from storage.errors import ObjectLocked, StoreRefused
from storage.worm.canary import prove_write_once
from storage.worm.port import read_object
from storage.worm.s3 import S3Store
from tests.factories.command_line import ROOT
from tests.services.processes import MinioServer
from tools.store_accounts import BUCKET, FILES, Account, main, set_up

UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
LATER = UNTIL + timedelta(days=1)
LOCKED = Retention(COMPLIANCE, UNTIL)


@dataclass(frozen=True)
class Placed:
    """Objects that the store's own account put there; each has a version of that name."""

    locked: str
    locked_version: str
    governed: str
    governed_version: str
    free: str
    free_version: str
    canary: str
    canary_version: str


@pytest.fixture(scope="module")
def accounts(minio: MinioServer) -> dict[str, Account]:
    made = {name: Account(f"{name}-{secrets.token_hex(4)}", secrets.token_urlsafe(24)) for name in FILES}
    for _ in range(2):  # the second time brings nothing new
        set_up(minio.endpoint, Account(minio.access_key, minio.secret_key), made, secure=False)
    return made


@pytest.fixture(scope="module")
def clients(minio: MinioServer, accounts: dict[str, Account]) -> dict[str, Minio]:
    # With the region named: to ask for it is a right of its own, which the node has not.
    return {
        name: Minio(minio.endpoint, one.access, one.secret, secure=False, region="us-east-1")
        for name, one in accounts.items()
    }


@pytest.fixture(scope="module")
def placed(minio: MinioServer, accounts: dict[str, Account]) -> Placed:
    assert accounts
    root = Minio(minio.endpoint, minio.access_key, minio.secret_key, secure=False)
    found: dict[str, str] = {}
    governed = Retention(GOVERNANCE, UNTIL)
    for name, retention in {
        "aa/locked": LOCKED,
        "aa/governed": governed,
        "aa/free": None,
        "canary/canary": None,
    }.items():
        what = name.rpartition("/")[2]
        put = root.put_object(BUCKET, name, io.BytesIO(b"x"), 1, retention=retention)
        found |= {what: name, f"{what}_version": str(put.version_id)}
    return Placed(**found)


def put(client: Minio, retention: Retention | None, hold: bool = False) -> None:
    name = f"ab/{secrets.token_hex(8)}"
    client.put_object(BUCKET, name, io.BytesIO(b"x"), 1, retention=retention, legal_hold=hold)


def bypass(client: Minio, one: Placed) -> None:
    wanted = [DeleteObject(one.governed, one.governed_version)]
    for error in client.remove_objects(BUCKET, wanted, bypass_governance_mode=True):
        raise PermissionError(error.code)


def bypass_one(client: Minio, one: Placed) -> None:
    """As `bypass`, of a version by itself, which the SDK has no word for."""
    headers, version = {"x-amz-bypass-governance-retention": "true"}, {"versionId": one.governed_version}
    client._execute("DELETE", BUCKET, one.governed, headers=headers, query_params=version)


Verb = Callable[[Minio, Placed], object]
VERBS: dict[str, tuple[Verb, str]] = {
    "put locked": (lambda c, o: put(c, LOCKED), "node server"),
    "put unlocked": (lambda c, o: put(c, None), ""),
    "put under governance": (lambda c, o: put(c, Retention(GOVERNANCE, UNTIL)), ""),
    "put a multipart upload": (
        lambda c, o: c.put_object(BUCKET, "ab/parts", io.BytesIO(bytes(6 << 20)), 6 << 20, part_size=5 << 20),
        "",
    ),
    "read": (lambda c, o: c.get_object(BUCKET, o.locked).read(), "server archive"),
    "read a version": (
        lambda c, o: c.get_object(BUCKET, o.locked, version_id=o.locked_version).read(),
        "server archive",
    ),
    "head": (lambda c, o: c.stat_object(BUCKET, o.locked), "server archive"),
    "list": (lambda c, o: list(c.list_objects(BUCKET, recursive=True)), "server archive"),
    "list versions": (
        lambda c, o: list(c.list_objects(BUCKET, recursive=True, include_version=True)),
        "server archive disposal",
    ),
    "read retention": (
        lambda c, o: c.get_object_retention(BUCKET, o.locked, o.locked_version),
        "server archive disposal",
    ),
    "extend retention": (
        lambda c, o: c.set_object_retention(BUCKET, o.locked, Retention(COMPLIANCE, LATER), o.locked_version),
        "node server",
    ),
    "shorten retention": (
        lambda c, o: c.set_object_retention(
            BUCKET, o.locked, Retention(COMPLIANCE, UNTIL - timedelta(hours=1)), o.locked_version
        ),
        "",
    ),
    "set a legal hold": (lambda c, o: c.enable_object_legal_hold(BUCKET, o.locked, o.locked_version), "server"),
    "lift a legal hold": (lambda c, o: c.disable_object_legal_hold(BUCKET, o.locked, o.locked_version), "server"),
    "hide by a delete marker": (lambda c, o: c.remove_object(BUCKET, o.locked), ""),
    "delete a version": (lambda c, o: c.remove_object(BUCKET, o.free, o.free_version), "disposal"),
    "delete a locked version": (lambda c, o: c.remove_object(BUCKET, o.locked, o.locked_version), ""),
    "delete a governed version": (lambda c, o: c.remove_object(BUCKET, o.governed, o.governed_version), ""),
    # Unlocked, so that it shows the right: on real canaries the lock must be what refuses.
    "delete below the canary's prefix": (
        lambda c, o: c.remove_object(BUCKET, o.canary, o.canary_version),
        "server disposal",
    ),
    "bypass governance": (bypass, ""),
    "bypass governance of one version": (bypass_one, ""),
    "change the bucket's lock": (
        lambda c, o: c.set_object_lock_config(BUCKET, ObjectLockConfig(GOVERNANCE, 1, DAYS)),
        "",
    ),
    "end versioning": (lambda c, o: c.set_bucket_versioning(BUCKET, VersioningConfig(SUSPENDED)), ""),
    "open the bucket": (lambda c, o: c.set_bucket_policy(BUCKET, "{}"), ""),
    "remove the bucket": (lambda c, o: c.remove_bucket(BUCKET), ""),
    "make a bucket": (lambda c, o: c.make_bucket("another"), ""),
}


LOCKED_DELETES = ("delete a locked version", "delete a governed version")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("account", FILES)
def test_each_account_does_its_verbs_and_no_other(
    clients: dict[str, Minio], placed: Placed, account: str, verb: str
) -> None:
    attempt, allowed = VERBS[verb]
    if account in allowed.split():
        attempt(clients[account], placed)
    else:
        with pytest.raises((S3Error, PermissionError)) as refused:
            attempt(clients[account], placed)
        # Where the account may delete, and for whoever would shorten it, it is the lock itself that refuses.
        locked = verb == "shorten retention" or (verb in LOCKED_DELETES and account == "disposal")
        assert ("WORM protected" if locked else "AccessDenied") in str(refused.value)


@pytest.mark.parametrize("account", FILES)
def test_no_account_may_administer_the_store(minio: MinioServer, accounts: dict[str, Account], account: str) -> None:
    one = accounts[account]
    admin = MinioAdmin(endpoint=minio.endpoint, credentials=StaticProvider(one.access, one.secret), secure=False)
    with pytest.raises(MinioAdminException, match="AccessDenied"):
        admin.user_list()
    with pytest.raises(MinioAdminException, match="AccessDenied"):
        admin.policy_set("readwrite", user=one.access)


def test_the_servers_account_is_enough_for_the_store_and_its_canary(clients: dict[str, Minio]) -> None:
    store = S3Store(clients["server"], BUCKET)
    prove_write_once(store, datetime.now(UTC))
    content = secrets.token_bytes(1000)
    sha256 = hashlib.sha256(content).hexdigest()
    stored = store.put(sha256, content, len(content), UNTIL)
    assert store.put(sha256, content, len(content), LATER) == stored
    store.hold(sha256, True)
    assert store.held(sha256)
    store.hold(sha256, False)
    assert store.restore(sha256, content, len(content), LATER) == stored
    assert store.versions(sha256) == [stored]
    assert sha256 in {one.sha256 for one in store.items()}
    assert not [one for one in store.items() if "canary" in one.place]

    archive = S3Store(clients["archive"], BUCKET)
    assert read_object(archive, sha256) == content
    with pytest.raises(StoreRefused, match="AccessDenied"):
        archive.hold(sha256, True)
    other = b"written by the archive"
    with pytest.raises(StoreRefused, match="AccessDenied"):
        archive.put(hashlib.sha256(other).hexdigest(), other, len(other), UNTIL)


def test_what_is_over_is_destroyed_with_the_account_for_disposal_and_no_other(
    minio: MinioServer, clients: dict[str, Minio]
) -> None:
    """The server's account does all but the deleting; until the lock ends, MinIO refuses both."""
    alone = S3Store(clients["server"], BUCKET)
    both = S3Store(clients["server"], BUCKET, disposal=clients["disposal"])
    content = secrets.token_bytes(1000)
    sha256 = hashlib.sha256(content).hexdigest()
    stored = alone.put(sha256, content, len(content), datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3))
    root = Minio(minio.endpoint, minio.access_key, minio.secret_key, secure=False)
    root.put_object(BUCKET, stored.key, io.BytesIO(b"forged"), 6)
    root.remove_object(BUCKET, stored.key)  # a delete marker above both
    with pytest.raises(ObjectLocked, match=r"hold, or not ours to delete \(InvalidRequest\)\.$"):
        both.destroy(sha256)
    deadline = time.monotonic() + 20
    while True:
        with pytest.raises(ObjectLocked, match=r"\(AccessDenied\)\.$"):
            alone.destroy(sha256)
        try:
            both.destroy(sha256)
            break
        except ObjectLocked:
            assert time.monotonic() < deadline, "the retention never ended"
    assert list(root.list_objects(BUCKET, prefix=stored.key, include_version=True)) == []


def test_setting_up_without_the_store_or_its_secrets_is_one_sentence(tmp_path: Path, minio: MinioServer) -> None:
    folder = tmp_path
    for arguments, complaint in (([], "Say where"), ([minio.endpoint, str(folder)], "compose_secrets")):
        with pytest.raises(SystemExit, match=complaint):
            main(arguments)
    for name in ("s3.root", *FILES.values()):
        (folder / f"{name}.access").write_text(f"{name}-account")
        (folder / f"{name}.secret").write_text(f"{name}-secret")
    with pytest.raises(SystemExit, match="did not take its accounts") as ended:
        main([minio.endpoint, str(folder), "--plain"])
    assert "\n" not in str(ended.value)


def test_the_secrets_that_the_deployment_makes_are_accounts(
    tmp_path: Path, minio: MinioServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a home of its own, and with the test's store for the deployment's."""
    script, folder = tmp_path / "tools" / "compose_secrets.sh", tmp_path / "secrets"
    script.parent.mkdir()
    shutil.copy(ROOT / "tools" / "compose_secrets.sh", script)
    subprocess.run([script], check=True, capture_output=True)
    (folder / "s3.root.access").write_text(minio.access_key)
    (folder / "s3.root.secret").write_text(minio.secret_key)
    main([minio.endpoint, str(folder), "--plain"])
    assert "are ready" in capsys.readouterr().out
    read = [(folder / f"s3.{part}").read_text().strip() for part in ("access", "secret")]
    S3Store(Minio(minio.endpoint, *read, secure=False), BUCKET)
