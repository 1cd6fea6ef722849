"""Two nodes are brought into step from what they say: who follows whom, and who is told to end."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from api.in_step import Deed, due

H, S, OTHER = "hearing", "spare", "other"


@dataclass(frozen=True)
class Known:
    live: bool = True
    card: dict[str, Any] = field(default_factory=dict)


def node(hearing: str | None, state: str | None = "recording", spare_of: str = "", openness: str = "open") -> Any:
    return {"hearing": hearing, "state": state, "spare_of": spare_of, "openness": openness}


IDLE = node(None, None)


def step(first: Any, spare: Any, led: dict[str, int] | None = None, **known: Known) -> Deed | None:
    return due([first, spare], led or {}, known.get)


@pytest.mark.parametrize(
    ("lead", "behind", "wanted"),
    [
        ("recording", "recording", None),
        ("recording", "paused", "resume"),
        ("paused", "recording", "pause"),
        ("deliberation", "paused", "deliberate"),
        ("ended", "recording", "stop"),
        ("recording", "ended", None),
    ],
)
def test_the_one_that_does_not_lead_follows(lead: str, behind: str, wanted: str | None) -> None:
    expected = None if wanted is None else Deed(1, wanted, H)
    assert step(node(H, lead), node(S, behind, H)) == expected
    # Where the spare took a step that the first missed, the first follows.
    expected = None if wanted is None else Deed(0, wanted, H)
    assert step(node(H, behind), node(S, lead, H), {H: 1}) == expected
    # Where the spare alone began, the first stands beside it.
    expected = None if wanted is None else Deed(0, wanted, H)
    assert step(node(S, behind, H), node(H, lead)) == expected


def test_a_step_names_the_recording_of_the_node_that_takes_it_and_who_ordered_it() -> None:
    deed = step(node(H, "paused") | {"by": "С. Асанова"}, node(S, "recording", H))
    assert deed is not None
    assert (deed.recording, deed.by) == (S, "С. Асанова")
    deed = step(None, node(S, "paused", H), hearing=Known(live=False))
    assert deed is not None
    assert (deed.recording, deed.by) == (S, "")


def test_openness_follows_when_the_states_agree() -> None:
    assert step(node(H, openness="closed"), node(S, "recording", H)) == Deed(1, "closed", H)
    assert step(node(H), node(S, "recording", H, "closed")) == Deed(1, "open", H)
    assert step(node(H, "paused", openness="closed"), node(S, "recording", H)) == Deed(1, "pause", H)


MICROPHONES = [{"track": "mic-judge"}, {"track": "mic-witness"}]


def muted(status: Any, *tracks: str) -> Any:
    return status | {"tracks": MICROPHONES, "muted": [*tracks]}


@pytest.mark.parametrize(
    ("lead", "behind", "wanted", "track"),
    [
        (["mic-judge"], [], "mute", "mic-judge"),
        ([], ["mic-judge"], "unmute", "mic-judge"),
        (["mic-judge"], ["mic-witness"], "mute", "mic-judge"),
        (["mic-judge"], ["mic-judge"], None, ""),
        (["mic-only-there"], [], None, ""),
    ],
)
def test_mutes_follow_when_all_else_agrees(lead: list[str], behind: list[str], wanted: str | None, track: str) -> None:
    first, spare = muted(node(H), *lead), muted(node(S, "recording", H), *behind)
    found = step(first, spare)
    assert found == (None if wanted is None else Deed(1, wanted, H, track))
    assert found is None or found.recording == S
    # Where the spare leads, the first follows.
    first, spare = muted(node(H), *behind), muted(node(S, "recording", H), *lead)
    assert step(first, spare, {H: 1}) == (None if wanted is None else Deed(0, wanted, H, track))


def test_a_state_comes_before_a_mute_and_a_node_that_does_not_tell_of_mutes_is_left_alone() -> None:
    assert step(muted(node(H, "paused"), "mic-judge"), muted(node(S, "recording", H))) == Deed(1, "pause", H)
    assert step(muted(node(H), "mic-judge"), node(S, "recording", H)) is None


def test_a_node_that_records_nothing_joins_once_the_case_is_known() -> None:
    assert step(node(H), IDLE) is None
    assert step(node(H), IDLE, hearing=Known()) == Deed(1, "join", H)
    assert step(IDLE, node(H), hearing=Known()) == Deed(0, "join", H)
    assert step(node(H), node(OTHER, "ended"), hearing=Known()) == Deed(1, "join", H)
    assert step(node(H, "ended"), IDLE, hearing=Known()) is None


def test_nothing_is_asked_of_two_of_which_one_does_not_answer_or_records_something_else() -> None:
    assert step(node(H), None, hearing=Known()) is None
    assert step(None, node(S, "recording", H), hearing=Known()) is None
    assert step(node(H), node(OTHER), hearing=Known(), other=Known()) is None
    assert step(IDLE, node(S, "recording", H), hearing=Known()) is None
    assert step(IDLE, IDLE) is None


def test_what_has_ended_is_recorded_by_nobody() -> None:
    gone = {"hearing": Known(live=False)}
    assert step(node(H), None, **gone) == Deed(0, "stop", H)
    assert step(None, node(S, "paused", H), **gone) == Deed(1, "stop", H)
    assert step(node(H), node(OTHER), **gone) == Deed(0, "stop", H)
