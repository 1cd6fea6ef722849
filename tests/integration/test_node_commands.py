"""`courtrec node code`, `enrol`, `list`, `revoke` as people type them, on the server's machine and on the node's."""

import re
import stat
from pathlib import Path

from api.app import create_app
from api.composition import make_context
from api.settings import load_settings
from recorder.settings import NodeSettings
from recorder.uplink import ingest_client
from tests.factories.command_line import courtrec
from tests.factories.served import served

ROOM = Path(__file__).parents[2] / "rooms" / "demo.toml"
NAME = "Зал № 1 (имитация)"


def test_a_node_is_added_and_taken_away(tmp_path: Path) -> None:
    court, node = tmp_path / "court", tmp_path / "node"
    context = make_context(load_settings(home=court))
    (court / "rooms").mkdir()
    (court / "rooms" / "one.toml").write_text(ROOM.read_text())
    with served(create_app(context)) as port:
        url = f"http://127.0.0.1:{port}"
        made = courtrec(court, "node", "code", NAME, "--minutes", "5")
        assert made.returncode == 0, made.stderr
        [code] = re.findall(r"--code ((?:[A-Z2-9]{4}-){3}[A-Z2-9]{4})$", made.stdout, re.MULTILINE)
        first = courtrec(node, "node", "enrol", "--server", url, "--code", code, COURTREC_NODE_NAME="desk")
        assert first.returncode == 0, first.stderr
        [key] = re.findall(r"^Enrolled: key ([0-9a-f]{16}), room", first.stdout, re.MULTILINE)
        assert (node / "room.toml").read_text() == ROOM.read_text()
        assert stat.S_IMODE((node / "keys" / "node.token").stat().st_mode) == 0o600
        listed = courtrec(court, "node", "list").stdout
        assert all(one in listed for one in (key, "desk", NAME))
        with ingest_client(url, NodeSettings(home=node).read_token()) as client:
            assert client.get(f"/api/ingest/objects/{'a' * 64}/part").status_code == 200
            gone = courtrec(court, "node", "revoke", key)
            assert (gone.returncode, "Nothing more is taken from it" in gone.stdout) == (0, True), gone.stderr
            refused = client.get(f"/api/ingest/objects/{'a' * 64}/part")
        assert (refused.status_code, "was revoked" in refused.json()["detail"]) == (403, True)
