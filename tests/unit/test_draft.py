"""The draft: ten fields in the code's order, every line with its source, nothing invented."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from court.card import LANGUAGES
from court.grade import Grade
from court.health import Finding, SelfTest, Symptom
from court.hearing import HearingState
from court.mutes import MuteSpan
from court.notes import Note, NoteTemplate
from court.openness import Openness, OpennessSpan
from court.people import CourtRole
from court.timeline import GapCause
from protocol.draft import draft, finalise
from protocol.errors import ProtocolError
from protocol.facts import HearingFacts, StateChange, Utterance, recording_name
from protocol.form import Form
from protocol.forms import load_form
from protocol.model import Line, ProtocolDocument
from tests.factories.protocol import (
    CARD,
    LENGTH,
    OPENING_WORDS,
    STARTED,
    ZONE,
    facts,
    said,
    with_outage,
)

RU = load_form("civil_brief", "ru")
DATE, TIME, COURT, CASE, APPEARANCE, BREAKS, DECISION, FINALISED, RECORDING, FILE = range(1, 11)


def lines(number: int, given_facts: HearingFacts | None = None, form: Form = RU) -> list[Line]:
    return list(draft(given_facts or facts(), form).fields[number - 1].lines)


def texts(number: int, given_facts: HearingFacts | None = None) -> list[str]:
    return [line.text for line in lines(number, given_facts)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ten_fields_stand_in_the_codes_order(language: str) -> None:
    form = load_form("civil_brief", language)
    fields = draft(facts(), form).fields
    assert [field.number for field in fields] == list(range(1, 11))
    assert [field.label for field in fields] == list(form.labels.values())
    assert all(field.lines for field in fields)


def test_date_place_court_and_case_are_the_cards() -> None:
    assert texts(DATE) == ["22 ноября 2026 года.", "г. Бишкек, зал № 1."]
    assert texts(COURT) == [
        "Суд: Первомайский районный суд.",
        "Председательствующий: Асанов Б. Т.",
        "Секретарь судебного заседания: Иманова А. К.",
    ]
    assert texts(CASE)[1] == "Номер дела: ГД 4405/24-Б2."


def test_what_the_card_lacks_is_said_to_be_lacking() -> None:
    bare = replace(facts(), card=replace(CARD, judge="", place="", participants=()))
    assert texts(COURT, bare)[1] == "Председательствующий: в карточке дела не указано."
    assert texts(DATE, bare)[1] == "Место: в карточке дела не указано."
    assert texts(APPEARANCE, bare)[0] == "Участники в карточке дела не указаны."


def test_the_opening_quotes_the_judges_recognised_words_at_their_time() -> None:
    start, words, end, span = lines(TIME)
    assert (start.text, start.at) == ("Начало: 10 ч 05 мин.", 2.0)
    assert OPENING_WORDS in words.text
    assert words.at == 2.5
    assert (end.text, end.at) == ("Окончание: 10 ч 06 мин.", 110.0)
    assert "с 10:05:01 до 10:07:01, продолжительность 2 мин" in span.text


@pytest.mark.parametrize("noted", [0.0, 2.0, 40.0], ids=["early", "in time", "late"])
def test_the_opening_words_are_found_whenever_the_note_was_made(noted: float) -> None:
    later = said(CourtRole.JUDGE, 41.0, "Приобщить к материалам дела.")
    hearing = replace(facts(), notes=(Note(noted, NoteTemplate.OPENING, ""),), utterances=(*facts().utterances, later))
    assert OPENING_WORDS in lines(TIME, hearing)[1].text


def test_what_was_said_long_before_the_opening_is_not_quoted_as_its_words() -> None:
    remark = said(CourtRole.JUDGE, 1.0, "Заседание сейчас начнём.")
    spoken = said(CourtRole.JUDGE, 81.0, OPENING_WORDS)
    late = replace(facts(), notes=(Note(80.0, NoteTemplate.OPENING, ""),), utterances=(remark, spoken))
    assert lines(TIME, late)[1].at == 81.0


@pytest.mark.parametrize("utterances", [(), (said(CourtRole.JUDGE, 3.0, "Передайте папку."),)])
def test_without_recognised_words_the_opening_quotes_nothing(utterances: tuple[Utterance, ...]) -> None:
    evidence = [line.evidence for line in lines(TIME, replace(facts(), utterances=utterances))]
    assert evidence == ["note:1", "note:6", "clock"]


def test_a_closing_noted_before_the_opening_ends_nothing_and_is_named() -> None:
    noted = (Note(5.0, NoteTemplate.CLOSING, ""), Note(80.0, NoteTemplate.OPENING, ""))
    told = [(line.text, line.at) for line in lines(TIME, replace(facts(), notes=noted, utterances=()))]
    assert told[0] == ("Начало: 10 ч 06 мин.", 80.0)
    assert told[1] == ("Окончание: 10 ч 07 мин.", LENGTH)
    assert told[2] == (
        "Закрытие заседания отмечено раньше его открытия, в 10:05:06: эту пометку проверяет секретарь.", 5.0,
    )  # fmt: skip
    resumed = (*noted[1:], Note(90.0, NoteTemplate.CLOSING, ""), Note(100.0, NoteTemplate.CLOSING, ""))
    assert lines(TIME, replace(facts(), notes=resumed, utterances=()))[1].at == 100.0


def test_a_hearing_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ProtocolError, match="ГД 4405/24-Б2 ends 3 s before it begins"):
        draft(replace(facts(), length=-3.0), RU)


def test_dates_are_local_to_the_court() -> None:
    late = replace(facts(), started=datetime(2026, 11, 22, 20, 0, tzinfo=UTC))
    assert texts(DATE, late)[0] == "23 ноября 2026 года."


def test_appearance_names_everyone_summoned_then_the_secretarys_report() -> None:
    report = said(CourtRole.SECRETARY, 14.5, "Истец явился.")
    found = lines(APPEARANCE, replace(facts(), utterances=(*facts().utterances, report)))
    assert [line.text for line in found] == [
        "Истец: Садыкова А. М. — присутствует; личность установлена.",
        "Свидетель: Жумабаев Т. О. — отсутствует; извещён.",
        "Проверена явка.",
        "Доклад секретаря (распознано машиной): «Истец явился.»",
    ]
    assert [line.at for line in found] == [None, None, 14.0, 14.5]


def test_breaks_come_from_the_states_with_their_times() -> None:
    [line] = lines(BREAKS)
    assert (line.text, line.at) == ("Перерыв с 10:06:01 до 10:06:11 (10 с).", 60.0)
    unbroken = (StateChange(0.0, HearingState.RECORDING), StateChange(LENGTH, HearingState.ENDED))
    assert texts(BREAKS, replace(facts(), states=unbroken)) == ["Перерывов не было."]
    away = (StateChange(0.0, HearingState.RECORDING), StateChange(90.0, HearingState.DELIBERATION))
    assert "совещательной комнате с 10:06:31 до 10:07:01" in texts(BREAKS, replace(facts(), states=away))[0]


def test_an_adjournment_is_quoted_from_the_note_before_the_transcript() -> None:
    note = Note(100.0, NoteTemplate.FREE, "Рассмотрение отложено на 1 декабря 2026 года")
    words = said(CourtRole.JUDGE, 99.0, "Заседание откладывается на первое декабря.")
    spoken = replace(facts(), utterances=(*facts().utterances, words))
    assert lines(BREAKS, spoken)[-1].at == 99.0
    noted = lines(BREAKS, replace(spoken, notes=(*facts().notes, note)))[-1]
    assert noted.at == 100.0
    assert note.text in noted.text


def test_the_decision_is_the_note_and_the_judges_words_after_it() -> None:
    found = lines(DECISION)
    assert [line.at for line in found] == [80.0, 81.0]
    assert "обжалование в течение 30 дней" in found[0].text
    assert "«Иск удовлетворить полностью.»" in found[1].text
    silent = replace(facts(), notes=facts().notes[:4])
    assert texts(DECISION, silent) == ["Секретарём оглашение решения не отмечено."]


def test_words_just_before_the_next_note_belong_to_that_note() -> None:
    closing = said(CourtRole.JUDGE, 108.0, "Заседание окончено.")
    spoken = replace(facts(), utterances=(*facts().utterances, closing))
    assert any("Иск удовлетворить полностью." in text for text in texts(DECISION, spoken))
    assert not any("Заседание окончено" in text for text in texts(DECISION, spoken))


def test_the_announcement_of_the_recording_is_looked_for_in_notes_then_words_and_else_missed() -> None:
    assert lines(RECORDING)[0].evidence == "note:2"
    unnoted = replace(facts(), notes=(facts().notes[0], *facts().notes[2:]))
    assert lines(RECORDING, unnoted)[0].at == 9.5
    assert "«Ведётся аудиозапись.»" in texts(RECORDING, unnoted)[0]
    assert "не отмечено и не распознано" in texts(RECORDING, replace(unnoted, utterances=()))[0]


def test_a_complete_recording_is_called_complete() -> None:
    assert texts(RECORDING)[1:] == [
        "Применялись: микрофонов — 2, видеокамер — 1.",
        "Запись полна: каждая дорожка непрерывна, кроме объявленных перерывов.",
    ]


def test_a_fault_is_named_with_times_cause_track_and_the_devices_own_words() -> None:
    broken = with_outage(40.0, 43.0, GapCause.DEVICE_LOST, "hw:1: No such device")
    _, _, incomplete, fault = lines(RECORDING, broken)
    assert "без записи остались 3 с" in incomplete.text
    assert fault.at == 40.0
    assert fault.text == (
        "С 10:05:41 до 10:05:44 (3 с) записи нет: устройство отключилось. Дорожки: микрофон «Истец». "
        "Журнал устройства: «hw:1: No such device»"
    )
    assert [line.at for line in draft(broken, RU).completeness] == [40.0, 60.0]


def test_a_hole_nobody_explained_is_a_fault_too() -> None:
    assert "причина не зафиксирована" in texts(RECORDING, with_outage(40.0, 43.0, None))[-1]


def test_the_file_name_explains_itself_and_the_ledger_root_stands_beside_it() -> None:
    assert texts(FILE) == [
        "ГД_4405-24-Б2_2026-11-22_1005_0000beef",
        f"Журнал доказательств: записей — 42, корень (SHA-256) {'5c' * 32}.",
    ]
    assert recording_name(CARD.case_number, STARTED, ZONE, "x" * 36) == "ГД_4405-24-Б2_2026-11-22_1005_xxxxxxxx"


def test_only_finalising_dates_the_final_form() -> None:
    document = draft(facts(), RU)
    assert "ещё не составлен" in document.fields[FINALISED - 1].lines[0].text
    final = finalise(document, RU, datetime(2026, 11, 24, 3, 0, tzinfo=UTC).astimezone(ZONE))
    assert final.fields[FINALISED - 1].lines == (Line("24 ноября 2026 года.", None, "clock"),)
    assert final.with_field(FINALISED, document.fields[FINALISED - 1].lines) == document


def test_the_course_holds_every_note_and_break_in_time_order() -> None:
    course = draft(facts(), RU).course
    assert [line.at for line in course] == [2.0, 9.0, 14.0, 30.0, 60.0, 80.0, 110.0]
    assert course[3].text == "Ходатайство о приобщении расписки."


def test_the_transcript_is_marked_as_machine_made_and_doubts_are_kept() -> None:
    document = draft(replace(facts(), untranscribed=((15.0, 30.0),)), RU)
    assert "протоколом не является" in document.transcript_note
    assert "faster-whisper base, SHA-256 " + "d0" * 32 in document.transcript_note
    assert "Не расшифрованы отрезки: 00:00:15–00:00:30." in document.transcript_note
    assert [speech.doubtful for speech in document.transcript] == [False, False, False, True, False]
    assert document.transcript[3].speaker == "Истец"


@pytest.mark.parametrize(
    ("text", "noted"),
    [("Заседание открыто; объявлено о ведении аудиозаписи", True), ("Заседание открыто", False)],
)
def test_the_announcement_of_the_recording_may_stand_in_the_note_of_the_opening(text: str, noted: bool) -> None:
    notes = (Note(2.0, NoteTemplate.OPENING, text), Note(5.0, NoteTemplate.DOCUMENTS, "Прослушана аудиозапись"))
    first = draft(replace(facts(), notes=notes, utterances=()), RU).fields[8].lines[0]
    assert (first.text == f"{text}.", first.evidence) == (noted, "note:1" if noted else "note:0")


def test_the_transcript_says_why_it_has_holes() -> None:
    reason = "No recogniser is set for hearings in 'ky'."
    document = draft(replace(facts(), untranscribed=((15.0, 30.0),), untranscribed_because=(reason,)), RU)
    assert document.transcript_note.endswith(f"00:00:15–00:00:30. Сообщение программы: «{reason}»")
    assert "Сообщение программы" not in draft(facts(), RU).transcript_note


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_transcript_says_that_the_language_has_no_recogniser(language: str) -> None:
    form = load_form("civil_brief", language)
    note = draft(replace(facts(), untranscribed=((15.0, 30.0),), no_recogniser=True), form).transcript_note
    assert note.endswith(form.say("say.no_recogniser"))
    assert form.say("say.no_recogniser") not in draft(facts(), form).transcript_note
    if language == "ru":
        assert "Распознавателя речи на языке заседания в суде нет" in note


def test_one_closed_moment_closes_the_document() -> None:
    assert not draft(facts(), RU).closed
    order = OpennessSpan(50.0, 55.0, Openness.CLOSED)
    assert draft(replace(facts(), openness=(order,)), RU).closed


moments = st.floats(0.0, LENGTH, allow_nan=False)
words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=40)
notes = st.lists(st.builds(Note, moments, st.sampled_from(NoteTemplate), words), max_size=12)
roles = st.none() | st.sampled_from(CourtRole)
utterances = st.lists(
    st.builds(lambda role, at, text: Utterance("mic-judge", role, at, at + 1.0, text), roles, moments, words),
    max_size=12,
)
EVIDENCE = re.compile(r"(card|note|state|gap|track|utterance|clock|ledger)(:[\w:*]+)?")


@settings(deadline=None)  # a busy machine is no fault
@given(notes, utterances, st.sampled_from(LANGUAGES))
def test_no_line_is_without_source_and_what_rests_on_a_moment_has_its_time(
    some_notes: list[Note], some_words: list[Utterance], language: str
) -> None:
    source = replace(facts(), notes=tuple(some_notes), utterances=tuple(some_words))
    document = draft(source, load_form("civil_brief", language))
    assert ProtocolDocument.from_json(document.as_json()) == document
    every = [line for field in document.fields for line in field.lines]
    for line in (*every, *document.course, *document.completeness):
        assert EVIDENCE.fullmatch(line.evidence)
        assert line.text.strip()
        kind, _, number = line.evidence.partition(":")
        if kind == "utterance":
            spoken = source.utterances[int(number) - 1]
            assert line.at == round(spoken.start, 3)
            assert spoken.text.strip() in line.text
        elif kind in ("note", "state") and number != "0":
            assert line.at is not None
            assert 0.0 <= line.at <= LENGTH
    for speech in document.transcript:
        assert speech.text == source.utterances[int(speech.evidence.partition(":")[2]) - 1].text.strip()


def test_a_stored_document_of_another_shape_is_refused() -> None:
    with pytest.raises(ProtocolError, match="draft it again"):
        ProtocolDocument.from_json({"form": "civil_brief"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_self_test_before_the_hearing_stands_among_the_technical_facts(language: str) -> None:
    form = load_form("civil_brief", language)
    label = form.say("technical.self_test")

    def stated(*findings: Finding) -> str:
        tested = SelfTest("room", STARTED, findings)
        (fact,) = (one for one in draft(replace(facts(), tested=tested), form).technical if one.label == label)
        return fact.value

    assert label not in [one.label for one in draft(facts(), form).technical]
    assert stated(Finding(Symptom.HEARD, Grade.GREEN, "mic-judge", {})).endswith(form.say("technical.self_test_good"))
    wrong = stated(Finding(Symptom.HUM, Grade.AMBER, "mic-judge", {}), Finding(Symptom.CLOCK, Grade.AMBER, "", {}))
    assert form.say("role.judge") in wrong
    assert form.say("technical.self_test_machine") in wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_recogniser_was_told_stands_among_the_technical_facts(language: str) -> None:
    form = load_form("civil_brief", language)
    label = form.say("technical.hotwords")
    assert label not in [one.label for one in draft(facts(), form).technical]
    assert label in [one.label for one in draft(replace(facts(), hotwords=True), form).technical]


def test_a_microphone_that_was_declared_muted_stands_in_the_course() -> None:
    muted = (MuteSpan("mic-judge", 61.0, 75.0), MuteSpan("mic-judge", 80.0, None), MuteSpan("mic-unknown", 1.0, None))
    course = draft(replace(facts(), mutes=muted), RU).course
    told = [line for line in course if line.evidence.startswith("mute:")]
    assert [(line.at, line.evidence) for line in told] == [(61.0, "mute:1"), (80.0, "mute:2")]
    assert "отключён микрофон «Председательствующий»" in told[0].text
    assert [line.at for line in course] == sorted(line.at or 0.0 for line in course)
