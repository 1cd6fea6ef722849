"""Child processes: what they say is kept, and nothing of them outlives whoever started them."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hardware.child import Child
from hardware.errors import DeviceUnusable
from tests.factories.waiting import until

ROOT = Path(__file__).parents[2]
PARENT = """
import threading
from hardware.child import Child
made = []
thread = threading.Thread(target=lambda: made.append(Child(["sh", "-c", "sleep 600 & echo $$; wait"])))
thread.start()
thread.join()
print(made[0].read(100, 10).decode().strip(), flush=True)
made[0].read(1, None)
"""


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_it_survives_the_thread_that_asked_for_it_but_not_the_recorder() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None
        child = int(recorder.stdout.readline())
        assert alive(child)
        recorder.send_signal(signal.SIGKILL)
    until(lambda: not alive(child))
    os.killpg(child, signal.SIGKILL)  # its own child, which a killed leader cannot take along


def test_its_last_word_is_the_reason() -> None:
    child = Child(["sh", "-c", "printf 'some sound'; echo first >&2; echo 'Connection refused.' >&2; echo >&2"])
    given = b""
    while piece := child.read(4, 10):
        given += piece
    assert given == b"some sound"
    assert child.end() == "Connection refused"
    assert child.end() == "Connection refused"
    assert child.read(1, None) == b""


def test_a_hung_one_is_noticed_although_it_complains_and_is_ended_with_its_children() -> None:
    child = Child(["sh", "-c", "sleep 600 & echo $!; while :; do echo warning >&2; sleep 0.05; done"])
    inner = int(child.read(100, 10))
    with pytest.raises(TimeoutError):
        child.read(1, 0.3)
    assert child.end() == "warning"
    until(lambda: not alive(inner))  # a signal that was sent is not yet a process that is gone


def test_whoever_waits_for_it_can_be_interrupted() -> None:
    child = Child(["sleep", "600"])
    given: list[bytes] = []
    reader = threading.Thread(target=lambda: given.append(child.read(1, None)))
    reader.start()
    child.interrupt()
    reader.join(10)
    assert given == [b""]
    child.end()


def test_a_program_that_is_missing_is_named() -> None:
    child = Child(["no-such-program"])
    assert child.read(1, 10) == b""
    assert "no-such-program" in child.end()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        with pytest.raises(DeviceUnusable, match="no-such-program cannot be started"):
            Child(["no-such-program"])
