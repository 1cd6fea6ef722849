"""Workers killed at any point, tasks lost, doubled and delivered again: no window is lost and none is done twice."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.made import transcript_faults
from storage.db.migrate import upgrade
from storage.db.unit_of_work import Database
from storage.db.windows import LEASE
from storage.db.work import MAX_ATTEMPTS, WORKER_DIED
from storage.ledger.leaf import LeafKind, parse
from storage.queue import TRANSCRIBE_WINDOW, WINDOWS, Sweeper, make_queue, offer_window
from tests.factories.ledger import HEARING
from tests.factories.transcription import OTHER_HEARING, Court, spoken
from tests.factories.waiting import until
from tests.services.processes import RedisServer
from tests.simulators import job_worker
from tests.simulators.job_worker import Point, Seams

EACH = 6  # windows of a hearing, at most


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a court with two ended hearings whose sound is stored; to be copied."""
    folder = tmp_path_factory.mktemp("recorded")
    database, sound = Database(f"sqlite:///{folder}/courtrec.db"), spoken(seconds=1.0)
    upgrade(database.engine)
    court = Court(database, folder)
    for hearing in (HEARING, OTHER_HEARING):
        court.open(hearing, windows=0)
    for sequence in range(EACH):
        heard = {"mic-judge": (sound["mic-judge"] * (1 - sequence / 50)).astype(np.int16)}
        for hearing in (HEARING, OTHER_HEARING):
            court.record(heard, hearing, sequence, start=sequence * 48_000 * 10)
    database.dispose()
    return folder


class Queue:
    """That court, its queue on a real Redis, and one worker in a process of its own."""

    def __init__(self, broker: str, recorded: Path) -> None:
        self.closing = ExitStack()
        folder = Path(self.closing.enter_context(tempfile.TemporaryDirectory(prefix="courtrec-jobs-")))
        self.folder = shutil.copytree(recorded, folder / "court")
        self.broker, self.url = broker, f"sqlite:///{self.folder}/courtrec.db"
        self.client = redis.Redis.from_url(broker)
        self.client.flushdb()
        self.database, self.seams, self.app = Database(self.url), Seams(broker), make_queue(broker)
        self.closing.callback(self.database.dispose)
        self.sweeper, self.seconds = Sweeper(self.database, self.app), 0.0
        self.worker = job_worker.start(self.url, self.folder, broker)

    def close(self) -> None:
        self.seams.hold(False)
        self.worker.kill()
        self.worker.join()
        self.closing.close()

    def offer(self, hearing: str, sequence: int, run: int = 1) -> None:
        with self.database.begin() as work:
            offer_window(work, hearing, sequence, run, self.seams.now().utc)
        self.sweeper.sweep(self.seams.now().utc)

    def restart(self, grace: float = 60.0) -> None:
        self.worker.join()
        self.worker = job_worker.start(self.url, self.folder, self.broker, grace)

    def forward(self, seconds: float) -> None:
        self.seconds += seconds
        self.seams.set_now(self.seconds)

    def windows(self) -> list[tuple[str, int, int, str]]:
        with self.database.read() as work:
            return [
                (one.hearing_id, one.run, one.sequence, one.state)
                for hearing in (HEARING, OTHER_HEARING)
                for one in work.windows.of(hearing)
            ]

    def settle(self) -> None:
        """Until nothing is left to do: what workers took with them comes back when its lease is over."""
        looks = count()

        def settled() -> bool:
            if next(looks) % 100 == 0:
                self.forward(LEASE.total_seconds() + 1)
                self.sweeper.sweep(self.seams.now().utc)
            return all(state in ("done", "failed") for *_, state in self.windows())

        until(settled, self.windows)

    def check(self) -> None:
        """A window is done exactly if it has one transcript in the log, with just its utterances beside it."""
        with self.database.read() as work:
            for hearing in (HEARING, OTHER_HEARING):
                leaves = {row.index: parse(row.entry) for row in work.log.entries(hearing)}
                stated = [
                    (leaf.body["run"], leaf.body["sequence"])
                    for leaf in leaves.values()
                    if leaf.kind is LeafKind.TRANSCRIPT
                ]
                done = [(one.run, one.sequence) for one in work.windows.of(hearing) if one.state == "done"]
                assert sorted(stated) == done
                assert sorted((one.run, one.sequence) for one in work.utterances.of(hearing)) == done
                assert list(transcript_faults(work, hearing, leaves)) == []


class KilledWorkers(RuleBasedStateMachine):
    broker, recorded = "", Path()

    @initialize()
    def begin(self) -> None:
        self.queue, self.kills = Queue(self.broker, self.recorded), 0
        self.next, self.runs = {HEARING: 0, OTHER_HEARING: 0}, {HEARING: 1, OTHER_HEARING: 1}

    def _another(self, hearing: str) -> None:
        sequence = self.next[hearing]
        self.next[hearing] += 1
        for run in range(1, self.runs[hearing] + 1):
            self.queue.offer(hearing, sequence, run)

    @precondition(lambda self: self.next[HEARING] < EACH)
    @rule()
    def a_window_comes(self) -> None:
        self._another(HEARING)

    @precondition(lambda self: self.next[OTHER_HEARING] < EACH)
    @rule()
    def a_window_of_the_other_hearing_comes(self) -> None:
        self._another(OTHER_HEARING)

    @precondition(lambda self: self.runs[HEARING] < 3)
    @rule()
    def transcribed_again(self) -> None:
        self.runs[HEARING] += 1
        with self.queue.database.begin() as work:
            hearing = work.hearings.lock(HEARING)
            assert hearing is not None
            work.runs.add(hearing, "better", "secretary", self.queue.seams.now().utc)
        for sequence in range(self.next[HEARING]):
            self.queue.offer(HEARING, sequence, self.runs[HEARING])

    @rule(times=st.integers(1, 3))
    def a_task_comes_twice(self, times: int) -> None:
        for _ in range(times):
            self.queue.app.send_task(TRANSCRIBE_WINDOW)

    @rule()
    def the_broker_loses_its_tasks(self) -> None:
        self.queue.client.delete(WINDOWS)

    @rule()
    def the_broker_delivers_again_what_was_not_acknowledged(self) -> None:
        with self.queue.app.connection_for_write(transport_options={"visibility_timeout": 0}) as connection:
            connection.channel().qos.restore_visible(num=100)

    @precondition(lambda self: self.kills < MAX_ATTEMPTS - 1 and self.next[OTHER_HEARING] < EACH)
    @rule(point=st.sampled_from(Point))
    def the_worker_is_killed(self, point: Point) -> None:
        self.kills += 1
        self.queue.seams.kill_at(point)
        self._another(OTHER_HEARING)
        until(lambda: self.queue.worker.exitcode is not None, self.queue.windows)
        assert self.queue.worker.exitcode == -9
        self.queue.restart()

    @rule()
    def the_worker_is_told_to_end(self) -> None:
        self.queue.worker.terminate()
        self.queue.restart()

    @rule(seconds=st.sampled_from([11, LEASE.total_seconds() + 1]))
    def time_goes_on(self, seconds: float) -> None:
        self.queue.forward(seconds)
        self.queue.sweeper.sweep(self.queue.seams.now().utc)

    @invariant()
    def nothing_is_done_twice(self) -> None:
        if hasattr(self, "queue"):
            self.queue.check()

    def teardown(self) -> None:
        if not hasattr(self, "queue"):
            return
        try:
            self.queue.settle()
            self.queue.check()
            expected = [
                (hearing, run, sequence, "done")
                for hearing in (HEARING, OTHER_HEARING)
                for run in range(1, self.runs[hearing] + 1)
                for sequence in range(self.next[hearing])
            ]
            assert self.queue.windows() == expected, "nothing is lost"
        finally:
            self.queue.close()


def test_no_window_is_lost_and_none_is_done_twice(redis: RedisServer, recorded: Path) -> None:
    KilledWorkers.broker, KilledWorkers.recorded = redis.url, recorded
    run_state_machine_as_test(
        KilledWorkers,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def court_queue(redis: RedisServer, recorded: Path) -> Iterator[Queue]:
    made = Queue(redis.url, recorded)
    yield made
    made.close()


@pytest.mark.parametrize("point", Point)
def test_a_worker_killed_at_any_point_loses_nothing(court_queue: Queue, point: Point) -> None:
    court_queue.seams.kill_at(point)
    court_queue.offer(HEARING, 0)
    until(lambda: court_queue.worker.exitcode is not None)
    assert court_queue.worker.exitcode == -9
    done = point is Point.STORED
    assert (court_queue.windows()[0][3] == "done") is done
    court_queue.check()
    court_queue.restart()
    court_queue.settle()
    assert court_queue.windows() == [(HEARING, 1, 0, "done")]
    court_queue.check()


@pytest.mark.parametrize("point", Point)
def test_a_worker_killed_with_several_windows_loses_none(court_queue: Queue, point: Point) -> None:
    court_queue.worker.kill()
    for sequence in range(3):
        court_queue.offer(HEARING, sequence)
    court_queue.seams.kill_at(point)
    court_queue.restart()
    until(lambda: court_queue.worker.exitcode is not None)
    assert court_queue.worker.exitcode == -9
    claimed = [state for *_, state in court_queue.windows()].count("claimed")
    assert claimed == {Point.CLAIMING: 0, Point.STORED: 2}.get(point, 3)
    court_queue.check()
    court_queue.restart()
    court_queue.settle()
    assert court_queue.windows() == [(HEARING, 1, sequence, "done") for sequence in range(3)]
    court_queue.check()


def test_a_window_that_kills_its_workers_is_given_up_and_holds_up_nothing(court_queue: Queue) -> None:
    for _ in range(MAX_ATTEMPTS):
        court_queue.seams.kill_at(Point.RECOGNISING)
        court_queue.offer(HEARING, 0)
        court_queue.sweeper.sweep(court_queue.seams.now().utc)
        until(lambda: court_queue.worker.exitcode is not None, court_queue.windows)
        court_queue.forward(LEASE.total_seconds() + 1)
        court_queue.restart()
    court_queue.offer(OTHER_HEARING, 0)
    court_queue.settle()
    assert court_queue.windows() == [(HEARING, 1, 0, "failed"), (OTHER_HEARING, 1, 0, "done")]
    with court_queue.database.read() as work:
        [(window, _)] = work.windows.given_up()
    assert (window.reason, window.error) == (WORKER_DIED, "The worker died 5 times at this window.")


def told_to_end_at_work(queue: Queue, grace: float) -> None:
    queue.worker.kill()
    queue.restart(grace)
    queue.seams.hold(True)
    queue.offer(HEARING, 0)
    until(lambda: queue.seams.busy, queue.windows)
    queue.worker.terminate()


def test_a_worker_told_to_end_finishes_its_window(court_queue: Queue) -> None:
    told_to_end_at_work(court_queue, grace=600.0)
    court_queue.seams.hold(False)
    until(lambda: court_queue.worker.exitcode is not None)
    assert court_queue.worker.exitcode == 0
    assert court_queue.windows() == [(HEARING, 1, 0, "done")]
    assert court_queue.client.llen(WINDOWS) == 0


def test_a_worker_that_cannot_finish_in_time_gives_its_window_back_for_another(court_queue: Queue) -> None:
    told_to_end_at_work(court_queue, grace=0.0)
    until(lambda: court_queue.windows() == [(HEARING, 1, 0, "pending")])
    court_queue.worker.kill()
    court_queue.seams.hold(False)
    court_queue.restart()
    court_queue.sweeper.sweep(court_queue.seams.now().utc)
    until(lambda: court_queue.windows() == [(HEARING, 1, 0, "done")], court_queue.windows)
    with court_queue.database.read() as work:
        window = work.windows.get(HEARING, 0)
    assert window is not None
    assert (window.attempts, window.claims) == (1, 2), "what was given back counts as no attempt"
    court_queue.check()
