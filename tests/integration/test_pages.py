"""The pages over a real database and store: who gets which, in which language, and that forms are guarded."""

import re
from pathlib import Path

import pytest

from court.openness import Openness
from court.people import UserRole
from storage.db.unit_of_work import Database
from storage.db.work import NO_RECOGNISER
from tests.factories.hearing_log import HEARING
from tests.factories.pages import FakeNode, browser, token, utterance, with_hearing, with_node
from tests.factories.server import ELSEWHERE, PASSWORD, Server


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return with_hearing(database, tmp_path)


@pytest.fixture
def node(server: Server) -> FakeNode:
    return with_node(server)


def test_a_visitor_is_sent_to_the_log_in_and_back(server: Server) -> None:
    visitor = browser(server, None)
    sent = visitor.get(f"/hearings/{HEARING}?t=3")
    assert (sent.status_code, sent.headers["location"]) == (303, f"/login?next=/hearings/{HEARING}%3Ft%3D3")
    server.user(UserRole.JUDGE)  # makes the account
    form = {"csrf": token(visitor, "/login"), "login": "judge", "next": f"/hearings/{HEARING}?t=3"}
    wrong = visitor.post("/login", data={**form, "password": "wrong"})
    assert wrong.status_code == 401
    assert "Неверный логин или пароль." in wrong.text
    right = visitor.post("/login", data={**form, "password": PASSWORD})
    assert (right.status_code, right.headers["location"]) == (303, f"/hearings/{HEARING}?t=3")
    assert "Суд" in visitor.get(right.headers["location"]).text


@pytest.mark.parametrize(
    ("language", "said"), [("ru", "По этому адресу страницы нет"), ("en", "There is no page at this address")]
)
def test_an_unknown_address_is_a_page_in_the_readers_language(server: Server, language: str, said: str) -> None:
    for role in (None, UserRole.JUDGE):
        visitor = browser(server, role)
        visitor.cookies.set("language", language)
        answer = visitor.get("/hearing")
        assert (answer.status_code, said in answer.text, "Not Found" in answer.text) == (404, True, False)
    assert said in browser(server, None).get("/api/nothing").json()["detail"] or language == "ru"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"])
def test_a_log_in_never_leads_elsewhere(server: Server, target: str) -> None:
    visitor = browser(server, None)
    server.user(UserRole.JUDGE)
    form = {"csrf": token(visitor, "/login"), "login": "judge", "password": PASSWORD, "next": target}
    assert visitor.post("/login", data=form).headers["location"] == "/"


def test_a_form_without_its_token_does_nothing(server: Server, node: FakeNode) -> None:
    secretary = browser(server, UserRole.SECRETARY)
    refused = secretary.post("/hearings", data={"case_number": "1/26"})
    assert refused.status_code == 403
    assert "Форма устарела" in refused.text
    assert node.told == []


def test_the_list_shows_the_hearing_and_its_protocol(server: Server) -> None:
    judge = browser(server, UserRole.JUDGE)
    page = judge.get("/").text
    assert "Э-1/26" in page
    assert "Завершено" in page or "Подписан" in page
    assert "Такого номера дела нет" in judge.get("/", params={"q": "999"}).text


def test_the_hearing_page_carries_words_with_their_times(server: Server) -> None:
    page = browser(server, UserRole.JUDGE).get(f"/hearings/{HEARING}?t=2.5").text
    assert '<span class="word" data-start="2.0" data-end="2.5"' in page
    assert f'data-timeline="/api/hearings/{HEARING}/timeline"' in page
    assert 'data-start="2.5"' in page
    assert "Перерыв · 00:01:00" in page


def test_an_administrator_sees_the_card_and_not_the_content(server: Server) -> None:
    page = browser(server, UserRole.ADMIN).get(f"/hearings/{HEARING}")
    assert page.status_code == 200
    assert "Э-1/26" in page.text
    assert "Ваша роль этого не допускает." in page.text
    assert "courtrec-player" not in page.text
    assert "Суд идёт" not in page.text


def test_closed_words_stay_at_the_court(server: Server) -> None:
    server.order(HEARING, Openness.CLOSED, 70_000, None)
    inside = browser(server, UserRole.JUDGE).get(f"/hearings/{HEARING}").text
    outside = browser(server, UserRole.JUDGE, address=ELSEWHERE).get(f"/hearings/{HEARING}").text
    assert "приобщить" in inside
    assert "приобщить" not in outside
    assert "идёт" in outside
    pdf = browser(server, UserRole.JUDGE, address=ELSEWHERE).get(f"/hearings/{HEARING}/protocol.pdf")
    assert pdf.status_code == 403


def test_a_second_text_and_what_is_interpreted_stand_by_the_first(server: Server) -> None:
    witness = utterance(2, 3_000, "Ооба билем")
    witness.role, witness.language, witness.flags = "witness", "ky", ["language_doubtful"]
    witness.alternative = {"language": "kk", "text": "Иә білемін"}
    interpreter = utterance(3, 5_000, "Да знаю")
    interpreter.role, interpreter.alternative = "interpreter", {}
    server.transcribe([witness, interpreter])
    page = browser(server, UserRole.JUDGE).get(f"/hearings/{HEARING}").text
    assert re.search(
        r"<summary>Возможно, сказано на другом языке: Қазақша</summary><p lang=\"kk\">Иә білемін</p>", page
    )
    assert re.search(r'<a class="renders" href="/hearings/[^"]+\?t=3\.0">перевод сказанного в 00:00:03</a>', page)
    assert '<p data-part="said" lang="ky">' in page
    assert "Язык определён неуверенно" in page
    server.order(HEARING, Openness.CLOSED, 2_500, 6_000)
    outside = browser(server, UserRole.JUDGE, address=ELSEWHERE).get(f"/hearings/{HEARING}").text
    assert "білемін" not in outside, "the second text is as closed as the first"


def test_a_party_gets_nothing_of_a_hearing_not_granted(server: Server) -> None:
    party = browser(server, UserRole.PARTY)
    refused = party.get(f"/hearings/{HEARING}")
    assert refused.status_code == 403
    assert "Суд не открыл вам доступ" in refused.text
    assert "Э-1/26" not in party.get("/").text


def test_the_transcript_answers_only_when_there_is_something_new(server: Server) -> None:
    judge = browser(server, UserRole.JUDGE)
    first = judge.get(f"/hearings/{HEARING}/transcript").text
    known = re.search(r"known=([\w-]+)", first)
    assert known is not None
    assert judge.get(f"/hearings/{HEARING}/transcript", params={"known": known[1]}).status_code == 204
    with server.context.database.begin() as work:
        for sequence in range(3):
            work.windows.done(HEARING, sequence)
    finished = judge.get(f"/hearings/{HEARING}/transcript", params={"known": known[1]})
    assert finished.status_code == 200
    assert "hx-get" not in finished.text


def test_why_there_is_no_transcript_stands_on_the_page(server: Server) -> None:
    with server.context.database.begin() as work:
        for sequence in range(3):
            work.windows.failed(HEARING, sequence, "The GPU is on fire.", reason="other", for_good=True)
    page = browser(server, UserRole.JUDGE).get(f"/hearings/{HEARING}").text
    assert page.count("The GPU is on fire.") == 1
    assert "Часть записи не удалось расшифровать" in page


def test_a_language_that_nothing_recognises_is_said_in_the_readers_own(server: Server) -> None:
    with server.context.database.begin() as work:
        for sequence in range(3):
            work.windows.failed(HEARING, sequence, "No recogniser is set.", reason=NO_RECOGNISER, for_good=True)
    page = browser(server, UserRole.JUDGE).get(f"/hearings/{HEARING}").text
    assert page.count("В этом суде нет распознавателя речи на языке заседания (Русский)") == 1
    assert "No recogniser is set." not in page


def test_the_language_is_chosen_and_kept(server: Server) -> None:
    judge = browser(server, UserRole.JUDGE)
    answer = judge.post(
        "/language", data={"csrf": token(judge), "language": "en"}, headers={"referer": "http://testserver/?q=1"}
    )
    assert answer.headers["location"] == "/?q=1"
    assert '<html lang="en"' in judge.get("/").text
    assert "Hearings" in judge.get("/").text


def test_logging_out_ends_the_session(server: Server) -> None:
    judge = browser(server, UserRole.JUDGE)
    judge.post("/logout", data={"csrf": token(judge)})
    assert judge.get("/").status_code == 303


@pytest.mark.parametrize("referer", ["http://[", "http://testserver/[", "//evil.example/x"])
def test_no_referer_breaks_the_choice_of_language(server: Server, referer: str) -> None:
    judge = browser(server, UserRole.JUDGE)
    answer = judge.post("/language", data={"csrf": token(judge), "language": "en"}, headers={"referer": referer})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/")


def test_anyone_may_verify_and_a_protocols_link_is_recognised(server: Server) -> None:
    visitor = browser(server, None)
    assert visitor.get("/verify").status_code == 200
    with server.context.database.read() as work:
        rows = work.protocols.of(HEARING)
    unknown = visitor.get("/verify", params={"protocol": f"{HEARING}-r{len(rows) + 1}"}).text
    assert "нет такого протокола" in unknown
    for row in rows:
        assert row.sha256 in visitor.get("/verify", params={"protocol": f"{HEARING}-r{row.revision}"}).text


def test_nothing_on_a_page_breaks_the_security_policy(server: Server, node: FakeNode) -> None:
    """The policy allows no inline script or style and nothing from elsewhere."""
    secretary = browser(server, UserRole.SECRETARY)
    for address in ("/", "/verify", "/hearings/new", f"/hearings/{HEARING}", f"/hearings/{HEARING}/console"):
        page = secretary.get(address).text
        assert re.search(r"\sstyle=|<style|\son\w+=|hx-on|javascript:", page) is None, address
        assert re.search(r'<script(?![^>]*(src="/static/|type="application/json"))', page) is None, address
        assert re.search(r'(?:src|href)="(?:https?:)?//', page) is None, address
