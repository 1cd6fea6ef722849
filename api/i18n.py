"""Texts and dates in the reader's language: gettext catalogues read as they are written, nothing compiled.

The messages' own language is English. What Kyrgyz or Kazakh lack is Russian, which is complete, before English.
"""

import gettext
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cache
from io import BytesIO

from babel import Locale
from babel.dates import format_date, format_datetime, get_month_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from court.card import LANGUAGES
from court.catalogue import FALLBACK, N_, catalogue_text
from court.sentences import in_words

SOURCE_LANGUAGE = "en"
_BYTES_IN_STEP = 1024


@dataclass(frozen=True, slots=True)
class Words:
    """One language: translations and the way dates and numbers are written in it."""

    language: str
    translations: gettext.NullTranslations
    locale: Locale

    @property
    def gettext(self) -> Callable[[str], str]:
        return self.translations.gettext

    def sentence(self, text: str) -> str:
        """What the recording node, or the server about it, tells in English."""
        return in_words(text, self.gettext)

    @property
    def decimal_sign(self) -> str:
        return str(self.locale.number_symbols["latn"]["decimal"])

    @property
    def months(self) -> list[str]:
        """The twelve months as they stand in a date: `марта`. Browsers do not know all our languages."""
        return list(get_month_names("wide", "format", self.locale).values())

    def moment(self, moment: datetime, zone: tzinfo) -> str:
        """Date and time to the minute, at the court's place: `12 марта 2026, 14:03`."""
        return format_datetime(moment, "d MMMM y, HH:mm", tzinfo=zone, locale=self.locale)

    def time(self, moment: datetime, zone: tzinfo) -> str:
        """Time of day at the court's place: `14:03:07`."""
        return format_datetime(moment, "HH:mm:ss", tzinfo=zone, locale=self.locale)

    def day(self, day: date) -> str:
        """A date: `12 марта 2026`."""
        return format_date(day, "d MMMM y", locale=self.locale)

    def size(self, count: int) -> str:
        """`count` bytes in the largest unit that leaves at least one."""
        units = [N_("bytes"), N_("KiB"), N_("MiB"), N_("GiB")]
        amount = float(count)
        while amount >= _BYTES_IN_STEP and len(units) > 1:
            amount /= _BYTES_IN_STEP
            units.pop(0)
        pattern = "#,##0" if units[0] == "bytes" else "#,##0.0"
        return f"{format_decimal(amount, pattern, locale=self.locale)} {self.gettext(units[0])}"


@cache
def words(language: str) -> Words:
    """The texts of one of `court.card.LANGUAGES`."""
    if language not in LANGUAGES:
        raise ValueError(f"no texts in {language!r}")
    translations: gettext.NullTranslations = _catalogue(language)
    if language in FALLBACK:
        translations.add_fallback(_catalogue(FALLBACK[language]))
    return Words(language, translations, Locale.parse(language))


def _catalogue(language: str) -> gettext.GNUTranslations:
    found, compiled = (
        read_po(BytesIO(catalogue_text(language).encode()), locale=language, abort_invalid=True),
        BytesIO(),
    )
    for message in list(found):
        if message.id and not any(message.string or ()):
            found.delete(
                message.id
            )  # Babel would compile an untranslated plural as English, and nothing would fall back
    write_mo(compiled, found)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
