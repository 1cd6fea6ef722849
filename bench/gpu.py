"""What a large model costs on a GPU: speed and memory by batch, in the shapes of Whisper large-v3 and its turbo.

    python -m bench.gpu

Random weights of the right shape: they are as fast and as large as trained ones, and what they say means nothing. Every
window is 30 s of noise, encoded, and decoded by beams of five into as many tokens as a full window of Russian has. "×
real time" is sound per second of the clock, encoding and decoding, without times of words. "fits" is the batch that
`transcribe.engines.memory` allows in what was free. Prints a table for docs/benchmarks.md, with machine and versions.
"""

import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import ctranslate2
import numpy as np

from bench.random_whisper import LARGE_V3, LARGE_V3_TURBO, POSITIONS, Shape, save_random
from transcribe.engines import gpu
from transcribe.engines.memory import batch_size
from transcribe.engines.prompt import max_length

SHAPES = {"large-v3": LARGE_V3, "large-v3-turbo": LARGE_V3_TURBO}
COMPUTE_TYPES = ("float16", "int8_float16")
BATCHES = (1, 2, 4, 8, 16)
WINDOW = 30.0  # seconds
TOKENS = 150  # of a full window of Russian speech, about five a second
BEAMS = 5
ROUNDS = 3
PROMPT = [50258, 50263, 50359, 50363]  # start, Russian, transcribe, no times
END = 50257  # no random text may end before the others


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one batch: seconds of the clock, and MiB of memory in use on the GPU; None where that is not known."""

    batch: int
    encode: float
    decode: float
    memory: int | None

    @property
    def times_real_time(self) -> float:
        return self.batch * WINDOW / (self.encode + self.decode)


def measure(model: ctranslate2.models.Whisper, shape: Shape, batch: int, tokens: int = TOKENS) -> Cost:
    """The best of some rounds, after one that warms up. Raises RuntimeError where the memory does not suffice."""
    sound = np.random.default_rng(0).standard_normal((batch, shape.bands, 2 * POSITIONS), np.float32)
    found = []
    for _ in range(1 + ROUNDS):
        started = time.perf_counter()
        heard = model.encode(ctranslate2.StorageView.from_array(sound), to_cpu=False)
        np.array(heard.to_device(ctranslate2.Device.cpu))  # waits until it is done
        encoded = time.perf_counter()
        made = model.generate(
            heard, [PROMPT] * batch, beam_size=BEAMS, max_length=max_length(len(PROMPT), tokens), suppress_tokens=[END]
        )
        assert all(len(one.sequences_ids[0]) >= tokens for one in made), "less was decoded than is measured"
        found.append((encoded - started, time.perf_counter() - encoded))
    encode, decode = min(found[1:], key=sum)
    used = gpu.memory("used")
    return Cost(batch, encode, decode, None if used is None else used >> 20)


def costs(name: str, shape: Shape, compute_type: str, device: str = "cuda") -> Iterator[tuple[Cost, int]]:
    """Batch by batch while they fit, each with the batch that the product would choose."""
    with tempfile.TemporaryDirectory(prefix=f"courtrec-{name}-") as folder:
        save_random(shape, Path(folder), "float16" if device == "cuda" else "float32")
        model = ctranslate2.models.Whisper(folder, device=device, compute_type=compute_type)
        free = gpu.memory("free")
        for batch in BATCHES:
            try:
                cost = measure(model, shape, batch)
            except RuntimeError:  # out of memory: larger batches are too
                return
            yield cost, batch_size(free, shape.decoder, shape.width) if free else 0


def main() -> None:
    if not ctranslate2.get_cuda_device_count():
        sys.exit("No GPU that CTranslate2 can use was found: run this on a machine with one (see docs/benchmarks.md).")
    card = subprocess.run(
        ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    versions = ", ".join(f"{one} {version(one)}" for one in ("ctranslate2", "faster-whisper", "numpy"))
    print(f"{card or 'unknown GPU'}; Python {platform.python_version()}, {versions}\n")
    print("| shape, random weights | type | batch | encode s | decode s | × real time | MiB | fits |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, shape in SHAPES.items():
        for compute_type in COMPUTE_TYPES:
            for one, fits in costs(name, shape, compute_type):
                cells = (one.batch, f"{one.encode:.2f}", f"{one.decode:.2f}", f"{one.times_real_time:.0f}", one.memory)
                print("| " + " | ".join(map(str, (name, compute_type, *cells, fits))) + " |", flush=True)


if __name__ == "__main__":
    main()
