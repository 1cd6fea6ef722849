"""Judge and secretary edit the draft: kept as typed, one version at a time, never lost, and nothing after signing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from api import protocol_editor
from api.context import Context
from court.openness import Openness
from court.people import UserRole
from protocol.context import ProtocolContext
from protocol.demo_key import make_demo_pkcs12
from protocol.errors import ProtocolError
from protocol.model import ProtocolDocument
from protocol.revisions import EDITED_SINCE, NOT_MERGED
from protocol.tasks import draft_protocol, sign_protocol
from storage.db.models import Protocol
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.corrections import HTML, PAGE, Person, refuse_opening, server_with_lines
from tests.factories.drafts import draw_up
from tests.factories.evidence import faults, protocols_of
from tests.factories.hearing_log import HEARING
from tests.factories.server import ELSEWHERE, Server

SOUGHT = {"text": "Стороны согласны.", "at": None, "evidence": "person"}
QUOTED = {"text": "Судья: «слушается дело»", "at": 71.0, "evidence": "recording:71000-73000"}


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return server_with_lines(database, tmp_path)


@pytest.fixture
def protocols(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProtocolContext:
    made = protocols_of(server, tmp_path)
    make_demo_pkcs12(made.signer.pkcs12, "Айжамал", server.clock)

    def given(_context: Context) -> ProtocolContext:
        return made

    monkeypatch.setattr(protocol_editor, "protocol_context", given)
    refuse_opening(server)
    draw_up(made, HEARING)
    return made


class Editor(Person):
    """Somebody before the editor."""

    def asks_for(self, what: str, **form: Any) -> Any:
        return self.browser.post(f"{PAGE}/protocol/{what}", data={"csrf": self.csrf, **form}, headers=HTML)

    def opens(self, what: str = "edit") -> Any:
        return self.browser.get(f"{PAGE}/protocol/{what}", headers=HTML)

    def field(self, key: str) -> tuple[list[dict[str, Any]], int]:
        """The lines and the version that the page carries."""
        section = self.opens().text.split(f'data-field="{key}"')[1].split("data-field=")[0]
        lines = re.findall(r'data-part="lines">(.*?)</script>', section)[0]
        version = re.findall(r'data-version="(\d+)"', section)[0]
        return json.loads(lines), int(version)

    def writes(self, key: str, lines: list[dict[str, Any]], version: int, **more: Any) -> Any:
        return self.asks_for("fields", key=key, lines=json.dumps(lines), version=version, **more)


@pytest.fixture
def secretary(server: Server, protocols: ProtocolContext) -> Editor:
    return Editor(server)


@pytest.fixture
def judge(server: Server, protocols: ProtocolContext) -> Editor:
    return Editor(server, UserRole.JUDGE)


def latest(server: Server) -> Protocol:
    with server.context.database.read() as work:
        found = work.protocols.latest(HEARING)
        assert found is not None
        return found


def field_of(row: Protocol, key: str) -> Any:
    return next(one for one in ProtocolDocument.from_json(row.document).fields if one.key == key)


def leaves(server: Server, kind: LeafKind) -> list[Any]:
    with server.context.database.read() as work:
        return [parse(row.entry).body for row in work.log.entries(HEARING) if row.kind == kind.value]


def test_what_is_typed_is_kept_at_once_and_a_revision_is_made_when_somebody_saves_one(
    server: Server, secretary: Editor
) -> None:
    before = len(leaves(server, LeafKind.DRAFT))
    lines, version = secretary.field("decision")
    for n in range(5):
        answer = secretary.writes("decision", [*lines, {**SOUGHT, "text": f"Решение {n}"}], version)
        assert answer.status_code == 200, answer.text
        version = answer.json()["version"]
    assert secretary.field("decision")[0][-1]["text"] == "Решение 4"
    assert (latest(server).revision, len(leaves(server, LeafKind.DRAFT))) == (1, before), "none yet"
    assert "Правки внесены после редакции 1" in secretary.opens().text
    assert secretary.asks_for("revisions").status_code == 303
    row = latest(server)
    field = field_of(row, "decision")
    assert (row.revision, field.lines[-1].text, field.edited_by) == (2, "Решение 4", "Secretary")
    assert [one.text for one in field.machine] == [one["text"] for one in lines]
    assert len(leaves(server, LeafKind.DRAFT)) == before + 1
    assert [one["actor"] for one in leaves(server, LeafKind.ACCESS) if one["action"] == "edit_protocol"] == [
        "secretary"
    ]
    refused = secretary.asks_for("revisions")
    assert (refused.status_code, "ничего не изменилось" in refused.text) == (409, True)
    assert faults(server, HEARING) == []


def test_a_line_of_the_transcript_keeps_its_place_in_the_recording(server: Server, secretary: Editor) -> None:
    page = secretary.opens().text
    told = re.findall(r'data-line="([^"]+)"', page)[0].replace("&#34;", '"')
    line = json.loads(told)
    assert (line["at"], line["evidence"]) == (71.0, "recording:71000-73000")
    assert line["text"].startswith("Председательствующий: «слушается дело")
    lines, version = secretary.field("appearance")
    assert secretary.writes("appearance", [*lines, line], version).status_code == 200
    assert secretary.asks_for("revisions").status_code == 303
    made = field_of(latest(server), "appearance").lines[-1]
    assert (made.at, made.evidence, made.text) == (71.0, "recording:71000-73000", line["text"])


def test_whoever_is_slower_is_shown_both_texts_and_loses_nothing(secretary: Editor, judge: Editor) -> None:
    lines, version = secretary.field("decision")
    assert judge.writes("decision", [*lines, {**SOUGHT, "text": "Слова судьи."}], version).status_code == 200
    slower = secretary.writes("decision", [*lines, {**SOUGHT, "text": "Слова секретаря."}], version)
    assert slower.status_code == 409
    assert "Judge" in slower.text
    assert "<ins>судьи.</ins>" in slower.text
    assert "<del>секретаря.</del>" in slower.text
    assert judge.field("decision")[0][-1]["text"] == "Слова судьи."
    theirs = json.loads(re.findall(r'data-part="theirs">(.*?)</script>', slower.text)[0])
    seen = int(re.findall(r'data-version="(\d+)"', slower.text)[0])
    merged = secretary.writes("decision", [*theirs, {**SOUGHT, "text": "Слова секретаря."}], seen)
    assert merged.status_code == 200
    assert [one["text"] for one in judge.field("decision")[0][-2:]] == ["Слова судьи.", "Слова секретаря."]


def test_edits_of_different_fields_both_stand_and_the_same_twice_is_one(secretary: Editor, judge: Editor) -> None:
    lines, version = secretary.field("decision")
    other, later = judge.field("appearance")
    first = secretary.writes("decision", [*lines, SOUGHT], version)
    assert judge.writes("appearance", [*other, SOUGHT], later).status_code == 200
    again = secretary.writes("decision", [*lines, SOUGHT], version)  # the answer was lost on its way
    assert (again.status_code, again.json()) == (200, first.json())


def test_a_new_draft_keeps_the_edits_and_offers_both_texts_before_it_is_signed(
    server: Server, protocols: ProtocolContext, secretary: Editor
) -> None:
    lines, version = secretary.field("recording")
    assert secretary.writes("recording", [{**SOUGHT, "text": "О записи объявлено устно."}, *lines], version).is_success
    assert secretary.asks_for("revisions").status_code == 303
    secretary.does("text", 0, text="ведется запись, слушается дело")  # the program finds the announcement now
    draw_up(protocols, HEARING)
    made = field_of(latest(server), "recording")
    assert made.lines[0].text == "О записи объявлено устно."
    assert any("ведется запись" in one.text for one in made.machine)
    page = secretary.opens().text
    assert "Черновик составлен заново" in page
    assert latest(server).state == "draft"
    with pytest.raises(ProtocolError, match=re.escape(NOT_MERGED)):
        sign_protocol(protocols, HEARING, "secretary")
    kept, version = secretary.field("recording")
    assert secretary.writes("recording", kept, version, merged="true").status_code == 200
    assert "Черновик составлен заново" not in secretary.opens().text
    with pytest.raises(ProtocolError, match=re.escape(EDITED_SINCE)):
        sign_protocol(protocols, HEARING, "secretary")
    draft_protocol(protocols, HEARING)
    assert sign_protocol(protocols, HEARING, "secretary").document["fields"][8]["lines"][0]["text"] == kept[0]["text"]


def test_what_the_program_counted_stays_and_a_change_of_form_keeps_the_edits(
    server: Server, protocols: ProtocolContext, secretary: Editor
) -> None:
    lines, version = secretary.field("breaks")
    assert lines[0]["counted"]
    refused = secretary.writes("breaks", [{**lines[0], "text": "Перерыва не было."}, *lines[1:]], version)
    assert (refused.status_code, "остаются как есть" in refused.text) == (422, True)
    assert secretary.writes("time", [SOUGHT], 0).status_code == 422, "nobody types an official time"
    assert secretary.writes("breaks", [*lines, SOUGHT], version).status_code == 200
    draw_up(protocols, HEARING, full=True)
    row = latest(server)
    assert (row.document["form"], field_of(row, "breaks").lines[-1].text) == ("civil_full", SOUGHT["text"])
    assert secretary.writes("breaks", "x", version).status_code == 422  # type: ignore[arg-type] # what a stranger may send


def test_only_court_staff_edit_and_a_closed_hearing_at_the_court_only(
    server: Server, protocols: ProtocolContext
) -> None:
    for role, given in ((UserRole.PARTY, {"granted": [HEARING]}), (UserRole.ADMIN, {})):
        stranger = Editor(server, role, **given)
        assert stranger.opens().status_code == 403
        assert stranger.writes("decision", [SOUGHT], 0).status_code == 403
        assert stranger.asks_for("comments", key="decision", text="x").status_code == 403
        assert stranger.opens("compare").status_code == 403
    server.order(HEARING, Openness.CLOSED, 71_000, 73_000)
    away = Editor(server, UserRole.JUDGE, ELSEWHERE)
    assert (away.opens().status_code, away.opens("compare").status_code) == (403, 403)
    assert Editor(server, UserRole.JUDGE).opens().status_code == 200


def test_after_signing_nothing_is_edited(server: Server, protocols: ProtocolContext, secretary: Editor) -> None:
    lines, version = secretary.field("decision")
    signed = sign_protocol(protocols, HEARING, "secretary")
    refused = secretary.writes("decision", [*lines, SOUGHT], version)
    assert (refused.status_code, "Протокол подписан" in refused.text) == (409, True)
    assert secretary.asks_for("revisions").status_code == 409
    assert secretary.opens().status_code == 409
    assert latest(server).sha256 == signed.sha256


def test_an_edit_that_comes_while_it_is_signed_stops_the_signing(
    server: Server, protocols: ProtocolContext, secretary: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from protocol import tasks

    lines, version = secretary.field("decision")
    real = tasks.sealed

    def slowly(*args: Any) -> object:
        made = real(*args)
        assert secretary.writes("decision", [*lines, SOUGHT], version).status_code == 200
        return made

    monkeypatch.setattr(tasks, "sealed", slowly)
    with pytest.raises(ProtocolError, match=re.escape(EDITED_SINCE)):
        sign_protocol(protocols, HEARING, "secretary")
    assert latest(server).state == "draft"


def test_judge_and_secretary_talk_about_a_field(secretary: Editor, judge: Editor) -> None:
    said = judge.asks_for("comments", key="decision", text="Уточните срок обжалования")
    assert (said.status_code, "открытых: 1" in said.text) == (200, True)
    number = re.findall(r"comments/(\d+)/done", said.text)[0]
    assert "Уточните срок обжалования" in secretary.opens().text
    done = secretary.asks_for(f"comments/{number}/done")
    assert "снято: Secretary" in done.text
    assert "открытых" not in done.text
    assert judge.asks_for("comments", key="decision", text="  ").status_code == 422
    assert judge.asks_for("comments/999/done").status_code == 404


def test_revisions_are_compared_word_by_word(server: Server, secretary: Editor) -> None:
    lines, version = secretary.field("decision")
    secretary.writes("decision", [*lines, QUOTED], version)
    secretary.asks_for("revisions")
    page = secretary.opens("compare").text
    assert re.search(r"<ins>\s*Судья: «слушается дело»</ins>", page)
    assert "Изменено: Secretary" in page
    assert page.count("<ins>") == 1
    assert "Поля этих двух редакций не отличаются." in secretary.opens("compare?left=2&right=2").text
    assert secretary.opens("compare?left=1&right=9").status_code == 404
    with server.context.database.begin() as work:
        row = work.protocols.of(HEARING)[0]
        row.document = {**row.document, "fields": [{k: v for k, v in one.items() if k in ("number", "label", "lines")}
                                                   for one in row.document["fields"]]}  # fmt: skip
    assert secretary.opens("compare").status_code == 200, "revisions of before have no keys"
