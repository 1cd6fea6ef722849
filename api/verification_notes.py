"""What is no fault and worth knowing to whoever verifies: one sentence each, of one hearing or all."""

from collections.abc import Iterator

from api.context import Context
from api.readable import to_the_end
from api.reading import self_test
from api.verification import known_hearings, trusted_keys
from court.clock import iso_utc
from court.grade import Grade
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.chains import check_chains
from storage.ledger.delivery import expected, loss_sentences
from storage.ledger.destruction import keeping
from storage.ledger.leaf import LeafKind, SignedLeaf
from storage.ledger.receipt import late_sentence


def destruction_notes(context: Context, hearing_id: str | None = None) -> Iterator[str]:
    """What acts that count destroyed, of one hearing or all: no fault, and worth knowing."""
    yield from to_the_end("What was destroyed", _destruction_notes(context, hearing_id))


def _destruction_notes(context: Context, hearing_id: str | None) -> Iterator[str]:
    with context.database.read() as uow:
        for one in known_hearings(uow) if hearing_id is None else [hearing_id]:
            leaves = _believable(context, uow, one)
            for act in keeping(leaves, context.server_keys.key_ids).acts:
                done = f"was carried out by {act.done}" if act.done else f"is being carried out since {act.stated}"
                yield (
                    f"The destruction of hearing {one} (objects: {len(act.objects)}) {done} by act {act.id}, proposed "
                    f"by {act.proposer} and approved by {act.approver}: {act.reason}"
                )


def delivery_notes(context: Context, hearing_id: str | None = None) -> Iterator[str]:
    """What nodes have stated and not yet delivered, of one hearing or all: no fault, and worth knowing."""
    yield from to_the_end("What has not arrived", _delivery_notes(context, hearing_id))


def self_test_notes(context: Context, hearing_id: str | None = None) -> Iterator[str]:
    """What self-tests of the room found before hearings, of one hearing or all."""
    yield from to_the_end("The self-tests", _self_test_notes(context, hearing_id))


def _self_test_notes(context: Context, hearing_id: str | None) -> Iterator[str]:
    with context.database.read() as uow:
        for one in known_hearings(uow) if hearing_id is None else [hearing_id]:
            tested = self_test(uow, one)
            if tested is not None:
                wrong = [
                    f"{found.subject or 'machine'} {found.symptom.value} ({found.grade.value})"
                    for found in tested.findings
                    if found.grade is not Grade.GREEN
                ]
                found = ", ".join(wrong) or "all green"
                yield f"The node states a self-test of the room at {iso_utc(tested.at)}, before hearing {one}: {found}."


def delay_notes(context: Context, hearing_id: str | None = None) -> Iterator[str]:
    """Which cameras' pictures are placed earlier than they came, of one hearing or all."""
    yield from to_the_end("The cameras' delays", _delay_notes(context, hearing_id))


def _delay_notes(context: Context, hearing_id: str | None) -> Iterator[str]:
    with context.database.read() as uow:
        for one in known_hearings(uow) if hearing_id is None else [hearing_id]:
            opening = next((leaf for leaf in _believable(context, uow, one) if leaf.kind is LeafKind.HEARING), None)
            for track in () if opening is None else opening.body["tracks"]:
                if track.get("delay_ms"):
                    yield (
                        f"The node states that the pictures of {track['track']} of hearing {one} are placed "
                        f"{track['delay_ms']} ms earlier than they came: so long its camera takes, by the room file."
                    )


def _delivery_notes(context: Context, hearing_id: str | None) -> Iterator[str]:
    with context.database.read() as uow:
        for one in known_hearings(uow) if hearing_id is None else [hearing_id]:
            leaves = _believable(context, uow, one)
            waiting = expected(leaves, context.server_keys.key_ids)
            lost = [row for row in uow.hearings.given_up(one) if row.sha256 in waiting]
            late = [row for row in uow.hearings.undelivered(one) if row.sha256 in waiting and row not in lost]
            if lost:
                names = ", ".join(f"{row.track}/{row.sequence}" for row in lost)
                yield (
                    f"The node stated of hearing {one} what it lost the bytes of since and gave up: {names}. As "
                    "administrator write it off (`courtrec write-off`), or put the bytes back there."
                )
            if late:
                tracks = ", ".join(sorted({row.track for row in late}))
                yield (
                    f"The node stated of hearing {one} what has not arrived yet: {tracks} (segments: {len(late)}, "
                    f"bytes: {sum(row.size for row in late)}). It delivers when the line allows."
                )


def loss_notes(context: Context, hearing_id: str | None = None) -> Iterator[str]:
    """What was written off, of one hearing or all: a gap that the court answers for."""
    yield from to_the_end("What was written off", _loss_notes(context, hearing_id))


def _loss_notes(context: Context, hearing_id: str | None) -> Iterator[str]:
    with context.database.read() as uow:
        for one in known_hearings(uow) if hearing_id is None else [hearing_id]:
            yield from loss_sentences(_believable(context, uow, one), context.server_keys.key_ids)


def receipt_notes(context: Context, hearing_id: str | None = None) -> Iterator[str]:
    """Which hearings came notably later than they are dated, of one or all: no fault, and worth knowing."""
    yield from to_the_end("What came late", _receipt_notes(context, hearing_id))


def _receipt_notes(context: Context, hearing_id: str | None) -> Iterator[str]:
    with context.database.read() as uow:
        for one in known_hearings(uow) if hearing_id is None else [hearing_id]:
            late = late_sentence(_believable(context, uow, one), context.server_keys.key_ids)
            if late is not None:
                yield late


def _believable(context: Context, uow: UnitOfWork, hearing_id: str) -> list[SignedLeaf]:
    return check_chains([row.entry for row in uow.log.entries(hearing_id)], trusted_keys(context, uow))[0]
