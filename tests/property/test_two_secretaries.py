"""Two secretaries at two pages, requests that come late, twice or after a crash: nothing is ordered that nobody asked
for, and nothing twice."""

import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from court.hearing import HearingState, IllegalStep, step
from court.notes import NoteTemplate
from court.openness import Openness
from court.timeline import GapCause
from hardware.clock import SystemClock
from hardware.devices import AUDIO_RATE
from hardware.inputs import open_input
from recorder.assembly import hearing_facts, make_recording, open_sources, track_facts
from recorder.errors import Overtaken
from recorder.history import read_history
from recorder.journal import Journal
from recorder.plan import Ask, Command
from recorder.recording import Recording
from recorder.spool import HearingRow, Spool
from storage.ledger.chain import Chain
from storage.ledger.leaf import LeafKind, SignedLeaf, parse
from tests.factories.hearing_log import HEARING
from tests.factories.recordings import CARD, KEY, simulated_room, tone, write_wav

WHO = st.sampled_from("AB")
# The hearing shall go on for a while, so its end is asked for seldom.
STEPS = 4 * (Command.PAUSE, Command.DELIBERATE, Command.RESUME) + (Command.STOP,)
TARGET = {
    Command.PAUSE: HearingState.PAUSED, Command.DELIBERATE: HearingState.DELIBERATION,
    Command.RESUME: HearingState.RECORDING, Command.STOP: HearingState.ENDED,
}  # fmt: skip


@dataclass
class Press:
    """What one press of a button sent; `by` tells it from every other."""

    by: str
    what: Command | Openness | NoteTemplate
    seen: int
    back: int = 0
    came: bool = False


class TwoSecretaries(RuleBasedStateMachine):
    sent = Bundle("sent")

    @initialize()
    def begin(self) -> None:
        self.closing = ExitStack()
        folder = Path(self.closing.enter_context(tempfile.TemporaryDirectory()))
        self.room = simulated_room([write_wav(folder / "0.wav", tone(1, 440))], camera=False)
        self.spool = Spool(folder / "spool")
        self.closing.callback(self.spool.close)
        self.spool.begin(HearingRow(HEARING, "", "fast", scripted=False))
        journal = Journal(self.spool, Chain(HEARING, KEY.key_id), KEY, SystemClock())
        sources = open_sources(self.room, self.open_source)
        journal.begin(hearing_facts(CARD, self.room, "node", track_facts(self.room, sources), None))
        self.presses: list[Press] = []
        self.take_up()
        self.recording.obey(Command.START)
        self.views = dict.fromkeys("AB", (1, 0))

    def open_source(self, *given: Any) -> Any:
        source = open_input(*given)
        self.closing.callback(source.close)
        return source

    def take_up(self, position: int = 0) -> None:
        history = read_history(HEARING, KEY.key_id, [one.entry for one in self.spool.entries(HEARING)])
        journal = Journal(self.spool, history.chain, KEY, SystemClock())
        reason = (GapCause.DEVICE_LOST, "no device")
        self.recording: Recording = make_recording(self.room, journal, history, position, reason, lambda: True)

    def teardown(self) -> None:
        if hasattr(self, "closing"):
            self.closing.close()

    @rule(seconds=st.integers(0, 400))
    def time_passes(self, seconds: int) -> None:
        self.recording.position += seconds * AUDIO_RATE

    @rule()
    def the_node_crashes(self) -> None:
        self.take_up(self.recording.position)

    @rule(target=sent, who=WHO, looks=st.booleans(), what=st.sampled_from(STEPS))
    def presses_a_step(self, who: str, looks: bool, what: Command) -> Press:
        return self.pressed(who, looks, what)

    @rule(target=sent, who=WHO, looks=st.booleans(), what=st.sampled_from(Openness), back=st.sampled_from([0, 300]))
    def orders_openness(self, who: str, looks: bool, what: Openness, back: int) -> Press:
        return self.pressed(who, looks, what, 0 if what is Openness.OPEN else back)

    @rule(target=sent, who=WHO, what=st.sampled_from(NoteTemplate))
    def notes(self, who: str, what: NoteTemplate) -> Press:
        return self.pressed(who, False, what)

    def pressed(self, who: str, looks: bool, what: Command | Openness | NoteTemplate, back: int = 0) -> Press:
        """`looks`: the page was brought up to date first."""
        if looks:
            self.views[who] = (self.recording.plan.steps, len(self.recording.orders))
        press = Press(f"{who}-{len(self.presses)}", what, self.views[who][isinstance(what, Openness)], back)
        self.presses.append(press)
        return press

    @rule(press=sent)
    def arrives(self, press: Press) -> None:
        """At any time, in any order, any number of times: what the session's thread would do."""
        if self.recording.plan.ended:
            return  # Agent.stop repeats harmlessly; the session refuses everything else
        try:
            self.done(press)
        except (Overtaken, IllegalStep):
            return
        press.came = True
        if isinstance(press.what, Command):
            assert self.recording.plan.state is TARGET[press.what]
        elif isinstance(press.what, Openness):
            assert self.recording.openness is press.what

    def done(self, press: Press) -> None:
        ask = Ask(press.by, seen=press.seen)
        if isinstance(press.what, Command):
            self.recording.obey(press.what, ask)
        elif isinstance(press.what, Openness):
            self.recording.order(press.what, press.back, ask)
        else:
            self.recording.note(press.what, "", press.by, press.by)

    def leaves(self, *kinds: LeafKind) -> list[SignedLeaf]:
        found = [parse(one.entry) for one in self.spool.entries(HEARING)]
        return [leaf for leaf in found if leaf.kind in kinds]

    @invariant()
    def no_state_twice_and_none_that_may_not_follow(self) -> None:
        states = [HearingState(leaf.body["state"]) for leaf in self.leaves(LeafKind.STATE)]
        for before, after in pairwise(states):
            assert before is not after
            assert step(before, after) is after

    @invariant()
    def no_order_on_openness_that_says_nothing(self) -> None:
        orders = [(leaf.body["openness"], leaf.body["start_ms"]) for leaf in self.leaves(LeafKind.OPENNESS)]
        for before, after in zip([("open", 0), *orders], orders, strict=False):
            assert before[0] != after[0] or after[1] < before[1]

    @invariant()
    def no_press_changes_anything_twice(self) -> None:
        changed = self.leaves(LeafKind.STATE, LeafKind.OPENNESS, LeafKind.NOTE)
        assert max(Counter(leaf.body.get("by") for leaf in changed).values(), default=0) <= 1

    @invariant()
    def every_note_that_came_stands_once(self) -> None:
        stand = Counter(leaf.body["key"] for leaf in self.leaves(LeafKind.NOTE))
        came = [one.by for one in self.presses if isinstance(one.what, NoteTemplate) and one.came]
        assert stand == Counter(came)


TwoSecretaries.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_two_secretaries = TwoSecretaries.TestCase
