"""Who is whom is told beside the transaction that stores a window, and comes out as if all was heard at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from api.composition import protocol_context
from protocol.tasks import draft_protocol
from storage.db.unit_of_work import Database
from storage.db.voices import Heard
from storage.ledger.leaf import LeafKind
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.prints import MICROPHONE, PEOPLE, hear, share_microphone
from tests.factories.server import Server, make_server
from transcribe import voices
from transcribe.voices import FEW, Rules, numbered, settle

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    share_microphone(made)
    return made


def numbers(server: Server) -> list[tuple[int, int]]:
    """Window and number of the person, in the order in which they were heard."""
    with server.context.database.read() as work:
        return [(row.sequence, row.voice) for row in work.voices.of(HEARING)]


def name(server: Server, label: str, told: str) -> None:
    with server.context.database.begin() as work:
        body = {"voices": [label], "name": told, "by": "secretary"}
        work.log.record(LeafKind.VOICE, HEARING, server.clock.utc, body, server.context.server_key)


def test_what_comes_out_in_the_end_is_what_all_at_once_would_be(server: Server) -> None:
    """Windows in any order, with names given meanwhile."""
    order = np.random.default_rng(4).permutation(12).tolist()
    for at, window in enumerate(order):
        hear(server, window, [1 + (window + one) % 3 for one in range(6)])
        if at in (2, 8):
            with server.context.database.read() as work:
                label = work.voices.of(HEARING)[at].label
            name(server, label, PEOPLE[at // 4])
    settle(server.context.database, HEARING)
    with server.context.database.read() as work:
        prints, names = work.voices.heard(HEARING), work.voices.names(HEARING)
    assert len(prints) > FEW
    assert {one.id: one.voice for one in prints} == numbered(prints, names, Rules({MICROPHONE: len(PEOPLE)}, {}))
    assert sorted({person for _, person in numbers(server)}) == [1, 2, 3]


def test_all_are_clustered_anew_the_more_seldom_the_more_there_are(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    def counted(prints: Sequence[Heard], names: Mapping[str, str], rules: Rules) -> dict[int, int]:
        counts.append(len(prints))
        return numbered(prints, names, rules)

    monkeypatch.setattr(voices, "numbered", counted)
    for window in range(30):
        hear(server, window, [1, 2, 3, 1, 2, 3])
        assert all(person for _, person in numbers(server)), "a number is there at once"
    assert counts[:10] == list(range(6, FEW, 6))
    assert counts[10:] == [66, 72, 78, 84, 90, 102, 108, 120, 132, 144, 162, 174]


def test_what_was_heard_or_named_meanwhile_is_not_passed_over(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody is kept from writing while it is computed."""
    hear(server, 0, [1])
    tried: list[int] = []

    def disturbed(prints: Sequence[Heard], names: Mapping[str, str], rules: Rules) -> dict[int, int]:
        tried.append(len(prints))
        turn = len(tried)
        if turn == 1:
            hear(server, 2, [2])  # which settles them as well
        elif turn == 3:
            name(server, prints[0].label, PEOPLE[0])
        return {one.id: 7 for one in prints} if turn in (1, 3) else numbered(prints, names, rules)

    monkeypatch.setattr(voices, "numbered", disturbed)
    settle(server.context.database, HEARING)
    assert tried == [1, 2, 2, 2]
    assert numbers(server) == [(0, 1), (2, 2)]


def test_where_they_keep_talking_the_numbers_stay_until_later(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    hear(server, 0, [1])
    tried: list[int] = []

    def overtaken(prints: Sequence[Heard], names: Mapping[str, str], rules: Rules) -> dict[int, int]:
        tried.append(len(prints))
        name(server, prints[0].label, PEOPLE[len(tried) % 2])
        return {one.id: 7 for one in prints}

    monkeypatch.setattr(voices, "numbered", overtaken)
    settle(server.context.database, HEARING)
    assert (len(tried), numbers(server)) == (voices.TRIES, [(0, 1)])


def test_a_draft_is_made_of_settled_voices(server: Server) -> None:
    hear(server, 0, [1, 2])
    with server.context.database.begin() as work:
        work.voices.number({one.id: 9 for one in work.voices.heard(HEARING)})
    draft_protocol(protocol_context(server.context), HEARING)
    assert numbers(server) == [(0, 1), (0, 2)]


def test_nobody_is_taken_for_somebody_whose_print_is_gone(server: Server) -> None:
    """As after a restoration: a backup has none."""
    hear(server, 0, [1, 2])
    with server.context.database.begin() as work:
        work.voices.forget(HEARING)
    hear(server, 1, [2])
    hear(server, 2, [1])
    assert numbers(server) == [(0, 1), (0, 2), (1, 3), (2, 4)]
