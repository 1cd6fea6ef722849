"""The facts of one hearing put into the words of one form."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from court.hearing import HearingState
from court.notes import Note, NoteTemplate
from court.people import CourtRole
from court.stages import StageKind
from court.timeline import clock_text
from protocol.facts import HearingFacts, ModelFact, Stage, Standing, TrackFact, Utterance, recording_name
from protocol.form import Form
from protocol.model import Line


@dataclass(frozen=True, slots=True)
class StateSpan:
    """The hearing was in `state` during [start, end) seconds; `number` counts changes from 1."""

    state: HearingState
    start: float
    end: float
    number: int


class Wording:
    """Sentences, times and names of one hearing in the form's language; `at` is seconds of its timeline."""

    def __init__(self, facts: HearingFacts, form: Form) -> None:
        self.facts = facts
        self.form = form

    # ---- times

    def moment(self, at: float) -> datetime:
        """Court time of `at`: the start plus the timeline, so a jump of the wall clock changes nothing."""
        return (self.facts.started.astimezone(UTC) + timedelta(seconds=at)).astimezone(self.facts.zone)

    def date(self, at: float) -> str:
        return self.form.moment("date", self.moment(at))

    def time(self, at: float) -> str:
        return self.form.moment("time", self.moment(at))

    def clock(self, at: float) -> str:
        return self.form.moment("clock", self.moment(at))

    def offset(self, at: float) -> str:
        return utc_offset(self.moment(at))

    # ---- names

    def role(self, role: CourtRole | None) -> str:
        return self.form.say(f"role.{role.value if role else 'unknown'}")

    def speaker(self, one: Utterance) -> str:
        """The role, and of people who share a microphone the name, or which of the voices there it is."""
        if one.speaker or one.voice:
            return f"{self.role(one.role)}, {one.speaker or self.form.say('role.voice', number=one.voice)}"
        return self.role(one.role)

    def track(self, track: TrackFact) -> str:
        if track.derived:
            return self.form.say("track.mix", name=track.track)
        if track.kind == "video":
            return self.form.say("track.camera", name=track.track.removeprefix("cam-"))
        # Several microphones of one role are told apart by the name after the role.
        extra = track.track.removeprefix(f"mic-{track.role.value}").lstrip("-") if track.role else track.track
        return self.form.say("track.microphone", role=self.role(track.role) + (f" {extra}" if extra else ""))

    def tracks(self, names: tuple[str, ...]) -> str:
        known = {one.track: one for one in self.facts.tracks}
        return ", ".join(self.track(known[name]) for name in names)

    def model(self, model: ModelFact) -> str:
        return self.form.say("technical.model_value", engine=model.engine, sha256=model.sha256)

    # ---- lines

    def line(self, sentence: str, at: float | None, evidence: str, /, **values: object) -> Line:
        text = self.form.say(sentence, **values)
        # A card entry may itself end in a full stop ("Асанов Б. Т."), which must not be doubled.
        text = text[:-1] if text.endswith("..") else text
        return Line(text, None if at is None else round(max(0.0, at), 3), evidence)

    def note_line(self, number: int, note: Note) -> Line:
        """The secretary's own words, or the name of the step where only its button was pressed."""
        text = note.text.strip() or self.form.say(f"step.{note.template.value}")
        text += "" if text.endswith((".", "!", "?", "…")) else "."
        return Line(text, round(note.at, 3), f"note:{number}")

    def stage_line(self, stage: Stage) -> Line:
        """A stage that was only heard: the words it rests on, and whether a person confirmed it."""
        kind = self.form.say(f"kind.{stage.kind.value}")
        if not stage.quote:
            return self.line("say.stage_unheard", stage.at, stage.evidence, kind=kind, by=stage.by)
        spoken = self.facts.utterances[int(stage.evidence.partition(":")[2]) - 1]
        proposed = stage.standing is Standing.PROPOSED
        line = self.line(
            "say.stage_proposed" if proposed else "say.stage_accepted",
            stage.at,
            stage.evidence,
            kind=kind,
            speaker=self.speaker(spoken),
            words=stage.quote + " [?]" * stage.doubtful,
            by=stage.by,
        )
        return replace(line, proposed=proposed)

    def examined(self, at: float) -> str:
        """File and time of a statement that began then."""
        file = recording_name(self.facts.card.case_number, self.facts.started, self.facts.zone, self.facts.hearing)
        return self.form.say("say.examined", file=file, start=clock_text(at), next=clock_text(self.step_after(at)))

    # ---- facts by kind

    def heard(self, kind: StageKind | None = None) -> list[Stage]:
        """Stages, of one kind or all, that no note or state told and nobody refused."""
        heard = (Standing.ACCEPTED, Standing.PROPOSED)
        found = [one for one in self.facts.stages if one.standing in heard]
        return [one for one in found if kind in (None, one.kind)]

    def notes_of(self, template: NoteTemplate) -> list[tuple[int, Note]]:
        """Notes of a kind with their numbers, in time order."""
        found = [(number, note) for number, note in enumerate(self.facts.notes, 1) if note.template is template]
        return sorted(found, key=lambda pair: pair[1].at)

    def note_of(self, template: NoteTemplate) -> tuple[int, Note] | None:
        """The first note of a kind."""
        return next(iter(self.notes_of(template)), None)

    def step_after(self, at: float) -> float:
        """When the next note was made or stage accepted, or the recording interrupted or ended."""
        moments = [one.at for one in self.facts.notes] + [one.at for one in self.facts.states]
        moments += [one.at for one in self.heard() if one.standing is Standing.ACCEPTED]
        return min((one for one in moments if one > at), default=self.facts.length)

    def state_spans(self) -> list[StateSpan]:
        """The states the hearing passed through, each until the next change."""
        changes = list(enumerate(self.facts.states, 1))
        ends = [change.at for _, change in changes[1:]] + [self.facts.length]
        return [
            StateSpan(change.state, change.at, max(end, change.at), number)
            for (number, change), end in zip(changes, ends, strict=True)
        ]


def utc_offset(moment: datetime) -> str:
    """`UTC+06:00` for the zone `moment` carries."""
    text = moment.strftime("%z") or "+0000"
    return f"UTC{text[:3]}:{text[3:5]}"
