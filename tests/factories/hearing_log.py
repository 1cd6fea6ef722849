"""A short recorded hearing as it lies in the log: two tracks, three windows, a break, a protocol that was signed."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from court.health import SelfTest
from storage.ledger.chain import Chain
from storage.ledger.ed25519 import SigningKey
from storage.ledger.faults import ObjectState
from storage.ledger.leaf import LeafKind, parse

HEARING = "019ab000-0000-7000-8000-000000000001"
NODE = SigningKey.from_seed(b"node".ljust(32, b"."))
SERVER = SigningKey.from_seed(b"server".ljust(32, b"."))
STRANGER = SigningKey.from_seed(b"stranger".ljust(32, b"."))
START = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
TRACKS = {"mic-judge": 48_000, "cam-hall": 90_000}
WINDOW_SECONDS = 10
BREAK_SECONDS = 60
KEYS = {key.key_id: key.public for key in (NODE, SERVER)}


@dataclass
class HearingLog:
    """`entries` in log order; `objects` by SHA-256. The segment `shared` (track, sequence) has HEARING's bytes;
    the last of the segments `same` has those of the first."""

    entries: list[bytes] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)
    hearing: str = HEARING
    shared: tuple[str, int] | None = None
    same: tuple[tuple[str, int], ...] = ()
    start: datetime = START

    def add(self, key: SigningKey, kind: LeafKind, body: dict[str, Any]) -> bytes:
        chain = self.chains.get(key.key_id, Chain(self.hearing, key.key_id))
        at = self.start + timedelta(seconds=len(self.entries))
        entry, self.chains[key.key_id] = chain.append(kind, at, body, key)
        self.entries.append(entry)
        return entry

    def keep(self, content: bytes) -> dict[str, Any]:
        sha256 = hashlib.sha256(content).hexdigest()
        self.objects[sha256] = content
        return {"sha256": sha256, "size": len(content)}

    def state(self, sha256: str) -> ObjectState:
        """For the verifier: what is stored under `sha256` now."""
        content = self.objects.get(sha256)
        if content is None:
            return ObjectState(None, 0)
        return ObjectState(hashlib.sha256(content).hexdigest(), len(content))


def anchor(second: int) -> dict[str, Any]:
    at = (START + timedelta(seconds=second)).isoformat(timespec="milliseconds")
    return {"utc": at.replace("+00:00", "Z"), "monotonic_ms": second * 1000, "disciplined": True}


def open_hearing(log: HearingLog, tested: SelfTest | None = None, spare_of: str = "") -> None:
    tracks = [
        {
            "track": track,
            "role": "judge" if track == "mic-judge" else "",
            "kind": "audio" if rate == 48_000 else "video",
            "rate": rate,
            "derived": False,
            "device": "simulated",
        }
        for track, rate in TRACKS.items()
    ]
    card = {"case_number": "Э-1/26", "participants": []}
    body = {"card": card, "room": "Зал 1", "node": "node-1", "profile": "evidence", "tracks": tracks}
    stated: dict[str, Any] = {} if tested is None else {"selftest": tested.as_fields()}
    if spare_of:
        stated["spare_of"] = spare_of
    log.add(NODE, LeafKind.HEARING, body | {"started": anchor(0)} | stated)
    add_state(log, "recording", 0)


def add_state(log: HearingLog, state: str, second: int) -> None:
    body = {"state": state, "at_sample": second * 48_000, "anchor": anchor(second)}
    log.add(NODE, LeafKind.STATE, body)


def add_segment(log: HearingLog, track: str, sequence: int, start: int, end: int) -> None:
    """From second `start` to second `end`."""
    rate = TRACKS[track]
    whose = HEARING if (track, sequence) == log.shared else log.hearing
    sound = log.same[0] if (track, sequence) in log.same else (track, sequence)
    body = {
        **log.keep(f"{sound[0]} window {sound[1]} of {whose}".encode() * 4),
        "track": track,
        "sequence": sequence,
        "start": start * rate,
        "end": end * rate,
        "rate": rate,
        "init_size": 20,
        "codec": "flac" if rate == 48_000 else "avc1",
        "partial": False,
        "anchor": anchor(start),
    }
    log.add(NODE, LeafKind.SEGMENT, body)


def add_gap(log: HearingLog, track: str, start: int, end: int) -> None:
    rate = TRACKS[track]
    body = {"track": track, "start": start * rate, "end": end * rate, "rate": rate, "cause": "break"}
    log.add(NODE, LeafKind.GAP, body | {"device_log": "", "anchor": anchor(start)})


def made_hearing(
    hearing: str = HEARING,
    skip: tuple[str, int] | None = None,
    shared: tuple[str, int] | None = None,
    same: tuple[tuple[str, int], ...] = (),
    start: datetime = START,
    tested: SelfTest | None = None,
    spare_of: str = "",
) -> HearingLog:
    """Without fault, except that the segment `skip` (track, sequence) was never entered. Stated from `start` on."""
    log = HearingLog(hearing=hearing, shared=shared, same=same, start=start)
    open_hearing(log, tested, spare_of)
    second = 0
    for window in range(3):
        for track in TRACKS:
            if (track, window) != skip:
                add_segment(log, track, window, second, second + WINDOW_SECONDS)
        second += WINDOW_SECONDS
        if window == 1:
            log.add(NODE, LeafKind.NOTE, {"at_sample": second * 48_000, "template": "motion", "text": "о приобщении"})
        view = {"actor": "aijamal", "role": "secretary", "action": "view", "object": f"window {window}"}
        log.add(SERVER, LeafKind.ACCESS, view | {"ground": "", "address": "127.0.0.1"})
        if window == 0:
            add_state(log, "paused", second)
            for track in TRACKS:
                add_gap(log, track, second, second + BREAK_SECONDS)
            second += BREAK_SECONDS
            add_state(log, "recording", second)
    add_state(log, "ended", second)
    paper = {"document_sha256": "cd" * 32, "file_name": "protocol.pdf"}
    unsigned = log.keep(b"%PDF draft of " + hearing.encode())
    log.add(SERVER, LeafKind.PROTOCOL, unsigned | paper | {"revision": 1, "form": "kg-civil", "language": "ru"})
    signed = log.keep(b"%PDF signed " + hearing.encode())
    seal = {"protocol_sha256": signed["sha256"], "size": signed["size"], "signer": "CN=Secretary", "revision": 1}
    log.add(SERVER, LeafKind.SIGNATURE, seal | paper | {"covers_root": "ab" * 32, "covers_size": len(log.entries)})
    return log


def where(entry: bytes) -> str:
    """The place under which the verifier names the entry."""
    leaf = parse(entry)
    return f"{leaf.hearing}/{leaf.author}/{leaf.seq}"
