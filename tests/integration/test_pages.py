"""The pages over a real database and store: who gets which, in which language, and that forms are guarded."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import Conflict
from api.node_client import Asked, NodeClient
from court.openness import Openness
from court.people import UserRole
from storage.db.models import Utterance
from storage.db.unit_of_work import Database
from storage.db.work import NO_RECOGNISER
from storage.ledger.leaf import LeafKind, parse
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import ELSEWHERE, PASSWORD, Server, make_server

HTML = {"Accept": "text/html"}
NEW = HEARING[:-1] + "7"


class FakeNode:
    """A recording node that does what it is told and remembers it."""

    url = "http://127.0.0.1:9"

    def __init__(self) -> None:
        self.hearing: str | None = None
        self.state: str | None = None
        self.told: list[Any] = []

    def status(self) -> dict[str, Any]:
        return {
            "node": "node-1",
            "room": "Зал № 1",
            "hearing": self.hearing,
            "state": self.state,
            "seconds": 12.0,
            "tracks": [{"track": "mic-judge", "role": "judge", "kind": "audio"}],
            "unsent": {"count": 0, "bytes": 0, "oldest_seconds": 0},
            "message": "",
        }

    def start(self, card: dict[str, Any], _key: str, _by: str) -> str:
        if self.state in ("recording", "paused"):
            raise Conflict("The recording node cannot do this now.")
        self.told.append(card)
        self.hearing, self.state = NEW, "recording"
        return NEW

    def pause(self, _asked: Asked) -> dict[str, Any]:
        if self.state == "ended":
            raise Conflict("A hearing that is 'ended' cannot become 'paused'.")
        self.told.append("pause")
        self.state = "paused"
        return self.status()

    def stop(self, _asked: Asked) -> dict[str, Any]:
        self.told.append("stop")
        self.state = "ended"
        return self.status()

    def note(self, template: str, text: str, _key: str, _asked: Asked) -> float:
        self.told.append((template, text))
        return 3.5


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    made.transcribe([_utterance(0, 2_000, "Суд идёт"), _utterance(1, 75_000, "Прошу приобщить")])
    return made


@pytest.fixture
def node(server: Server) -> FakeNode:
    fake = FakeNode()
    server.context = dataclasses.replace(server.context, node=fake)  # type: ignore[arg-type] # stands in for the client
    server.app = create_app(server.context)
    return fake


def browser(server: Server, role: UserRole | None, **more: Any) -> TestClient:
    made = server.client() if role is None else server.user(role, **more)
    made.headers.update(HTML)
    return made


def token(client: TestClient, address: str = "/") -> str:
    """The form token that stands in a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(address).text)
    assert found is not None
    return found[1]


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


def test_what_is_wrong_with_the_node_is_told_in_the_readers_language(server: Server, node: FakeNode) -> None:
    node.state = "recording"
    secretary = browser(server, UserRole.SECRETARY)
    form = {"csrf": token(secretary), "case_number": "1/26"}
    assert "Узел записи не может сделать этого сейчас." in secretary.post("/hearings", data=form).text
    node.state = "ended"
    refused = secretary.post(f"/hearings/{HEARING}/pause", data={"csrf": form["csrf"]}).text
    assert "Узел записи не записывает это заседание." in refused
    server.context = dataclasses.replace(server.context, node=NodeClient("http://127.0.0.1:9", "token"))
    server.app = create_app(server.context)
    secretary = browser(server, UserRole.SECRETARY)
    for address in ("/hearings/new", "/selftest", f"/hearings/{HEARING}/node"):
        page = secretary.get(address).text
        assert "Узел записи http://127.0.0.1:9 не отвечает" in page, address
        assert "does not answer" not in page, address


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
    witness = _utterance(2, 3_000, "Ооба билем")
    witness.role, witness.language, witness.flags = "witness", "ky", ["language_doubtful"]
    witness.alternative = {"language": "kk", "text": "Иә білемін"}
    interpreter = _utterance(3, 5_000, "Да знаю")
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


def test_the_secretary_starts_leads_and_ends_a_hearing(server: Server, node: FakeNode) -> None:
    secretary = browser(server, UserRole.SECRETARY)
    form: dict[str, Any] = {
        "csrf": token(secretary, "/hearings/new"),
        "case_number": "ГД 4405/24-Б2",
        "language": "ru",
        "procedure": "criminal",
        "participant_role": ["claimant", "witness"],
        "participant_name": ["Садыкова А. М.", ""],
        "participant_present": ["no", "yes"],
        "participant_note": ["", ""],
    }
    started = secretary.post("/hearings", data=form)
    assert (started.status_code, started.headers["location"]) == (303, f"/hearings/{NEW}/console")
    assert node.told[0]["participants"] == [
        {"role": "claimant", "name": "Садыкова А. М.", "present": False, "note": ""}
    ]
    assert node.told[0]["procedure"] == "criminal"
    waiting = secretary.get(f"/hearings/{NEW}/console")
    assert "Запись началась" in waiting.text
    assert f'hx-post="/hearings/{NEW}/pause"' in waiting.text
    assert secretary.get("/hearings/new").headers["location"] == f"/hearings/{NEW}/console"
    server.receive(made_hearing(NEW))
    assert "Идёт запись" in secretary.get(f"/hearings/{NEW}/console").text
    secretary.headers["X-CSRF-Token"] = form["csrf"]
    assert "Продолжить запись" in secretary.post(f"/hearings/{NEW}/pause").text
    noted = secretary.post(f"/hearings/{NEW}/note", data={"template": "motion", "text": "о приобщении"})
    assert "о приобщении" in noted.text
    assert secretary.post(f"/hearings/{NEW}/note", data={"text": "  "}).status_code == 422, "a note that says nothing"
    ended = secretary.post(f"/hearings/{NEW}/stop").text
    assert "Завершено" in ended
    assert node.told[1:] == ["pause", ("motion", "о приобщении"), "stop"]
    assert secretary.post(f"/hearings/{NEW}/pause").status_code == 409
    assert secretary.post(f"/hearings/{HEARING}/pause").status_code == 409, "that one is not being recorded"
    assert secretary.get("/hearings/new").status_code == 200


def test_a_hearing_the_server_does_not_know_yet_is_led_all_the_same(server: Server, node: FakeNode) -> None:
    secretary = browser(server, UserRole.SECRETARY)
    secretary.headers["X-CSRF-Token"] = token(secretary)
    node.hearing, node.state = NEW, "recording"
    for part in ("console", "state", "node"):
        assert secretary.get(f"/hearings/{NEW}/{part}").status_code == 200, part
    assert secretary.get(f"/hearings/{NEW}/notes").status_code == 204
    assert "mic-judge" in secretary.get(f"/hearings/{NEW}/console").text
    noted = secretary.post(f"/hearings/{NEW}/note", data={"template": "motion", "text": "о приобщении"})
    assert "о приобщении" in noted.text
    assert "Продолжить запись" in secretary.post(f"/hearings/{NEW}/pause").text
    assert secretary.post(f"/hearings/{NEW}/stop").status_code == 200
    assert node.told == [("motion", "о приобщении"), "pause", "stop"]
    other = NEW[:-1] + "8"
    assert secretary.get(f"/hearings/{other}/console").status_code == 404
    assert secretary.post(f"/hearings/{other}/pause").status_code == 409
    assert browser(server, UserRole.JUDGE).post(f"/hearings/{NEW}/pause").status_code == 403


def test_the_journal_names_the_steps_that_were_taken(server: Server, node: FakeNode) -> None:
    secretary = browser(server, UserRole.SECRETARY)
    secretary.headers["X-CSRF-Token"] = token(secretary)
    server.receive(made_hearing(NEW))
    node.hearing, node.state = NEW, "recording"
    assert secretary.post(f"/hearings/{NEW}/stop").status_code == 200
    assert secretary.post(f"/hearings/{NEW}/pause").status_code == 409  # the node refuses: it has ended
    with server.context.database.read() as work:
        leaves = [parse(one.entry) for one in work.log.entries(NEW)]
    steps = [leaf.body["object"] for leaf in leaves if leaf.kind is LeafKind.ACCESS]
    assert steps == ["stop"]


@pytest.mark.parametrize("referer", ["http://[", "http://testserver/[", "//evil.example/x"])
def test_no_referer_breaks_the_choice_of_language(server: Server, referer: str) -> None:
    judge = browser(server, UserRole.JUDGE)
    answer = judge.post("/language", data={"csrf": token(judge), "language": "en"}, headers={"referer": referer})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/")


def test_what_the_card_cannot_be_comes_back_in_the_form(server: Server, node: FakeNode) -> None:
    secretary = browser(server, UserRole.SECRETARY)
    form = {"csrf": token(secretary, "/hearings/new"), "case_number": " ", "court": "Первомайский суд"}
    refused = secretary.post("/hearings", data=form)
    assert refused.status_code == 422
    assert "Номер дела пуст" in refused.text
    assert "Первомайский суд" in refused.text
    assert node.told == []


def test_only_a_secretary_leads_a_recording(server: Server, node: FakeNode) -> None:
    for role in (UserRole.JUDGE, UserRole.PARTY, UserRole.ADMIN):
        assert browser(server, role).get(f"/hearings/{HEARING}/console").status_code == 403
        assert browser(server, role).get("/hearings/new").status_code == 403
    assert node.told == []


def test_without_a_node_the_form_says_so(server: Server) -> None:
    page = browser(server, UserRole.SECRETARY).get("/hearings/new")
    assert "не подключён узел записи" in page.text


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


def _utterance(position: int, start_ms: int, text: str) -> Utterance:
    words = [
        {"text": word, "start_ms": start_ms + 500 * at, "end_ms": start_ms + 500 * (at + 1), "probability": 0.9}
        for at, word in enumerate(text.split())
    ]
    return Utterance(
        hearing_id=HEARING,
        sequence=position,
        track="mic-judge",
        role="judge",
        start_ms=start_ms,
        end_ms=start_ms + 1000,
        text=text,
        words=words,
        language="ru",
        flags=[],
        engine="test",
        model="test",
        parameters_key="ab" * 32,
        segment_sha256="00" * 32,
        position=position,
    )
