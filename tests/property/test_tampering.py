"""A court's log grows by lawful deeds, and somebody touches it: the verifier finds nothing before, and names it after.

The same is asked of a copy that was handed out, of what verifies it offline, and again while the court goes on.
"""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from storage.bundle_writer import write_bundle
from storage.ledger.bundle import verify_bundle
from storage.ledger.checkpoint import verifier_key
from storage.ledger.faults import Fault
from storage.ledger.rotation import LOG, SERVER
from storage.offline import check_file
from tests.factories.court_evidence import ORIGIN, Evidence, Handed, bundle_of, court_faults
from tests.factories.court_log import Court, Sitting
from tests.factories.damage import Damage, Expected, Scene
from tests.factories.tampering import DEEDS

EXAMPLES, STEPS = 100, 10
MOST_ENTRIES = 40
done: Counter[str] = Counter()


class Tampering(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.court = Court()
        self.damage: Damage | None = None
        self.folder = tempfile.TemporaryDirectory()

    def teardown(self) -> None:
        self.folder.cleanup()

    # ---- lawful

    @initialize(purpose=st.sampled_from([SERVER, LOG]), past=st.sampled_from([(), ("draft", "sign"), ("destroy",)]))
    def one_hearing_is_over(self, purpose: str, past: tuple[str, ...]) -> None:
        self.court.open()
        [one] = self.court.sittings.values()
        for deed in ("record", "view", "remark", "end", *past):
            self.court.do(one, deed)
        self.court.rotate(purpose)

    @precondition(lambda self: len(self.court.rows) < MOST_ENTRIES)
    @rule()
    def a_hearing_opens(self) -> None:
        self.court.open()

    @precondition(lambda self: len(self.court.rows) < MOST_ENTRIES)
    @rule(data=st.data())
    def the_court_works(self, data: st.DataObject) -> None:
        for _ in range(3):
            one = self._sitting(data, over=False)
            deeds = sorted(self.court.deeds(one).keys() - ({"destroy"} if self.damage else set()))
            deed = data.draw(st.sampled_from(deeds))
            self.court.do(one, deed)
            done[deed] += 1

    @rule(purpose=st.sampled_from([SERVER, LOG]))
    def a_key_is_replaced(self, purpose: str) -> None:
        self.court.rotate(purpose)

    @precondition(lambda self: self.damage is None and len(self.court.rows) < MOST_ENTRIES)
    @rule(data=st.data())
    def a_copy_is_handed_out(self, data: st.DataObject) -> None:
        handed = self.court.hand_out(self._sitting(data, over=True))
        assert self._told(self.court.evidence(), handed) == []

    @precondition(lambda self: self.damage is not None)
    @rule()
    def the_backup_is_put_back(self) -> None:
        self.damage = None

    # ---- unlawful

    @precondition(lambda self: self.damage is None)
    @rule(data=st.data())
    def somebody_touches_it(self, data: st.DataObject) -> None:
        """In every way that there is, one after the other; one of them stays."""
        handed = self.court.hand_out(self._sitting(data, over=True))
        ways = []
        for name, deed in DEEDS.items():
            fitting = [row for row in self.court.rows if deed.fits(self.court, self.court.leaf(row))]
            if fitting:
                own = [row for row in fitting if row.origin in handed.own]
                row = data.draw(st.sampled_from(own or fitting) | st.sampled_from(fitting))
                self.damage = deed.do(Scene(self.court, handed, row, data.draw))
                self._assert_named(on_disk=False)
                ways.append(self.damage)
                done[name] += 1
        self.damage = data.draw(st.sampled_from(ways))

    # ---- what the verifier says

    @invariant()
    def the_verifier_finds_nothing_or_names_it(self) -> None:
        if self.damage is None:
            assert court_faults(self.court.evidence(), self._present()) == []
        else:
            self._assert_named(on_disk=True)

    def _assert_named(self, on_disk: bool) -> None:
        assert self.damage is not None
        after = self.damage.done(self.court.evidence())
        _assert_met(self.damage.to_court, court_faults(after, self._present()), self.damage)
        if self.damage.to_copy:
            _assert_met(self.damage.to_copy, self._told(after, self.damage.handed, on_disk), self.damage)

    def _present(self) -> dict[str, bytes]:
        return {purpose: ring.key.public for purpose, ring in self.court.rings.items()}

    def _sitting(self, data: st.DataObject, over: bool) -> Sitting:
        all_ = [one for one in self.court.sittings.values() if not over or one.state != "recording"]
        found: Sitting = data.draw(st.sampled_from(all_))
        return found

    def _told(self, evidence: Evidence, handed: Handed, on_disk: bool = True) -> list[Fault]:
        """What is wrong with the copy; as a file, verified offline, it must say the same."""
        bundle = self.damage.on_the_way(bundle_of(evidence, handed)) if self.damage else bundle_of(evidence, handed)
        report = verify_bundle(bundle, evidence.state, [handed.log_key])
        if not on_disk:
            return list(report.faults)
        path = Path(self.folder.name) / "bundle.zip"
        there = [(name, evidence.objects[one]) for name, one in handed.files.items() if one in evidence.objects]
        write_bundle(path, bundle, "", there)
        told = check_file(path, verifier_key(ORIGIN, handed.log_key))
        path.unlink()
        sentences = [f"FAULT  {fault.sentence}" for fault in report.faults]
        if not any(b"\n" in entry for entry in bundle.entries):  # such a byte makes two entries of one in a file
            assert list(told.lines[: len(sentences)]) == sentences
        assert told.whole is not bool(report.faults)
        return list(report.faults)


def _assert_met(expected: tuple[Expected, ...], faults: list[Fault], damage: Damage) -> None:
    for one in expected:
        assert any(one.met_by(fault) for fault in faults), (damage.what, one, faults)
    assert all(fault.sentence.endswith(".") and "\n" not in fault.sentence for fault in faults), faults


def test_lawful_deeds_leave_no_fault_and_every_unlawful_one_is_named() -> None:
    done.clear()
    # Not shrunk: ten steps can be read, and looking for fewer takes minutes.
    profile: Any = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, phases=[Phase.generate])
    run_state_machine_as_test(Tampering, settings=profile)
    assert done.keys() >= DEEDS.keys(), f"never tried: {DEEDS.keys() - done.keys()}"
