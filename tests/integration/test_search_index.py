"""Both databases find the same words, whatever alphabet they are in."""

import pytest

from storage.db import models
from storage.db.unit_of_work import Database
from tests.factories.ledger import HEARING, MOMENT

TEXTS = {
    "ru": "Истец пояснил: «Всё ещё жду», — договора-то не было. Статья 159 ч. 2",
    "ky": "Өкүл сөз сүйлөдү, ыңгайлуу ҮЙ жөнүндө",
    "kk": "Қорғаушы сұрақ қойды, Әділет ұсынды: һәм ғылым",
    "short": "йод",
}


@pytest.fixture
def indexed(database: Database) -> Database:
    with database.begin() as work:
        for hearing in (HEARING, HEARING[:-1] + "e"):
            work.hearings.add(
                models.Hearing(
                    id=hearing, case_number="1/26", case_key="1/26", card={}, room="1", state="ended", tracks=[],
                    started_at=MOMENT,
                )
            )  # fmt: skip
        work.session.flush()
        work.search.add(HEARING, TEXTS.items())
        work.search.add(HEARING[:-1] + "e", [("other", "Договор подписан")])
    return database


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("ИСТЕЦ", ["ru"]),
        ("все еще", ["ru"]),
        ("всё ЕЩЁ", ["ru"]),
        ("договор", ["ru"]),
        ("договора-то", ["ru"]),
        ("159", ["ru"]),
        ("не истец жду", ["ru"]),
        ("истец өкүл", []),
        ("ӨКҮЛ", ["ky"]),
        ("ыңгайлуу үй", ["ky"]),
        ("ынгайлуу", []),
        ("қорғаушы", ["kk"]),
        ("әділет ҰСЫНДЫ", ["kk"]),
        ("Һәм ғыл", ["kk"]),
        ("йод", ["short"]),
        ("и\u0306од", ["short"]),
        ("иод", []),
        ("говор", []),
        ("", []),
        ("— «»", []),
        ("' OR 1=1 --", []),
        ('" * NEAR(истец)', []),
        ("истец & !жду | :*", ["ru"]),
    ],
)
def test_what_is_found(indexed: Database, query: str, lines: list[str]) -> None:
    with indexed.read() as work:
        assert sorted(work.search.lines(HEARING, query)) == lines
        assert (HEARING in work.search.recordings(query)) == bool(lines)


def test_recordings_of_all_hearings_are_found(indexed: Database) -> None:
    with indexed.read() as work:
        assert work.search.recordings("ДОГОВОР") == {HEARING, HEARING[:-1] + "e"}


def test_what_was_forgotten_is_not_found(indexed: Database) -> None:
    with indexed.begin() as work:
        work.search.forget(HEARING, ["ru"])
        work.search.add(HEARING, [("new", "Истица пояснила")])
    with indexed.read() as work:
        assert work.search.lines(HEARING, "истец") == set()
        assert work.search.lines(HEARING, "поясн") == {"new"}
        assert work.search.recordings("договор") == {HEARING[:-1] + "e"}
