"""Protocol and transcript as files for other programs, with what is closed in none of them."""

import io
import json
import zipfile
from pathlib import Path

import docx
import pytest
from jsonschema import Draft202012Validator
from lxml import etree

from api.exporting import Kind
from court.openness import Openness
from court.people import UserRole
from protocol.copies.captions import Cue, rttm, webvtt
from protocol.machine import SCHEMA, SCHEMA_NAME
from tests.factories.evidence import OTHER
from tests.factories.hearing_log import HEARING
from tests.factories.server import ELSEWHERE, ON_SITE, Server

DOCS = Path(__file__).parents[2] / "docs"


def exported(server: Server, kind: Kind, hearing: str = HEARING, place: str = ELSEWHERE) -> tuple[int, bytes]:
    answer = server.user(UserRole.SECRETARY, place).get(f"/hearings/{hearing}/export.{kind}")
    return answer.status_code, answer.content


def test_the_schema_is_published_and_served_as_it_is(copied: Server) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads((DOCS / SCHEMA_NAME).read_text("utf-8")) == SCHEMA
    assert copied.client().get(f"/api/{SCHEMA_NAME}").json() == SCHEMA


@pytest.mark.parametrize("hearing", [HEARING, OTHER])
def test_the_protocol_as_data_follows_the_schema(copied: Server, hearing: str) -> None:
    status, content = exported(copied, Kind.JSON, hearing)
    assert status == 200
    told = json.loads(content)
    Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(told)
    assert told["state"] == ("signed" if hearing == HEARING else "draft")
    assert told["document"]["hearing"] == hearing
    del told["document"]["fields"]
    assert not Draft202012Validator(SCHEMA).is_valid(told)


def test_the_word_file_says_what_the_protocol_says(copied: Server) -> None:
    status, content = exported(copied, Kind.DOCX, OTHER)
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(parts.read(name))
    told = json.loads(exported(copied, Kind.JSON, OTHER)[1])["document"]
    word = docx.Document(io.BytesIO(content))
    text = "\n".join(one.text for one in word.paragraphs).replace("\N{NO-BREAK SPACE}", " ")
    for field in told["fields"]:
        assert f"{field['number']}. {field['label']}" in text
        assert all(line["text"] in text for line in field["lines"])
    assert "ЧЕРНОВИК" in text
    assert "Садитесь, пожалуйста." in text
    assert "ЧЕРНОВИК" not in "\n".join(
        one.text for one in docx.Document(io.BytesIO(exported(copied, Kind.DOCX)[1])).paragraphs
    )


def test_the_lines_are_subtitles_and_turns(copied: Server) -> None:
    assert "00:00:01.000 --> 00:00:02.000\n<v Судья>Садитесь, пожалуйста." in exported(copied, Kind.VTT)[1].decode()
    assert f"SPEAKER {HEARING} 1 1.000 1.000 <NA> <NA> Судья <NA> <NA>" in exported(copied, Kind.RTTM)[1].decode()


def test_what_is_closed_is_in_none_of_them(copied: Server) -> None:
    copied.order(HEARING, Openness.CLOSED, 1500, 1600)
    for kind in Kind:
        status, content = exported(copied, kind)
        assert "Слушается".encode() not in content
        assert status == (403 if kind.of_protocol else 200)
        here = exported(copied, kind, place=ON_SITE)
        assert here[0] == 200
        assert kind.of_protocol or "Слушается".encode() not in here[1]
    copied.order(HEARING, Openness.CLOSED)
    assert {exported(copied, kind)[0] for kind in (Kind.VTT, Kind.RTTM)} == {409}


def test_a_party_without_the_hearing_and_an_administrator_get_none(copied: Server) -> None:
    for role in (UserRole.PARTY, UserRole.ADMIN):
        for kind in Kind:
            assert copied.user(role).get(f"/hearings/{HEARING}/export.{kind}").status_code == 403


def test_words_cannot_break_out_of_a_subtitle() -> None:
    text = webvtt([Cue(3599.9996, 3600.5, "a --> b\n\n<b>&", "x>y")], later=1.0, note="n --> m")
    assert text == "WEBVTT\n\nNOTE n → m\n\n01:00:01.000 --> 01:00:01.500\n<v x&gt;y>a → b &lt;b&gt;&amp;\n"
    assert rttm([Cue(0, 1.5, "", "Ким А. Б.")], "h").split()[7] == "Ким_А._Б."
