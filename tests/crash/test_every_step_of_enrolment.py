"""Enrolling a node, stopped before every step: the same command with the same code makes an enrolled node of it."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx

from recorder.enrolment import enrol_node
from recorder.settings import NodeSettings
from storage.enrolment import node_token
from storage.keys import load
from storage.ledger.ed25519 import key_id
from tests.simulators.power import every_death

ROOM_FILE = 'name = "Зал 1"\n'


def court(request: httpx.Request) -> httpx.Response:
    """Knows every token it would have given, and gives whoever asks its own."""
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if request.method == "GET":
        named = shown.partition(".")[0]
        known = shown == node_token("secret", named)
        return httpx.Response(200 if known else 401, json={"node": named, "room": "Зал 1"})
    named = key_id(base64.b64decode(json.loads(request.content)["public_key"]))
    told = {"node": named, "room": "Зал 1", "token": node_token("secret", named), "log_key": "courtrec+1+x"}
    return httpx.Response(200, json=told | {"room_file": ROOM_FILE})


def enrolled(home: Path) -> str:
    client = httpx.Client(base_url="http://court.test", transport=httpx.MockTransport(court))
    return enrol_node(NodeSettings(home=home, name="node-1"), client, "CODE").node


def test_an_enrolment_that_was_cut_off_is_done_again_with_the_same_key(tmp_path: Path) -> None:
    def enrol(home: Path, done: list[Any]) -> None:
        done.append(enrolled(home))

    for left in every_death(tmp_path, enrol):
        settings = NodeSettings(home=left.home)
        there = settings.key_file.exists() and load(settings.key_file).key_id
        if settings.token_file.exists():
            assert settings.read_token() == node_token("secret", str(there)), left.how
        assert left.acknowledged in ([], [there]), left.how
        named = enrolled(left.home)
        assert named == load(settings.key_file).key_id == (there or named), left.how
        assert settings.read_token() == node_token("secret", named), left.how
        assert (left.home / "room.toml").read_text() == ROOM_FILE, left.how
