"""Cosignatures by HTTP: witnesses add to what the court signed, and anyone gets the cosigned checkpoint."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from httpx import Response

from api.errors import SettingsError
from api.settings import load_settings
from api.witnesses import MAX_COSIGNED
from court.people import UserRole
from storage.db.models import Checkpoint
from storage.db.sealer import read_kept
from storage.db.unit_of_work import Database
from storage.ledger.checkpoint import sign_checkpoint, verify_checkpoint
from storage.ledger.ed25519 import SigningKey
from storage.ledger.witness import Witness, cosign, cosignatures
from tests.factories.evidence import faults
from tests.factories.hearing_log import HEARING, STRANGER, made_hearing
from tests.factories.server import LOG_KEY, Server, make_server

ONE = SigningKey.from_seed(b"one".ljust(32, b"."))
TWO = SigningKey.from_seed(b"two".ljust(32, b"."))
FIRST, SECOND = Witness("one.example", ONE.public), Witness("two.example", TWO.public)
TRUSTED = [FIRST, SECOND]
AT = 1_790_000_000


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path, witnesses=f"{FIRST.verifier_key}, {SECOND.verifier_key}")
    made.receive(made_hearing())
    return made


def published(server: Server) -> str:
    note: str = server.client().get("/api/log/checkpoint").json()["checkpoint"]
    return note


def post(server: Server, note: str | bytes) -> Response:
    content = note if isinstance(note, bytes) else note.encode()
    return server.client("203.0.113.9").post("/api/log/cosignatures", content=content)


def test_a_cosigned_checkpoint_is_served_to_everyone(server: Server) -> None:
    note = published(server)
    assert post(server, cosign(note, FIRST.name, AT, ONE)).status_code == 200
    answer = post(server, cosign(note, SECOND.name, AT + 1, TWO))
    assert answer.status_code == 200
    served = published(server)
    assert served == answer.json()["checkpoint"] == cosign(cosign(note, FIRST.name, AT, ONE), SECOND.name, AT + 1, TWO)
    assert [one.witness for one in cosignatures(served, TRUSTED)] == TRUSTED
    assert verify_checkpoint(served, "courtrec", [LOG_KEY.public]).size == answer.json()["size"]
    assert faults(server) == []


def test_repeating_it_changes_nothing_and_later_words_do_not_replace_the_first(server: Server) -> None:
    cosigned = cosign(published(server), FIRST.name, AT, ONE)
    later = cosign(published(server), FIRST.name, AT + 60, ONE)
    assert [post(server, note).status_code for note in (cosigned, cosigned, later)] == [200, 200, 200]
    assert published(server) == cosigned


def test_lines_of_strangers_are_left_out(server: Server) -> None:
    note = published(server)
    cosigned = cosign(note, FIRST.name, AT, ONE)
    assert post(server, cosign(cosigned, "stranger.example", AT, STRANGER)).status_code == 200
    assert published(server) == cosigned


def test_the_log_goes_on_and_an_older_checkpoint_can_still_be_cosigned(server: Server) -> None:
    note = published(server)
    size = verify_checkpoint(note, "courtrec", [LOG_KEY.public]).size
    assert server.user(UserRole.SECRETARY).get(f"/media/{HEARING}/mic-judge/0.mp4").status_code == 200
    assert post(server, cosign(note, FIRST.name, AT, ONE)).json()["size"] == size
    newest = published(server)
    assert cosignatures(newest, TRUSTED) == []
    kept = read_kept(server.context.log_checkpoint, "courtrec", [LOG_KEY.public])
    assert kept == verify_checkpoint(newest, "courtrec", [LOG_KEY.public])
    assert faults(server) == []


REFUSED: dict[str, tuple[Callable[[str], str | bytes], int, str]] = {
    "no cosignature": (lambda note: note, 422, "No witness this court trusts"),
    "a stranger's": (lambda note: cosign(note, "x", AT, STRANGER), 422, "No witness this court trusts"),
    "a witness's name with a stranger's key": (lambda n: cosign(n, FIRST.name, AT, STRANGER), 422, "No witness"),
    "a bad one": (
        lambda note: note + cosign(note.replace("courtrec", "x"), FIRST.name, AT, ONE).split("\n")[-2] + "\n",
        422,
        "The signature of the witness one.example does not hold",
    ),
    "another size": (lambda n: cosign(sign_checkpoint("courtrec", 1 << 40, b"r" * 32, LOG_KEY), FIRST.name, AT, ONE),
                     422, "signed no such checkpoint of 1099511627776 entries"),
    "another root": (lambda note: cosign(other_root(note), FIRST.name, AT, ONE), 422, "signed no such checkpoint"),
    "another log": (lambda note: cosign(note.replace("courtrec", "x"), FIRST.name, AT, ONE), 422, "no such"),
    "no note": (lambda note: "nothing", 422, "not a signed note"),
    "no checkpoint": (lambda note: "a\n\n— x AQIDBAUG\n", 422, "no checkpoint"),
    "no text": (lambda note: b"\xff\xfe", 422, "not UTF-8"),
    "nothing": (lambda note: b"", 422, "not a signed note"),
    "too much": (lambda note: note + "x" * MAX_COSIGNED, 413, f"at most {MAX_COSIGNED} bytes"),
}  # fmt: skip


def other_root(note: str) -> str:
    size = verify_checkpoint(note, "courtrec", [LOG_KEY.public]).size
    return sign_checkpoint("courtrec", size, b"r" * 32, LOG_KEY)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_in_one_sentence(server: Server, name: str) -> None:
    made, status, complaint = REFUSED[name]
    note = published(server)
    answer = post(server, made(note))
    assert answer.status_code == status
    assert complaint in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]
    assert published(server) == note


def test_a_checkpoint_of_ours_that_was_altered_takes_no_cosignature(server: Server) -> None:
    note = published(server)
    forged = sign_checkpoint(
        "courtrec", verify_checkpoint(note, "courtrec", [LOG_KEY.public]).size, b"r" * 32, STRANGER
    )
    with server.context.database.begin() as work:
        work.session.execute(sa.update(Checkpoint).values(note=forged))
    answer = post(server, cosign(forged, FIRST.name, AT, ONE))
    assert answer.status_code == 500
    assert "no known key's signature" in answer.json()["detail"]


def test_a_kept_cosignature_that_was_altered_is_named(server: Server) -> None:
    note = published(server)
    cosigned = cosign(note, FIRST.name, AT, ONE)
    assert post(server, cosigned).status_code == 200
    other = cosign(other_root(note), FIRST.name, AT, ONE).split("\n")[-2]
    with server.context.database.begin() as work:
        row = work.session.scalars(sa.select(Checkpoint).where(Checkpoint.note == cosigned)).one()
        row.note = f"{note}{other}\n"
    [fault] = faults(server)
    assert "is not cosigned as it says: The signature of the witness one.example does not hold" in fault


def test_a_witness_that_is_no_longer_trusted_is_nobodys_fault(server: Server, tmp_path: Path) -> None:
    assert post(server, cosign(published(server), FIRST.name, AT, ONE)).status_code == 200
    later = make_server(server.context.database, tmp_path)
    assert faults(later) == []
    assert post(later, published(later)).status_code == 422


def test_a_witness_key_that_cannot_be_used_is_named_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURTREC_WITNESSES", f"{FIRST.verifier_key}, one.example+00000000+AAAA")
    with pytest.raises(SettingsError, match=r"COURTREC_WITNESSES: .*'one\.example\+00000000\+AAAA' cannot be used"):
        load_settings()
