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


def test_the_russian_catalogue_is_complete() -> None:
    for key, message in messages(catalogue("ru")).items():
        assert all(_translations(message)), key
        assert not message.fuzzy, key


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
        ("ky", "Log out", "Выйти"),
        ("kk", "Log out", "Выйти"),
        ("en", "Log out", "Log out"),
    ],
)
def test_kyrgyz_and_kazakh_fall_back_to_russian_and_english_to_itself(language: str, message: str, said: str) -> None:
    assert words(language).gettext(message) == said


@pytest.mark.parametrize(("count", "said"), [(1, "1 фрагмент"), (3, "3 фрагмента"), (11, "11 фрагментов")])
def test_russian_counts_in_its_own_way(count: int, said: str) -> None:
    pattern = words("ru").translations.ngettext("%(num)s segment", "%(num)s segments", count)
    assert pattern % {"num": count} == said


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
