"""Stages that were only heard, and ticks of who appeared, in drafts of every form and language."""

from dataclasses import replace

import pytest

from court.attendance import Attendance, Tick
from court.card import LANGUAGES, Procedure
from court.notes import NoteTemplate
from court.stages import StageKind
from protocol.draft import draft
from protocol.facts import HearingFacts, Stage, Standing
from protocol.forms import form_names, load_form
from protocol.model import Line, ProtocolDocument
from tests.factories.protocol import facts
from tests.factories.protocol_kinds import hearing_of

PROPOSED = {"ru": "не подтверждено", "en": "not confirmed", "kk": "растаған жоқ", "ky": "ырастаган эмес"}


def stage(kind: StageKind, standing: Standing, at: float = 31.0, by: str = "") -> Stage:
    return Stage(kind, at, "utterance:4", "Прошу приобщить расписку.", standing, by, doubtful=True)


def with_stages(given: HearingFacts, *stages: Stage) -> HearingFacts:
    return replace(given, stages=stages)


def said_in(document: ProtocolDocument) -> list[Line]:
    return [*document.course, *(line for field in document.fields for line in field.lines)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", form_names())
def test_every_form_marks_a_proposal_and_leaves_a_refused_one_out(name: str, language: str) -> None:
    form, given = load_form(name, language), hearing_of(Procedure(name.partition("_")[0]), language)
    plain = draft(given, form)
    assert draft(with_stages(given, stage(StageKind.PLEADINGS, Standing.REFUSED)), form) == plain
    assert not plain.undecided
    document = draft(with_stages(given, stage(StageKind.PLEADINGS, Standing.PROPOSED)), form)
    [line] = [one for one in said_in(document) if one.proposed]
    assert PROPOSED[language] in line.text
    assert "расписку. [?]" in line.text
    assert (line.at, line.evidence, document.undecided) == (31.0, "utterance:4", True)
    assert ProtocolDocument.from_json(document.as_json()) == document
    accepted = draft(with_stages(given, stage(StageKind.PLEADINGS, Standing.ACCEPTED, by="Б. Асанов")), form)
    assert not accepted.undecided
    assert any("Б. Асанов" in one.text and one.at == 31.0 for one in said_in(accepted))


def test_a_document_from_before_there_were_proposals_is_read() -> None:
    document = draft(facts(), load_form("civil_brief", "ru"))
    stored = document.as_json()
    for line in [*stored["course"], *(one for field in stored["fields"] for one in field["lines"])]:
        del line["proposed"]
    assert ProtocolDocument.from_json(stored) == document


def test_an_accepted_examination_names_file_and_time_and_counts_as_noted() -> None:
    form, given = load_form("criminal_brief", "ru"), hearing_of(Procedure.CRIMINAL, "ru")
    given = replace(given, notes=tuple(one for one in given.notes if one.template is NoteTemplate.OPENING))
    heard = stage(StageKind.EXAMINATION, Standing.ACCEPTED, by="Б. Асанов")
    [line] = [one for one in said_in(draft(with_stages(given, heard), form)) if one.text.startswith("Допрос: ")]
    assert "с 00:00:31 от начала" in line.text
    lacking = [one.text for one in said_in(draft(with_stages(given, heard), form)) if "Не отмечено" in one.text]
    assert "допрос" in "".join(one.text for one in said_in(draft(given, form)) if "Не отмечено" in one.text)
    assert "допрос" not in "".join(lacking)


def test_an_accepted_opening_and_announcement_fill_their_fields() -> None:
    form, given = load_form("civil_brief", "ru"), replace(facts(), notes=())
    heard = (
        stage(StageKind.OPENING, Standing.ACCEPTED, 2.5, "Б. Асанов"),
        stage(StageKind.ANNOUNCEMENT, Standing.PROPOSED, 81.0),
    )
    document = draft(with_stages(given, *heard), form)
    [started] = [one for one in document.fields[1].lines if one.text.startswith("Начало")]
    assert (started.at, started.evidence) == (2.5, "utterance:4")
    assert [one.proposed for one in document.fields[6].lines] == [True]
    [clocked] = [one for one in draft(given, form).fields[1].lines if one.text.startswith("Начало")]
    assert (clocked.at, clocked.evidence) == (0.0, "clock")


@pytest.mark.parametrize("at", [12.5, None])
def test_the_last_tick_of_a_participant_stands(at: float | None) -> None:
    first, second = (one.name for one in facts().card.participants)
    ticks = (
        Tick(1, first, Attendance.NOT_NOTIFIED, 1.0, "И."),
        Tick(1, first, Attendance.APPEARED, at, "И."),
        Tick(2, "Другой", Attendance.APPEARED, 3.0, "И."),
    )
    document = draft(replace(facts(), attendance=ticks), load_form("civil_brief", "ru"))
    claimant, witness, *_ = document.fields[4].lines
    assert (claimant.at, claimant.evidence) == (at, "attendance:2")
    assert "присутствует; личность установлена" in claimant.text
    assert (witness.at, witness.evidence) == (None, "card:participant:2"), f"{second} was not ticked"
