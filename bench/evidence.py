"""What the ledger costs as it grows, and how fast a hearing is verified offline.

    python -m bench.evidence [FOLDER] [--verify-minutes MINUTES]

FOLDER takes about 12 GB for the time of the run (default: the system's folder for temporary files). With
--verify-minutes only the verification is measured, of a hearing that long.
"""

import argparse
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert, update

from court.clock import Anchor, iso_utc
from storage.bundle_file import open_bundle
from storage.bundle_writer import write_bundle
from storage.db.migrate import upgrade
from storage.db.models import Checkpoint, LogHead, MerkleNode
from storage.db.sealer import LogSealer
from storage.db.unit_of_work import Database
from storage.keyring import KeyRing
from storage.ledger import merkle
from storage.ledger.bundle import Bundle, content_hash
from storage.ledger.chain import Chain
from storage.ledger.checkpoint import sign_checkpoint, verifier_key
from storage.ledger.contents import Contents
from storage.ledger.ed25519 import SigningKey
from storage.ledger.key_list import sign_key_list
from storage.ledger.leaf import LeafKind
from storage.ledger.multiproof import nodes_around
from storage.offline import check_file

ORIGIN = "bench.example/log"
HEARING = "019ab000-0000-7000-8000-000000000001"
NODE, SERVER, LOG = (SigningKey.from_seed(bytes([number]) * 32) for number in (1, 2, 3))
START = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
SIZES = tuple(10**power for power in range(3, 8))
APPENDS = 200
PROOFS = 200
BATCH = 100_000

# Four hours in segments of 15 s: FLAC of a microphone as the sample hearing has it, a camera of 1.5 Mbit/s.
WINDOWS = 960
TRACKS = {"mic-judge": 550_000, "mic-secretary": 550_000, "mic-claimant": 550_000, "mic-respondent": 550_000,
          "mix": 550_000, "cam-overview": 2_800_000}  # fmt: skip
ROUNDS = 3


class BenchClock:
    def now(self) -> Anchor:
        return Anchor(START, 0.0, True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--verify-minutes", type=int)
    given = parser.parse_args()
    console = Console(width=140)
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        folder = Path(made)
        if given.verify_minutes is None:
            console.print(ledger_table(folder))
        console.print(verify_table(folder, WINDOWS if given.verify_minutes is None else 4 * given.verify_minutes))


# ---- the log as it grows


def ledger_table(folder: Path) -> Table:
    table = Table(title="Ledger on SQLite, every append a transaction with fsync and a signed checkpoint")
    for heading in ("entries", "durable appends/s", "inclusion proof ms", "hashes", "consistency proof ms", "hashes"):
        table.add_column(heading, justify="right")
    for size in SIZES:
        database = grown(folder / f"{size}.db", size)
        database.sealer = LogSealer(KeyRing(LOG), ORIGIN, BenchClock(), folder / f"{size}.checkpoint")
        began = time.perf_counter()
        append(database, APPENDS)
        appends = APPENDS / (time.perf_counter() - began)
        costs = [proof_cost(database, prove, size) for prove in (merkle.inclusion_proof, merkle.consistency_proof)]
        told = [text for cost, longest in costs for text in (f"{cost:.2f}", str(longest))]
        table.add_row(f"{size:,}", f"{appends:.0f}", *told)
        database.dispose()
    return table


def grown(path: Path, size: int) -> Database:
    """A log whose tree holds `size` entries, loaded in bulk: real nodes, while the entries themselves are left out."""
    database = Database(f"sqlite:///{path}")
    upgrade(database.engine)
    with database.engine.begin() as connection:
        rows: list[dict[str, Any]] = []
        for level, index, value in tree(size):
            rows.append({"level": level, "index": index, "hash": value})
            if len(rows) == BATCH:
                connection.execute(insert(MerkleNode), rows)
                rows = []
        connection.execute(insert(MerkleNode), rows)
    with database.begin() as work:
        root = merkle.root_at(size, work.log.node)
        work.session.execute(update(LogHead).values(size=size, root=root))
        note = sign_checkpoint(ORIGIN, size, root, LOG)
        work.session.add(Checkpoint(size=size, root=root, note=note, at=START))
    return database


def tree(size: int) -> Iterator[tuple[int, int, bytes]]:
    open_nodes: dict[int, bytes] = {}
    for number in range(size):
        at, node = number, hashlib.sha256(number.to_bytes(8, "big")).digest()
        level = 0
        yield level, at, node
        while at & 1:
            node = merkle.node_hash(open_nodes.pop(level), node)
            level, at = level + 1, at >> 1
            yield level, at, node
        open_nodes[level] = node


def append(database: Database, count: int) -> None:
    view = {"actor": "x", "role": "judge", "action": "view", "object": "", "ground": "", "address": ""}
    for _ in range(count):
        with database.begin() as work:
            work.log.record(LeafKind.ACCESS, HEARING, START, view, SERVER)


def proof_cost(
    database: Database, prove: Callable[[int, int, merkle.GetNode], list[bytes]], size: int
) -> tuple[float, int]:
    """Median milliseconds of a proof read by a session that knows nothing yet, and the most hashes one had."""
    times, most = [], 0
    for number in range(PROOFS):
        at = 1 + int.from_bytes(hashlib.sha256(bytes([number])).digest()[:6], "big") % (size - 1)
        with database.read() as work:
            began = time.perf_counter()
            most = max(most, len(prove(at, size, work.log.node)))
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000, most


# ---- verifying a hearing


def verify_table(folder: Path, windows: int) -> Table:
    path = bundle_of(folder, windows)
    key = verifier_key(ORIGIN, LOG.public)
    what = f"{windows / 4:.0f} minutes, {path.stat().st_size / 1e9:.1f} GB, {windows * len(TRACKS)} segments"
    table = Table(title=f"Verifying a bundle ({what})")
    for heading in ("measured", "bare SHA-256, s", "courtrec verify, s", "speed of verify / of bare SHA-256"):
        table.add_column(heading, justify="right")
    bare_sha256(path)  # what is measured is not the disk
    all_cores = os.sched_getaffinity(0)
    # On one core seconds of processor time: by the clock, two threads on a busy core get more of it than one does.
    for cores, clock in ((all_cores, time.perf_counter), ({min(all_cores)}, time.process_time)):
        bare, checked = [], []
        os.sched_setaffinity(0, cores)  # threads begun from here on inherit it
        for _ in range(ROUNDS):  # in turns, so that a busy machine slows both
            bare.append(seconds(lambda: bare_sha256(path), clock))
            checked.append(seconds(lambda: check_whole(path, key), clock))
        ratio = statistics.median(one / other for one, other in zip(bare, checked, strict=True))
        medians = f"{statistics.median(bare):.2f}", f"{statistics.median(checked):.2f}"
        what = "one core, processor time" if len(cores) == 1 else f"{len(cores)} cores, clock"
        table.add_row(what, *medians, f"{ratio:.2f}")
    os.sched_setaffinity(0, all_cores)
    return table


def check_whole(path: Path, key: str) -> None:
    told = check_file(path, key)
    if not told.whole:
        raise SystemExit("\n".join(told.lines))


def bare_sha256(path: Path) -> None:
    """The same files of the bundle, hashed one after the other and compared with nothing."""
    with open_bundle(path) as opened:
        for name in opened.bundle.contents.files:
            digest = hashlib.sha256()
            for piece in opened.parts.pieces(name):
                digest.update(piece)
            digest.digest()


def bundle_of(folder: Path, windows: int) -> Path:
    """A bundle of a hearing without fault: its segments hold random bytes of a segment's size."""
    noise = os.urandom(max(TRACKS.values()))
    content: dict[str, tuple[str, int, int]] = {}
    entries: list[bytes] = []
    chains = {key.key_id: Chain(HEARING, key.key_id) for key in (NODE, SERVER)}

    def state(key: SigningKey, kind: LeafKind, second: int, body: dict[str, Any]) -> None:
        entry, chains[key.key_id] = chains[key.key_id].append(kind, START + timedelta(seconds=second), body, key)
        entries.append(entry)

    state(NODE, LeafKind.HEARING, 0, opening())
    state(NODE, LeafKind.STATE, 0, {"state": "recording", "at_sample": 0, "anchor": anchor(0)})
    for window in range(windows):
        for track, size in TRACKS.items():
            piece = segment_bytes(noise, track, window, size)
            sha256 = hashlib.sha256(piece).hexdigest()
            content[f"files/{track}/{window:05d}.mp4"] = (track, window, size)
            state(NODE, LeafKind.SEGMENT, 15 * window, segment(track, window, sha256, size))
    end = 15 * windows
    state(NODE, LeafKind.STATE, end, {"state": "ended", "at_sample": end * 48_000, "anchor": anchor(end)})
    files = {name: hashlib.sha256(segment_bytes(noise, *of)).hexdigest() for name, of in content.items()}
    copy = dict.fromkeys(("actor", "role", "recipient", "ground", "address"), "")
    given = {"objects": len(files), "withheld": 0, "content_sha256": content_hash(files.values(), [])}
    state(SERVER, LeafKind.COPY, end, copy | given)
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    checkpoint = sign_checkpoint(ORIGIN, len(entries), merkle.root(leaves), LOG)
    indices = tuple(range(len(entries)))
    around = dict.fromkeys(nodes_around(indices, len(entries)), b"")
    contents = Contents(ORIGIN, verifier_key(ORIGIN, LOG.public), HEARING, len(entries) - 1, indices, (), around, files)
    keys = sign_key_list(ORIGIN, {key.key_id: key.public for key in (NODE, SERVER)}, LOG)
    path = folder / "hearing.zip"
    bundle = Bundle(contents, tuple(entries), checkpoint, keys)
    write_bundle(path, bundle, "", ((name, segment_bytes(noise, *of)) for name, of in content.items()))
    return path


def segment_bytes(noise: bytes, track: str, window: int, size: int) -> bytes:
    head = f"{track}/{window}".encode()
    return head + noise[: size - len(head)]


def opening() -> dict[str, Any]:
    tracks = [
        {"track": track, "role": "", "kind": "audio", "rate": 48_000, "derived": False, "device": "bench"}
        for track in TRACKS
    ]
    card = {"case_number": "Э-1/26"}
    return {"card": card, "room": "", "node": "", "profile": "evidence", "tracks": tracks, "started": anchor(0)}


def segment(track: str, window: int, sha256: str, size: int) -> dict[str, Any]:
    start = window * 15 * 48_000
    return {
        "track": track, "sequence": window, "start": start, "end": start + 15 * 48_000, "rate": 48_000,
        "sha256": sha256, "size": size, "init_size": 700, "codec": "flac", "partial": False,
        "anchor": anchor(15 * window),
    }  # fmt: skip


def anchor(second: int) -> dict[str, Any]:
    return {"utc": iso_utc(START + timedelta(seconds=second)), "monotonic_ms": second * 1000, "disciplined": True}


def seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    work()
    return clock() - began


if __name__ == "__main__":
    main()
