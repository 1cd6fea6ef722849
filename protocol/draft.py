"""The draft of a protocol, made only from what was recorded, noted or recognised.

Pure and extractive: every line is a card entry, a secretary's note or tick, a computed figure or the machine's words
in quotation marks, and carries its evidence; where nothing is known the line says so. A person corrects and
signs it.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from court.attendance import Attendance, ticked
from court.hearing import HearingState
from court.notes import Note, NoteTemplate
from court.openness import Openness, openness_of
from court.people import CourtRole
from court.stages import StageKind
from protocol.actions import action_lines, spoken_course
from protocol.annexes import completeness_lines, course_lines, fault_lines, speeches, technical_facts, transcript_note
from protocol.completeness import missing_seconds, outages
from protocol.errors import FormError, ProtocolError
from protocol.facts import HearingFacts, Standing, Utterance, recording_name
from protocol.form import Form
from protocol.model import Field, Heading, Line, ProtocolDocument
from protocol.wording import Wording

# A note is made while or just before the words are spoken; what follows belongs to it until the next note.
LEAD_SECONDS = 3.0
STEP_SECONDS = 120.0
# The opening is noted late as often as in time: its words are sought by their cue on both sides of the note.
OPENING_SECONDS = 60.0


def draft(facts: HearingFacts, form: Form) -> ProtocolDocument:
    """The document in the form's language; not yet finalised (see `finalise`).

    Raises ProtocolError for a hearing that ends before it begins, FormError for a form that cannot be filled.
    """
    if facts.length < 0:
        raise ProtocolError(
            f"The hearing {facts.card.case_number} ends {-facts.length:g} s before it begins: run courtrec verify."
        )
    writer = _Writer(facts, form)
    words = writer.words
    card = facts.card
    return ProtocolDocument(
        form=form.name,
        language=form.language,
        hearing=facts.hearing,
        recording=recording_name(card.case_number, facts.started, facts.zone, facts.hearing),
        closed=openness_of(facts.openness, 0.0, facts.length) is Openness.CLOSED,
        heading=Heading(
            court=card.court,
            case_number=card.case_number.verbatim,
            title=form.say("page.title"),
            subtitle=form.say("page.subtitle", number=card.case_number.verbatim),
            judge=card.judge,
            secretary=card.secretary,
        ),
        fields=tuple(
            Field(number, form.labels[key], tuple(writer.field(key)), key) for number, key in enumerate(form.fields, 1)
        ),
        # What a field says already no annex repeats.
        course=() if {"actions", "course"} & set(form.fields) else tuple(course_lines(facts, words)),
        completeness=tuple(completeness_lines(facts, words)),
        transcript_note=transcript_note(facts, words),
        transcript=() if "course" in form.fields else tuple(speeches(facts, words)),
        technical=tuple(technical_facts(facts, words)),
    )


def finalise(document: ProtocolDocument, form: Form, moment: datetime) -> ProtocolDocument:
    """The same document in final form: the field for it bears the date of `moment`, in the zone it carries."""
    if "finalised" not in form.fields:
        return document
    numbers = [one.number for one in document.fields if one.label == form.labels["finalised"]]
    if not numbers:
        raise FormError(
            f"The form {form.name!r} was changed after this draft was made: undo the change of the label of its field "
            "'finalised' or draft the protocol again."
        )
    text = form.say("say.finalised", date=form.moment("date", moment))
    return document.with_field(numbers[0], (Line(text, None, "clock"),))


_ATTENDANCE = {
    Attendance.APPEARED: "say.present",
    Attendance.NOTIFIED: "say.absent_notified",
    Attendance.NOT_NOTIFIED: "say.absent_not_notified",
}


class _Writer:
    """Writes the fields of one form, one method per field key."""

    def __init__(self, facts: HearingFacts, form: Form) -> None:
        self.facts = facts
        self.form = form
        self.words = Wording(facts, form)

    def field(self, key: str) -> Iterable[Line]:
        fields: dict[str, Callable[[], Iterable[Line]]] = {
            "date_place": self.date_place,
            "time": self.time,
            "court": self.court,
            "case": self.case,
            "defendant": self.defendant,
            "grounds": self.grounds,
            "appearance": self.appearance,
            "breaks": self.breaks,
            "actions": lambda: action_lines(self.facts, self.words),
            "course": lambda: spoken_course(self.facts, self.words),
            "decision": self.decision,
            "finalised": self.finalised,
            "recording": self.recording,
            "file": self.file,
        }
        if key not in fields:
            raise FormError(f"The form {self.form.name!r} has a field {key!r}: use {', '.join(fields)}.")
        return fields[key]()

    def date_place(self) -> Iterable[Line]:
        yield self.line("say.date", None, "clock", date=self.words.date(0.0))
        yield self.from_card("place", "say.place", "say.what_place", place=self.facts.card.place)

    def time(self) -> Iterable[Line]:
        opening = self.words.note_of(NoteTemplate.OPENING)
        at, evidence = (opening[1].at, f"note:{opening[0]}") if opening else (0.0, "clock")
        for stage in self.words.heard(StageKind.OPENING):
            if stage.standing is Standing.ACCEPTED:
                at, evidence = stage.at, stage.evidence
        yield self.line("say.started", at, evidence, time=self.words.time(at))
        spoken = self.spoken(CourtRole.JUDGE, "opening", at - OPENING_SECONDS, at + OPENING_SECONDS)
        yield from self.quote("say.opening_words", spoken)
        opened = at
        closings = self.words.notes_of(NoteTemplate.CLOSING)
        # The last, since a hearing may be resumed after it; but none that was noted before the opening.
        number, note = next((one for one in reversed(closings) if one[1].at >= opened), (0, None))
        at = note.at if note else self.facts.length
        yield self.line("say.ended", at, f"note:{number}" if note else "clock", time=self.words.time(at))
        if closings and not note:
            number, early = closings[-1]
            yield self.line("say.closed_early", early.at, f"note:{number}", time=self.words.clock(early.at))
        yield self.line(
            "say.span",
            None,
            "clock",
            start=self.words.clock(0.0),
            end=self.words.clock(self.facts.length),
            length=self.form.length(self.facts.length),
            offset=self.words.offset(0.0),
        )

    def court(self) -> Iterable[Line]:
        for name in ("court", "judge", "secretary"):
            what = f"say.what_{name}"
            value: str = getattr(self.facts.card, name)
            yield self.from_card(name, "say.named", what, what=self.form.say(what), name=value)

    def case(self) -> Iterable[Line]:
        yield self.from_card("case_title", "say.title", "say.what_title", title=self.facts.card.case_title)
        yield self.line("say.number", None, "card:case_number", number=self.facts.card.case_number.verbatim)

    def defendant(self) -> Iterable[Line]:
        people = [one for one in enumerate(self.facts.card.participants, 1) if one[1].role is CourtRole.DEFENDANT]
        for number, person in people:
            name = person.name + (f"; {person.note}" if person.note else "")
            yield self.line(
                "say.named", None, f"card:participant:{number}", what=self.words.role(person.role), name=name
            )
        if not people:
            yield self.line("say.no_defendant", None, "card:participants")
        yield self.line("say.identity", None, "card:participants")

    def grounds(self) -> Iterable[Line]:
        faults = [one for one in outages(self.facts) if one.missing]
        if faults:
            yield self.line("say.full_incomplete", None, "gap:*", length=self.form.length(missing_seconds(faults)))
        else:
            yield self.line("say.full_ordered", None, "gap:0")

    def appearance(self) -> Iterable[Line]:
        ticks = ticked(self.facts.card.participants, self.facts.attendance)
        for number, person in enumerate(self.facts.card.participants, 1):
            sentence, at, evidence = (
                "say.present" if person.present else "say.absent",
                None,
                f"card:participant:{number}",
            )
            if number in ticks:
                place, tick = ticks[number]
                sentence, at, evidence = _ATTENDANCE[tick.attendance], tick.at, f"attendance:{place}"
            yield self.line(
                sentence,
                at,
                evidence,
                role=self.words.role(person.role),
                name=person.name,
                note=f"; {person.note}" if person.note else "",
            )
        if not self.facts.card.participants:
            yield self.line("say.nobody", None, "card:participants")
        for number, note in self.words.notes_of(NoteTemplate.APPEARANCE):
            yield self.words.note_line(number, note)
            start, end = self.step_of(note)
            yield from self.quote("say.appearance_words", self.first(CourtRole.SECRETARY, start, end))

    def breaks(self) -> Iterable[Line]:
        away = {HearingState.PAUSED: "say.break", HearingState.DELIBERATION: "say.deliberation"}
        spans = [one for one in self.words.state_spans() if one.state in away]
        for span in spans:
            yield self.line(
                away[span.state],
                span.start,
                f"state:{span.number}",
                start=self.words.clock(span.start),
                end=self.words.clock(span.end),
                length=self.form.length(span.end - span.start),
            )
        if not spans:
            yield self.line("say.no_breaks", None, "state:0")
        noted = [
            (number, note) for number, note in enumerate(self.facts.notes, 1) if self.matches("adjourned", note.text)
        ]
        for number, note in noted:
            yield self.line("say.adjourned", note.at, f"note:{number}", text=note.text)
        if not noted:
            yield from self.quote("say.adjourned_words", self.spoken(CourtRole.JUDGE, "adjourned", 0.0, None))

    def decision(self) -> Iterable[Line]:
        noted = self.words.notes_of(NoteTemplate.ANNOUNCEMENT)
        for number, note in noted:
            yield self.words.note_line(number, note)
            start, end = self.step_of(note)
            for found in self.between(CourtRole.JUDGE, start, end):
                yield from self.quote("say.decision_words", found)
        heard = self.words.heard(StageKind.ANNOUNCEMENT)
        yield from map(self.words.stage_line, heard)
        if not noted and not heard:
            yield self.line("say.not_announced", None, "note:0")

    def finalised(self) -> Iterable[Line]:
        yield self.line("say.not_finalised", None, "clock")

    def recording(self) -> Iterable[Line]:
        # Opening and announcement are made in one breath and may be noted in one note.
        openings = self.words.notes_of(NoteTemplate.OPENING)
        opening = next((one for one in openings if self.matches("recording", one[1].text)), None)
        noted = self.words.note_of(NoteTemplate.RECORDING_ANNOUNCED) or opening
        spoken = self.spoken(CourtRole.JUDGE, "recording", 0.0, None)
        if noted:
            yield self.words.note_line(*noted)
        elif spoken:
            yield from self.quote("say.recording_words", spoken)
        else:
            yield self.line("say.recording_missing", None, "note:0")
        captured = [track for track in self.facts.tracks if not track.derived]
        kinds = [track.kind for track in captured]
        yield self.line("say.means", None, "track:*", microphones=kinds.count("audio"), cameras=kinds.count("video"))
        faults = [one for one in outages(self.facts) if one.missing]
        if not faults:
            yield self.line("say.complete", None, "gap:0")
            return
        incomplete = self.line("say.incomplete", None, "gap:*", length=self.form.length(missing_seconds(faults)))
        instead = " " + self.form.say("say.full_instead") if self.form.full else ""
        yield replace(incomplete, text=incomplete.text + instead)
        yield from fault_lines(faults, self.words)

    def file(self) -> Iterable[Line]:
        name = recording_name(self.facts.card.case_number, self.facts.started, self.facts.zone, self.facts.hearing)
        yield self.line("say.file", 0.0, "ledger", name=name)
        yield self.line("say.ledger", None, "ledger", size=self.facts.ledger.size, root=self.facts.ledger.root)

    # ---- lines

    def line(self, sentence: str, at: float | None, evidence: str, /, **values: object) -> Line:
        return self.words.line(sentence, at, evidence, **values)

    def from_card(self, entry: str, sentence: str, what: str, /, **values: str) -> Line:
        """The sentence made of a card entry, or the statement that the card lacks it."""
        if getattr(self.facts.card, entry):
            return self.line(sentence, None, f"card:{entry}", **values)
        return self.line("say.not_given", None, f"card:{entry}", what=self.form.say(what))

    def quote(self, sentence: str, found: tuple[int, Utterance] | None) -> Iterable[Line]:
        if found:
            number, spoken = found
            yield self.line(sentence, spoken.start, f"utterance:{number}", words=spoken.text.strip())

    # ---- what was said

    def step_of(self, note: Note) -> tuple[float, float]:
        """[start, end) seconds that a note stands for: from just before it to just before the next note."""
        later = [one.at - LEAD_SECONDS for one in self.facts.notes if one.at > note.at]
        end = min([*later, note.at + STEP_SECONDS])
        return note.at - LEAD_SECONDS, end

    def between(self, role: CourtRole, start: float, end: float | None) -> list[tuple[int, Utterance]]:
        """Utterances of `role` beginning in [start, end) seconds, in time order, with their numbers."""
        found = [
            (number, one)
            for number, one in enumerate(self.facts.utterances, 1)
            if one.role is role and one.start >= start and (end is None or one.start < end)
        ]
        return sorted(found, key=lambda pair: pair[1].start)

    def first(self, role: CourtRole, start: float, end: float | None) -> tuple[int, Utterance] | None:
        return next(iter(self.between(role, start, end)), None)

    def spoken(self, role: CourtRole, cue: str, start: float, end: float | None) -> tuple[int, Utterance] | None:
        """The first utterance of `role` in the span with a word of that cue."""
        return next((pair for pair in self.between(role, start, end) if self.matches(cue, pair[1].text)), None)

    def matches(self, cue: str, text: str) -> bool:
        folded = text.casefold()
        return any(stem in folded for stem in self.form.cues[cue])
