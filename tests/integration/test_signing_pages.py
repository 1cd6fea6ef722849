"""Signing on the hearing's page: the button is there for whoever is next, and the page says how lastingly."""

from pathlib import Path

import pytest
from httpx import Response

from api.composition import protocol_context
from court.people import UserRole
from protocol.context import DEMO_JUDGE, DEMO_SIGNER
from protocol.demo_key import demo_files, make_demo_pkcs12
from protocol.tasks import render_protocol
from storage.ledger.leaf import LeafKind, parse
from tests.factories.evidence import OTHER as HEARING
from tests.factories.evidence import faults
from tests.factories.pages import browser, token
from tests.factories.server import Server

CORRECT = f'action="/hearings/{HEARING}/protocol/correct"'
BUTTON = f'hx-post="/hearings/{HEARING}/protocol/sign"'


class People:
    """Secretary and judge of a court that signs with the demo's keys, and a party to the case."""

    def __init__(self, server: Server, home: Path) -> None:
        keys = home / "keys"
        make_demo_pkcs12(keys / DEMO_JUDGE, "Асанов Б. Т.", server.clock, beside=demo_files(keys / DEMO_SIGNER))
        self.browsers = {role: browser(server, role) for role in (UserRole.SECRETARY, UserRole.JUDGE)}
        self.browsers[UserRole.PARTY] = browser(server, UserRole.PARTY, granted=[HEARING])

    def panel(self, role: UserRole) -> str:
        return self.browsers[role].get(f"/hearings/{HEARING}/protocol").text

    def text(self, role: UserRole) -> str:
        return self.browsers[role].get(f"/hearings/{HEARING}/protocol/text").text

    def sign(self, role: UserRole) -> str:
        return self._post(role, "sign").text

    def correct(self, role: UserRole, reason: str) -> int:
        return self._post(role, "correct", reason=reason).status_code

    def _post(self, role: UserRole, deed: str, **given: str) -> Response:
        form = {"csrf": token(self.browsers[role]), **given}
        return self.browsers[role].post(f"/hearings/{HEARING}/protocol/{deed}", data=form)


@pytest.fixture
def people(copied: Server, tmp_path: Path) -> People:
    return People(copied, tmp_path)


def test_secretary_and_judge_sign_on_the_page(copied: Server, people: People) -> None:
    panel, sign = people.panel, people.sign
    assert BUTTON in panel(UserRole.SECRETARY)
    assert BUTTON not in panel(UserRole.JUDGE)
    assert "Сначала протокол подписывает секретарь, затем председательствующий." in sign(UserRole.JUDGE)
    signed = sign(UserRole.SECRETARY)
    assert BUTTON not in signed
    assert "Секретарь: Айжамал (DEMO)" in signed
    assert "PAdES B-B" in signed
    assert "время подписания указал сам подписавший" in signed
    assert "Председательствующий ещё не подписал." in signed
    assert BUTTON in panel(UserRole.JUDGE)
    signed = sign(UserRole.JUDGE)
    assert "Айжамал (DEMO)" in signed
    assert "Асанов Б. Т. (DEMO)" in signed
    assert BUTTON not in signed
    assert "ещё не подписал" not in signed
    assert faults(copied) == []
    with copied.context.database.read() as work:
        newest = work.protocols.latest(HEARING)
    assert newest is not None
    assert newest.sha256 in copied.client().get(f"/verify?protocol={HEARING}-r{newest.revision - 1}").text, (
        "the code on the pages, made before either signed, leads to what both signed"
    )


def test_a_signed_protocol_is_corrected_on_the_page_by_whoever_signed_last(copied: Server, people: People) -> None:
    secretary, judge, party = UserRole.SECRETARY, UserRole.JUDGE, UserRole.PARTY
    assert CORRECT not in people.panel(secretary)
    assert people.correct(secretary, "описка") == 409, "a draft is simply corrected"
    people.sign(secretary)
    assert [CORRECT in people.panel(one) for one in (secretary, judge, party)] == [True, True, False]
    people.sign(judge)
    assert [CORRECT in people.panel(one) for one in (secretary, judge, party)] == [False, True, False]
    assert people.correct(secretary, "описка") == 409
    assert people.correct(party, "описка") == 403
    assert people.correct(judge, "  ") == 422
    assert people.correct(judge, "Неверно указан\nответчик.") == 303
    shown = people.panel(judge)
    assert "Черновик" in shown
    assert CORRECT not in shown
    assert people.correct(judge, "ещё раз") == 409, "it is being corrected"
    with copied.context.database.read() as work:
        *_, old, draft = work.protocols.of(HEARING, documents=True)
        deeds = [parse(row.entry).body for row in work.log.entries(HEARING) if row.kind == LeafKind.ACCESS.value]
    told = [(one["actor"], one["ground"]) for one in deeds if one["action"] == "correct_protocol"]
    assert told == [("judge", "Неверно указан ответчик.")]
    assert draft.document["corrects"] in people.text(judge)
    assert old.sha256 in draft.document["corrects"]
    assert draft.document["corrects"].endswith("Причина: Неверно указан ответчик.")
    assert f"редакция {old.revision}" in draft.document["corrects"]
    render_protocol(protocol_context(copied.context), HEARING)
    assert "Секретарь: Айжамал (DEMO)" in people.sign(secretary), "it goes the usual way"
    assert faults(copied) == []
