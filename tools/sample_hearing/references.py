"""What is known about a sample hearing, as text: reference.json, reference.rttm, hearing.toml. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tools.sample_hearing.mix import RATE, Span, rttm
from tools.sample_hearing.script import Script, Turn
from tools.sample_hearing.timeline import Timeline

STOP_BEFORE_END = 0.5


@dataclass(frozen=True)
class Spoken:
    """A turn on the room's timeline: first and last sample, and the spans of actual speech in it."""

    turn: Turn
    start: int
    end: int
    speech: tuple[Span, ...]


def reference_json(spoken: Sequence[Spoken]) -> str:
    """The utterances in order: role, start and end in seconds, text, and ``in_break`` for what must not be recorded."""
    rows = [
        {
            "role": s.turn.role,
            "start": _time(s.start),
            "end": _time(s.end),
            "text": s.turn.text,
            "in_break": s.turn.slot.in_break,
        }
        for s in spoken
    ]
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def reference_rttm(recording: str, spoken: Sequence[Spoken]) -> str:
    """Who speaks when, speaker = role, without the break: it is not recorded."""
    speech = [(s.turn.role, a / RATE, b / RATE) for s in spoken if not s.turn.slot.in_break for a, b in s.speech]
    return rttm(recording, speech)


def hearing_toml(script: Script, spoken: Sequence[Spoken], timeline: Timeline) -> str:
    """The secretary's entries and actions; ``at`` is seconds on the room's timeline."""
    lines = ["# Made by tools/make_sample_hearing.py; do not edit."]
    lines += [f"{key} = {_quoted(value)}" for key, value in script.card.items()]
    for person in script.participants:
        lines += ["", "[[participant]]", f"role = {_quoted(person.role)}", f"name = {_quoted(person.name)}"]
        lines += [f"present = {str(person.present).lower()}", f"note = {_quoted(person.note)}"]
    for at, do, extra in _actions(spoken, timeline):
        lines += ["", "[[action]]", f"at = {at}", f"do = {_quoted(do)}"]
        lines += [f"{key} = {_quoted(value)}" for key, value in extra.items()]
    return "\n".join(lines) + "\n"


def _actions(spoken: Sequence[Spoken], timeline: Timeline) -> list[tuple[float, str, dict[str, str]]]:
    actions: list[tuple[float, str, dict[str, str]]] = [(0.0, "start", {})]
    for s in spoken:
        if s.turn.note is not None:
            actions.append((_time(s.start), "note", {"template": s.turn.note.template, "text": s.turn.note.text}))
    if timeline.pause is not None:
        actions += [(_time(timeline.pause[0]), "pause", {}), (_time(timeline.pause[1]), "resume", {})]
    actions.append((_time(timeline.length) - STOP_BEFORE_END, "stop", {}))
    return sorted(((round(at, 3), do, extra) for at, do, extra in actions), key=lambda action: action[0])


def _time(sample: int) -> float:
    return round(sample / RATE, 3)


def _quoted(text: str) -> str:
    # JSON's string escapes are all valid in a TOML basic string.
    return json.dumps(text, ensure_ascii=False)
