"""Every text of the pages is in the catalogues, and each language falls back the way its readers expect."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from api import access
from api.i18n import words
from api.web.labels import DOUBTS
from court.card import LANGUAGES, Procedure
from court.catalogue import catalogue_text, texts
from court.hearing import HearingState
from court.labels import LABELS
from court.notes import NoteTemplate
from court.openness import Openness
from court.people import CourtRole, UserRole
from court.timeline import GapCause
from tools.update_texts import messages_in_use
from transcribe.guard import Doubt

TRANSLATED = ("ru", "ky", "kk")
UNTRANSLATED: dict[str, set[str]] = {"ru": set(), "ky": set(), "kk": set()}
"""Messages that a language leaves to the one it falls back to."""
SAME_AS_RUSSIAN = {
    "Администратор", "Диск", "Зал", "Камера", "КиБ", "ГиБ", "Компьютер", "Логин", "МиБ", "Модель", "Программа",
    "Прокурор", "Протокол", "Редакция", "Сервер", "Судья", "Фрагмент", "%(num)s фрагмент", "Эксперт",
}  # fmt: skip
RUSSIAN_WORD = re.compile(r"щ|\b(и|на|для|или|что|если|уже|это|при|нет)\b", re.IGNORECASE)


def catalogue(language: str) -> Catalog:
    return read_po(BytesIO(catalogue_text(language).encode()), locale=language, abort_invalid=True)


def messages(found: Catalog) -> dict[str, Message]:
    return {_key(message.id): message for message in found if message.id}


def _key(text: str | Sequence[str]) -> str:
    return text if isinstance(text, str) else text[0]


@pytest.fixture(scope="module")
def used() -> set[str]:
    """Every message that stands in the sources."""
    return {_key(message) for message in messages_in_use()}


def test_every_catalogue_holds_exactly_the_messages_in_use(used: set[str]) -> None:
    assert len(used) > 200
    for language in LANGUAGES:
        assert set(messages(catalogue(language))) == used, language


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogues_are_complete(language: str) -> None:
    found = messages(catalogue(language))
    assert {key for key, message in found.items() if not all(_translations(message))} == UNTRANSLATED[language]
    assert [key for key, message in found.items() if message.fuzzy] == []


@pytest.mark.parametrize("language", ["ky", "kk"])
def test_kyrgyz_and_kazakh_are_not_russian(language: str) -> None:
    """Nothing was copied, and no word was left over, from the Russian text beside which they were translated."""
    russian = {key: _translations(message) for key, message in messages(catalogue("ru")).items()}
    for key, message in messages(catalogue(language)).items():
        text = _translations(message)[0]
        if re.search(r"\w{3}", re.sub(r"\{\w+\}", "", text)) and text in russian[key]:
            assert text in SAME_AS_RUSSIAN, key
        assert not RUSSIAN_WORD.search(text), text
        assert language == "kk" or not re.search("[әғқһұі]", text.lower()), f"Kazakh letters in Kyrgyz: {text}"


def test_placeholders_survive_translation() -> None:
    for language in LANGUAGES:
        for key, message in messages(catalogue(language)).items():
            for text in filter(None, _translations(message)):
                assert set(_placeholders(text)) == set(_placeholders(key)), (language, key)


def _translations(message: Message) -> tuple[str, ...]:
    """All plural forms; one empty text where there is none."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def _placeholders(text: str) -> Iterator[str]:
    return (match[0] for match in re.finditer(r"%\(\w+\)s|(?<!%)\{\w+\}", text))


@pytest.mark.parametrize(
    ("language", "message", "said"),
    [
        ("ky", "Hearing", "Сот отуруму"),
        ("ky", "Secretary of the hearing", "Сот отурумунун катчысы"),
        ("kk", "Hearing", "Сот отырысы"),
        ("kk", "Brief protocol", "Қысқаша хаттама"),
        ("en", "Log out", "Log out"),
    ],
)
def test_each_language_says_it_in_its_words(language: str, message: str, said: str) -> None:
    assert words(language).gettext(message) == said


@pytest.mark.parametrize("language", ["ky", "kk"])
def test_what_kyrgyz_or_kazakh_lack_is_russian(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(one: str) -> str:
        text = catalogue_text(one)
        return (
            text
            if one != language
            else re.sub(r"(?m)^msgstr(\[\d\])? .*$", lambda found: f'msgstr{found[1] or ""} ""', text)
        )

    monkeypatch.setattr("api.i18n.catalogue_text", lacking)
    monkeypatch.setattr("court.catalogue.catalogue_text", lacking)
    found = words.__wrapped__(language).translations
    assert found.gettext("Log out") == "Выйти"
    assert found.ngettext("%(num)s segment", "%(num)s segments", 3) == "%(num)s фрагмента"
    assert texts.__wrapped__(language)["Log out"] == "Выйти"


@pytest.mark.parametrize(("count", "said"), [(1, "1 фрагмент"), (3, "3 фрагмента"), (11, "11 фрагментов")])
def test_russian_counts_in_its_own_way(count: int, said: str) -> None:
    pattern = words("ru").translations.ngettext("%(num)s segment", "%(num)s segments", count)
    assert pattern % {"num": count} == said


@pytest.mark.parametrize("language", ["ky", "kk"])
def test_a_noun_stays_singular_after_a_number(language: str) -> None:
    for count in (1, 3, 11):
        pattern = words(language).translations.ngettext("%(num)s segment", "%(num)s segments", count)
        assert pattern == "%(num)s фрагмент"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_node_reads_the_catalogues_as_the_server_does(language: str, used: set[str]) -> None:
    known, server, found = texts(language), words(language).translations, messages(catalogue(language))
    assert {message: known.get(message, message) for message in used} == {
        message: server.ngettext(message, message, 1)
        if isinstance(found[message].id, tuple)
        else server.gettext(message)
        for message in used
    }


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="tlh"):
        words("tlh")


def test_dates_and_sizes_are_written_as_the_language_does() -> None:
    moment = datetime(2026, 3, 12, 8, 3, tzinfo=UTC)
    assert words("ru").moment(moment, ZoneInfo("Asia/Bishkek")) == "12 марта 2026, 14:03"
    assert words("ru").size(1_300_000) == "1,2 МиБ"
    assert words("en").size(17) == "17 bytes"
    assert words("ru").decimal_sign == ","


def test_every_term_of_the_field_has_a_word(used: set[str]) -> None:
    for kind in (HearingState, CourtRole, UserRole, GapCause, NoteTemplate, Openness, Procedure):
        assert {one.value for one in kind} <= set(LABELS), kind
    assert {one.value for one in Doubt} == set(DOUBTS)
    assert set(LABELS.values()) | set(DOUBTS.values()) <= used


def test_the_reasons_of_the_access_policy_are_translated(used: set[str]) -> None:
    reasons = {access.NOT_YOUR_ROLE, access.NOT_GRANTED, access.CLOSED_OFF_SITE, access.CLOSED_NO_COPY}
    assert reasons <= used
