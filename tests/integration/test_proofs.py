"""The proof that goes with a protocol: made again it is the same, and what was closed meanwhile is no longer in it."""

import io
import zipfile
from pathlib import Path

from api.nodes import enrol_own
from api.proofs import protocol_proof
from court.openness import Openness
from court.people import UserRole
from storage.ledger.ed25519 import SigningKey
from storage.ledger.leaf import LeafKind, parse
from storage.offline import check_file
from tests.factories.evidence import OTHER as HEARING
from tests.factories.evidence import faults
from tests.factories.server import Server


def made(server: Server) -> bytes:
    proof = protocol_proof(server.context, HEARING, 2, "к протоколу", server.clock.utc)
    assert proof is not None
    return proof


def stated(server: Server) -> list[int]:
    """The revisions that proofs were handed out with, as the log states."""
    with server.context.database.read() as work:
        leaves = [parse(row.entry) for row in work.log.entries(HEARING)]
    return [leaf.body["protocol"] for leaf in leaves if leaf.kind is LeafKind.COPY]


def test_made_again_it_is_the_same(copied: Server) -> None:
    first = made(copied)
    copied.user(UserRole.JUDGE).get(f"/media/{HEARING}/mic-judge/0.mp4")
    enrol_own(copied.context, SigningKey.from_seed(b"another node".ljust(32, b".")).public)
    assert made(copied) == first
    assert stated(copied) == [2]
    assert faults(copied) == []


def test_what_was_closed_meanwhile_is_no_longer_in_it(copied: Server, tmp_path: Path) -> None:
    def notes(proof: bytes) -> int:
        with zipfile.ZipFile(io.BytesIO(proof)) as packed:
            return packed.read("entries.jsonl").count(b'"kind":"note"')

    assert notes(made(copied)) > 0
    copied.order(HEARING, Openness.CLOSED)
    proof = tmp_path / "proof.zip"
    proof.write_bytes(made(copied))
    assert notes(proof.read_bytes()) == 0
    assert stated(copied) == [2, 2]
    assert check_file(proof).whole
    assert made(copied) == proof.read_bytes()
