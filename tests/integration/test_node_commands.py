"""`courtrec node code`, `enrol`, `list`, `revoke` as people type them, on the server's machine and on the node's."""

import re
import stat
from contextlib import closing
from pathlib import Path

import pytest

from api.app import create_app
from api.composition import make_context
from api.settings import load_settings
from court.card import HearingCard
from court.case_number import CaseNumber
from hardware.clock import SystemClock
from recorder.agent import Agent
from recorder.errors import Undelivered
from recorder.rooms import room_from_files
from recorder.settings import NodeSettings, Pace
from recorder.uplink import Uplink, ingest_client
from storage.keys import load
from tests.factories.backups import empty_database
from tests.factories.command_line import courtrec
from tests.factories.recordings import tone, write_wav
from tests.factories.served import served

ROOM = Path(__file__).parents[2] / "rooms" / "demo.toml"
NAME = "Зал № 1 (имитация)"


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> str:
    """Of the court's database; '' for the one in its home."""
    return "" if request.param == "sqlite" else empty_database(request.getfixturevalue("postgres"), "nodes")


def record_and_deliver(home: Path, url: str, case: str) -> None:
    """Three seconds of sound, recorded by the enrolled node in `home`; raises Undelivered."""
    settings = NodeSettings(home=home, name="desk", pace=Pace.FAST, planned_hours=0, sound_minutes=0)
    key, room = load(settings.key_file), room_from_files([write_wav(home / "tone.wav", tone(3, 440))])
    with closing(Agent(settings, room, SystemClock(), key)) as agent:
        agent.run_to_end(HearingCard(CaseNumber.parse(case)))
        with closing(Uplink(agent.spool, ingest_client(url, settings.read_token()), key.public)) as uplink:
            uplink.deliver()


def test_a_node_is_added_records_and_is_taken_away(tmp_path: Path, address: str) -> None:
    court, node = tmp_path / "court", tmp_path / "node"
    database = {"COURTREC_DATABASE_URL": address}
    context = make_context(load_settings(home=court, database_url=address))
    (court / "rooms").mkdir()
    (court / "rooms" / "one.toml").write_text(ROOM.read_text())
    with served(create_app(context)) as port:
        url = f"http://127.0.0.1:{port}"
        made = courtrec(court, "node", "code", NAME, "--minutes", "5", **database)
        assert made.returncode == 0, made.stderr
        [code] = re.findall(r"--code ((?:[A-Z2-9]{4}-){3}[A-Z2-9]{4})$", made.stdout, re.MULTILINE)
        first = courtrec(node, "node", "enrol", "--server", url, "--code", code, COURTREC_NODE_NAME="desk")
        assert first.returncode == 0, first.stderr
        [key] = re.findall(r"^Enrolled: key ([0-9a-f]{16}), room", first.stdout, re.MULTILINE)
        assert (node / "room.toml").read_text() == ROOM.read_text()
        assert stat.S_IMODE((node / "keys" / "node.token").stat().st_mode) == 0o600
        listed = courtrec(court, "node", "list", **database).stdout
        assert all(one in listed for one in (key, "desk", NAME))

        record_and_deliver(node, url, "ГД 1/26")
        gone = courtrec(court, "node", "revoke", key, **database)
        assert (gone.returncode, "Nothing more is taken from it" in gone.stdout) == (0, True), gone.stderr
        with pytest.raises(Undelivered, match=r"was revoked on .*nothing more is taken from it"):
            record_and_deliver(node, url, "ГД 2/26")
    context.database.dispose()
    listed = courtrec(court, "hearings", **database).stdout
    assert ("ГД 1/26" in listed, "ГД 2/26" in listed) == (True, False)
    told = courtrec(court, "verify", **database)
    assert told.returncode == 0, told.stdout
    [note, whole] = told.stdout.splitlines()
    assert "by a node that was enrolled for 'Зал № 1 (имитация)'" in note
    assert whole.startswith("Everything is whole: log of ")
