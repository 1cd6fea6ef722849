"""What write-once storage costs: the product's stores against bare calls, on the same server and disk, in one run.

    python -m bench.store

Rounds alternate between the two, so that both meet the same disk; prints a Markdown table of medians.
"""

import hashlib
import io
import os
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from minio import Minio

from storage.worm.local import LocalStore
from storage.worm.port import WormStore, stored_state
from storage.worm.s3 import S3Store
from tests.services.processes import MinioServer, minio_server
from tests.services.running import ServiceMissing

ROUNDS = 31
SIZES = {"sound, 0.7 MB": 700_000, "picture, 20 MB": 20_000_000}
UNTIL = datetime.now(UTC) + timedelta(days=1)


@dataclass(frozen=True)
class Piece:
    """Bytes nobody stored before, and their name."""

    content: bytes
    sha256: str


Deed = Callable[[Piece], object]


@dataclass(frozen=True)
class Rivals:
    """The same deed done by the product and barely."""

    name: str
    ours: Deed
    bare_name: str
    bare: Deed


def fresh(size: int) -> Piece:
    content = secrets.token_bytes(size)
    return Piece(content, hashlib.sha256(content).hexdigest())


def seconds(deed: Deed, piece: Piece) -> float:
    began = time.perf_counter()
    deed(piece)
    return time.perf_counter() - began


def stores(store: WormStore) -> Deed:
    return lambda piece: store.put(piece.sha256, piece.content, len(piece.content), UNTIL)


def s3_rivals(server: MinioServer) -> tuple[list[Rivals], list[Rivals]]:
    """Deeds that store a piece, and deeds on a stored one."""
    client = Minio(server.endpoint, server.access_key, server.secret_key, secure=False)
    store = S3Store(client, "bench")

    def put(piece: Piece, name: str = "") -> None:
        size = len(piece.content)
        # As one request, as the product does; the SDK alone would send it in parts.
        client.put_object(
            "bench", name or f"bare/{piece.sha256}", io.BytesIO(piece.content), size, part_size=size + (5 << 20)
        )

    def put_and_get(piece: Piece) -> None:
        put(piece)
        content = get(f"bare/{piece.sha256}")
        assert hashlib.sha256(content).hexdigest() == piece.sha256

    def get(name: str) -> bytes:
        with client.get_object("bench", name) as answer:
            return bytes(answer.read())

    def key(piece: Piece) -> str:
        return f"{piece.sha256[:2]}/{piece.sha256[2:4]}/{piece.sha256}"

    putting = [
        Rivals("`S3Store.put`", stores(store), "`put_object`", put),
        Rivals("`S3Store.put`", stores(store), "`put_object`, then `get_object` and SHA-256", put_and_get),
    ]
    getting = [
        Rivals("`S3Store.read`", lambda piece: store.read(piece.sha256), "`get_object`", lambda piece: get(key(piece))),
        Rivals(
            "`stored_state` (scrubbing)", lambda piece: stored_state(store, piece.sha256),
            "`get_object` and SHA-256", lambda piece: hashlib.sha256(get(key(piece))).digest(),
        ),
    ]  # fmt: skip
    return putting, getting


def local_rivals(folder: Path) -> tuple[list[Rivals], list[Rivals]]:
    store = LocalStore(folder / "objects")

    def write(piece: Piece) -> None:
        descriptor = os.open(folder / piece.sha256, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        try:
            rest = memoryview(piece.content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def path(piece: Piece) -> Path:
        return store.folder / piece.sha256[:2] / piece.sha256[2:4] / piece.sha256

    putting = [Rivals("`LocalStore.put`", stores(store), "write and fsync", write)]
    getting = [
        Rivals(
            "`LocalStore.read`", lambda piece: store.read(piece.sha256),
            "`read_bytes`", lambda piece: path(piece).read_bytes(),
        ),
        Rivals(
            "`stored_state` (scrubbing)", lambda piece: stored_state(store, piece.sha256),
            "`read_bytes` and SHA-256", lambda piece: hashlib.sha256(path(piece).read_bytes()).digest(),
        ),
    ]  # fmt: skip
    return putting, getting


def measure(putting: list[Rivals], getting: list[Rivals], size: int) -> Iterator[tuple[Rivals, float, float]]:
    """Median seconds of ours and of the bare deed, after one round that warms both up."""
    for rivals in putting:
        times = [(seconds(rivals.ours, fresh(size)), seconds(rivals.bare, fresh(size))) for _ in range(ROUNDS + 1)]
        yield rivals, *medians(times[1:])
    stored = fresh(size)
    putting[0].ours(stored)
    for rivals in getting:
        times = [(seconds(rivals.ours, stored), seconds(rivals.bare, stored)) for _ in range(ROUNDS + 1)]
        yield rivals, *medians(times[1:])


def medians(times: list[tuple[float, float]]) -> tuple[float, float]:
    ours, bare = zip(*times, strict=True)
    return statistics.median(ours), statistics.median(bare)


def main() -> None:
    with ExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory(prefix="courtrec-bench-")))
        rivals = [local_rivals(folder)]
        try:
            rivals.append(s3_rivals(running.enter_context(minio_server())))
        except ServiceMissing as missing:
            sys.stderr.write(f"S3 is not measured: {missing}\n")
        print_row("segment", "product", "ms", "bare", "ms", "ratio")
        print_row(*["---"] * 6)
        for what, size in SIZES.items():
            for putting, getting in rivals:
                for one, ours, bare in measure(putting, getting, size):
                    figures = (f"{ours * 1000:.2f}", one.bare_name, f"{bare * 1000:.2f}", f"{ours / bare:.2f}")
                    print_row(what, one.name, *figures)


def print_row(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
