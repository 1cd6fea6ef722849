"""A segment's delivery, its bytes and then its leaf, stopped before every step: nothing acknowledged is missing."""

import shutil
import signal
from functools import partial
from pathlib import Path

import pytest

from api.verification import verify
from tests.factories.deliveries import deliver, made, migrated, opened, present
from tests.factories.hearing_log import HearingLog
from tests.simulators.killed import PROCESSES, deliver_segments
from tests.simulators.power import every_death
from tests.simulators.steps import Steps


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one segment of a hearing in it."""
    home = migrated(tmp_path_factory.mktemp("begun"))
    deliver(home, [], made(1))
    return home


def check(home: Path, acknowledged: set[str], how: str) -> None:
    with opened(home) as context:
        assert list(verify(context)) == [], how
        assert acknowledged <= present(context), how


def check_again(home: Path, log: HearingLog, how: str) -> None:
    deliver(home, [], log)
    check(home, {*log.objects}, how)
    with opened(home) as context:
        assert len(present(context)) == len(log.entries) + len(log.objects), how


def check_every_death(tmp_path: Path, home: Path, log: HearingLog) -> None:
    for left in every_death(tmp_path / "deaths", partial(deliver, log=log), partial(shutil.copytree, home)):
        check(left.home, {*left.acknowledged}, left.how)
        if left.killed:
            check_again(left.home, log, left.how)


def test_a_segments_bytes_and_then_its_leaf(tmp_path: Path, begun: Path) -> None:
    check_every_death(tmp_path, begun, made(2))


def test_the_first_entries_of_a_log(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    check_every_death(tmp_path, migrated(empty), made(0))


def test_a_process_that_is_killed_there(tmp_path: Path, begun: Path) -> None:
    """Real processes at some of the steps: what a simulated death leaves out (locks, shared memory) does no harm."""
    shutil.copytree(begun, tmp_path / "dry")
    dry = Steps(tmp_path / "dry")
    with dry.watched():
        deliver(tmp_path / "dry", [], made(2))
    for wanted in ("link objects", "commit courtrec.db", "replace keys/log.checkpoint"):
        place = max(number for number, step in enumerate(dry.steps) if step.startswith(wanted))
        home = tmp_path / str(place)
        shutil.copytree(begun, home)
        told = tmp_path / f"told-{place}"
        process = PROCESSES.Process(target=deliver_segments, args=(home, place, told))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        check(home, {*told.read_text().split()}, wanted)
        check_again(home, made(2), wanted)
