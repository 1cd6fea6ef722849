"""The capture node that a server starts beside itself: it lives and ends with the server, however that ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.child_node import child_node, free_port
from api.errors import ServerError
from recorder.settings import NodeSettings
from recorder.spool import HearingRow, Spool
from tests.factories.command_line import ROOT
from tests.factories.waiting import until

ROOM = ROOT / "rooms" / "demo.toml"
SERVER = """
import signal, sys
from pathlib import Path
from api.child_node import child_node
home, room, port = sys.argv[1:]
with child_node(Path(home), Path(room), "", int(port)):
    print("ready", flush=True)
    signal.pause()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "node.token").write_text("token", encoding="utf-8")
    return tmp_path


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_ends_with_a_server_that_was_killed(home: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", SERVER, str(home), str(ROOM), str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)
    assert server.stdout is not None
    try:
        assert server.stdout.readline() == b"ready\n"
        assert listening(port)
        server.kill()
        server.wait()
        until(lambda: not listening(port))
    finally:
        with contextlib.suppress(ProcessLookupError):  # nobody is left, as it should be
            os.killpg(server.pid, signal.SIGKILL)
        server.stdout.close()
    with child_node(home, ROOM, "", port):
        assert listening(port)
    assert not listening(port)
    Spool(NodeSettings(home=home).spool_folder).close()


def test_told_to_end_it_finishes_what_it_is_writing(home: Path) -> None:
    port = free_port()
    headers = {"Authorization": "Bearer token"}
    with (
        child_node(home, ROOM, "", port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as page,
    ):
        hearing = page.post("/start", json={"case_number": "1"}).json()["hearing"]
        until(lambda: page.get("/status").json()["seconds"] > 0.5)
    spool = Spool(NodeSettings(home=home).spool_folder)
    row = spool.unfinished()
    assert row is not None
    assert row.id == hearing
    assert spool.open_segments(hearing) == []
    assert any(entry.attachment is not None for entry in spool.entries(hearing))
    spool.close()


def test_it_is_not_tried_again_where_another_recorder_runs(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    spool = Spool(NodeSettings(home=home).spool_folder)
    spool.begin(HearingRow("hearing", "", "fast", scripted=False))
    with pytest.raises(ServerError, match="did not start"), child_node(home, ROOM, "", free_port()):
        pytest.fail("it did start")
    assert capfd.readouterr().err.count("Another recorder uses the spool") == 1
    spool.close()
