"""A disk that is really full: every write is refused in one sentence, nothing is half, and with room it succeeds."""

import hashlib
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.cli.main import main
from api.composition import make_context
from api.errors import SettingsError
from api.secrets import load_secrets
from api.settings import load_settings
from api.verification import verify
from court.errors import CourtError
from recorder.errors import Undelivered
from recorder.spool import Attachment, HearingRow, Spool
from recorder.uplink import Uplink
from storage.db.unit_of_work import Database
from storage.errors import DiskFull, KeyFileError
from storage.keyring import load_ring, rotate
from storage.keys import load_or_create
from storage.ledger.rotation import LOG
from storage.worm.local import LocalStore
from tests.factories.deliveries import deliver_to, made, migrated, opened, present
from tests.factories.hearing_log import HEARING, NODE
from tests.factories.server import SetClock, court_context, make_server
from tests.services.disks import BLOCK, SmallDisk

CONTENT = b"evidence" * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
UNTIL = datetime(2031, 11, 2, tzinfo=UTC)
LEFT = [0, BLOCK, 5 * BLOCK]
"""Bytes of room that are not enough."""


def refused(deed: Callable[[], object], kind: type[CourtError] = DiskFull) -> str:
    with pytest.raises(kind) as caught:
        deed()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "(status 507)"))
    return sentence


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.parametrize("leave", LEFT)
def test_the_store(disk: SmallDisk, leave: int) -> None:
    store = LocalStore(disk.path / "objects")
    disk.fill(leave)
    assert "disk is full" in refused(lambda: store.put(SHA256, CONTENT, len(CONTENT), UNTIL))
    assert files(store.folder) == {}
    disk.make_room()
    key = store.put(SHA256, CONTENT, len(CONTENT), UNTIL).key
    (store.folder / key).chmod(0o644)
    (store.folder / key).write_bytes(b"damaged")
    disk.fill(leave)
    refused(lambda: store.restore(SHA256, CONTENT, len(CONTENT), UNTIL))
    assert files(store.folder) == {key: b"damaged"}
    disk.make_room()
    store.restore(SHA256, CONTENT, len(CONTENT), UNTIL)
    assert store.read(SHA256) == CONTENT


def test_the_database(disk: SmallDisk) -> None:
    """Refused at every amount of room until there is enough; what is refused leaves nothing."""
    home = migrated(disk.path)
    with opened(home) as context:
        deliver_to(context, [], made(1))
        log, refusals = made(3), 0
        for leave in range(0, 1 << 20, 6 * BLOCK):
            disk.fill(leave)
            before = present(context)
            try:
                deliver_to(context, [], log)
            except DiskFull:
                refusals += 1
                assert before <= present(context)
            else:
                break
            disk.make_room()
        assert refusals > 2
        assert list(verify(context)) == []
    with opened(home) as context:
        deliver_to(context, [], log)
        assert {*log.objects} <= present(context)
        assert list(verify(context)) == []


def test_a_server_answers_507_and_the_node_keeps_and_retries(disk: SmallDisk, tmp_path: Path) -> None:
    log = made(2)
    database = Database(f"sqlite:///{migrated(disk.path)}/courtrec.db")
    server = make_server(database, disk.path)
    with closing(Spool(tmp_path / "spool")) as spool:
        spool.begin(HearingRow(HEARING, "room", "fast", scripted=False))
        for seq, entry in enumerate(log.entries):
            attachment = None
            if seq > 1:
                sha256, content = list(log.objects.items())[seq - 2]
                (spool.folder / HEARING / sha256).write_bytes(content)
                attachment = ("mic-judge", Attachment(f"{HEARING}/{sha256}", sha256, len(content)))
            spool.append(HEARING, seq, entry, 0.0, attachment)
        uplink = Uplink(spool, server.node(), NODE.public)
        disk.fill()
        for _ in range(2):
            sentence = refused(uplink.deliver, Undelivered).lower()
            assert "disk" in sentence
            assert "full" in sentence
            assert "507" in sentence
            assert sum(one.leaf_waits for one in spool.waiting()) == len(log.entries)
        disk.make_room()
        assert uplink.deliver() == len(log.entries)
        assert spool.waiting() == []
    assert present(server.context) >= {*log.objects}
    assert list(verify(server.context)) == []
    database.dispose()


def test_a_full_temporary_folder_refuses_what_is_being_received(
    disk: SmallDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{migrated(tmp_path)}/courtrec.db")
    node = make_server(database, tmp_path).node()
    monkeypatch.setattr(tempfile, "tempdir", str(disk.path))
    disk.fill()
    answer = node.put(f"/api/ingest/objects/{SHA256}", content=CONTENT)
    assert answer.status_code == 507
    assert answer.json()["detail"].startswith(f"The server's temporary folder {disk.path} cannot be written, the disk")
    disk.make_room()
    assert node.put(f"/api/ingest/objects/{SHA256}", content=CONTENT).status_code == 201
    database.dispose()


def test_the_keys(disk: SmallDisk) -> None:
    folder = disk.path / "keys"
    path = folder / "log.ed25519"

    def ring() -> tuple[bytes, ...]:
        return load_ring(path, LOG, "courtrec", timedelta(days=30)).public

    disk.fill()
    refused(lambda: load_or_create(path), KeyFileError)
    refused(lambda: load_secrets(folder), SettingsError)
    assert files(folder) == {}
    disk.make_room()
    load_secrets(folder)
    first = ring()
    for leave in (0, BLOCK):
        disk.fill(leave)
        refused(lambda: rotate(path, LOG, "courtrec", UNTIL), KeyFileError)
        disk.make_room()
        assert ring() == first
    rotate(path, LOG, "courtrec", UNTIL)
    assert ring()[1:] == first


def test_the_logs_checkpoint_waits_for_room(disk: SmallDisk, tmp_path: Path) -> None:
    """What was recorded is recorded; the file outside the database is as it was until the next entry."""
    database = Database(f"sqlite:///{migrated(tmp_path)}/courtrec.db")
    context = court_context(database, disk.path, SetClock())
    deliver_to(context, [], made(0))
    before = context.log_checkpoint.read_bytes()
    log = made(1)
    for sha256, content in log.objects.items():
        context.store.put(sha256, content, len(content), UNTIL)
    disk.fill()
    deliver_to(context, [], log)
    assert files(disk.path / "keys") == {"log.checkpoint": before}
    assert list(verify(context)) == []
    disk.make_room()
    deliver_to(context, [], made(2))
    assert context.log_checkpoint.read_bytes() != before
    assert list(verify(context)) == []
    database.dispose()


@pytest.mark.parametrize("command", [["keys", "rotate", "log"], ["hearings"], ["verify"]])
@pytest.mark.parametrize("begun", [False, True])
def test_the_command_line(
    disk: SmallDisk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    begun: bool,
) -> None:
    """One sentence and exit code 1 or 2, in a new home and in one that was used; reading may succeed."""
    monkeypatch.setenv("COURTREC_HOME", str(disk.path / "home"))

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["courtrec", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return code

    if begun:
        make_context(load_settings()).database.dispose()
    disk.fill()
    code = run(*command)
    said = capsys.readouterr().err
    assert code in ((0, 1, 2) if begun and command[0] != "keys" else (1, 2))
    if code:
        assert said.startswith("courtrec: ")
        assert said.count("\n") == 1
    disk.make_room()
    assert run(*command) == (0 if begun else 2), "what looks at a court, or replaces its keys, makes none"
