"""Forms: the same texts in every language, and a court's own changes without code."""

from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from court.card import LANGUAGES
from court.people import CourtRole
from court.timeline import GapCause
from protocol.draft import draft
from protocol.errors import FormError
from protocol.form import parse_form
from protocol.forms import load_form
from tests.factories.protocol import facts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_places(language: str) -> None:
    russian, form = load_form("civil_brief", "ru"), load_form("civil_brief", language)
    assert form.fields == russian.fields
    assert form.words.keys() == russian.words.keys()
    assert form.cues.keys() == russian.cues.keys()
    for name, word in russian.words.items():
        if name not in ("format.date", "format.time"):
            assert _places(form.words[name]) == _places(word), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_role_and_every_cause_has_a_name(language: str) -> None:
    form = load_form("civil_brief", language)
    assert all(form.say(f"role.{role.value}") for role in CourtRole)
    assert all(form.say(f"cause.{cause.value}") for cause in GapCause)


def test_wording_that_no_lawyer_has_confirmed_says_so() -> None:
    assert {language: load_form("civil_brief", language).pending for language in LANGUAGES} == {
        "ru": False, "en": False, "ky": True, "kk": True,
    }  # fmt: skip


def test_a_court_changes_one_label_without_code(tmp_path: Path) -> None:
    (tmp_path / "civil_brief.toml").write_text(
        '[language.ru.labels]\nfile = "Запись заседания"\n[language.ru.say]\nno_breaks = "Без перерывов."\n', "utf-8"
    )
    form = load_form("civil_brief", "ru", tmp_path)
    fields = draft(facts(), form).fields
    assert fields[9].label == "Запись заседания"
    assert fields[0].label == load_form("civil_brief", "ru").labels["date_place"]
    assert form.say("say.no_breaks") == "Без перерывов."


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
        ("language = 1", "has no language 'ru'"),
        ("fields = 7", "cannot be used"),
        ('fields = ["date_place", "unheard_of"]', "unheard_of"),
        ('[language.ru.say]\nfile = "{name"', "cannot be used"),
        ("[language.ru.say]\nfile = 3", "cannot be used"),
        ("[language.ru]\nsay = 1", "cannot be used"),
    ],
)
def test_an_unusable_form_is_refused_with_its_name(change: str, complaint: str) -> None:
    packaged = (resources.files("protocol.forms") / "civil_brief.toml").read_text("utf-8")
    with pytest.raises(FormError, match=complaint) as caught:
        parse_form(packaged, "civil_brief.toml", "ru", change, "mine.toml")
    assert "mine.toml" in str(caught.value)


def test_a_field_nobody_can_fill_is_refused() -> None:
    form = replace(load_form("civil_brief", "ru"), fields=("weather",), labels={"weather": "Погода"})
    with pytest.raises(FormError, match="weather"):
        draft(facts(), form)


def test_a_sentence_the_form_lacks_is_named() -> None:
    with pytest.raises(FormError, match=r"say\.nothing_like_it"):
        load_form("civil_brief", "ru").say("say.nothing_like_it")


def _places(text: str) -> list[str]:
    return sorted(part.partition("}")[0] for part in text.split("{")[1:])
