"""A court's own cues of stages over the packaged ones, and what is said of a file that cannot be used."""

from pathlib import Path

import pytest

from court.people import CourtRole
from court.stages import StageKind
from protocol import cues
from protocol.cue import Cue, sentences
from protocol.cues import load_cues
from protocol.errors import CuesError


def written(folder: Path, text: str, name: str = "ru.toml") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder


def hears(cue: Cue, text: str, role: CourtRole = CourtRole.JUDGE) -> bool:
    return any(cue.heard(one, role) for one in sentences(text))


def test_a_court_adds_to_the_cues_replaces_them_and_leaves_the_rest(tmp_path: Path) -> None:
    usual = load_cues()
    own = load_cues(
        written(
            tmp_path,
            """
            [opening]
            also_say = ["начинаем|начинается процесс."]
            also_never = ["проверк связи."]
            [motion]
            roles = ["witness"]
            say = ["заявляю"]
            """,
        )
    )
    opening = own["ru"][StageKind.OPENING]
    assert not hears(usual["ru"][StageKind.OPENING], "Начинается процесс.")
    assert hears(opening, "Начинается процесс.")
    assert hears(opening, "Судебное заседание объявляется открытым.")
    assert not hears(opening, "Проверка связи, судебное заседание открыто.")
    motion = own["ru"][StageKind.MOTION]
    assert hears(motion, "Я заявляю.", CourtRole.WITNESS)
    assert not hears(motion, "Прошу приобщить расписку.", CourtRole.CLAIMANT)
    assert motion.never == usual["ru"][StageKind.MOTION].never
    assert own["ru"][StageKind.RULING] == usual["ru"][StageKind.RULING]
    assert {one: own[one] for one in ("ky", "kk", "en")} == {one: usual[one] for one in ("ky", "kk", "en")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[opening", "are no TOML"),
        ("[openning]", "unknown stage 'openning': use opening, rights,"),
        ("opening = 1", "must be a table"),
        ("[opening]\nsays = []", "unknown entry opening.says: use roles, say, also_say"),
        ("[opening]\nsay = 'открыт'", "opening.say .* must be a list of texts"),
        ("[opening]\nquestions = 1", "true or false"),
        ("[opening]\nroles = ['clerk']", "unknown role 'clerk': use judge"),
        ("[opening]\nsay = ['открыт|']", r"The phrase 'открыт\|' in the entry opening.say"),
        ("[opening]\nalso_never = ['кто-то']", "The phrase 'кто-то'"),
        ("[opening]\nsay = [' ']", "letters and digits alone"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_entry(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CuesError, match=said) as found:
        load_cues(written(tmp_path, text))
    assert "ru.toml" in str(found.value)


def test_a_folder_that_is_none_and_a_mistyped_name_are_said(tmp_path: Path) -> None:
    with pytest.raises(CuesError, match="correct COURTREC_PROTOCOL_CUES"):
        load_cues(tmp_path / "nowhere")
    with pytest.raises(CuesError, match=r"a file 'rus.toml': use ru.toml, ky.toml"):
        load_cues(written(tmp_path, "", "rus.toml"))


def test_the_packaged_cues_pass_what_a_courts_must(tmp_path: Path) -> None:
    for file in Path(cues.__file__).parent.glob("*.toml"):
        written(tmp_path, file.read_text("utf-8"), file.name)
    assert load_cues(tmp_path) == load_cues()
