"""The access policy, every combination of role, action, openness, place and grant, against a table of the rules."""

from itertools import product

import pytest

from api.access import CLOSED_NO_COPY, CLOSED_OFF_SITE, NOT_GRANTED, NOT_YOUR_ROLE, Action, Place, decide
from court.openness import Openness
from court.people import UserRole

# always · never · court: everywhere if open, at the court if closed · own: as court, for granted hearings only
# copy: granted and open · known: granted
RULES = {
    # In order: card, read, play, download, record, order, sign, form, edit; ledger, users, retention, write-off, rooms,
    # jobs, choice of a transcript, correction, decision on a stage, ordering of copies, remark, ruling on a remark
    UserRole.SECRETARY: "always court court court always always always never court "
    "always never never never never always always court court always court never",
    UserRole.JUDGE: "always court court court never always always always court "
    "always never always never never always always never court always never court",
    UserRole.PARTY: "known own own copy never never never never never "
    "never never never never never never never never never never own never",
    UserRole.ADMIN: "always never never never never never never never never "
    "always always always always always always never never never never never never",
}


def holds(rule: str, openness: Openness, place: Place, granted: bool) -> bool:
    free = openness is Openness.OPEN or place is Place.ON_SITE
    return {
        "always": True,
        "never": False,
        "court": free,
        "own": granted and free,
        "copy": granted and openness is Openness.OPEN,
        "known": granted,
    }[rule]


@pytest.mark.parametrize("role", UserRole)
def test_every_combination_is_decided_as_the_table_says(role: UserRole) -> None:
    rules = dict(zip(Action, RULES[role].split(), strict=True))
    for action, openness, place, granted in product(Action, Openness, Place, (False, True)):
        decision = decide(role, action, openness, place, granted)
        asked = (role, action, openness, place, granted)
        assert decision.allowed is holds(rules[action], openness, place, granted), asked
        assert bool(decision.reason) is not decision.allowed, asked


def test_closed_content_never_leaves_the_site_whoever_asks() -> None:
    content = (Action.READ, Action.PLAY, Action.DOWNLOAD)
    for role, action, granted in product(UserRole, content, (False, True)):
        assert not decide(role, action, Openness.CLOSED, Place.ELSEWHERE, granted).allowed


@pytest.mark.parametrize(
    ("role", "action", "openness", "place", "granted", "reason"),
    [
        (UserRole.ADMIN, Action.PLAY, Openness.OPEN, Place.ON_SITE, True, NOT_YOUR_ROLE),
        (UserRole.PARTY, Action.READ, Openness.OPEN, Place.ON_SITE, False, NOT_GRANTED),
        (UserRole.JUDGE, Action.PLAY, Openness.CLOSED, Place.ELSEWHERE, False, CLOSED_OFF_SITE),
        (UserRole.PARTY, Action.DOWNLOAD, Openness.CLOSED, Place.ON_SITE, True, CLOSED_NO_COPY),
    ],
)
def test_a_refusal_says_why(
    role: UserRole, action: Action, openness: Openness, place: Place, granted: bool, reason: str
) -> None:
    assert decide(role, action, openness, place, granted).reason == reason
