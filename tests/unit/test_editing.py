"""What people edit stays theirs over every later draft; what the program counted stays as it is."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from protocol.comparison import Change, compared, words_between
from protocol.draft import draft
from protocol.editing import Edit, EditError, checked, composed, counted, drafted, editable, outdated, parse_lines
from protocol.forms import load_form
from protocol.model import Line, ProtocolDocument
from tests.factories.protocol import CARD, LENGTH, facts

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
FORM = load_form("civil_brief", "ru")
OWN = Line("Стороны согласны.", None, "person")
QUOTED = Line("Истец: «Прошу приобщить»", 31.0, "recording:31000-34000")


def machine(**changed: Any) -> ProtocolDocument:
    return draft(replace(facts(), **changed), FORM)


def lines(document: ProtocolDocument, key: str) -> tuple[Line, ...]:
    return next(drafted(one) for one in document.fields if one.key == key)


def edit(key: str, *more: Line, by: str = "Иманова А. К.") -> Edit:
    base = lines(machine(), key)
    return Edit(key, 1, (*base, *more), base, by, NOW)


def test_an_edit_stands_in_its_field_with_who_made_it_and_the_programs_text_beside() -> None:
    made = composed(machine(), [edit("appearance", OWN)])
    field = next(one for one in made.fields if one.key == "appearance")
    assert field.lines[-1] == OWN
    assert (field.edited_by, field.edited_at) == ("Иманова А. К.", "2026-11-23T05:00:00.000Z")
    assert drafted(field) == lines(machine(), "appearance")
    others = [one for one in made.fields if one.key != "appearance"]
    assert others == [one for one in machine().fields if one.key != "appearance"]
    assert ProtocolDocument.from_json(made.as_json()) == made


def test_an_edit_that_says_what_the_program_says_is_none() -> None:
    assert composed(machine(), [edit("appearance")]) == machine()


def test_a_later_draft_keeps_the_edit_and_tells_where_it_differs() -> None:
    made = [edit("appearance", OWN), edit("breaks", OWN)]
    people = tuple(replace(one, present=True) for one in CARD.participants)
    later = machine(card=replace(CARD, participants=people))
    document = composed(later, made)
    assert [one.lines[-1] for one in document.fields if one.key in ("appearance", "breaks")] == [OWN, OWN]
    [old] = outdated(document, made)
    assert (old.key, drafted(old)) == ("appearance", lines(later, "appearance"))
    assert outdated(composed(machine(), made), made) == []


def test_an_edit_waits_for_a_form_that_has_its_field() -> None:
    full = draft(facts(), load_form("civil_full", "ru"))
    ground = edit("appearance", OWN)
    ground = replace(ground, field="grounds", base=lines(full, "grounds"), lines=(OWN,))
    assert composed(machine(), [ground]) == machine()
    assert next(one for one in composed(full, [ground]).fields if one.key == "grounds").lines == (OWN,)


def test_what_the_program_counted_is_not_rewritten() -> None:
    base = lines(machine(), "breaks")
    assert counted(base[0])
    for wrong in ((), (replace(base[0], text="Перерывов не было."),), (base[0], base[0])):
        with pytest.raises(EditError, match="counted stay as they are"):
            checked(wrong, base, (), LENGTH)
    assert checked((OWN, base[0], QUOTED), base, (), LENGTH) == (OWN, base[0], QUOTED)
    assert [editable(one.key) for one in machine().fields][:2] == [True, False], "no time is typed by a person"
    assert not any(editable(one) for one in ("time", "file", "finalised", ""))


@pytest.mark.parametrize(
    "line",
    [
        Line("x", 5.0, "person"),
        Line("x", 5.0, "recording:31000-34000"),
        Line("x", None, "recording:31000-34000"),
        Line("x", 34.0, "recording:34000-31000"),
        Line("x", 500.0, "recording:500000-501000"),
        Line("x", 5.0, "note:99"),
        Line("x", 5.0, "utterance:1"),
        Line("x", None, "judge said so"),
    ],
)
def test_a_line_names_no_source_that_is_none(line: Line) -> None:
    with pytest.raises(EditError, match="a place in the recording"):
        checked((line,), (), (), LENGTH)


def test_text_is_one_line_of_words() -> None:
    assert checked((Line(" a \n\u202e b\t", None, "person"), Line("  ", None, "person")), (), (), LENGTH) == (
        Line("a b", None, "person"),
    )
    for wrong in ([Line("x" * 4001, None, "person")], [OWN] * 501):
        with pytest.raises(EditError, match="at most 500 lines"):
            checked(wrong, (), (), LENGTH)


@pytest.mark.parametrize("wrong", [None, {}, [1], [{"text": 1, "at": None, "evidence": ""}],
                                   [{"text": "", "at": True, "evidence": ""}], [{"text": ""}]])  # fmt: skip
def test_lines_of_another_shape_are_refused(wrong: object) -> None:
    with pytest.raises(EditError):
        parse_lines(wrong)


def test_revisions_are_compared_by_words_with_who_and_when() -> None:
    first, second = machine(), composed(machine(), [edit("decision", QUOTED), edit("appearance", OWN)])
    changed = compared(first, second)
    assert [(one.by, one.at) for one in changed] == [("Иманова А. К.", NOW)] * 2
    told = [(one.change, one.text) for one in changed[0].pieces]
    assert told[-1] == (Change.NEW, "\nСтороны согласны.")
    assert {one for one, _ in told[:-1]} == {Change.SAME}
    assert [one.label for one in compared(second, first)] == [one.label for one in changed]
    assert [one.by for one in compared(second, first)] == ["", ""]
    assert compared(second, second) == []


def test_words_that_stay_go_and_come() -> None:
    old, new = Line("истец просит отложить дело", None, ""), Line("истец не просит отложить", None, "")
    assert [(one.change.value, one.text) for one in words_between([old], [new])] == [
        ("same", "истец"), ("new", "не"), ("same", "просит отложить"), ("gone", "дело"),
    ]  # fmt: skip
