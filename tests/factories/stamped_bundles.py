"""A court for whose log others vouch, and what a person is told of its bundles."""

from pathlib import Path

from court.openness import Openness
from storage.db.migrate import upgrade
from storage.db.unit_of_work import Database
from storage.ledger.checkpoint import verifier_key
from storage.ledger.ed25519 import SigningKey
from storage.ledger.heads import NOBODY, Outsiders
from storage.ledger.witness import Witness
from storage.offline import check_file
from tests.factories.bundles import Parts, write_parts
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import LOG_KEY, Server
from tests.factories.stamping import PAST, log_size, stamp, stamped_server
from tests.services.timestamps import TimestampServer

KEY = verifier_key("courtrec", LOG_KEY.public)
WITNESS_KEY = SigningKey.from_seed(b"witness".ljust(32, b"."))
WITNESS = Witness("bar.example", WITNESS_KEY.public)


def make_court(folder: Path, authority: TimestampServer) -> Server:
    """Stamped by `authority` and cosigned by WITNESS; it recorded one hearing."""
    database = Database(f"sqlite:///{folder}/courtrec.db")
    upgrade(database.engine)
    server = stamped_server(database, folder, authority, witnesses=WITNESS.verifier_key)
    server.receive(made_hearing(start=PAST))
    return server


def grow(server: Server) -> int:
    """One more entry of the hearing; how many the log has then."""
    server.clock.forward(60)
    server.order(HEARING, Openness.OPEN)
    return log_size(server)


def stamp_all(server: Server) -> int:
    """How many entries the token covers."""
    size = log_size(server)
    assert stamp(server, size)
    return size


def told(folder: Path, parts: Parts, outsiders: Outsiders = NOBODY) -> list[str]:
    return list(check_file(write_parts(folder / "altered.zip", parts), KEY, outsiders).lines)
