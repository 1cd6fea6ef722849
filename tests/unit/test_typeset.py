"""Where a line must not end."""

import pytest

from protocol.forms import form_names, load_form
from protocol.typeset import typeset


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Дело № ГД 4405/24-Б2", "Дело №_ГД 4405/24-Б2"),
        ("in case No. 05-354/26", "in case No._05-354/26"),
        ("Асанов Б. Т. и А. М. Садыкова", "Асанов_Б._Т. и_А._М._Садыкова"),
        ("Осмонбек Ү. Қ. келди", "Осмонбек_Ү._Қ. келди"),
        ("22 ноября 2026 года в 10 ч 05 мин", "22_ноября 2026_года в 10_ч 05_мин"),
        ("22 November 2026", "22_November 2026"),
        ("ст. 282, ч. 4; art. 282(4)", "ст._282, ч._4; art._282(4)"),
        ("г. Бишкек, зал № 1", "г._Бишкек, зал №_1"),
        ("микрофонов — 2", "микрофонов_— 2"),
        ("слово1 слово2 слово3", "слово1 слово2 слово3"),
        ("Конец. Начало", "Конец. Начало"),
        ("на 500 ₸", "на 500_тенге"),
    ],
)
def test_what_belongs_together_stays_on_one_line(text: str, expected: str) -> None:
    assert typeset(text).replace("\N{NO-BREAK SPACE}", "_") == expected


def test_no_form_has_a_number_sign_that_can_end_a_line() -> None:
    for name in form_names():
        for language in ("ru", "ky", "kk", "en"):
            form = load_form(name, language)
            texts = [typeset(one) for one in (*form.words.values(), *form.labels.values(), form.source)]
            assert not [one for one in texts if "№ " in one or "No. " in one or " — " in one]
