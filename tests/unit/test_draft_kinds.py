"""Drafts of each form: what one hearing becomes, word for word, and what is said where nothing is known."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from court.card import LANGUAGES, Procedure
from court.notes import Note, NoteTemplate
from court.people import CourtRole, Participant
from protocol.actions import action_lines, spoken_course
from protocol.draft import draft
from protocol.errors import ProtocolError
from protocol.facts import HearingFacts
from protocol.forms import form_names, load_form
from protocol.model import ProtocolDocument
from protocol.pdf import Look, render
from protocol.wording import Wording
from tests.factories.protocol import facts, said
from tests.factories.protocol_kinds import hearing_of

GOLDEN = Path(__file__).parents[1] / "golden" / "protocol"
FORMS = form_names()


def drafted(name: str, language: str = "ru", given: HearingFacts | None = None) -> ProtocolDocument:
    hearing = given or hearing_of(Procedure(name.partition("_")[0]), language)
    return draft(hearing, load_form(name, language))


def in_words(document: ProtocolDocument) -> str:
    """The fields and the course as lines, each with its time and its evidence."""
    said = [f"{document.heading.title} {document.heading.subtitle}"]
    for field in document.fields:
        said.append(f"{field.number}. {field.label}")
        said += [f"   {'-' if one.at is None else f'{one.at:g}'} [{one.evidence}] {one.text}" for one in field.lines]
    said += [f"   {one.at:g} [{one.evidence}] {one.text}" for one in document.course if one.at is not None]
    return "\n".join([*said, document.transcript_note, f"{len(document.transcript)} sentences beside", ""])


@pytest.mark.parametrize("name", FORMS)
def test_one_hearing_in_each_form_word_for_word(name: str) -> None:
    assert in_words(drafted(name)) == (GOLDEN / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_is_printed_in_every_language(name: str, language: str) -> None:
    form = load_form(name, language, None, "kg")
    document = draft(hearing_of(Procedure(name.partition("_")[0]), language), form)
    pdf = render(document, form, Look("https://court.example", 1, draft=False)).pdf
    text = " ".join(PdfReader(BytesIO(pdf)).pages[0].extract_text().split())
    for words in (document.heading.title.upper(), document.heading.subtitle, form.say("page.pending")):
        assert words in text


def test_steps_stand_in_the_order_of_time_with_their_kind() -> None:
    lines = drafted("criminal_brief").fields[8].lines
    assert [one.at for one in lines[:-1]] == sorted(one.at or 0.0 for one in lines[:-1])
    assert lines[3].text == "Ходатайство, возражение: о приобщении расписки."
    assert lines[4].text == "Постановление: приобщить."
    assert "Суд находился в совещательной комнате" in lines[9].text


def test_an_examination_names_file_and_time() -> None:
    (line,) = [one for one in drafted("criminal_brief").fields[8].lines if one.text.startswith("Допрос")]
    assert line.text == (
        "Допрос: свидетель Жумабаев Т. О. "
        "Файл записи 05-354-26-УД_2026-11-22_1005_0000beef: с 00:00:30 от начала; следующая пометка — в 00:01:00."
    )
    assert line.at == 30.0


def test_what_nobody_noted_is_said_and_not_invented() -> None:
    assert drafted("criminal_brief").fields[8].lines[-1].text == (
        "Не отмечено секретарём: осмотр вещественных доказательств; последнее слово."
    )
    form = load_form("criminal_brief", "ru")
    bare = replace(facts(), notes=(), states=facts().states[:1])
    (line,) = action_lines(bare, Wording(bare, form))
    assert line.evidence == "note:0"
    assert all(form.say(f"kind.{step}").lower() in line.text for step in form.steps)
    testimony = replace(bare, notes=(Note(3.0, NoteTemplate.EXPLANATIONS, ""),))
    assert "допрос" not in action_lines(testimony, Wording(testimony, form))[-1].text, "a statement under another name"


def test_the_defendant_is_the_cards_and_the_rest_the_secretarys() -> None:
    lines = [one.text for one in drafted("criminal_brief").fields[4].lines]
    assert lines == ["Подсудимый: Нурланов Е. С.", "Данные о личности, которых нет в карточке дела, вносит секретарь."]
    noted = facts().card.participants
    person = Participant(CourtRole.DEFENDANT, "Нурланов Е. С.", True, "род. 1.02.1990")
    known = replace(facts(), card=replace(facts().card, participants=(*noted, person)))
    assert (
        drafted("criminal_brief", given=known).fields[4].lines[0].text == "Подсудимый: Нурланов Е. С.; род. 1.02.1990."
    )
    assert drafted("criminal_brief", given=facts()).fields[4].lines[0].text == "Подсудимый в карточке дела не указан."


def test_a_full_protocol_says_why_and_quotes_what_was_said_at_its_time() -> None:
    document = drafted("civil_full")
    assert document.fields[4].lines[0].text == (
        "Аудио-, видеозапись неполна: без записи остались 3 с; поэтому составлен полный протокол."
    )
    course = document.fields[6].lines
    assert "распознаны программой" in course[0].text
    at = [one.at for one in course if one.at is not None]
    assert at == sorted(at)
    assert "Свидетель: «Я видел, как он писал расписку.» [?]" in [one.text for one in course]
    assert "Если председательствующий" not in " ".join(one.text for field in document.fields for one in field.lines)
    assert (document.course, document.transcript) == ((), ()), "nothing is said twice"
    whole = drafted("civil_full", given=facts())
    assert "основание указывает председательствующий" in whole.fields[4].lines[0].text


def test_a_full_protocol_without_recognised_words_says_so() -> None:
    form = load_form("civil_full", "ru")
    silent = replace(facts(), utterances=())
    assert "Распознанных слов нет" in spoken_course(silent, Wording(silent, form))[0].text


def test_a_fault_names_the_full_protocol_only_where_there_is_one() -> None:
    instead = "вместо краткого составляется полный протокол"
    for name, expected in (("civil_brief", True), ("criminal_brief", True), ("administrative_brief", False)):
        text = in_words(drafted(name))
        assert "Запись неполна" in text
        assert (instead in text) is expected, name


@pytest.mark.parametrize("name", FORMS)
def test_a_missing_judge_is_said_in_every_form(name: str) -> None:
    hearing = hearing_of(Procedure(name.partition("_")[0]), "ru")
    bare = drafted(name, given=replace(hearing, card=replace(hearing.card, judge="")))
    assert "Председательствующий: в карточке дела не указано." in in_words(bare)


def test_in_a_full_protocol_steps_have_codes_and_sentences_only_times() -> None:
    form = load_form("civil_full", "ru")
    many = replace(facts(), utterances=tuple(said(CourtRole.JUDGE, 3.0 + n / 10, f"Слово {n}.") for n in range(100)))
    few = replace(many, utterances=many.utterances[:1])
    sizes = [
        len(PdfReader(BytesIO(render(draft(one, form), form, Look("https://c.example", 1, draft=True)).pdf)).pages)
        for one in (few, many)
    ]
    assert sizes[1] - sizes[0] <= 4, "a page holds at least 25 sentences"


def test_a_letter_that_the_font_lacks_is_marked_in_a_draft_and_never_signed() -> None:
    form = load_form("civil_brief", "ru")
    odd = replace(facts(), card=replace(facts().card, case_title="Иск на 5000 ₸, 法"))
    document = draft(odd, form)
    text = (
        PdfReader(BytesIO(render(document, form, Look("https://c.example", 1, draft=True)).pdf)).pages[0].extract_text()
    )
    assert "Иск на 5000 тенге, [U+6CD5]" in " ".join(text.split())
    with pytest.raises(ProtocolError, match=r"font Open Sans lacks: '法' \(U\+6CD5\)"):
        render(document, form, Look("https://c.example", 1, draft=False))
