"""What the node tells in English reaches a person in the person's language, with what stands in it."""

import errno
import re
from pathlib import Path

import pytest

from api.i18n import words
from api.node_client import NodeClient
from court.case_number import CaseNumber
from court.errors import CourtError
from court.hearing import HearingState, step
from court.sentences import SENTENCES, in_words
from hardware.av_input import AvInput
from hardware.file import opening
from hardware.ups import UpsAddress, ask_ups
from protocol.forms import load_form
from protocol.revisions import CORRECTED_SINCE
from protocol.verify import load_trust_roots
from recorder.errors import reason_of
from storage.worm.local import LocalStore
from tools.extract_sentences import raised
from transcribe.manifest import model_card

ENGLISH = re.compile(r"\b(the|is|not|cannot|does|it)\b", re.IGNORECASE)


def russian(sentence: str) -> str:
    return words("ru").sentence(sentence)


def refused(deed: object) -> str:
    assert callable(deed)
    with pytest.raises(CourtError) as caught:
        deed()
    return str(caught.value)


def test_an_unreachable_node_is_told_of_in_the_readers_language() -> None:
    told = refused(NodeClient("http://127.0.0.1:9", "token").status)
    assert russian(told).startswith("Узел записи http://127.0.0.1:9 не отвечает: ")
    assert words("en").sentence(told) == told
    assert words("ky").sentence(told).startswith("http://127.0.0.1:9 жазуу түйүнү жооп бербейт: ")


def test_what_stands_in_a_sentence_is_told_as_well() -> None:
    def interrupted(reason: str) -> str:
        return f"Recording is interrupted ({reason}); the node keeps trying to go on."

    def in_russian(reason: str) -> str:
        return f"Запись прервана ({reason}); узел продолжает попытки её возобновить."

    trouble = interrupted(reason_of(OSError(errno.ENOSPC, "full")))
    full = in_russian("диск узла записи заполнен: освободите место")
    again = "Повторите действие, когда она возобновится."
    assert russian(trouble) == full
    assert russian(f"{trouble} Repeat this step when it goes on.") == f"{full} {again}"
    assert russian(f"The recording node answered 503: {trouble}") == f"Узел записи ответил кодом 503: {full}"
    gone = interrupted("The sound card hw:1 stopped giving: no such device")
    assert russian(gone) == in_russian("Звуковая карта hw:1: перестало передавать: нет такого устройства")


def test_real_refusals_leave_no_english(tmp_path: Path) -> None:
    told = [
        refused(lambda: step(HearingState.ENDED, HearingState.PAUSED)),
        refused(lambda: AvInput(opening(str(tmp_path / "away.wav")), 0)),
        ask_ups(UpsAddress("ups", "127.0.0.1", 9)).trouble,
    ]
    for sentence in told:
        assert russian(sentence) != sentence, sentence
        assert not ENGLISH.search(russian(sentence)), russian(sentence)
    assert russian(told[0]) == "Из состояния «Завершено» заседание нельзя перевести в состояние «Перерыв»."


def test_every_pattern_is_found_by_its_own_sentence() -> None:
    for pattern in SENTENCES:
        values = {name: f"<{name}>" for name in re.findall(r"\{(\w+)\}", pattern)}
        said = in_words(pattern.format(**values), words("ru").gettext)
        assert said == words("ru").gettext(pattern).format(**values), pattern


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('raise NotFound("There is no " "such page.") from None', "There is no such page."),
        ("raise FormError(f\"No {self.name!r}: use {', '.join(known)}.\")", "No {name}: use {known}."),
        ('raise IllegalStep(f"{state.value!r} is not {other.value}.")', "{state} is not {other}."),
        ('raise Unusable(f"{name} is not {name}, and {1 + 1} is 2.")', "{name} is not {name2}, and {what} is 2."),
        ("raise NotFound(NO_LINE)", None),  # marked where it is defined
        ('raise ValueError("of programmers")', None),
        ('raise failed(f"the {store} keeps nothing")', None),  # part of a sentence
    ],
)
def test_the_sentences_of_errors_are_collected_where_they_are_raised(source: str, said: str | None) -> None:
    assert [sentence for _, sentence in raised(source)] == ([said] if said else [])


def test_errors_of_every_package_are_told_in_the_readers_language(tmp_path: Path) -> None:
    own = tmp_path / "forms"
    own.mkdir()
    (own / "criminal_brief.toml").write_text("name = ", encoding="utf-8")
    told = [
        refused(lambda: CaseNumber.parse("")),
        refused(lambda: CaseNumber.parse("x" * 500)),
        refused(lambda: load_form("no such form", "ru")),
        refused(lambda: load_form("criminal_brief", "ru", own)),
        refused(lambda: load_trust_roots(tmp_path)),
        refused(lambda: model_card("no-such-model", tmp_path)),
        refused(lambda: LocalStore(tmp_path / "store").head("no hash")),
    ]
    for sentence in told:
        assert russian(sentence) != sentence, sentence
        assert not ENGLISH.search(re.sub(r"\(.*\)", "", russian(sentence))), russian(sentence)
    assert russian(CORRECTED_SINCE) != CORRECTED_SINCE


def test_what_nobody_knows_stays_as_it_is() -> None:
    assert russian("Something new of a newer node.") == "Something new of a newer node."
    assert russian("") == ""
