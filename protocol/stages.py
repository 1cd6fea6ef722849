"""Stages of a hearing: those that notes and states tell, and those that spoken cues suggest. Pure and extractive.

What is noted is certain. What is only heard is a proposal with the sentence it rests on, however clear that sentence
is, until a person accepts it. The rules, in order: a cue is heard at a microphone of a role that may say it, in a
sentence that is not a quotation and, as a rule, no question; sentences of one kind close together are one stage; what a
note tells near by is not proposed again; what a person accepted or refused stays so; and of the rest the heaviest
sequence remains that runs in the order of a hearing. A stage that nobody noted and nobody spoke of is not there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from court.hearing import HearingState
from court.notes import Note, NoteTemplate
from court.people import CourtRole
from court.stages import StageDecision, StageKind
from protocol.cue import Cues, sentences
from protocol.facts import Stage, Standing, StateChange, Utterance

TOGETHER_SECONDS = 90.0
"""Sentences of one kind no further apart are one stage; a note stands for what was said so near to it."""
SLACK_SECONDS = 10.0
"""How far another transcription may move the words that a decision was made on."""

_S = StageKind
_NOTED = {
    NoteTemplate.OPENING: _S.OPENING,
    NoteTemplate.RIGHTS: _S.RIGHTS,
    NoteTemplate.MOTION: _S.MOTION,
    NoteTemplate.RULING: _S.RULING,
    NoteTemplate.EXPLANATIONS: _S.EXAMINATION,
    NoteTemplate.EXAMINATION: _S.EXAMINATION,
    NoteTemplate.DOCUMENTS: _S.DOCUMENTS,
    NoteTemplate.EVIDENCE: _S.DOCUMENTS,
    NoteTemplate.PLEADINGS: _S.PLEADINGS,
    NoteTemplate.LAST_WORD: _S.LAST_WORD,
    NoteTemplate.ANNOUNCEMENT: _S.ANNOUNCEMENT,
}
# The order of a hearing. What may come at any time has no place in it.
_PLACE = {
    _S.OPENING: 0,
    _S.RIGHTS: 1,
    _S.EXAMINATION: 2,
    _S.DOCUMENTS: 2,
    _S.PLEADINGS: 3,
    _S.LAST_WORD: 4,
    _S.ANNOUNCEMENT: 5,
}
_REPEATED = frozenset({_S.EXAMINATION, _S.DOCUMENTS, _S.LAST_WORD})
_ONCE = frozenset(_PLACE) - _REPEATED
_CERTAIN = 1000.0  # outweighs whatever is heard
_MOST = 2.0  # a stage that was spoken of at length is not likelier for it
_DOUBTFUL = 0.5


@dataclass(frozen=True, slots=True)
class _Heard:
    """One or more sentences of a kind, said at `at`…`until` seconds; the first one is the evidence."""

    kind: StageKind
    role: CourtRole | None
    at: float
    until: float
    number: int
    sentence: str
    weight: float
    doubtful: bool

    def with_more(self, more: "_Heard") -> "_Heard":
        return replace(self, until=more.at, weight=min(_MOST, self.weight + more.weight))


def stages(
    notes: Sequence[Note],
    states: Sequence[StateChange],
    utterances: Sequence[Utterance],
    cues: Mapping[str, Cues],
    language: str,
    decisions: Sequence[StageDecision] = (),
) -> list[Stage]:
    """In order of time. `cues` by language; `language` is the hearing's, for words of which none is known.

    Evidence counts from 1 in `notes`, `states` and `utterances`, as in the draft's lines.
    """
    told = [*_noted(notes), *_entered(states)]
    heard = _together(_heard(utterances, cues, language))
    decided, open_ = _decided(_untold(heard, told), decisions)
    decided += _accepted_unheard(decisions, [*told, *decided], utterances)
    certain = [*told, *(one for one in decided if one.standing is Standing.ACCEPTED)]
    return sorted([*told, *decided, *_in_order(open_, certain)], key=lambda one: one.at)


def _noted(notes: Sequence[Note]) -> list[Stage]:
    return [
        Stage(_NOTED[note.template], note.at, f"note:{number}", note.text.strip())
        for number, note in enumerate(notes, 1)
        if note.template in _NOTED
    ]


def _entered(states: Sequence[StateChange]) -> list[Stage]:
    return [
        Stage(StageKind.RETIREMENT, change.at, f"state:{number}", "")
        for number, change in enumerate(states, 1)
        if change.state is HearingState.DELIBERATION
    ]


def _heard(utterances: Sequence[Utterance], cues: Mapping[str, Cues], language: str) -> list[_Heard]:
    """Every sentence with a cue, in order of time."""
    found = []
    for number, one in sorted(enumerate(utterances, 1), key=lambda pair: pair[1].start):
        known = cues[one.language if one.language in cues else language]
        for sentence in sentences(one.text):
            for kind, cue in known.items():
                if cue.heard(sentence, one.role):
                    weight = _DOUBTFUL if one.flags else 1.0
                    found.append(
                        _Heard(kind, one.role, one.start, one.start, number, sentence.text, weight, bool(one.flags))
                    )
    return found


def _together(heard: Iterable[_Heard]) -> list[_Heard]:
    """Sentences of one kind close together become one; motions only of the same side, and up to the ruling."""
    found: list[_Heard] = []
    for one in heard:
        last = next((n for n in range(len(found) - 1, -1, -1) if found[n].kind is one.kind), None)
        if last is not None and _same(found[last], one, found[last + 1 :]):
            found[last] = found[last].with_more(one)
        else:
            found.append(one)
    return found


def _same(before: _Heard, one: _Heard, between: Sequence[_Heard]) -> bool:
    if one.kind is StageKind.DOCUMENTS and not between:
        return True  # one document after the other
    if one.at - before.until > TOGETHER_SECONDS:
        return False
    if one.kind is StageKind.MOTION:
        return one.role is before.role and not any(each.kind is StageKind.RULING for each in between)
    if one.kind is StageKind.RULING:
        return not any(each.kind is StageKind.MOTION for each in between)
    return True


def _untold(heard: Sequence[_Heard], told: Sequence[Stage]) -> list[_Heard]:
    """What no note or state tells already."""
    return [one for one in heard if not any(_tells(each, one) for each in told)]


def _tells(told: Stage, heard: _Heard) -> bool:
    near = heard.at - TOGETHER_SECONDS <= told.at <= heard.until + TOGETHER_SECONDS
    return told.kind is heard.kind and (near or heard.kind in _ONCE)


def _decided(heard: Sequence[_Heard], decisions: Sequence[StageDecision]) -> tuple[list[Stage], list[_Heard]]:
    """What a person accepted or refused, and what nobody has decided on."""
    decided, left = [], []
    for one in heard:
        last = next((each for each in reversed(decisions) if _meant(each, one)), None)
        if last is None:
            left.append(one)
        else:
            decided.append(_stage(one, Standing.ACCEPTED if last.accepted else Standing.REFUSED, last.by))
    return decided, left


def _meant(decision: StageDecision, heard: _Heard) -> bool:
    return decision.kind is heard.kind and heard.at - SLACK_SECONDS <= decision.at <= heard.until + SLACK_SECONDS


def _accepted_unheard(
    decisions: Sequence[StageDecision], known: Sequence[Stage], utterances: Sequence[Utterance]
) -> list[Stage]:
    """What was accepted and has no cue in this version of the text: it stands with what is written at its moment."""
    last: list[StageDecision] = []
    for one in decisions:
        last = [each for each in last if not _alike(each.kind, each.at, one)] + [one]
    found = []
    for one in last:
        if one.accepted and not any(_alike(each.kind, each.at, one) for each in known):
            near = min(enumerate(utterances, 1), key=lambda pair: abs(pair[1].start - one.at), default=None)
            if near is not None and abs(near[1].start - one.at) <= SLACK_SECONDS:
                evidence, quote = f"utterance:{near[0]}", near[1].text.strip()
            else:
                evidence, quote = "stage:0", ""
            found.append(Stage(one.kind, one.at, evidence, quote, Standing.ACCEPTED, one.by))
    return found


def _alike(kind: StageKind, at: float, decision: StageDecision) -> bool:
    return kind is decision.kind and abs(at - decision.at) <= TOGETHER_SECONDS


def _in_order(heard: Sequence[_Heard], certain: Sequence[Stage]) -> list[Stage]:
    """The proposals that remain once those are left out that do not fit into the order of a hearing."""
    placed = [one for one in heard if one.kind in _PLACE]
    items = [(one.at, one.kind, one.weight, one) for one in placed]
    fixed = [(one.at, one.kind, _CERTAIN, None) for one in certain if one.kind in _PLACE]
    chosen = _heaviest(sorted([*items, *fixed], key=lambda one: one[0]))
    kept = [one for _, _, _, one in chosen if one is not None]
    begun = min((at for at, kind, _, _ in chosen if kind is StageKind.OPENING), default=0.0)
    pleading = min((at for at, kind, _, _ in chosen if kind is StageKind.PLEADINGS), default=float("inf"))
    told = min((at for at, kind, _, _ in chosen if kind is StageKind.ANNOUNCEMENT), default=float("inf"))
    # What a party asks for when it pleads is no motion; what the court reads out with its decision is no ruling.
    until = {StageKind.MOTION: pleading, StageKind.RULING: told, StageKind.RETIREMENT: told}
    kept += [one for one in heard if one.kind in until and begun <= one.at < until[one.kind]]
    return [_stage(one, Standing.PROPOSED) for one in kept]


_Item = tuple[float, StageKind, float, _Heard | None]


def _heaviest(items: Sequence[_Item]) -> list[_Item]:
    """The sequence of the greatest weight that runs in the order of a hearing; of two alike the one that is earlier."""
    best: list[tuple[float, list[_Item]]] = []
    for n, one in enumerate(items):
        before = [best[m] for m in range(n) if _follows(items[m][1], one[1])]
        weight, chain = max(before, key=lambda each: each[0], default=(0.0, []))
        best.append((weight + one[2], [*chain, one]))
    return max(best, key=lambda each: each[0], default=(0.0, []))[1]


def _follows(before: StageKind, kind: StageKind) -> bool:
    same = _PLACE[before] == _PLACE[kind] and kind in _REPEATED
    return _PLACE[before] < _PLACE[kind] or same


def _stage(one: _Heard, standing: Standing, by: str = "") -> Stage:
    return Stage(one.kind, one.at, f"utterance:{one.number}", one.sentence, standing, by, one.doubtful)
