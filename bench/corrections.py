"""What one correction and one search cost in a long hearing, on SQLite and on PostgreSQL.

    python -m bench.corrections

A hearing of 1 h and one of 4 h, a line of twenty words every three seconds on four microphones, in windows of 15 s;
words are drawn from a made-up vocabulary by Zipf's law. Everything goes through the server's own functions, journal and
log included. Processor time is this process's: PostgreSQL's own comes on top.
"""

import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path

from api import page_content
from api.access import Place
from api.caller import Caller
from api.corrections import Corrected, Order, correct
from api.searching import search
from court.correction import Deed
from court.people import UserRole
from storage.db.migrate import upgrade
from storage.db.models import Utterance
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import Server, make_server
from tests.services.processes import postgres_server

HOURS = (1, 4)
LINE_SECONDS, WINDOW_SECONDS = 3, 15
WORDS = 20  # of a line
VOCABULARY = 20_000
ROUNDS = 15
SECRETARY = Caller(1, "secretary", "Secretary", UserRole.SECRETARY, 1, csrf="", address="", place=Place.ON_SITE)
ROLES = ("judge", "secretary", "claimant", "respondent")


def main() -> None:
    print("| database | hearing | lines | what | processor | by the clock |", flush=True)
    print("| --- " * 6 + "|", flush=True)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        postgres = stack.enter_context(postgres_server())
        for hours in HOURS:
            for kind in ("SQLite", "PostgreSQL"):
                url = f"sqlite:///{folder}/{hours}.db" if kind == "SQLite" else postgres.sqlalchemy_url
                database = Database(url)
                with database.engine.begin() as connection:
                    if kind == "PostgreSQL":
                        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
                        connection.exec_driver_sql("CREATE SCHEMA public")
                upgrade(database.engine)
                server = make_server(database, folder / f"{kind}-{hours}")
                lines = _long_hearing(server, hours)
                for what, took in _measured(server):
                    medians = (f"{statistics.median(one) * 1000:.0f} ms" for one in zip(*took, strict=True))
                    print("|", " | ".join((kind, f"{hours} h", str(lines), what, *medians)), "|", flush=True)
                database.dispose()


def _long_hearing(server: Server, hours: int) -> int:
    """How many lines it has."""
    server.receive(made_hearing())
    draw = random.Random(hours)
    words = ["".join(draw.choices("аеиоуыбвгдклмнпрст", k=draw.randint(3, 11))) for _ in range(VOCABULARY)]
    weights = list(accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))
    count = hours * 3600 // WINDOW_SECONDS
    with server.context.database.begin() as work:
        for sequence in range(count):
            rows = [
                _line(sequence, place, draw.choices(words, cum_weights=weights, k=WORDS))
                for place in range(WINDOW_SECONDS // LINE_SECONDS)
            ]
            body = {
                "run": 1, "sequence": sequence, "engine": "bench", "model_sha256": "d0" * 32,
                "parameters_key": "ab" * 32, "utterances_sha256": "0" * 64,
            }  # fmt: skip
            work.session.add_all(rows)
            work.session.flush()
            work.search.add(HEARING, [(str(one.id), one.text) for one in rows])
            work.log.record(LeafKind.TRANSCRIPT, HEARING, server.clock.utc, body, server.context.server_key)
            work.windows.add(HEARING, sequence)
            work.windows.done(HEARING, sequence, 1)
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        hearing.end_sample = hours * 3600 * 48_000
    return count * WINDOW_SECONDS // LINE_SECONDS


def _line(sequence: int, place: int, words: list[str]) -> Utterance:
    start = (sequence * WINDOW_SECONDS + place * LINE_SECONDS) * 1000
    role = ROLES[(sequence + place) % len(ROLES)]
    timed = [
        {"text": one, "start_ms": start + 140 * n, "end_ms": start + 140 * n + 120, "probability": 0.9}
        for n, one in enumerate(words)
    ]
    return Utterance(
        hearing_id=HEARING, run=1, sequence=sequence, track=f"mic-{role}", role=role, start_ms=start,
        end_ms=start + 2900, text=" ".join(words), words=timed, language="ru", flags=[], engine="bench",
        model="d0" * 32, parameters_key="ab" * 32, segment_sha256=f"{sequence:064x}", position=place,
        alternative={}, voice="",
    )  # fmt: skip


def _measured(server: Server) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    context = server.context
    with context.database.read() as work:
        rows = list(work.utterances.newest(HEARING))
    draw = random.Random(1)
    edited = iter(draw.sample(rows, 3 * ROUNDS))
    rare = iter([one.text.split()[draw.randrange(WORDS)] for one in draw.sample(rows, ROUNDS)])

    def corrected() -> Corrected:
        line = next(edited)
        return correct(
            context, SECRETARY, HEARING,
            Order(Deed.TEXT, secrets.token_hex(16), str(line.id), text=line.text.replace(" ", " слово ", 1)),
        )  # fmt: skip

    def shown(made: Corrected) -> None:
        with context.database.read() as work:
            hearing = work.hearings.get(HEARING)
            assert hearing is not None
            page_content.transcript(work, SECRETARY, hearing, context.store, made.after)

    def page() -> None:
        with context.database.read() as work:
            hearing = work.hearings.get(HEARING)
            assert hearing is not None
            page_content.transcript(work, SECRETARY, hearing, context.store)

    yield "a correction, stated in the log", _timed(corrected)
    made = [corrected() for _ in range(ROUNDS)]
    yield "the lines that the page shows after it", _timed(lambda: shown(made.pop()))
    yield "the whole transcript, as the page opens", _timed(page)
    yield "words looked up in the index", _timed(lambda: _looked_up(context.database, next(rare)))
    common = max(rows[0].text.split(), key=lambda one: sum(one in row.text for row in rows))
    yield "a search of all hearings, as it is shown", _timed(lambda: search(context, SECRETARY, common))


def _looked_up(database: Database, word: str) -> None:
    with database.read() as work:
        work.search.recordings(word)
        work.search.lines(HEARING, word)


def _timed(deed: Callable[[], object]) -> list[tuple[float, float]]:
    """Seconds of the processor and of the clock."""
    took = []
    for _ in range(ROUNDS):
        before = time.process_time(), time.perf_counter()
        deed()
        took.append((time.process_time() - before[0], time.perf_counter() - before[1]))
    return took


if __name__ == "__main__":
    main()
