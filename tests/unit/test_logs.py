"""Whatever happens is one line, with its priority where the journal reads it."""

import subprocess
import sys

import pytest

from tests.factories.command_line import ROOT

PROGRAM = """
import logging, threading
import structlog
from api.cli.logs import one_line_logs
one_line_logs()
def fail():
    raise MemoryError("no\\nroom")
try:
    fail()
except MemoryError as error:
    structlog.get_logger().error("recording is interrupted", reason="x", exc_info=error)
    logging.getLogger("library").exception("it\\nfailed")
structlog.get_logger().info("nobody asked")
thread = threading.Thread(target=fail, name="reader")
thread.start()
thread.join()
fail()
"""


@pytest.mark.parametrize(("journal", "error", "critical"), [({"JOURNAL_STREAM": "8:1"}, "<3>", "<2>"), ({}, "", "")])
def test_every_event_is_one_line(journal: dict[str, str], error: str, critical: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=journal, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.splitlines() == [
        f"{error}recording is interrupted reason='x' fault='MemoryError: no\\nroom (<string>:7)'",
        f"{error}library: it failed MemoryError: no room (<string>:7)",
        f"{critical}courtrec: reader failed: MemoryError: no room (<string>:7)",
        f"{critical}courtrec: the program failed: MemoryError: no room (<string>:7)",
    ]
