"""What telling a long hearing's voices apart costs: its prints are clustered anew with every window.

    python -m bench.voices [HOURS]

Four people at one microphone, two of them heard in each window of 15 s, as prints made up so that one person's are as
alike as real ones of some seconds (0.6 to 0.9). Seconds and memory of the last clustering, and of all of them together.
"""

import sys
import time
import tracemalloc

import numpy as np

from transcribe.diarise.cluster import Sample, cluster
from transcribe.diarise.embedding import unit
from transcribe.voices import ENOUGH

PEOPLE = 4
WINDOW = 15.0  # seconds
PER_WINDOW = 2
SPREAD = 0.55  # of a print around its person's voice
EVERY = 240  # windows: so often the clustering is measured, for the sum


def prints(count: int) -> list[Sample]:
    rng = np.random.default_rng(0)
    voices = [unit(one) for one in rng.standard_normal((PEOPLE, 256), np.float32)]
    found = []
    for number in range(count):
        noise = unit(rng.standard_normal(256, np.float32))
        window, place = divmod(number, PER_WINDOW)
        vector = unit(voices[(window + place) % PEOPLE] + np.float32(SPREAD) * noise)
        found.append(Sample(vector, float(rng.uniform(1.0, 9.0))))
    return found


def main() -> None:
    hours = float(sys.argv[1]) if sys.argv[1:] else 4.0
    windows = round(hours * 3600 / WINDOW)
    samples = prints(windows * PER_WINDOW)
    spent, last = 0.0, 0.0
    for reached in [*range(EVERY, windows, EVERY), windows]:
        started = time.process_time()
        groups = cluster(samples[: reached * PER_WINDOW], PEOPLE, ENOUGH)
        last = time.process_time() - started
        spent += last * EVERY
    tracemalloc.start()
    cluster(samples, PEOPLE, ENOUGH)
    memory = tracemalloc.get_traced_memory()[1] / 2**20
    print(f"{hours:g} h, {windows} windows, {len(samples)} prints: {len(set(groups))} people, {last:.2f} s, ", end="")
    print(f"{memory:.0f} MiB; all {windows} clusterings together about {spent:.0f} s of processor time")


if __name__ == "__main__":
    main()
