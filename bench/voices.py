"""What telling a long hearing's voices apart costs, window by window, on a database as the worker has one.

    python -m bench.voices [HOURS]

Four people at one microphone, two of them heard in each window of 15 s, as prints made up so that one person's are as
alike as real ones of some seconds (0.6 to 0.9). Processor seconds of what is done within the transaction that stores a
window, and of clustering all prints anew beside it; and what clustering with every window would cost.
"""

import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from storage.db.migrate import upgrade
from storage.db.models import Hearing
from storage.db.unit_of_work import Database
from transcribe.diarise.cluster import Sample, cluster
from transcribe.diarise.embedding import unit
from transcribe.diarise.shared import Voice
from transcribe.voices import ENOUGH, HeardVoice, keep, settle

PEOPLE = 4
WINDOW = 15.0  # seconds
PER_WINDOW = 2
SPREAD = 0.55  # of a print around its person's voice
EVERY = 240  # windows: so often clustering everything is measured, for the sum
HEARING, TRACK = "bench", "mic-judge"


def prints(count: int) -> list[Sample]:
    rng = np.random.default_rng(0)
    people = [unit(one) for one in rng.standard_normal((PEOPLE, 256), np.float32)]
    found = []
    for number in range(count):
        noise = unit(rng.standard_normal(256, np.float32))
        window, place = divmod(number, PER_WINDOW)
        vector = unit(people[(window + place) % PEOPLE] + np.float32(SPREAD) * noise)
        found.append(Sample(vector, float(rng.uniform(1.0, 9.0))))
    return found


def opened(folder: str) -> Database:
    database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
    upgrade(database.engine)
    people = [{"role": "judge", "name": str(number), "present": True} for number in range(PEOPLE)]
    track = {"track": TRACK, "kind": "audio", "derived": False, "role": "judge", "rate": 48_000}
    with database.begin() as work:
        row = Hearing(
            id=HEARING, case_number="1", case_key="1", card={"participants": people}, room="1", state="recording",
            tracks=[track], started_at=datetime.now(UTC),
        )  # fmt: skip
        work.hearings.add(row)
    return database


def spent(deed: Callable[[], object]) -> float:
    started = time.process_time()
    deed()
    return time.process_time() - started


def window_kept(database: Database, window: int, samples: list[Sample]) -> bool:
    heard = [
        HeardVoice(Voice(TRACK, number, one.vector, one.seconds), window * WINDOW + number)
        for number, one in enumerate(samples)
    ]
    with database.begin() as work:
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        return keep(work, hearing, window, heard, "bench")


def numbers(database: Database) -> list[int]:
    with database.read() as work:
        return [one.voice for one in work.voices.of(HEARING)]


def main() -> None:
    hours = float(sys.argv[1]) if sys.argv[1:] else 4.0
    windows = round(hours * 3600 / WINDOW)
    samples = prints(windows * PER_WINDOW)
    kept: list[float] = []
    anew: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        database = opened(folder)
        for window in range(windows):
            started = time.process_time()
            grown = window_kept(database, window, samples[window * PER_WINDOW : (window + 1) * PER_WINDOW])
            kept.append(time.process_time() - started)
            if grown:
                anew.append(spent(lambda: settle(database, HEARING)))
        before = numbers(database)
        last = spent(lambda: settle(database, HEARING))
        after = numbers(database)
        database.dispose()
    assert [one - 1 for one in after] == cluster(samples, PEOPLE, ENOUGH), "the end is not what all at once gives"
    changed = sum(one != other for one, other in zip(before, after, strict=True))
    reached = [*range(EVERY, windows, EVERY), windows]
    always = sum(EVERY * spent(partial(cluster, samples[: at * PER_WINDOW], PEOPLE, ENOUGH)) for at in reached)
    tracemalloc.start()
    cluster(samples, PEOPLE, ENOUGH)
    memory = tracemalloc.get_traced_memory()[1] / 2**20
    print(f"{hours:g} h, {windows} windows, {len(samples)} prints, {len(set(after))} people")
    print(f"in the windows' transactions: {sum(kept):.1f} s in all, at most {max(kept):.3f} s")
    print(f"beside them: {sum(anew):.1f} s for {len(anew)} times")
    print(f"in the end, for the draft: {last:.2f} s, {memory:.0f} MiB, {changed} of the numbers changed")
    print(f"all prints with every window would take about {always:.0f} s")


if __name__ == "__main__":
    main()
