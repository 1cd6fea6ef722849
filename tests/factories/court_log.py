"""A court whose log grows by lawful deeds, interleaved as they come: hearings, papers, keys, acts of destruction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from api.export import Order, choose, copy_body
from court.clock import iso_utc
from court.retention import RetentionDeed
from storage.keyring import Former, KeyRing
from storage.ledger import merkle
from storage.ledger.chain import Chain
from storage.ledger.checkpoint import sign_checkpoint
from storage.ledger.destruction import Keeping, keeping
from storage.ledger.ed25519 import SigningKey, key_id
from storage.ledger.key_list import sign_key_list
from storage.ledger.leaf import LeafKind, SignedLeaf, entry_hash, parse
from storage.ledger.rotation import LOG, SERVER, Rotation, sign_rotation
from storage.ledger.stored import named_object
from storage.retention import retain_until
from tests.factories.court_evidence import ORIGIN, Evidence, Handed, Row, hash_of, since_of
from tests.factories.hearing_log import BREAK_SECONDS, NODE, START, TRACKS, WINDOW_SECONDS, anchor

ORDER = Order(actor="clerk", role="operator", recipient="X", ground="Y")
YEARS = 5
OVERLAP = timedelta(days=7)
_VIEW = {"actor": "a", "role": "judge", "action": "view", "object": "", "ground": "", "address": ""}
_REMARK = {"deed": "file", "remark": "r", "number": 1, "by": "X", "entered_by": "X", "step_sha256": "0" * 64}
_PAPER = {"document_sha256": "cd" * 32, "file_name": "protocol.pdf"}


@dataclass
class Sitting:
    """A hearing: `second` is how far its record has come, `windows` how many it has, `state` what may be done next."""

    id: str
    state: str = "recording"
    second: int = 0
    windows: int = 0
    revision: int = 0
    chains: dict[str, Chain] = field(default_factory=dict)


@dataclass
class Court:
    """`keys` are all private keys there ever were, by their ids; whoever steals one is in `tampering.py`."""

    rows: list[Row] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    rotations: list[Rotation] = field(default_factory=list)
    sittings: dict[str, Sitting] = field(default_factory=dict)
    keys: dict[str, SigningKey] = field(default_factory=lambda: {NODE.key_id: NODE})
    now: datetime = START

    def __post_init__(self) -> None:
        self._leaves: list[SignedLeaf] = []
        self.rings = {purpose: KeyRing(self._key(f"{purpose} 0")) for purpose in (SERVER, LOG)}

    @property
    def server(self) -> SigningKey:
        return self.rings[SERVER].key

    def evidence(self) -> Evidence:
        return Evidence(
            tuple(self.rows), dict(self.objects), tuple(self.notes), dict(self.nodes), tuple(self.rotations)
        )

    def leaf(self, row: Row) -> SignedLeaf:
        return self._leaves[row.origin]

    def leaves(self, hearing: str) -> dict[int, SignedLeaf]:
        return {row.origin: self._leaves[row.origin] for row in self.rows if row.hearing == hearing}

    # ---- lawful deeds: each is one transaction, which signs a checkpoint of the log's new end

    def open(self) -> None:
        one = Sitting(f"019ab000-0000-7000-8000-{len(self.sittings):012d}")
        self.sittings[one.id] = one
        tracks = [
            {"track": track, "role": "", "kind": "audio", "rate": rate, "derived": False, "device": "x"}
            for track, rate in TRACKS.items()
        ]
        body = {"card": {"case_number": "1/26"}, "room": "", "node": "", "profile": "evidence", "tracks": tracks}
        self._add(one, NODE, LeafKind.HEARING, body | {"started": anchor(0)})
        self._add(one, self.server, LeafKind.RECEIPT, {"entry": entry_hash(self.rows[-1].entry)})
        self._turn(one, "recording")
        self._seal()

    def deeds(self, one: Sitting) -> dict[str, Callable[[], None]]:
        """What may lawfully be done about a hearing now, by name."""
        live = {
            "record": lambda: self._pieces(one, WINDOW_SECONDS, lost=()),
            "lose a camera": lambda: self._pieces(one, WINDOW_SECONDS, lost=("cam-hall",)),
            "pause": lambda: self._pause(one),
            "end": lambda: self._end(one),
        }
        over = {
            "draft": lambda: self._draft(one),
            "extend": lambda: self._retain(one, RetentionDeed.EXTEND, until=iso_utc(self.now + timedelta(days=1))),
        }
        known = self._keeping(one)
        return {
            "note": lambda: self._note(one),
            "close": lambda: self._close(one),
            "view": lambda: self._add(one, self.server, LeafKind.ACCESS, _VIEW),
            "remark": lambda: self._add(one, self.server, LeafKind.REMARK, _REMARK),
            "transcribe": lambda: self._transcribe(one),
            **(live if one.state == "recording" else {}),
            **(over if one.state in ("ended", "draft", "signed") else {}),
            **({"sign": lambda: self._sign(one)} if one.state == "draft" else {}),
            **({"hold": lambda: self._retain(one, RetentionDeed.HOLD)} if one.state != "destroyed" else {}),
            **({"lift": lambda: self._retain(one, RetentionDeed.LIFT)} if known.holds else {}),
            **({"destroy": lambda: self._destroy(one)} if self._can_go(one) else {}),
        }

    def do(self, one: Sitting, deed: str) -> None:
        self.deeds(one)[deed]()
        self._seal()

    def rotate(self, purpose: str) -> None:
        ring = self.rings[purpose]
        new = self._key(f"{purpose} {len(self.rotations) + 1}")
        stated = sign_rotation(ORIGIN, purpose, ring.key, new, self.now)
        self.rotations.append(stated)
        self.rings[purpose] = KeyRing(new, (Former(stated, ring.key, stated.at + OVERLAP), *ring.former))

    def hand_out(self, one: Sitting, order: Order = ORDER) -> Handed:
        leaves = self.leaves(one.id)
        chosen = choose(leaves, order, self.rings[SERVER].key_ids)
        self._add(one, self.server, LeafKind.COPY, copy_body(chosen, order, len(leaves), since_of(self.rows), []))
        self._seal()
        ring = self.rings[LOG]
        trusted = {key_id(raw): raw for raw in (NODE.public, *self.rings[SERVER].public)}
        given = frozenset(self.leaves(one.id)) - {hidden.index for hidden in chosen.withheld}
        keys = sign_key_list(ORIGIN, trusted, *ring.signers(self.now))
        return Handed(
            one.id, len(self.rows), len(self.notes) - 1, given, chosen.withheld, chosen.files, keys, ring.key.public
        )

    def _pieces(self, one: Sitting, seconds: int, lost: tuple[str, ...]) -> None:
        """A stretch of the record on all tracks; of those `lost` a gap."""
        for track, rate in TRACKS.items():
            span = {"track": track, "start": one.second * rate, "end": (one.second + seconds) * rate, "rate": rate}
            if track in lost:
                more = {"cause": "device_lost", "device_log": "", "anchor": anchor(one.second)}
                self._add(one, NODE, LeafKind.GAP, span | more)
                continue
            more = {
                **self._keep(f"{track} {one.windows} of {one.id}".encode() * 2), "sequence": one.windows,
                "init_size": 9, "codec": "flac", "partial": False, "anchor": anchor(one.second),
            }  # fmt: skip
            self._add(one, NODE, LeafKind.SEGMENT, span | more)
        one.second += seconds
        one.windows += 1

    def _pause(self, one: Sitting) -> None:
        self._turn(one, "paused")
        self._pieces(one, BREAK_SECONDS, lost=tuple(TRACKS))
        self._turn(one, "recording")

    def _end(self, one: Sitting) -> None:
        self._turn(one, "ended")
        one.state = "ended"

    def _turn(self, one: Sitting, state: str) -> None:
        body = {"state": state, "at_sample": one.second * 48_000, "anchor": anchor(one.second)}
        self._add(one, NODE, LeafKind.STATE, body)

    def _note(self, one: Sitting) -> None:
        key = NODE if one.state == "recording" else self.server
        self._add(one, key, LeafKind.NOTE, {"at_sample": one.second * 48_000, "template": "free", "text": "ң"})

    def _close(self, one: Sitting) -> None:
        body = {"start_ms": 0, "end_ms": 1000 * (1 + one.second // 2), "openness": "closed"}
        self._add(one, self.server, LeafKind.OPENNESS, body)

    def _transcribe(self, one: Sitting) -> None:
        body = {"sequence": 0, "engine": "whisper", "model_sha256": "d0" * 32, "parameters_key": "a" * 64}
        self._add(one, self.server, LeafKind.TRANSCRIPT, body | {"utterances_sha256": "0" * 64})

    def _draft(self, one: Sitting) -> None:
        one.revision, one.state = one.revision + 1, "draft"
        body = {**_PAPER, "revision": one.revision, "form": "kg-civil", "language": "ru"}
        self._add(one, self.server, LeafKind.DRAFT, body)
        pdf = self._keep(f"draft {one.revision} of {one.id}".encode())
        self._add(one, self.server, LeafKind.PROTOCOL, body | pdf)

    def _sign(self, one: Sitting) -> None:
        one.state = "signed"
        kept = self._keep(f"signed {one.revision} of {one.id}".encode())
        body = {"protocol_sha256": kept["sha256"], "size": kept["size"], "signer": "X", "revision": one.revision}
        size = len(self.rows)
        covers = {"covers_root": merkle.root_at(size, self._node).hex(), "covers_size": size}
        self._add(one, self.server, LeafKind.SIGNATURE, body | _PAPER | covers)

    def _retain(self, one: Sitting, deed: RetentionDeed, **told: Any) -> None:
        body = {"deed": deed.value, "by": "judge.a", "reason": "x", "act": "", "approved_by": "", "document_sha256": ""}
        self._add(one, self.server, LeafKind.RETENTION, body | {"until": None, "years": YEARS, "objects": []} | told)

    def _can_go(self, one: Sitting) -> bool:
        return one.state in ("ended", "draft", "signed") and not self._keeping(one).holds

    def _destroy(self, one: Sitting) -> None:
        """Long after, proposed and approved by two, stated, done, stated again."""
        known = self._keeping(one)
        assert known.ended is not None
        until = max([retain_until(known.ended, YEARS), *known.orders])
        self.now = max(self.now, until)
        named = {found[0]: leaf for leaf in self.leaves(one.id).values() if (found := named_object(leaf))}
        objects = [{"sha256": sha256, "size": leaf.body["size"], "what": "x"} for sha256, leaf in named.items()]
        told = {"act": f"act of {one.id}", "approved_by": "admin.b", "until": iso_utc(until)}
        self._retain(one, RetentionDeed.PROPOSE, **told | {"approved_by": ""})
        self._retain(one, RetentionDeed.APPROVE, **told | {"by": "admin.b", "approved_by": ""})
        self._retain(one, RetentionDeed.DESTROY, **told, objects=objects)
        for sha256 in named:
            del self.objects[sha256]
        self._retain(one, RetentionDeed.DESTROYED, **told)
        one.state = "destroyed"

    def _keeping(self, one: Sitting) -> Keeping:
        return keeping([*self.leaves(one.id).values()], self.rings[SERVER].key_ids)

    def _keep(self, content: bytes) -> dict[str, Any]:
        self.objects[hash_of(content)] = content
        return {"sha256": hash_of(content), "size": len(content)}

    def _key(self, seed: str) -> SigningKey:
        key = SigningKey.from_seed(seed.encode().ljust(32, b"."))
        self.keys[key.key_id] = key
        return key

    def _node(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]

    def _add(self, one: Sitting, key: SigningKey, kind: LeafKind, body: dict[str, Any]) -> None:
        self.now += timedelta(seconds=1)
        chain = one.chains.get(key.key_id, Chain(one.id, key.key_id))
        entry, one.chains[key.key_id] = chain.append(kind, self.now, body, key)
        for level, index, value in merkle.append(len(self.rows), merkle.leaf_hash(entry), self._node):
            self.nodes[level, index] = value
        self.rows.append(Row(len(self.rows), one.id, entry))
        self._leaves.append(parse(entry))

    def _seal(self) -> None:
        size = len(self.rows)
        signers = self.rings[LOG].signers(self.now)
        self.notes.append(sign_checkpoint(ORIGIN, size, merkle.root_at(size, self._node), *signers))
