"""Which tokens and cosignatures go with a bundle, and what is said of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from api.export import export
from api.witnesses import take_cosignatures
from storage.db.models import Checkpoint, Timestamp
from storage.ledger.heads import Outsiders
from storage.ledger.witness import Witness, cosign
from storage.offline import check_file
from tests.factories.bundles import ORDER, contents_of, exported, read_parts
from tests.factories.evidence import OTHER
from tests.factories.hearing_log import HEARING, STRANGER, made_hearing
from tests.factories.server import Server
from tests.factories.stamped_bundles import KEY, WITNESS, WITNESS_KEY, grow, make_court, stamp_all, told
from tests.factories.stamping import PAST, log_size, note_of
from tests.services.timestamps import TimestampServer


@pytest.fixture
def court(tmp_path: Path, timestamps: TimestampServer) -> Iterator[Server]:
    made = make_court(tmp_path, timestamps)
    yield made
    made.context.database.dispose()


def witnessed(server: Server, at: int) -> int:
    """The witness cosigns the newest checkpoint; of how many entries that is."""
    size = log_size(server)
    take_cosignatures(server.context, cosign(note_of(server, size), WITNESS.name, at, WITNESS_KEY).encode())
    return size


def test_what_a_witness_cosigned_goes_with_the_bundle(court: Server, tmp_path: Path) -> None:
    first = witnessed(court, 1_600_000_000)
    for at in (1_610_000_000, 1_620_000_000):
        grow(court)
        last = witnessed(court, at)
    grow(court)
    parts = read_parts(exported(court, tmp_path / "bundle.zip"))
    assert [size for size, *_ in contents_of(parts)["heads"]] == [first, last]
    lines = told(tmp_path, parts, Outsiders(witnesses=[WITNESS]))
    assert [line.partition(" existed by ")[2] for line in lines if "existed by" in line] == [
        "2020-09-13 12:26:40 UTC, as the witness bar.example signed.",
        "2021-05-03 00:00:00 UTC, as the witness bar.example signed.",
    ]
    assert not [line for line in told(tmp_path, parts) if "existed by" in line]
    other = Witness("bar.example", STRANGER.public)
    assert not [line for line in told(tmp_path, parts, Outsiders(witnesses=[other])) if "existed by" in line]
    name = f"heads/{first}.txt"
    forged = parts[name].decode().replace("\u2014 bar.example ", "\u2014 courtrec ")
    assert told(tmp_path, {**parts, name: forged.encode()}, Outsiders(witnesses=[WITNESS]))[0].startswith("Whole")
    line = cosign(note_of(court, last), WITNESS.name, 1_600_000_000, WITNESS_KEY).splitlines(keepends=True)[-1]
    moved = {**parts, name: parts[name] + line.encode()}
    [fault, _] = told(tmp_path, moved, Outsiders(witnesses=[WITNESS]))
    assert "The signature of the witness bar.example does not hold" in fault


def test_where_no_token_covers_the_end_yet_the_newest_of_its_beginning_goes_with_it(
    tmp_path: Path, timestamps: TimestampServer
) -> None:
    court = make_court(tmp_path, timestamps)
    log = made_hearing(OTHER, start=PAST)
    entries = log.entries
    log.entries = entries[: len(entries) // 2]
    court.receive(log)
    during = stamp_all(court)
    log.entries = entries
    court.receive(log)
    parts = read_parts(exported(court, tmp_path / "bundle.zip", OTHER))
    assert [size for size, *_ in contents_of(parts)["heads"]] == [during]
    own = sum(index < during for index in contents_of(parts)["indices"])
    assert any(line.startswith(f"{own} of its ") for line in told(tmp_path, parts))
    after = stamp_all(court)
    again = read_parts(exported(court, tmp_path / "again.zip", OTHER))
    assert [size for size, *_ in contents_of(again)["heads"]] == [after]
    court.context.database.dispose()


def test_a_hearing_that_no_token_covers_has_none(court: Server, tmp_path: Path) -> None:
    stamp_all(court)
    court.receive(made_hearing(OTHER, start=PAST))
    parts = read_parts(exported(court, tmp_path / "bundle.zip", OTHER))
    assert contents_of(parts)["heads"] == []


def test_a_token_that_does_not_hold_is_not_handed_out_and_the_court_is_told(court: Server, tmp_path: Path) -> None:
    size = stamp_all(court)
    with court.context.database.begin() as work:
        work.session.execute(sa.update(Timestamp).values(token=b"x"))
    with capture_logs() as logged:
        made = export(court.context, HEARING, tmp_path / "bundle.zip", ORDER)
    assert made.stamps == 0
    assert [(one["event"], one["size"]) for one in logged] == [("time_stamp_not_handed_out", size)]
    assert check_file(tmp_path / "bundle.zip", KEY).whole
    with court.context.database.begin() as work:
        work.session.execute(sa.delete(Checkpoint).where(Checkpoint.size == size))
    with capture_logs() as logged:
        export(court.context, HEARING, tmp_path / "again.zip", ORDER)
    assert [one["reason"] for one in logged] == ["its checkpoint is gone"]
    assert check_file(tmp_path / "again.zip", KEY).whole
