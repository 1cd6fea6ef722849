"""What is shown of a line that was found."""

from api import schemas
from api.searching import AROUND, snippet


def line(text: str, timed: bool = True) -> schemas.UtteranceView:
    words = [
        schemas.Word(text=one, start=10.0 + place, end=10.5 + place, probability=None)
        for place, one in enumerate(text.split())
    ]
    return schemas.UtteranceView(
        id="1", start=10.0, end=99.0, track="mic-judge", role="judge", text=text, words=words if timed else [],
        language="ru", flags=[],
    )  # fmt: skip


def test_a_short_line_is_whole_and_links_to_its_first_word_that_was_asked_for() -> None:
    found = snippet(line("Суд, ещё раз: суда нет"), "СУД ещ")
    assert found.words == (("Суд,", True), ("ещё", True), ("раз:", False), ("суда", True), ("нет", False))
    assert snippet(line("да суд суда"), "суда").at == 12.0
    assert snippet(line("да суд суда", timed=False), "суда").at == 10.0


def test_of_a_long_line_is_left_out_what_is_far_from_what_was_asked_for() -> None:
    words = [f"с{n}" for n in range(100)]
    words[40] = words[80] = "иск"
    found = [one for one, _ in snippet(line(" ".join(words)), "иск").words]
    first, second = words[40 - AROUND : 41 + AROUND], words[80 - AROUND : 81 + AROUND]
    assert found == ["…", *first, "…", *second, "…"]
    assert snippet(line(" ".join(words)), "иск").at == 50.0
