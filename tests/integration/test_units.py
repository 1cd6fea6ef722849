"""The units of deploy/systemd as systemd reads them, and the command that keeps upgrades out of hearings."""

import configparser
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from recorder.service import OLDEST_FRAGMENT
from recorder.settings import NodeSettings
from recorder.spool import HearingRow, Spool
from tests.factories.command_line import COMMAND, ROOT
from tests.simulators.service import RESTART_SECONDS, WATCHDOG_SECONDS

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


def unit(path: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path)
    return parser["Service"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_finds_no_fault(tmp_path: Path, path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (package systemd).")
    copy = tmp_path / path.name
    copy.write_text(path.read_text().replace("/opt/courtrec/.venv/bin/courtrec", sys.executable))
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_node_is_kept_as_the_tests_keep_it() -> None:
    node = unit(ROOT / "deploy" / "systemd" / "courtrec-node.service")
    assert (node["Type"], node["Restart"], node["WatchdogSignal"]) == ("notify", "always", "SIGKILL")
    assert node["RestartSec"] == f"{RESTART_SECONDS * 1000:.0f}ms"
    assert node["WatchdogSec"] == f"{WATCHDOG_SECONDS:.0f}s"
    assert WATCHDOG_SECONDS > OLDEST_FRAGMENT


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_no_service_may_gain_rights(path: Path) -> None:
    service = unit(path)
    assert (service["User"], service["NoNewPrivileges"], service["ProtectSystem"]) == ("courtrec", "yes", "strict")
    assert service["CapabilityBoundingSet"] == ""
    assert "adjtimex" in service["SystemCallFilter"], "whether the clock is in step could not be told"


def upgrade_check(home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, "node", "upgrade-check"], cwd=ROOT, env={**os.environ, "COURTREC_NODE_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_no_upgrade_during_a_hearing(tmp_path: Path) -> None:
    assert upgrade_check(tmp_path).returncode == 0
    with closing(Spool(NodeSettings(home=tmp_path).spool_folder)) as spool:
        assert upgrade_check(tmp_path).returncode == 0
        spool.begin(HearingRow("019ab000", "room", "realtime", scripted=False))
        refused = upgrade_check(tmp_path)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == (
            "courtrec: The hearing 019ab000 is being recorded here or is not finished: upgrade after its end.\n"
        )
        spool.end("019ab000")
        assert upgrade_check(tmp_path).returncode == 0


def test_the_upgrade_asks_first() -> None:
    script = (ROOT / "deploy" / "upgrade.sh").read_text()
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    assert script.index("upgrade-check") < script.index("systemctl stop")
