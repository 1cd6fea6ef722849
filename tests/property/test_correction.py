"""Corrections: words keep the times that the machine heard them at, and only the revisions decide what is read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from court.correction import (
    CorrectionError,
    Deed,
    Revision,
    became,
    confirmed,
    edited,
    history,
    merged,
    put,
    replay,
    split,
    spoken_by,
    touched,
)
from court.lines import Line
from tests.factories.lines import TOKENS, machine_lines, transcripts

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TEXTS = st.lists(TOKENS, max_size=14)


def sound(line: Line) -> None:
    """Beginnings never go back, no word ends before it begins, all lie inside the line, and they are its text."""
    starts = [one.start_ms for one in line.words]
    assert starts == sorted(starts)
    assert all(line.start_ms <= one.start_ms <= one.end_ms <= line.end_ms for one in line.words)
    assert [one.text for one in line.words] == line.text.split()


@given(machine_lines(), TEXTS)
def test_times_stay_in_order_and_inside_the_line(line: Line, tokens: list[str]) -> None:
    made = edited(line, "  ".join(tokens))
    sound(made)
    assert (made.start_ms, made.end_ms, made.text) == (line.start_ms, line.end_ms, " ".join(tokens))
    assert (made.flags, made.vouched) == ((), True)


@given(machine_lines(least=1), st.lists(st.sampled_from(["иное", "башка"]), min_size=1), st.data())
def test_words_that_nobody_touched_keep_their_times(line: Line, tokens: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(line.words)))
    end = data.draw(st.integers(first, len(line.words)))
    old = [one.text for one in line.words]
    made = edited(line, " ".join([*old[:first], *tokens, *old[end:]]))
    assert made.words[:first] == line.words[:first]
    assert made.words[len(made.words) - len(old) + end :] == line.words[end:]


@given(machine_lines(least=2))
def test_new_case_and_punctuation_change_no_time(line: Line) -> None:
    assume("—" not in line.text.split())
    made = edited(line, " ".join(f"{one.text.upper()}!" for one in line.words))
    assert [(one.start_ms, one.end_ms) for one in made.words] == [(one.start_ms, one.end_ms) for one in line.words]
    assert all(one.probability is None for one in made.words), "what a person wrote has no probability"


@given(machine_lines(least=2), st.data())
def test_splitting_and_merging_again_changes_nothing(line: Line, data: st.DataObject) -> None:
    first, rest = split(line, data.draw(st.integers(1, len(line.words) - 1)))
    assume(first.end_ms <= rest.end_ms)
    assert replace(merged(first, rest), origins=()) == line
    assert [*first.words, *rest.words] == [*line.words]


@given(machine_lines(least=2), st.data())
def test_both_parts_of_a_line_are_sound(line: Line, data: st.DataObject) -> None:
    for one in split(line, data.draw(st.integers(1, len(line.words) - 1))):
        assert [each.text for each in one.words] == one.text.split()
        assert all(one.start_ms <= each.start_ms for each in one.words)


@st.composite
def revised(draw: st.DrawFn) -> tuple[list[Line], list[Revision], list[Line]]:
    """A transcript, revisions of all kinds, and what each of them left, step by step."""
    machine = draw(transcripts())
    revisions: list[Revision] = []
    present = replay(machine, [])
    for number in range(1, draw(st.integers(0, 8)) + 1):
        deed, at = draw(st.sampled_from(Deed)), draw(st.integers(0, len(present) - 1))
        made = _made(draw, deed, present, at, revisions)
        if made is None:
            continue
        before, after = made
        lines = after if deed is Deed.UNDO else put(after, f"{number:032x}")
        revisions.append(Revision(number, deed, before, lines, "Секретарь", AT + timedelta(seconds=number)))
        kept = [one for one in present if one.id not in {each.id for each in before}]
        present = replay(machine, revisions)
        assert {one.id for one in present} == {one.id for one in (*kept, *lines)}
    return machine, revisions, present


def _made(
    draw: st.DrawFn, deed: Deed, present: list[Line], at: int, revisions: list[Revision]
) -> tuple[tuple[Line, ...], tuple[Line, ...]] | None:
    line = present[at]
    try:
        match deed:
            case Deed.TEXT:
                return (line,), (edited(line, " ".join(draw(TEXTS))),)
            case Deed.SPEAKER:
                return (line,), (spoken_by(line, "witness", speaker="Асанов"),)
            case Deed.CONFIRM:
                return (line,), (confirmed(line),)
            case Deed.SPLIT:
                return (line,), split(line, draw(st.integers(1, 12)))
            case Deed.MERGE:
                above = present[at - 1]
                return ((above, line), (merged(above, line),)) if at else None
            case Deed.UNDO:
                last = next((one for one in reversed(revisions) if line.id in [each.id for each in one.after]), None)
                here = {one.id for one in present}
                if last is None or last.deed is Deed.UNDO or not {one.id for one in last.after} <= here:
                    return None
                return last.after, last.before
    except CorrectionError:
        return None


@given(revised())
def test_replaying_from_the_machines_words_gives_the_same_transcript(
    made: tuple[list[Line], list[Revision], list[Line]],
) -> None:
    machine, revisions, present = made
    assert replay(machine, revisions) == present
    assert replay([Line.parse(one.as_fields()) for one in machine], revisions) == present
    starts = [one.start_ms for one in present]
    assert starts == sorted(starts)
    assert all(one.mark is None for one in replay(machine, []))


@given(revised())
def test_undoing_everything_gives_the_machines_transcript(
    made: tuple[list[Line], list[Revision], list[Line]],
) -> None:
    machine, revisions, _ = made
    undone = [*revisions]
    for one in reversed(revisions):
        undone.append(Revision(len(undone) + 1, Deed.UNDO, one.after, one.before, "Секретарь", AT))
    there = replay(machine, undone)
    assert [replace(one, mark=None) for one in there] == replay(machine, [])
    touched_ones = {line.id for one in revisions for line in one.before}
    assert all((one.mark is not None) == (one.id in touched_ones) for one in there)
    assert {one.mark.deed for one in there if one.mark} <= {Deed.UNDO}


@given(revised())
def test_a_lines_history_begins_with_the_machine_and_ends_with_the_line(
    made: tuple[list[Line], list[Revision], list[Line]],
) -> None:
    machine, revisions, present = made
    for one in present:
        found = history(one.id, revisions)
        assert bool(found) == (one.mark is not None)
        if found:
            assert {line.id for line in found[0].before} <= {line.id for line in machine}
            assert one.id in {line.id for line in found[-1].after}
            assert found == [each for each in revisions if each in found]


@given(revised(), st.integers(0, 40_000), st.integers(0, 9_000))
def test_a_part_of_a_transcript_reads_as_it_does_in_the_whole(
    made: tuple[list[Line], list[Revision], list[Line]], start: int, length: int
) -> None:
    machine, revisions, present = made

    def said(lines: list[Line], span: tuple[int, int]) -> list[Line]:
        return [one for one in lines if one.start_ms <= span[1] and one.end_ms >= span[0]]

    span = start, start + length
    part = replay(said(machine, touched(span, revisions)), revisions)
    assert said(part, span) == said(present, span)


@given(revised())
def test_what_became_of_a_line_is_always_there(made: tuple[list[Line], list[Revision], list[Line]]) -> None:
    machine, revisions, present = made
    here = {one.id for one in present}
    for one in machine:
        ids, last = became(one.id, revisions)
        assert set(ids) <= here
        assert (last is None) == (one.id in here and not any(one in each.before for each in revisions))


def test_a_revision_of_lines_that_are_gone_does_nothing() -> None:
    line = Line("1", "mic-judge", "judge", 0, 1000, "да", ())
    stranger = replace(line, id="2")
    one = Revision(1, Deed.TEXT, (stranger,), put([edited(stranger, "нет")], "a" * 32), "Секретарь", AT)
    assert replay([line], [one]) == [line]


@given(machine_lines(least=1), machine_lines(least=1, id="2"))
def test_lines_that_were_said_at_once_do_not_become_one(above: Line, below: Line) -> None:
    try:
        made = merged(above, below)
    except CorrectionError:
        assert above.end_ms > below.start_ms or above.start_ms > below.start_ms
    else:
        sound(made)
        assert made.words == (*above.words, *below.words)
