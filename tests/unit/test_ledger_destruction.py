"""What was destroyed by a valid act is no fault; whatever makes the act invalid is one, and its objects are missing."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from court.clock import iso_utc
from storage.ledger.act import Act
from storage.ledger.destruction import keeping
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.leaf import LeafKind, parse
from storage.ledger.verify import verify_hearing
from storage.retention import FOR_EVER, retain_until
from tests.factories.hearing_log import KEYS, NODE, SERVER, START, HearingLog, made_hearing

ENDED = START + timedelta(seconds=90)
OVER = retain_until(ENDED, 5)


def deed(log: HearingLog, kind: str, at: datetime, key: Any = SERVER, **told: Any) -> None:
    body = {
        "deed": kind, "by": "proposer", "reason": "term is over", "act": "act-1", "approved_by": "",
        "document_sha256": "", "until": None, "years": 0, "objects": [],
    }  # fmt: skip
    entry, log.chains[key.key_id] = log.chains[key.key_id].append(LeafKind.RETENTION, at, body | told, key)
    log.entries.append(entry)


def named(log: HearingLog) -> list[dict[str, Any]]:
    return [{"sha256": one, "size": len(content), "what": "x"} for one, content in log.objects.items()]


def destruction(log: HearingLog, at: datetime = OVER, **told: Any) -> None:
    act = {"approved_by": "approver", "until": iso_utc(OVER), "years": 5, "objects": named(log)}
    deed(log, "destroy", at, **(act | told))


def faults(log: HearingLog) -> list[Fault]:
    return verify_hearing(log.entries, KEYS, log.state, court={SERVER.key_id})


def acts(log: HearingLog) -> tuple[Act, ...]:
    return keeping([parse(entry) for entry in log.entries], {SERVER.key_id}).acts


def test_what_an_act_destroyed_is_not_missing() -> None:
    log = made_hearing()
    deed(log, "propose", OVER)
    deed(log, "approve", OVER, by="approver")
    destruction(log)
    log.objects.clear()
    assert faults(log) == []
    deed(log, "destroyed", OVER)
    assert faults(log) == []
    [act] = acts(log)
    assert (act.proposer, act.approver, act.reason, act.stated) == (
        "proposer",
        "approver",
        "term is over",
        iso_utc(OVER),
    )


def test_an_act_in_several_leaves_names_the_objects_of_all() -> None:
    log = made_hearing()
    objects = named(log)
    destruction(log, objects=objects[:3])
    destruction(log, objects=objects[3:])
    log.objects.clear()
    assert faults(log) == []
    assert [len(act.objects) for act in acts(log)] == [len(objects)]


def test_while_it_is_being_carried_out_some_may_be_there_and_some_not() -> None:
    log = made_hearing()
    destruction(log)
    first, *_ = log.objects
    del log.objects[first]
    assert faults(log) == []
    second, *_ = log.objects
    log.objects[second] = b"altered"
    assert [fault.kind for fault in faults(log)] == [FaultKind.TRUNCATED]


def test_what_is_still_there_after_it_was_said_to_be_destroyed_is_a_fault() -> None:
    log = made_hearing()
    destruction(log)
    deed(log, "destroyed", OVER)
    found = faults(log)
    assert len(found) == len(log.objects)
    assert {fault.kind for fault in found} == {FaultKind.CONTRADICTORY}
    assert all("act act-1" in fault.sentence for fault in found)


def test_what_no_act_names_is_missing() -> None:
    log = made_hearing()
    first, *rest = named(log)
    destruction(log, objects=rest)
    log.objects.clear()
    [fault] = faults(log)
    assert fault.kind is FaultKind.MISSING
    assert first["sha256"] in fault.sentence


INVALID = {
    "the same person": ({"approved_by": "proposer"}, "nobody approved it"),
    "the same person otherwise spelt": ({"approved_by": " Proposer "}, "nobody approved it"),
    "approved by nobody": ({"approved_by": ""}, "nobody approved it"),
    "proposed by nobody": ({"by": ""}, "nobody who answers"),
    "another proposer": ({"by": "other"}, "another than who proposed"),
    "another approver": ({"approved_by": "other"}, "another than who approved"),
    "too early": ({"at": OVER - timedelta(milliseconds=1)}, "was not over"),
    "an end that is too early": ({"until": iso_utc(OVER - timedelta(days=1))}, "earlier end"),
    "more years than were kept": ({"years": 6}, "earlier end"),
    "no years": ({"years": 0}, "lacks its number"),
    "absurd years": ({"years": 2**53 - 1, "until": iso_utc(FOR_EVER)}, "earlier end"),
    "no end": ({"until": None}, "lacks its number"),
    "no number": ({"act": ""}, "lacks its number"),
    "a node's word": ({"key": NODE}, "not stated by the court's server"),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_act_that_cannot_count_is_named_and_excuses_nothing(name: str) -> None:
    told, says = INVALID[name]
    log = made_hearing()
    deed(log, "propose", ENDED)
    deed(log, "approve", ENDED, by="approver")
    destruction(log, **told)
    count = len(log.objects)
    log.objects.clear()
    objection, *missing = sorted(faults(log), key=lambda fault: fault.kind)
    assert objection.kind is FaultKind.CONTRADICTORY
    assert says in objection.sentence
    assert [fault.kind for fault in missing] == [FaultKind.MISSING] * count


def test_a_hold_or_a_later_date_ordered_before_makes_the_act_invalid() -> None:
    for orders, says in (
        ([("hold", {})], "legal hold"),
        ([("hold", {}), ("lift", {}), ("hold", {})], "legal hold"),
        ([("extend", {"until": iso_utc(OVER + timedelta(days=1))})], "earlier end"),
    ):
        log = made_hearing()
        for kind, told in orders:
            deed(log, kind, ENDED, **told)
        destruction(log)
        assert [says in fault.sentence for fault in faults(log)] == [True]


def test_a_hold_that_was_lifted_is_none() -> None:
    log = made_hearing()
    deed(log, "hold", ENDED)
    deed(log, "lift", ENDED)
    destruction(log)
    log.objects.clear()
    assert faults(log) == []


def test_a_hearing_that_never_ended_is_not_destroyed() -> None:
    log = made_hearing()
    destruction(log)
    leaves = [parse(entry) for entry in log.entries]
    unended = [leaf for leaf in leaves if leaf.body.get("state") != "ended"]
    assert keeping(unended, {SERVER.key_id}).acts == ()


def test_an_altered_act_excuses_nothing() -> None:
    log = made_hearing()
    destruction(log)
    log.entries[-1] = log.entries[-1].replace(b'"approved_by":"approver"', b'"approved_by":"approved"')
    log.objects.clear()
    kinds = [fault.kind for fault in faults(log)]
    assert FaultKind.ALTERED in kinds
    assert kinds.count(FaultKind.MISSING) == len(named(made_hearing()))
