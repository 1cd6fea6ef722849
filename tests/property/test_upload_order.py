"""Whatever waits in whatever order: it all arrives, no leaf before its time, and nothing less urgent goes first."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from recorder.upload_order import BATCH, Bytes, Leaves, Waiting, next_step, rank

TRACKS = ("", "mic-judge", "mic-secretary", "mix", "cam-hall")
HEARINGS = ("older", "old", "running")

entries = st.lists(st.tuples(st.sampled_from(HEARINGS), st.sampled_from(TRACKS), st.booleans()), max_size=150)


def backlog(given_entries: list[tuple[str, str, bool]]) -> list[Waiting]:
    """As a spool has it: chains of several hearings, of which some segments are on the server already."""
    counted = dict.fromkeys(HEARINGS, 0)
    waiting = []
    for position, (hearing, track, stored) in enumerate(given_entries):
        waiting.append(Waiting(position, hearing, counted[hearing], track, True, bool(track) and not stored))
        counted[hearing] += 1
    return waiting


def after(waiting: list[Waiting], step: Leaves | Bytes) -> list[Waiting]:
    """What still waits once the server took the step; it refuses what breaks the contract of the ingest API."""
    found = {one.position: one for one in waiting}
    if isinstance(step, Bytes):
        assert found[step.position].bytes_wait
        found[step.position] = replace(found[step.position], bytes_wait=False)
    else:
        assert 0 < len(step.positions) <= BATCH
        hearing = found[step.positions[0]].hearing
        chain = [one.position for one in waiting if one.hearing == hearing and one.leaf_waits]
        assert list(step.positions) == chain[: len(step.positions)]
        for position in step.positions:
            assert not (found[position].track.startswith("mic") and found[position].bytes_wait)
            found[position] = replace(found[position], leaf_waits=False)
    return [one for one in found.values() if one.leaf_waits or one.bytes_wait]


@given(entries, st.sampled_from([None, *HEARINGS]))
def test_everything_arrives_and_the_urgent_first(
    given_entries: list[tuple[str, str, bool]], running: str | None
) -> None:
    waiting = backlog(given_entries)
    while (step := next_step(waiting, running)) is not None:
        if isinstance(step, Bytes):
            chosen = next(one for one in waiting if one.position == step.position)
            for other in (one for one in waiting if one.bytes_wait):
                assert rank(chosen.track) <= rank(other.track)
                if rank(chosen.track) == rank(other.track):
                    assert chosen.hearing == running or other.hearing != running
                    if (chosen.hearing == running) == (other.hearing == running):
                        assert chosen.position <= other.position
        waiting = after(waiting, step)
    assert waiting == []


@given(entries)
def test_once_the_speech_is_there_so_is_all_that_was_stated_of_it(given_entries: list[tuple[str, str, bool]]) -> None:
    """So that a hearing is transcribed to its end while not one picture of it has been sent."""
    waiting = backlog(given_entries)
    while (step := next_step(waiting, None)) is not None:
        if isinstance(step, Bytes) and not any(one.position == step.position and one.bytes_first for one in waiting):
            assert all(one.leisurely for one in waiting if one.leaf_waits)
        waiting = after(waiting, step)


@given(st.lists(st.tuples(st.sampled_from(HEARINGS), st.sampled_from(("mix", "cam-hall")), st.booleans()), max_size=60))
def test_on_a_line_that_keeps_pace_no_picture_is_stated_ahead_of_its_bytes(
    given_entries: list[tuple[str, str, bool]],
) -> None:
    """The court states each that is: two entries, for nothing where nobody waits."""
    waiting = backlog(given_entries)
    while (step := next_step(waiting, "running")) is not None:
        if isinstance(step, Leaves):
            assert not [one for one in waiting if one.position in step.positions and one.bytes_wait]
        waiting = after(waiting, step)
    assert waiting == []


@given(entries, st.sets(st.integers(0, 149)))
def test_what_cannot_be_sent_holds_up_only_the_leaves_behind_it(
    given_entries: list[tuple[str, str, bool]], lost: set[int]
) -> None:
    waiting = backlog(given_entries)
    while (step := next_step(waiting, None, lost)) is not None:
        assert not (isinstance(step, Bytes) and step.position in lost)
        waiting = after(waiting, step)
    for hearing in HEARINGS:
        chain = [one for one in waiting if one.hearing == hearing and one.leaf_waits]
        if chain:
            assert chain[0].position in lost
            assert chain[0].bytes_first
    assert all(one.position in lost for one in waiting if one.bytes_wait)


@given(entries)
def test_a_new_segment_of_speech_overtakes_everything(given_entries: list[tuple[str, str, bool]]) -> None:
    new = Waiting(1000, "running", 1000, "mic-judge", False, True)
    waiting = [*(replace(one, leaf_waits=False) for one in backlog(given_entries)), new]
    urgent = [one for one in waiting if one.hearing == "running" and one.bytes_first and one.bytes_wait]
    assert next_step(waiting, "running") == Bytes(urgent[0].position)
