"""A hearing that two nodes recorded is held, extended and destroyed as one."""

import pytest

from api import acts, keeping
from api.destruction import Outcome
from api.errors import Conflict
from storage.retention import retain_until
from tests.factories.evidence import OTHER, faults
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.retention import CLASSES, LONG_AFTER, THIRD, approved, deeds, done, objects, propose, there
from tests.factories.server import Server

SPARE = THIRD


def receive_spare(server: Server) -> None:
    """A spare recording of HEARING, whose time comes as well."""
    server.receive(made_hearing(SPARE, spare_of=HEARING))
    server.clock.forward(LONG_AFTER.total_seconds())


@pytest.fixture
def both(old: Server) -> Server:
    receive_spare(old)
    return old


def held(server: Server, hearing: str) -> set[bool]:
    return {server.context.store.held(one) for one in objects(server, hearing)}


@pytest.mark.parametrize("named", [HEARING, SPARE])
def test_a_hold_on_either_holds_the_objects_of_both(both: Server, named: str) -> None:
    keeping.hold(both.context, named, "judge.a", "appeal")
    assert (held(both, HEARING), held(both, SPARE), held(both, OTHER)) == ({True}, {True}, {False})
    assert (deeds(both), deeds(both, SPARE), deeds(both, OTHER)) == (["hold"], ["hold"], [])
    keeping.hold(both.context, HEARING, "judge.a", "appeal")
    assert deeds(both, SPARE) == ["hold"], "repeating it changes nothing"
    for one in (HEARING, SPARE):
        with pytest.raises(Conflict, match="under legal hold"):
            propose(both, one)
    keeping.lift(both.context, named, "judge.a", "appeal decided")
    assert (held(both, HEARING), held(both, SPARE)) == ({False}, {False})
    assert deeds(both, SPARE) == ["hold", "lift"]
    assert faults(both) == []


def test_a_spare_recording_that_comes_after_the_hold_is_held_as_well(old: Server) -> None:
    keeping.hold(old.context, HEARING, "judge.a", "appeal")
    receive_spare(old)
    assert [one.hearing for one in keeping.due(old.context, old.clock.utc, CLASSES)] == [OTHER]
    with pytest.raises(Conflict, match="under legal hold"):
        propose(old, SPARE)
    assert held(old, SPARE) == {False}
    list(keeping.apply(old.context, CLASSES))
    assert held(old, SPARE) == {True}


def test_an_extension_keeps_both(both: Server) -> None:
    until = retain_until(both.clock.utc, 3)
    keeping.extend(both.context, HEARING, until, "judge.a", "appeal", CLASSES)
    assert deeds(both, SPARE) == ["extend"]
    with pytest.raises(Conflict, match="is kept until"):
        propose(both, SPARE)
    with both.context.database.read() as uow:
        assert {one.retain_until for one in uow.acts.objects(SPARE)} == {until}


def test_an_act_on_either_names_and_destroys_both(both: Server) -> None:
    named = there(both) | there(both, SPARE)
    act = approved(both, SPARE)
    with both.context.database.read() as uow:
        assert [part["hearing"] for part in acts.document_of(uow, act)["hearings"]] == sorted([HEARING, SPARE])
    assert done(both, act) == Outcome(destroyed=len(named), kept=0, missing=0)
    assert (there(both), there(both, SPARE)) == (set(), set())
    assert there(both, OTHER)
    assert deeds(both) == deeds(both, SPARE) == ["propose", "approve", "destroy", "destroyed"]
    assert faults(both) == []


def test_an_act_that_a_spare_recording_came_after_is_not_carried_out(old: Server) -> None:
    act = approved(old)
    receive_spare(old)
    with pytest.raises(Conflict, match=f"does not name {SPARE}"):
        done(old, act)
    assert there(old)
    assert there(old, SPARE)
