"""What the court did, in the order it happened; for a full protocol with what was said beside it."""

from dataclasses import replace

from court.hearing import HearingState
from court.notes import NoteTemplate
from court.stages import StageKind
from protocol.annexes import speeches, told_lines
from protocol.facts import HearingFacts, Standing
from protocol.model import Line
from protocol.wording import Wording

# Statements of persons, of which the protocol names file and time.
_STATEMENTS = (NoteTemplate.EXAMINATION, NoteTemplate.EXPLANATIONS)


def action_lines(facts: HearingFacts, words: Wording) -> list[Line]:
    """Every step with its kind, every interruption, what was heard besides, which of the form's steps nobody noted."""
    return [*_steps(facts, words), *_not_noted(facts, words)]


def spoken_course(facts: HearingFacts, words: Wording) -> list[Line]:
    """The same with the machine's words in quotation marks where they were said."""
    said = [
        Line(words.form.say("say.spoken", speaker=one.speaker, words=one.text) + one.marks, one.at, one.evidence)
        for one in speeches(facts, words)
    ]
    note = words.line("say.spoken_note" if said else "say.no_words", None, "track:*")
    # A step is noted while its words are spoken: at the same moment it stands before them.
    lines = sorted([*_steps(facts, words), *said], key=lambda line: line.at or 0.0)
    return [note, *lines, *_not_noted(facts, words)]


def _steps(facts: HearingFacts, words: Wording) -> list[Line]:
    lines = [_with_kind(line, facts, words) for line in told_lines(facts, words)]
    for one in words.heard():
        line = words.stage_line(one)
        if one.kind is StageKind.EXAMINATION:
            line = replace(line, text=f"{line.text} {words.examined(one.at)}")
        lines.append(line)
    return sorted(lines, key=lambda line: line.at or 0.0)


def _with_kind(line: Line, facts: HearingFacts, words: Wording) -> Line:
    """The secretary's words with what kind of step it was; of a statement also the file and the time in it."""
    kind, _, number = line.evidence.partition(":")
    if kind != "note":
        return line
    note = facts.notes[int(number) - 1]
    text = line.text
    if note.text.strip():
        text = words.form.say("say.action", kind=words.form.say(f"kind.{note.template.value}"), text=text)
    if note.template in _STATEMENTS:
        text += " " + words.examined(note.at)
    return Line(text, line.at, line.evidence)


def _not_noted(facts: HearingFacts, words: Wording) -> list[Line]:
    noted = {note.template.value for note in facts.notes}
    noted |= {change.state.value for change in facts.states if change.state is HearingState.DELIBERATION}
    noted |= {one.kind.value for one in words.heard() if one.standing is Standing.ACCEPTED}
    # Whoever noted a statement by the other name noted it.
    if noted & {one.value for one in _STATEMENTS}:
        noted |= {one.value for one in _STATEMENTS}
    missing = [words.form.say(f"kind.{step}").lower() for step in words.form.steps if step not in noted]
    return [words.line("say.not_noted", None, "note:0", kinds="; ".join(missing))] if missing else []
