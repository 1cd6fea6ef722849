"""Files of a court's home and of a bundle, cut short: said in one sentence, never taken for whole, never a traceback.

The recorder's segments are in test_recorder_truncation.py, the database's files in test_torn_sqlite.py.
"""

import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.composition import make_context
from api.context import Context
from api.export import export
from api.home import Home
from api.settings import Settings
from api.verification import verify
from court.errors import CourtError
from storage.bundle_file import README
from storage.keyring import rotate
from storage.ledger.checkpoint import verifier_key
from storage.ledger.rotation import LOG, SERVER
from storage.offline import check_file
from tests.factories.bundles import ORDER
from tests.factories.deliveries import deliver_to
from tests.factories.hearing_log import HEARING, HearingLog, add_segment, add_state, open_hearing

MOMENT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def hearing() -> HearingLog:
    log = HearingLog()
    open_hearing(log)
    for track in ("mic-judge", "cam-hall"):
        add_segment(log, track, 0, 0, 10)
    add_state(log, "ended", 10)
    return log


def opened(home: Path) -> Context:
    return make_context(Settings(home=home))


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an ended hearing, whose log and server have replaced their keys once."""
    home = tmp_path_factory.mktemp("court")
    opened(home).database.dispose()
    for purpose in (LOG, SERVER):
        rotate(Home(home).own_key(purpose), purpose, "courtrec", MOMENT)
    context = opened(home)
    deliver_to(context, [], hearing())
    export(context, HEARING, home / "bundle.zip", ORDER)
    context.database.dispose()
    return home


def told_of(home: Path) -> list[str]:
    """As `courtrec verify`."""
    try:
        context = opened(home)
    except CourtError as error:
        return [str(error)]
    found = list(verify(context))
    context.database.dispose()
    return found


def cuts(content: bytes) -> Iterator[int]:
    """Nothing left, a byte, half, all but a byte; and at each end of a line, before and after it."""
    yield from {0, 1, len(content) // 2, len(content) - 1}
    ends = [at for at, byte in enumerate(content) if byte == ord("\n")] if len(content) < 4096 else []
    yield from {at + more for at in ends for more in (0, 1)} - {0, 1, len(content) // 2, len(content) - 1, len(content)}


def loses_nothing(content: bytes, size: int) -> bool:
    """The last line end of a key in PEM; of a note that both keys signed, the whole line of the second."""
    mark, lost = "— ".encode(), content[size:]
    of_key = content.startswith(b"-----BEGIN") and lost == b"\n"
    return of_key or (lost.startswith(mark) and lost.count(b"\n") == 1 and b"\n" + mark in content[:size])


def cut(path: Path, content: bytes, size: int) -> None:
    mode = path.stat().st_mode
    path.unlink()
    path.write_bytes(content[:size])
    path.chmod(mode)


@pytest.mark.parametrize(
    "pattern",
    [
        "objects/??/??/*", "keys/log.ed25519", "keys/server.ed25519", "keys/*.*.ed25519", "keys/*.rotation",
        "keys/log.checkpoint",
    ],
)  # fmt: skip
def test_what_is_cut_short_is_named(court: Path, tmp_path: Path, pattern: str) -> None:
    home = Path(shutil.copytree(court, tmp_path / "home"))
    found = sorted(home.glob(pattern))[:2]
    assert found
    for path in found:
        content = path.read_bytes()
        for size in cuts(content):
            cut(path, content, size)
            told = told_of(home)
            assert told or loses_nothing(content, size), f"{path.name} cut at {size}"
            assert all("\n" not in one and one.endswith(".") for one in told), told
            assert not told or any(path.name in one for one in told), told
        cut(path, content, len(content))
    assert told_of(home) == []


def test_a_public_half_that_was_cut_short_is_made_again(court: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(court, tmp_path / "home"))
    path = home / "keys" / "log.ed25519.pub"
    content = path.read_bytes()
    for size in cuts(content):
        cut(path, content, size)
        assert told_of(home) == []
        assert path.read_bytes() == content


def test_an_unpacked_bundle_whose_parts_are_cut_short_is_not_whole(court: Path, tmp_path: Path) -> None:
    context = opened(court)
    key = verifier_key("courtrec", context.log_keys.key.public)
    context.database.dispose()
    with zipfile.ZipFile(court / "bundle.zip") as archive:
        archive.extractall(tmp_path)
    assert check_file(tmp_path, key).whole
    for path in sorted(one for one in tmp_path.rglob("*") if one.is_file() and one.name != README):
        content = path.read_bytes()
        for size in cuts(content):
            cut(path, content, size)
            told = check_file(tmp_path, key)
            assert not told.whole or loses_nothing(content, size), f"{path.name} cut at {size}"
            assert all("\n" not in one and one.endswith(".") for one in told.lines), told.lines
        cut(path, content, len(content))
