"""Every finding has words: what is wrong, and, unless it is green, what to do."""

import pytest

from api.findings import finding_text, finding_texts
from api.i18n import words
from court.grade import Grade
from court.health import Finding, Symptom

VALUES: dict[str, int | str] = {
    "level_db": -40, "per_mille": 5, "log": "a {brace} in the device's words", "other": "mic-claimant", "width": 640,
    "height": 360, "times": 7, "free": 5 << 30, "reserve": 10 << 30,
}  # fmt: skip
MACHINE = {Symptom.ENCODES, Symptom.DISK, Symptom.CLOCK, Symptom.SERVER, Symptom.SPARE}
GREEN_ONLY = {Symptom.HEARD, Symptom.SEEN}
ROLES = {"mic-judge": "judge", "mic-claimant": "claimant"}


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("symptom", Symptom)
def test_every_finding_says_what_is_wrong_and_what_to_do(symptom: Symptom, language: str) -> None:
    subject = "" if symptom in MACHINE else "mic-judge"
    for grade in Grade:
        text = finding_text(Finding(symptom, grade, subject, VALUES), words(language), ROLES)
        assert text.where
        assert text.what.endswith((".", "brace} in the device's words"))
        assert "{level" not in text.what
        assert bool(text.cure) == (grade is not Grade.GREEN and symptom not in GREEN_ONLY) or (
            grade is Grade.RED and symptom in (Symptom.SPARE, Symptom.CLOCK)  # which are never worse than amber
        )


def test_names_and_numbers_are_those_of_the_reader() -> None:
    found = Finding(Symptom.SWAPPED, Grade.RED, "mic-judge", {"other": "mic-claimant"})
    text = finding_text(found, words("ru"), ROLES)
    assert (text.where, "«Истец»" in text.what, text.tone) == ("Судья", True, "bad")
    disk = finding_text(Finding(Symptom.DISK, Grade.GREEN, "", VALUES), words("ru"), ROLES)
    assert (disk.where, "5,0 ГиБ" in disk.what, disk.cure) == ("Диск", True, "")


def test_the_worst_comes_first() -> None:
    grades = (Grade.GREEN, Grade.RED, Grade.AMBER)
    texts = finding_texts(tuple(Finding(Symptom.CLIPPING, one, "mic-judge", VALUES) for one in grades), words("en"), {})
    assert [one.tone for one in texts] == ["bad", "warn", "good"]
