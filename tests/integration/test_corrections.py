"""Correcting a transcript: revisions over the machine's words, in the log, and nobody's work lost."""

import re
import subprocess
import sys
import threading
import zipfile
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from court.people import UserRole
from protocol.gather import gather
from storage.db.models import Correction, Utterance
from storage.db.unit_of_work import Database
from storage.ledger.checkpoint import verifier_key
from storage.ledger.leaf import LeafKind, parse
from storage.verifier_archive import verifier_archive
from tests.factories.bundles import exported
from tests.factories.corrections import HTML, LINES, PAGE, Person, server_with_lines, transcribed
from tests.factories.evidence import faults
from tests.factories.hearing_log import HEARING
from tests.factories.server import LOG_KEY, Server


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return server_with_lines(database, tmp_path)


def leaves(server: Server) -> list[dict[str, Any]]:
    with server.context.database.read() as work:
        return [dict(parse(entry).body) for entry in work.acts.entries(HEARING, LeafKind.CORRECTION)]


def test_an_edit_is_read_by_everybody_stated_in_the_log_and_keeps_the_times(server: Server) -> None:
    secretary = Person(server)
    before = secretary.lines()[0]
    secretary.does("text", 0, text=" Слушается  дело № 5 о взыскании\n")
    line = secretary.lines()[0]
    assert line["text"] == "Слушается дело № 5 о взыскании"
    kept = {word["text"]: (word["start"], word["end"]) for word in before["words"]}
    times = {word["text"]: (word["start"], word["end"]) for word in line["words"]}
    assert [times[one] for one in ("дело", "о", "взыскании")] == [kept[one] for one in ("дело", "о", "взыскании")]
    assert times["Слушается"] == kept["слушается"]
    assert kept["дело"][1] <= times["№"][0] <= times["5"][1] <= kept["о"][0]
    assert (line["flags"], line["vouched"]) == ([], True)
    told = line["correction"]
    assert (told["deed"], told["by"], told["machine"]) == ("text", "Secretary", LINES[0])
    judge = Person(server, UserRole.JUDGE)
    page = judge.browser.get(PAGE, headers=HTML).text
    assert "Исправлено: Secretary" in page
    assert "courtrec-corrections" not in page, "a judge reads"
    party = Person(server, UserRole.PARTY, granted=[HEARING])
    assert party.texts() == ["Слушается дело № 5 о взыскании", *LINES[1:]]
    [leaf] = leaves(server)
    assert (leaf["revision"], leaf["run"], leaf["deed"], leaf["by"]) == (1, 1, "text", "Secretary")
    assert not any("взыскании" in str(value) for value in leaf.values()), "the log holds no text"
    assert faults(server, HEARING) == []


def test_speaker_split_merge_confirm_and_undo(server: Server) -> None:
    secretary = Person(server)
    secretary.does("speaker", 0, speaker="witness||Асанов А. А.")
    line = secretary.lines()[0]
    assert (line["role"], line["speaker"], line["flags"]) == ("witness", "Асанов А. А.", ["low_probability"])
    secretary.does("split", 0, text=LINES[0], at=2)
    assert secretary.texts() == ["слушается дело", "о взыскании", *LINES[1:]]
    secretary.does("merge", 1, above=secretary.lines()[0]["id"])
    assert secretary.texts() == list(LINES)
    secretary.does("confirm", 0)
    assert secretary.lines()[0]["flags"] == []
    for texts in ([*LINES], ["слушается дело", "о взыскании", *LINES[1:]], [*LINES], [*LINES]):
        secretary.does("undo", 0)
        assert secretary.texts() == texts
    assert secretary.lines()[0]["correction"]["deed"] == "undo"  # the machine's words again, and it shows who did what
    told = secretary.browser.get(f"{secretary.page}/lines/{secretary.lines()[0]['id']}/history", headers=HTML).text
    deeds = re.findall(r"<li><strong>(.+?)</strong>", told)
    assert deeds[:3] == ["Текст программы", "Изменён говорящий", "Разделено на две строки"]
    assert deeds[3:5] == ["Объединено с предыдущей строкой", "Подтверждено без изменений"]
    assert deeds[5:] == ["Исправление отменено"] * 4
    assert "Асанов А. А." in told
    assert secretary.asks("undo", secretary.lines()[0]["id"]).status_code == 422
    assert [one["revision"] for one in leaves(server)] == list(range(1, 9))
    assert faults(server, HEARING) == []


def test_a_split_of_what_was_just_written_is_one_revision(server: Server) -> None:
    secretary = Person(server)
    secretary.does("split", 1, text="Истица поясняет. Ещё раз", at=2)
    assert secretary.texts()[1:3] == ["Истица поясняет.", "Ещё раз"]
    assert len(leaves(server)) == 1


def test_what_cannot_be_done_is_said_and_changes_nothing(server: Server) -> None:
    secretary = Person(server)
    first, second, third = (one["id"] for one in secretary.lines())
    for status, deed, line, values in (
        (422, "split", first, {"text": LINES[0], "at": 0}),
        (422, "split", first, {"text": LINES[0], "at": 9}),
        (422, "speaker", first, {"speaker": "king||"}),
        (422, "speaker", first, {"speaker": "judge|0123456789ab|"}),
        (422, "text", first, {"text": "а" * 4001}),
        (409, "merge", third, {"above": first}),
        (422, "merge", first, {"above": second}),
        (409, "text", "999", {"text": "нет"}),
        (409, "merge", second, {}),
        (422, "confirm", first, {"key": "short"}),
        (422, "nonsense", first, {}),
    ):
        assert secretary.asks(deed, line, **values).status_code == status, (deed, values)
    for role in (UserRole.JUDGE, UserRole.ADMIN, UserRole.PARTY):
        other = Person(server, role, granted=[HEARING] if role is UserRole.PARTY else [])
        assert other.asks("text", first, text="нет").status_code == 403
    assert secretary.texts() == list(LINES)
    assert leaves(server) == []


def test_whoever_was_slower_is_told_what_stands_there_and_other_lines_stand(server: Server) -> None:
    one, other = Person(server), Person(server)
    seen = one.lines()
    assert one.asks("text", seen[0]["id"], text="первая правка").status_code == 200
    answer = other.asks("text", seen[0]["id"], text="вторая правка")
    assert answer.status_code == 409
    assert "«первая правка»" in answer.text
    now = one.lines()[0]["id"]
    assert f'data-id="{now}"' in answer.text, "with the line to be corrected instead"
    assert other.asks("text", seen[1]["id"], text="другая строка").status_code == 200
    assert one.texts() == ["первая правка", "другая строка", LINES[2]]
    assert other.asks("text", now, text="вторая правка").status_code == 200
    assert one.texts()[0] == "вторая правка"


def test_many_at_once_lose_nothing(server: Server) -> None:
    people = [Person(server) for _ in range(4)]
    seen = people[0].lines()
    answers: list[int] = []

    def correct(number: int) -> None:
        answers.append(people[number].asks("text", seen[number % 2]["id"], text=f"правка {number}").status_code)

    threads = [threading.Thread(target=correct, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(answers) == [200, 200, 409, 409]
    assert [one["revision"] for one in leaves(server)] == [1, 2]
    assert faults(server, HEARING) == []


def test_a_double_click_is_one_correction(server: Server) -> None:
    secretary, key = Person(server), "ab" * 16
    line = secretary.lines()[0]["id"]
    answers = [secretary.asks("text", line, key, text="однажды") for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    assert len(leaves(server)) == 1
    assert secretary.asks("confirm", line, key).status_code == 409, "the key was another deed's"


def test_after_signing_nothing_is_corrected(server: Server) -> None:
    secretary = Person(server)
    line = secretary.lines()[0]["id"]
    with server.context.database.begin() as work:
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        hearing.state = "signed"
    answer = secretary.asks("text", line, text="поздно")
    assert answer.status_code == 409
    assert "Протокол подписан" in answer.text
    assert "courtrec-corrections" not in secretary.browser.get(PAGE, headers=HTML).text
    assert secretary.texts() == list(LINES)


def test_corrections_belong_to_the_version_they_were_made_on(server: Server) -> None:
    secretary = Person(server)
    secretary.does("text", 0, text="исправлено")
    with server.context.database.begin() as work:
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        work.runs.add(hearing, "better", "Secretary", server.clock.utc)
    transcribed(server, run=2)
    assert secretary.texts() == list(LINES), "the machine's words of the version in use"
    assert secretary.finds("исправлено") == []
    chosen = secretary.browser.post(f"{PAGE}/versions/1/choose", data={"csrf": secretary.csrf})
    assert chosen.status_code == 303
    assert secretary.texts()[0] == "исправлено"
    assert secretary.finds("исправлено") == ["исправлено"]
    assert secretary.finds("взыскании") == []
    assert faults(server, HEARING) == []


def test_the_draft_has_the_corrected_text_and_says_so(server: Server) -> None:
    secretary = Person(server)
    secretary.does("text", 0, text="исправлено")
    secretary.does("speaker", 1, speaker="witness||Асанов")
    with server.context.database.read() as work:
        hearing = work.hearings.get(HEARING)
        assert hearing is not None
        told = gather(work, hearing, UTC).utterances
    assert [(one.text, one.speaker, one.corrected_by) for one in told] == [
        ("исправлено", "", "Secretary"),
        (LINES[1], "Асанов", "Secretary"),
        (LINES[2], "", ""),
    ]


def altered(server: Server, number: int, change: str) -> list[str]:
    with server.context.database.begin() as work:
        row = work.session.query(Correction).filter(Correction.number == number).one()
        match change:
            case "text":
                row.after = [{**row.after[0], "text": "подделка"}]
            case "author":
                row.by = "Somebody"
            case "removed":
                work.session.delete(row)
            case "doubled":
                values = {c.key: getattr(row, c.key) for c in Correction.__mapper__.column_attrs if c.key != "id"}
                work.session.add(Correction(**values | {"number": 9, "key": "f" * 32}))
    return faults(server, HEARING)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("text", "Correction 1 .* it was changed"),
        ("author", "Correction 1 .* it was changed"),
        ("removed", "Correction 1 .* is missing from the database"),
        ("doubled", "Correction 9 .* is stated by no entry"),
    ],
)
def test_what_was_altered_in_the_database_is_named(server: Server, change: str, says: str) -> None:
    Person(server).does("text", 0, text="исправлено")
    assert any(re.search(says, one) for one in altered(server, 1, change))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_utterances_exchanged_under_a_correction_are_named(server: Server) -> None:
    Person(server).does("text", 0, text="исправлено")
    with server.context.database.begin() as work:
        first, second = work.session.query(Utterance).order_by(Utterance.id).limit(2).all()
        numbers = first.id, second.id
        for row, number in ((first, 900), (second, numbers[0]), (first, numbers[1])):
            work.session.query(Utterance).filter(Utterance.position == row.position).update({"id": number})
            work.session.flush()
    assert any("does not rest on the lines that were there" in one for one in faults(server, HEARING))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_bundle_holds_the_entries_and_no_text_and_the_offline_program_knows_them(
    server: Server, tmp_path: Path
) -> None:
    Person(server).does("text", 0, text="исправлено")
    server.client().get("/api/log/checkpoint")
    path = exported(server, tmp_path / "bundle.zip")
    with zipfile.ZipFile(path) as bundle:
        parts = [bundle.read(name) for name in bundle.namelist()]
    assert sum(part.count(b'"kind":"correction"') for part in parts) == 1
    assert not any("исправлено".encode() in part for part in parts)
    program = tmp_path / "courtrec-verify.pyz"
    program.write_bytes(verifier_archive())
    key = verifier_key("courtrec", LOG_KEY.public)
    done = subprocess.run([sys.executable, program, path, "--key", key], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
