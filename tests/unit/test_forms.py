"""Forms: the same texts in every language, and a court's own changes without code."""

import re
from dataclasses import replace
from datetime import datetime
from importlib import resources
from pathlib import Path

import pytest

from court.card import LANGUAGES, Procedure
from court.notes import NoteTemplate
from court.people import CourtRole
from court.timeline import GapCause
from court.toml import parse_toml
from protocol.draft import draft, finalise
from protocol.errors import FormError
from protocol.form import PROFILES
from protocol.forms import form_names, load_form, usual_form
from tests.factories.protocol import CARD, facts

FORMS = form_names()
EVERY = [(name, language, profile) for name in FORMS for language in LANGUAGES for profile in PROFILES]


@pytest.mark.parametrize(("name", "language", "profile"), EVERY)
def test_every_form_has_every_text_with_the_same_places(name: str, language: str, profile: str) -> None:
    russian, form = load_form(name, "ru", None, profile), load_form(name, language, None, profile)
    assert (form.fields, form.steps) == (russian.fields, russian.steps)
    assert form.words.keys() == russian.words.keys()
    assert form.cues.keys() == russian.cues.keys()
    assert all((form.source, *form.labels.values()))
    for key, word in russian.words.items():
        if key not in ("format.date", "format.time"):
            assert _places(form.words[key]) == _places(word), key


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_of_the_field_has_a_word(name: str, language: str) -> None:
    form = load_form(name, language)
    assert all(form.say(f"role.{role.value}") for role in CourtRole)
    assert all(form.say(f"cause.{cause.value}") for cause in GapCause)
    assert all(form.say(f"{group}.{one.value}") for one in NoteTemplate for group in ("step", "kind"))


def test_every_field_that_has_a_label_can_be_filled(tmp_path: Path) -> None:
    labels = list(parse_toml((resources.files("protocol.forms") / "words" / "ru.toml").read_text("utf-8"))["labels"])
    (tmp_path / "civil_brief.toml").write_text(f"fields = {labels}\n", "utf-8")
    document = draft(facts(), load_form("civil_brief", "ru", tmp_path))
    assert len(document.fields) == len(labels)
    assert all(field.lines for field in document.fields)


def test_what_no_lawyer_has_confirmed_says_so() -> None:
    open_ones = {(name, language) for name, language, profile in EVERY if not load_form(name, language).pending}
    assert open_ones == {
        ("civil_brief", "ru"),
        ("civil_brief", "en"),
        ("criminal_brief", "ru"),
        ("criminal_brief", "en"),
    }
    assert all(load_form(name, language, None, "kg").pending for name, language, _ in EVERY)


def test_a_court_clears_what_its_lawyers_confirmed(tmp_path: Path) -> None:
    (tmp_path / "civil_brief.toml").write_text(
        'pending = false\n[profile.kg.language]\nru.source = "ГПК, ст. 1"\n', "utf-8"
    )
    form = load_form("civil_brief", "ru", tmp_path, "kg")
    assert (form.pending, form.source) == (False, "ГПК, ст. 1")
    assert load_form("civil_brief", "ky", tmp_path, "kg").pending, "of its words nobody said so"
    assert load_form("civil_full", "ru", tmp_path, "kg").pending, "that is another form"


def test_the_card_chooses_the_form_and_the_court_where_it_does_not() -> None:
    assert usual_form(CARD, Procedure.CIVIL) == "civil_brief"
    assert usual_form(CARD, Procedure.CRIMINAL) == "criminal_brief"
    assert usual_form(replace(CARD, procedure=Procedure.ADMINISTRATIVE), Procedure.CIVIL) == "administrative_brief"
    assert {usual_form(CARD, one) for one in Procedure} <= set(FORMS)
    assert {load_form(name, "ru").full for name in FORMS} == {"", "civil_full", "criminal_full"}


def test_a_court_changes_one_label_without_code(tmp_path: Path) -> None:
    (tmp_path / "civil_brief.toml").write_text(
        '[language.ru.labels]\nfile = "Запись заседания"\n[language.ru.say]\nno_breaks = "Без перерывов."\n', "utf-8"
    )
    form = load_form("civil_brief", "ru", tmp_path)
    fields = draft(facts(), form).fields
    assert fields[9].label == "Запись заседания"
    assert fields[0].label == load_form("civil_brief", "ru").labels["date_place"]
    assert form.say("say.no_breaks") == "Без перерывов."
    assert load_form("civil_full", "ru", tmp_path).labels["file"] == "Запись заседания", "the full one is made of it"
    assert load_form("criminal_brief", "ru", tmp_path).labels["file"] == "Наименование файла записи"


def test_a_court_changes_a_word_of_all_forms_and_adds_a_field(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "ru.toml").write_text('[role]\nclaimant = "Взыскатель"\n', "utf-8")
    (tmp_path / "administrative_brief.toml").write_text('fields = ["breaks", "file"]\n', "utf-8")
    assert load_form("civil_brief", "ru", tmp_path).say("role.claimant") == "Взыскатель"
    assert load_form("criminal_brief", "ru", tmp_path).say("role.claimant") == "Гражданский истец", "that form says so"
    assert list(load_form("administrative_brief", "ru", tmp_path).labels) == ["breaks", "file"]


def test_lengths_name_only_the_units_they_need() -> None:
    form = load_form("civil_brief", "ru")
    assert [form.length(seconds) for seconds in (0.2, 7.0, 125.0, 3600.0)] == ["менее 1 с", "7 с", "2 мин 5 с", "1 ч"]


def test_an_unknown_form_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="civil_brief"):
        load_form("no_such_form", "ru", tmp_path)


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    own = tmp_path / "civil_brief.toml"
    own.write_text("[language.ru\n", "utf-8")
    with pytest.raises(FormError, match=r"civil_brief.toml is not valid TOML .*line 1"):
        load_form("civil_brief", "ru", tmp_path)
    own.write_bytes(b"\xff\xfe")
    with pytest.raises(FormError, match="make it readable UTF-8"):
        load_form("civil_brief", "ru", tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("language = 1", "'language' must be a table"),
        ("[language.rus]\npending = false", "unknown language 'rus'"),
        ("[profile.uz]\npending = false", "unknown profile 'uz'"),
        ("fields = 7", "'fields' must be a list of texts"),
        ("fields = [7]", "'fields' must be a list of texts"),
        ('fields = ["date_place", "unheard_of"]', "'unheard_of' among its fields"),
        ('steps = ["unheard_of"]', "'unheard_of' among its steps"),
        ('[language.ru.labels]\nfiel = "Файл"', r"'language\.ru\.labels\.fiel' that no form has"),
        ('[language.ru.say]\nfile = "{name"', "wrong brace"),
        ('[language.ru.say]\nfile = "{nam}"', "'nam'"),
        ("[language.ru.say]\nfile = 3", r"'language\.ru\.say\.file' must be a text"),
        ("[language.ru]\nsay = 1", "must be a table"),
        ('pending = "no"', "must be true or false"),
    ],
)
def test_an_unusable_form_is_refused_with_its_name(tmp_path: Path, change: str, complaint: str) -> None:
    (tmp_path / "civil_brief.toml").write_text(change, "utf-8")
    with pytest.raises(FormError, match=complaint) as caught:
        load_form("civil_brief", "ru", tmp_path)
    assert str(tmp_path / "civil_brief.toml") in str(caught.value)


def test_a_form_changed_since_the_draft_is_not_finalised_by_guess(tmp_path: Path) -> None:
    document = draft(facts(), load_form("civil_brief", "ru"))
    (tmp_path / "civil_brief.toml").write_text('[language.ru.labels]\nfinalised = "Дата"\n', "utf-8")
    with pytest.raises(FormError, match="was changed after this draft"):
        finalise(
            document, load_form("civil_brief", "ru", tmp_path), datetime.fromisoformat("2026-11-24T03:00:00+06:00")
        )
    (tmp_path / "civil_brief.toml").write_text('fields = ["file", "finalised"]\n', "utf-8")
    moved = finalise(
        document, load_form("civil_brief", "ru", tmp_path), datetime.fromisoformat("2026-11-24T03:00:00+06:00")
    )
    assert moved.fields[7].lines[0].text == "24 ноября 2026 года."
    assert moved.fields[1] == document.fields[1]


@pytest.mark.parametrize(("name", "language", "profile"), EVERY)
def test_texts_are_set_as_the_language_does(name: str, language: str, profile: str) -> None:
    form = load_form(name, language, None, profile)
    texts = {**form.words, **form.labels, "source": form.source}
    for key, text in texts.items():
        if key.startswith("format."):
            continue  # patterns of dates, which quote in their own way
        wrong = re.findall(r"\.\.\.| - |  |\s$|^\s|\d-\d{3}|[\"']|\xa0", text)
        assert not wrong, (key, text)
        opening, closing = ("“", "”") if language == "en" else ("«", "»")
        assert text.count(opening) == text.count(closing), (key, text)
        assert not set("“”„«»") & set(text) - {opening, closing}, (key, text)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_asks_for_a_name_in_another_case_than_the_card_has_it(name: str, language: str) -> None:
    for key, text in load_form(name, language).words.items():
        if key.startswith("say.") and "{name}" in text:
            assert re.match(r"(\{(what|role)\}: )?\{name\}( — |\.|$)", text), (key, text)


def test_a_field_nobody_can_fill_is_refused() -> None:
    form = replace(load_form("civil_brief", "ru"), fields=("weather",), labels={"weather": "Погода"})
    with pytest.raises(FormError, match="weather"):
        draft(facts(), form)


def test_a_sentence_the_form_lacks_is_named() -> None:
    with pytest.raises(FormError, match=r"say\.nothing_like_it"):
        load_form("civil_brief", "ru").say("say.nothing_like_it")


def _places(text: str) -> list[str]:
    return sorted(part.partition("}")[0] for part in text.split("{")[1:])


def test_a_courts_file_has_no_form_of_its_own_to_build_on(tmp_path: Path) -> None:
    (tmp_path / "civil_full.toml").write_text('based_on = "criminal_brief"\n', "utf-8")
    with pytest.raises(FormError, match="'based_on', which only the packaged forms have: remove it"):
        load_form("civil_full", "ru", tmp_path)
