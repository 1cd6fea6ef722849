"""The annexes of a protocol: course of the hearing, completeness, machine transcript, technical facts."""

from collections.abc import Iterable

from court.clock import iso_utc
from court.grade import Grade
from court.hearing import HearingState
from court.timeline import GapCause, clock_text
from protocol.completeness import Outage, outages
from protocol.facts import HearingFacts, recording_name
from protocol.model import Fact, Line, Speech
from protocol.wording import Wording


def course_lines(facts: HearingFacts, words: Wording) -> list[Line]:
    """Every step the secretary noted, every interruption, and what was heard besides, in time order."""
    lines = [*told_lines(facts, words), *map(words.stage_line, words.heard())]
    return sorted(lines, key=lambda line: line.at or 0.0)


def told_lines(facts: HearingFacts, words: Wording) -> list[Line]:
    """Every step the secretary noted and every interruption."""
    lines = [words.note_line(number, note) for number, note in enumerate(facts.notes, 1)]
    away = {HearingState.PAUSED: "say.break", HearingState.DELIBERATION: "say.deliberation"}
    for span in words.state_spans():
        if span.state in away:
            lines.append(
                words.line(
                    away[span.state],
                    span.start,
                    f"state:{span.number}",
                    start=words.clock(span.start),
                    end=words.clock(span.end),
                    length=words.form.length(span.end - span.start),
                )
            )
    return lines + mute_lines(facts, words)


def mute_lines(facts: HearingFacts, words: Wording) -> list[Line]:
    """When microphones were declared muted."""
    known = {one.track: one for one in facts.tracks}
    return [
        words.line(
            "say.muted",
            one.start,
            f"mute:{number}",
            start=words.clock(one.start),
            end=words.clock(facts.length if one.end is None else one.end),
            track=words.track(known[one.track]),
        )
        for number, one in enumerate(facts.mutes, 1)
        if one.track in known
    ]


def completeness_lines(facts: HearingFacts, words: Wording) -> list[Line]:
    """Every stretch without recording, declared or not, with its cause and the device's own words."""
    found = fault_lines(outages(facts), words)
    return found or [words.line("say.no_gaps", None, "gap:0")]


def fault_lines(found: Iterable[Outage], words: Wording) -> list[Line]:
    lines = []
    for one in found:
        cause = words.form.say(f"cause.{one.cause.value if one.cause else 'unexplained'}")
        line = words.line(
            "say.spare" if one.spare else "say.gap",
            one.start,
            f"gap:{one.number}",
            start=words.clock(one.start),
            end=words.clock(one.end),
            length=words.form.length(one.end - one.start),
            cause=cause,
            tracks=words.tracks(one.tracks),
        )
        whose = "say.written_off" if one.cause is GapCause.UNDELIVERED else "say.log"
        log = " " + words.form.say(whose, log=one.log) if one.log else ""
        lines.append(Line(line.text + log, line.at, line.evidence))
    return lines


def speeches(facts: HearingFacts, words: Wording) -> list[Speech]:
    """The transcript in time order, as far as it was corrected; utterances without words are none."""
    numbered = sorted(enumerate(facts.utterances, 1), key=lambda pair: (pair[1].start, pair[0]))
    return [
        Speech(
            round(one.start, 3),
            words.speaker(one),
            one.text.strip(),
            bool(one.flags),
            f"utterance:{number}",
            bool(one.corrected_by),
        )
        for number, one in numbered
        if one.text.strip()
    ]


def transcript_note(facts: HearingFacts, words: Wording) -> str:
    """What the transcript is, by which model, who corrected it, and where it has holes."""
    say = words.form.say
    models = "; ".join(words.model(one) for one in facts.models) or say("say.no_models")
    note = say("say.transcript_above" if "course" in words.form.fields else "say.transcript", models=models)
    people = [one.corrected_by for one in facts.utterances if one.corrected_by]
    if people:
        note += " " + say("say.corrected", count=len(people), names=", ".join(dict.fromkeys(people)))
    if facts.untranscribed:
        spans = ", ".join(f"{clock_text(start)}–{clock_text(end)}" for start, end in facts.untranscribed)
        note += " " + say("say.untranscribed", spans=spans)
    if facts.no_recogniser:
        note += " " + say("say.no_recogniser")
    if facts.untranscribed_because:
        note += " " + say("say.untranscribed_because", reasons=" ".join(facts.untranscribed_because))
    return note


def self_test_facts(facts: HearingFacts, words: Wording) -> list[Fact]:
    """That the room was tested before the hearing, and of which devices something was wrong then."""
    if facts.tested is None:
        return []
    say, known = words.form.say, {one.track: one for one in facts.tracks}
    wrong = dict.fromkeys(one.subject for one in facts.tested.findings if one.grade is not Grade.GREEN)
    names = [words.track(known[one]) if one in known else say("technical.self_test_machine") for one in wrong]
    what = say("technical.self_test_remarks", names=", ".join(names)) if names else say("technical.self_test_good")
    at = facts.tested.at.astimezone(facts.zone)
    date, time = words.form.moment("date", at), words.form.moment("clock", at)
    return [Fact(say("technical.self_test"), say("technical.self_test_value", date=date, time=time, what=what))]


def technical_facts(facts: HearingFacts, words: Wording) -> list[Fact]:
    """How the recording, its log and the recogniser can be identified."""
    say = words.form.say
    rows = [
        Fact(say("technical.hearing"), facts.hearing),
        Fact(say("technical.room"), facts.room),
        Fact(
            say("technical.recording"),
            recording_name(facts.card.case_number, facts.started, facts.zone, facts.hearing),
        ),
        *self_test_facts(facts, words),
        Fact(say("technical.started"), iso_utc(facts.started)),
        Fact(say("technical.ended"), iso_utc(facts.ended)),
    ]
    for track in facts.tracks:
        value = say(
            "technical.track_value",
            what=words.track(track),
            device=track.device or "—",
            segments=len(track.segments),
            bytes=track.bytes,
        )
        rows.append(Fact(say("technical.track", track=track.track), value))
    rows += [Fact(say("technical.model"), words.model(one)) for one in facts.models]
    if facts.hotwords:
        rows.append(Fact(say("technical.hotwords"), say("technical.hotwords_value")))
    rows += [
        Fact(say("technical.ledger_size"), str(facts.ledger.size)),
        Fact(say("technical.ledger_root"), facts.ledger.root),
        Fact(say("technical.form"), f"{words.form.name}, {words.form.source}"),
    ]
    rows += [Fact(say("technical.spare"), one) for one in facts.spares]
    return [row for row in rows if row.value]
