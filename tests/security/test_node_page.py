"""The node's own page lets in who has its password, from where the settings say, and nobody by another's hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from recorder.agent import Agent
from recorder.door import COOKIE, HEADER, Door
from recorder.login import Logins
from recorder.password import set_password
from recorder.settings import Network
from tests.factories.node_page import PIN, node_app
from tests.factories.recordings import node, simulated_room, tone, write_wav
from tests.factories.server import NODE_TOKEN

READ = ("/status", "/levels", "/notes")
STEPS = ("/start", "/pause", "/resume", "/deliberate", "/stop", "/note", "/openness")
CARD = {"case_number": "1/26"}


@dataclass
class Node:
    agent: Agent
    networks: tuple[Network, ...] = (ip_network("127.0.0.0/8"),)

    def browser(self, address: str = "127.0.0.1", host: str = "127.0.0.1:8090") -> TestClient:
        logins = Logins(self.agent.settings.password_file)
        app = node_app(self.agent, Door(NODE_TOKEN, logins, self.networks, ["room-3"]))
        return TestClient(app, base_url=f"http://{host}", client=(address, 50000))

    def inside(self, **where: str) -> TestClient:
        browser = self.browser(**where)
        browser.headers[HEADER] = "1"
        answer = browser.post("/login", json={"password": PIN, "name": "А."})
        assert answer.status_code == 200, answer.text
        return browser


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Node]:
    agent = node(tmp_path, simulated_room([write_wav(tmp_path / "0.wav", tone(5, 440))], camera=False))
    set_password(agent.settings.password_file, PIN)
    yield Node(agent)
    agent.close()


def test_a_stranger_gets_the_log_in_and_nothing_else(court: Node) -> None:
    browser = court.browser()
    browser.headers[HEADER] = "1"
    page = browser.get("/").text
    assert 'data-part="login"' in page
    assert 'data-part="panel"' not in page
    assert court.agent.room.name not in page.split("<main")[1].split("</main>")[0]
    for path in READ:
        assert browser.get(path).status_code == 401
    for path in STEPS:
        assert browser.post(path, json=CARD).status_code == 401
    assert court.agent.status().hearing is None


def test_without_a_password_the_page_says_how_to_set_one(court: Node) -> None:
    court.agent.settings.password_file.unlink()
    browser = court.browser()
    assert "courtrec node password" in browser.get("/").text
    assert 'data-part="login"' not in browser.get("/").text
    assert browser.post("/login", json={"password": ""}, headers={HEADER: "1"}).status_code == 403


def test_a_foreign_page_can_do_nothing_with_the_cookie(court: Node) -> None:
    browser = court.inside()
    assert browser.get("/status").status_code == 200
    cookie = next(one for one in browser.cookies.jar if one.name == COOKIE)
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "strict"
    del browser.headers[HEADER]
    for path in (*STEPS, "/login", "/logout"):  # as a form or an image of another site would send it
        assert browser.post(path, json=CARD).status_code == 403, path
    assert court.agent.status().hearing is None


@pytest.mark.parametrize("address", ["192.0.2.7", "::ffff:192.0.2.7", "unreadable"])
def test_the_page_is_for_the_networks_of_the_settings(court: Node, address: str) -> None:
    token = next(iter(court.inside().cookies.values()))
    browser = court.browser(address)
    browser.headers[HEADER] = "1"
    for method, path in (("GET", "/"), ("GET", "/page/style.css"), ("POST", "/login")):
        assert browser.request(method, path, json={"password": PIN}).status_code == 403
    browser.cookies.set(COOKIE, token)
    assert browser.get("/status").status_code == 403
    server = court.browser(address)
    assert server.get("/status", headers={"Authorization": f"Bearer {NODE_TOKEN}"}).status_code == 200
    court.networks = (ip_network("192.0.2.0/24"),)
    assert court.browser("192.0.2.7").get("/").status_code == 200


@pytest.mark.parametrize(("host", "status"), [
    ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("localhost:8090", 200), ("ROOM-3:8090", 200),
    ("192.0.2.9:8090", 200), ("[::1]:8090", 200),
])  # fmt: skip
def test_a_name_that_is_not_the_machine_s_gets_nothing(court: Node, host: str, status: int) -> None:
    assert court.browser(host=host).get("/").status_code == status


def test_every_answer_of_the_page_is_protected(court: Node) -> None:
    browser = court.inside()
    for path in ("/", "/page/style.css", "/page/page.js", "/page/live.js"):
        answer = browser.get(path)
        assert answer.status_code == 200
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
        assert policy["frame-ancestors"] == "'none'"
        assert answer.headers["cache-control"] == "no-store"
    assert browser.get("/page/panel.html").status_code == 404
    assert browser.get("/page/..%2fcontrol.py").status_code == 404


def test_guesses_are_slowed_down(court: Node) -> None:
    browser = court.browser()
    browser.headers[HEADER] = "1"
    answers = [browser.post("/login", json={"password": "wrong", "name": ""}) for _ in range(6)]
    assert [one.status_code for one in answers] == [403] * 6
    assert "Too many" in answers[-1].json()["detail"]
    assert "Too many" in browser.post("/login", json={"password": PIN, "name": ""}).json()["detail"]


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"password": 5}', b'{"password": "x", "name": 5}', b"x" * 300_000])
def test_what_is_no_log_in_is_one_sentence(court: Node, body: bytes) -> None:
    answer: httpx.Response = court.browser().post("/login", content=body, headers={HEADER: "1"})
    assert (answer.status_code, answer.json()["detail"].endswith(".")) == (422, True)


def test_the_name_typed_stands_by_what_is_ordered(court: Node) -> None:
    browser = court.inside()
    assert browser.post("/start", json={**CARD, "by": "somebody else"}).status_code == 200
    assert browser.get("/status").json()["by"] == "А."
