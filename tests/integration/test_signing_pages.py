"""Signing on the hearing's page: the button is there for whoever is next, and the page says how lastingly."""

from pathlib import Path

from court.people import UserRole
from protocol.context import DEMO_JUDGE, DEMO_SIGNER
from protocol.demo_key import demo_files, make_demo_pkcs12
from tests.factories.evidence import OTHER as HEARING
from tests.factories.evidence import faults
from tests.factories.pages import browser, token
from tests.factories.server import Server

BUTTON = f'hx-post="/hearings/{HEARING}/protocol/sign"'


def test_secretary_and_judge_sign_on_the_page(copied: Server, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    make_demo_pkcs12(keys / DEMO_JUDGE, "Асанов Б. Т.", copied.clock, beside=demo_files(keys / DEMO_SIGNER))
    people = {role: browser(copied, role) for role in (UserRole.SECRETARY, UserRole.JUDGE)}

    def panel(role: UserRole) -> str:
        return people[role].get(f"/hearings/{HEARING}/protocol").text

    def sign(role: UserRole) -> str:
        form = {"csrf": token(people[role])}
        return people[role].post(f"/hearings/{HEARING}/protocol/sign", data=form).text

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
