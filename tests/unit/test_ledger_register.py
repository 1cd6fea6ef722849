"""What the register of nodes makes of its entries, and of hearings by the keys it knows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from storage.ledger.bodies import NodeDeed
from storage.ledger.chain import Chain
from storage.ledger.ed25519 import SigningKey
from storage.ledger.faults import FaultKind
from storage.ledger.leaf import LeafKind, SignedLeaf, parse
from storage.ledger.register import (
    REGISTER,
    about,
    believed,
    check_recorder,
    node_body,
    public_text,
    read_register,
    recorder_note,
)
from tests.factories.hearing_log import NODE, SERVER, STRANGER
from tests.factories.receipts import Leaves

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
UNTIL = "2026-11-23T10:00:00.000Z"
CODE, OTHER_CODE = "ab" * 32, "cd" * 32
KEYS = {key.key_id: key.public for key in (NODE, SERVER, STRANGER)}
COURT = {SERVER.key_id}
MADE = node_body(NodeDeed.CODE, room="Зал 1", by="clerk", code=CODE, until=UNTIL)
ENROLLED = node_body(NodeDeed.ENROL, key=public_text(NODE.public), name="node-1", room="Зал 1", by="clerk", code=CODE)
REVOKED = node_body(NodeDeed.REVOKE, key=public_text(NODE.public), by="clerk")
ADOPTED = node_body(NodeDeed.ADOPT, key=public_text(NODE.public))


def stated(*bodies: Mapping[str, Any], by: SigningKey = SERVER, at: datetime = NOW) -> dict[int, SignedLeaf]:
    """At places 10, 20, 30… of the log."""
    chain, found = Chain(REGISTER, by.key_id), {}
    for place, body in enumerate(bodies, 1):
        entry, chain = chain.append(LeafKind.NODE, at, body, by)
        found[10 * place] = parse(entry)
    return found


def recorded(*places: int) -> dict[int, SignedLeaf]:
    made = Leaves()
    return {place: made.node(NOW) for place in places}


def test_a_key_counts_from_its_enrolment_to_its_revocation() -> None:
    register = read_register(stated(MADE, ENROLLED, REVOKED), COURT)
    [node] = register.nodes.values()
    assert register.faults == ()
    assert (node.key_id, node.room, node.by, node.since, node.revoked) == (NODE.key_id, "Зал 1", "clerk", 20, 30)
    assert register.codes[CODE].used == NODE.key_id
    assert list(check_recorder(recorded(21, 29), register, owed=True)) == []


@pytest.mark.parametrize(
    ("bodies", "why"),
    [
        ([ENROLLED], "no such code was made"),
        ([MADE, ENROLLED, ENROLLED], "its code was used before"),
        ([MADE | {"until": "2026-11-23T08:59:59.000Z"}, ENROLLED], "no longer valid"),
        ([MADE | {"room": "Зал 2"}, ENROLLED], "for another room"),
        ([MADE, ENROLLED | {"key": "AAAA"}], "no key of 32 bytes"),
        ([ENROLLED | {"code": "", "by": ""}], "nobody answers for it"),
        ([MADE, ENROLLED, REVOKED, REVOKED], "is revoked"),
        ([REVOKED], "was not enrolled"),
        ([MADE, ENROLLED, REVOKED, MADE | {"code": OTHER_CODE}, ENROLLED | {"code": OTHER_CODE}], "was revoked"),
        ([MADE, ADOPTED], "when there was one"),
        ([MADE | {"until": None}], "lacks its code"),
    ],
)
def test_an_entry_that_cannot_count_is_named_and_does_not(bodies: list[Mapping[str, Any]], why: str) -> None:
    leaves = stated(*bodies)
    register = read_register(leaves, COURT)
    [fault] = register.faults
    assert why in fault.sentence
    assert register.nodes == read_register(dict(list(leaves.items())[:-1]), COURT).nodes


def test_nobody_but_the_court_enrols() -> None:
    register = read_register(stated(MADE, ENROLLED, by=STRANGER), COURT)
    assert (dict(register.nodes), len(register.faults)) == ({}, 2)


@pytest.mark.parametrize(("places", "owed", "faulty"), [((5, 6), True, 1), ((21, 22), True, 0), ((5, 6), False, 0)])
def test_who_records_was_enrolled_before_unless_there_was_no_register(
    places: tuple[int, ...], owed: bool, faulty: int
) -> None:
    """A key that was enrolled since makes nothing good that it signed before."""
    register = read_register(stated(MADE, ENROLLED), COURT)
    faults = list(check_recorder(recorded(*places), register, owed))
    assert [fault.kind for fault in faults] == [FaultKind.WRONG_KEY] * faulty


def test_what_came_after_the_revocation_is_named_however_it_is_dated() -> None:
    register = read_register(stated(MADE, ENROLLED, REVOKED), COURT)
    [fault] = check_recorder(recorded(21, 29, 31), register, owed=True)
    assert fault.where.endswith(f"/{NODE.key_id}/2")
    assert "came after its key was revoked on 2026-11-23T09:00:00.000Z" in fault.sentence


def test_a_person_is_told_of_keys_from_before_and_of_another_room() -> None:
    register = read_register(stated(MADE | {"room": ""}, ENROLLED | {"room": ""}), COURT)
    assert recorder_note(recorded(21), register, owed=True) is None
    assert "before the log had entries" in str(recorder_note(recorded(5), register, owed=False))
    adopted = read_register(stated(ADOPTED), COURT)
    assert list(check_recorder(recorded(11), adopted, owed=True)) == []
    assert "before the log had entries" in str(recorder_note(recorded(11), adopted, owed=True))
    elsewhere = read_register(stated(MADE, ENROLLED), COURT)
    assert "enrolled for 'Зал 1'" in str(recorder_note(recorded(21), elsewhere, owed=True))


def test_a_bundle_takes_what_concerns_its_node_and_believes_the_court_alone() -> None:
    other = ENROLLED | {"key": public_text(STRANGER.public), "code": OTHER_CODE}
    leaves = stated(MADE, MADE | {"code": OTHER_CODE}, other, ENROLLED, REVOKED)
    taken = about(leaves, NODE.key_id)
    assert list(taken) == [10, 40, 50]
    entries = [(index, leaf.entry) for index, leaf in taken.items()]
    register, faults = believed(entries, KEYS, COURT)
    assert (faults, register.nodes[NODE.key_id].revoked) == ([], 50)
    altered = entries[1][1].replace(b"node-1", b"node-2")
    for entry in (altered, b"", recorded(1)[1].entry):
        register, faults = believed([entries[0], (40, entry)], KEYS, COURT)
        assert (dict(register.nodes), [fault.kind for fault in faults]) == ({}, [FaultKind.ALTERED])
