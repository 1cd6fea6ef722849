"""Child processes that never outlive the tests: each in a process group of its own, which is always ended."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 15.0


class ServiceMissing(Exception):
    """The server's program is not on this machine; the message names what to install."""


class ServiceFailed(Exception):
    """The server is installed but did not come up; the message ends with its log."""


@contextmanager
def running(
    command: list[str],
    folder: Path,
    answers: Callable[[Path], bool],
    *,
    account: pwd.struct_passwd | None = None,
    environment: Mapping[str, str] | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[Path]:
    """Yields the server's log once ``answers(log)`` holds."""
    log = folder / "log"
    process = _start(command, folder, account, environment)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(log):
            if process.poll() is not None or time.monotonic() > deadline:
                ended = "ended" if process.returncode is not None else "did not answer in time"
                raise ServiceFailed(f"{Path(command[0]).name} {ended}:\n{log.read_text(errors='replace')}")
            time.sleep(0.05)
        yield log
    finally:
        _end(process, stop)


def run_to_end(command: list[str], folder: Path, account: pwd.struct_passwd | None = None) -> None:
    with _start(command, folder, account, None) as process:
        process.wait()
    if process.returncode:
        raise ServiceFailed(f"{Path(command[0]).name} failed:\n{(folder / 'log').read_text(errors='replace')}")


def _start(
    command: list[str], folder: Path, account: pwd.struct_passwd | None, environment: Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    """Its leader dies with the thread that started it, even if that is killed. Output goes to folder/log."""
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def _end(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    """First asks the leader, then kills what is left of its group."""
    process.send_signal(stop)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
