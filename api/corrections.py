"""Correcting a hearing's transcript: each correction is a revision over the machine's words, stated in the log.

An edit names the line it was made on, and a line never changes: a correction puts another in its place. So whoever was
slower is told what stands there now, and edits of different lines both stand.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from api.access import CLOSED_OFF_SITE, Action, decide
from api.caller import Caller
from api.context import Context
from api.errors import Conflict, Forbidden, Unusable
from api.gate import Sieve, enter
from court import correction
from court.card import HearingCard
from court.catalogue import N_
from court.correction import Deed, Revision
from court.hearing import HearingState
from court.lines import Line
from court.openness import Openness
from court.people import CourtRole
from protocol.filling import filled
from storage.db.lines import correction_body
from storage.db.models import Correction, Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind
from transcribe.speech import role_of

LONGEST_NAME = 200
OVERTAKEN = N_("Corrected meanwhile by {by}, so your change was not saved; the line now reads: “{text}”")
SIGNED = N_("The protocol is signed: the transcript it was made from is not corrected any more.")
NO_LINE = N_("There is no such line in the transcript that is shown: reload the page.")
NOT_NEIGHBOURS = N_("Another line stands between these two: only neighbouring lines become one.")
NOTHING_TO_UNDO = N_("This line is as the machine made it: there is nothing to undo.")
CORRECTED_ON = N_("What this correction made was corrected further: undo that first.")
NO_SPEAKER = N_("Choose who speaks from the list.")
USED_KEY = N_("This correction was sent before with another content: reload the page.")
_OPEN = frozenset(
    {HearingState.RECORDING, HearingState.PAUSED, HearingState.DELIBERATION, HearingState.ENDED, HearingState.DRAFT}
    | {HearingState.UNDER_CORRECTION}
)
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: `line` is the id of the line as the person saw it, `above` that of the one to merge it with,
    `at` after how many words to split, `speaker` one of `speakers`; `key` are 128 random bits in hex, the same when
    the same is asked for again."""

    deed: Deed
    key: str
    line: str
    text: str = ""
    at: int = 0
    above: str = ""
    role: str = ""
    voice: str = ""
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Corrected:
    """The ids of the lines that are gone, and of those that stand in their place."""

    before: tuple[str, ...]
    after: tuple[str, ...]


class Overtaken(Conflict):
    """Somebody else corrected the line `gone` meanwhile: `by` whom, and what stands there now."""

    def __init__(self, gone: str, by: str, lines: Sequence[Line]) -> None:
        self.gone = (gone,)
        self.by = by
        self.lines = tuple(one.id for one in lines)
        self.text = " ".join(one.text for one in lines if one.text)
        super().__init__(OVERTAKEN.format(by=by, text=self.text))


@dataclass(frozen=True, slots=True)
class Part:
    """One recording of the hearing, with its lines and where these lie on the hearing's timeline, in seconds."""

    id: str
    run: int
    lines: Sequence[Line]  # those around the ones that were asked for
    revisions: Sequence[Revision]
    placed: Callable[[Line], list[tuple[float, float]]]

    def at(self, line: str) -> int | None:
        return next((place for place, one in enumerate(self.lines) if one.id == line), None)

    def passes(self, sieve: Sieve, line: Line) -> bool:
        return all(sieve.passes(start, end) for start, end in self.placed(line))

    def knows(self, line: str) -> bool:
        return self.at(line) is not None or any(line == one.id for each in self.revisions for one in each.before)


def may_correct(caller: Caller, hearing: Hearing) -> bool:
    """Whether the page offers it: each line is asked about again."""
    decision = decide(caller.role, Action.CORRECT, Openness.OPEN, caller.place, False)
    return decision.allowed and HearingState(hearing.state) in _OPEN


def speakers(uow: UnitOfWork, hearing: Hearing) -> list[tuple[str, str, str, int]]:
    """Who may have said a line: role, label of a voice print, name, and the voice's number where it has no name."""
    card = HearingCard.parse(hearing.card)
    named = [(CourtRole.JUDGE, card.judge), (CourtRole.SECRETARY, card.secretary)]
    named += [(one.role, one.name) for one in card.participants]
    found = [(role.value, "", name, 0) for role, name in dict.fromkeys(named) if name]
    voices = [one for one in uow.voices.speakers(hearing.id) if not one.name]
    found += [(role_of(one.track), one.labels[0], "", one.number) for one in voices]
    return found + [(role.value, "", "", 0) for role in CourtRole]


def correct(context: Context, caller: Caller, hearing_id: str, order: Order) -> Corrected:
    """Carries out the order; the same one again does nothing and tells the same.

    Raises Forbidden, NotFound, Unusable for what cannot be done to the line, Overtaken where somebody was faster, and
    Conflict once the protocol is signed.
    """
    if _KEY.fullmatch(order.key) is None:
        raise Unusable(USED_KEY)
    now = context.clock.now().utc
    with context.database.begin() as uow:
        uow.hearings.lock(hearing_id)
        hearing = enter(uow, caller, hearing_id, Action.CORRECT)
        sieve = Sieve(uow, caller, hearing_id, Action.CORRECT)
        found = parts(context, uow, hearing, {one for one in (order.line, order.above) if one})
        done = next((row for one in found if (row := uow.lines.by_key(one.id, order.key))), None)
        if done is not None:
            return _as_before(done, order)
        if HearingState(hearing.state) not in _OPEN:
            raise Conflict(SIGNED)
        part = next((one for one in found if one.knows(order.line)), None)
        if part is None:
            raise Conflict(NO_LINE)
        if order.voice and order.voice not in uow.voices.by_label(hearing_id):
            raise Unusable(NO_SPEAKER)
        before, after = _carried_out(part, order, sieve)
        for one in (*before, *after):
            _require(sieve, part, one)
        row = uow.lines.made(
            part.id, part.run, key=order.key, deed=order.deed, before=before, after=after, by=caller.name, at=now
        )
        row.leaf_index = uow.log.record(LeafKind.CORRECTION, part.id, now, correction_body(row), context.server_key)
        uow.lines.add(row)
        return _corrected(row)


def parts(context: Context, uow: UnitOfWork, hearing: Hearing, named: Collection[str]) -> list[Part]:
    """The hearing's own recording, and the spare ones that are shown in its holes; of their lines those around the ones
    that are `named`: a correction costs the same in a long hearing as in a short one."""
    run = uow.runs.shown(hearing.id)
    fills = filled(uow, context.store, hearing)
    spares = list(dict.fromkeys(one.spare for one in fills))

    def own(line: Line) -> list[tuple[float, float]]:
        return [(line.start_ms / 1000, line.end_ms / 1000)]

    def beside(spare: str) -> Callable[[Line], list[tuple[float, float]]]:
        offsets = [one.offset.seconds for one in fills if one.spare == spare]
        return lambda line: [(line.start_ms / 1000 + one, line.end_ms / 1000 + one) for one in offsets]

    places = {hearing.id: own, **{one: beside(one) for one in spares}}
    found = []
    for one, placed in places.items():
        said = uow.lines.spans(one, named, run)
        lines = uow.lines.of(one, run, [correction.hull(said)]) if said else []
        found.append(Part(one, run, lines, uow.lines.revisions(one, run), placed))
    return found


def _carried_out(part: Part, order: Order, sieve: Sieve) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The lines before and after."""
    place = _present(part, order.line, sieve)
    line = part.lines[place]
    match order.deed:
        case Deed.TEXT:
            return (line,), (correction.edited(line, order.text),)
        case Deed.CONFIRM:
            return (line,), (correction.confirmed(line),)
        case Deed.SPEAKER:
            return (line,), (correction.spoken_by(line, *_speaker(order)),)
        case Deed.SPLIT:
            rewritten = correction.written(order.text) != line.text.split()
            return (line,), correction.split(correction.edited(line, order.text) if rewritten else line, order.at)
        case Deed.MERGE:
            above = part.lines[_present(part, order.above, sieve)]
            merged = correction.merged(above, line)
            _require(sieve, part, merged)  # before it is said whether anything, perhaps closed, stands between
            if part.at(order.above) != place - 1:
                raise Conflict(NOT_NEIGHBOURS)
            return (above, line), (merged,)
        case Deed.UNDO:
            return _undone(part, line)


def _present(part: Part, line: str, sieve: Sieve) -> int:
    """The place of the line; raises Overtaken with what stands there now. What the caller may not read is not there."""
    place = part.at(line)
    ids, last = ([line], None) if place is not None else correction.became(line, part.revisions)
    now = [one for one in part.lines if one.id in ids]
    if not now or not all(part.passes(sieve, one) for one in now):
        raise Conflict(NO_LINE)
    if place is None and last is not None:
        raise Overtaken(line, last.by, now)
    return part.lines.index(now[0])


def _undone(part: Part, line: Line) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    made = [one for one in part.revisions if one.deed is not Deed.UNDO and line.id in [each.id for each in one.after]]
    if not made:
        raise Unusable(NOTHING_TO_UNDO)
    if any(part.at(one.id) is None for one in made[-1].after):
        raise Conflict(CORRECTED_ON)
    return made[-1].after, made[-1].before


def _speaker(order: Order) -> tuple[str, str, str]:
    name = " ".join(order.speaker.split())
    if order.role not in {one.value for one in CourtRole} or len(name) > LONGEST_NAME or not name.isprintable():
        raise Unusable(NO_SPEAKER)
    return order.role, order.voice, name


def _require(sieve: Sieve, part: Part, line: Line) -> None:
    if not part.passes(sieve, line):
        raise Forbidden(CLOSED_OFF_SITE)


def _as_before(row: Correction, order: Order) -> Corrected:
    """What an order that came before made."""
    if row.deed != order.deed or order.line not in [one["id"] for one in row.before]:
        raise Conflict(USED_KEY)
    return _corrected(row)


def _corrected(row: Correction) -> Corrected:
    before, after = (tuple(one["id"] for one in lines) for lines in (row.before, row.after))
    return Corrected(before, after)
