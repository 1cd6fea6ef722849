"""NUT's own server with its dummy driver: a UPS that says what a file says."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hardware.ups import UpsAddress, ask_ups
from tests.services.running import ServiceMissing, running

# Debian's programs on PATH are scripts that start nothing unless /etc/nut/nut.conf says so.
_PROGRAMS = Path("/lib/nut")
FULL = {"ups.status": "OL", "battery.charge": "100", "battery.runtime": "3600"}


@dataclass(frozen=True)
class UpsServer:
    address: UpsAddress
    folder: Path

    def says(self, **variables: str) -> None:
        """Variables with `_` for `.`; those that are not named are gone soon after."""
        _write(self.folder, {name.replace("_", ".", 1): value for name, value in variables.items()})


@contextmanager
def ups_server(port: int) -> Iterator[UpsServer]:
    driver, server = _PROGRAMS / "dummy-ups", _PROGRAMS / "upsd"
    if not driver.exists() or not server.exists():
        raise ServiceMissing("NUT is not installed: run tests/services/install.sh (package nut-server).")
    with TemporaryDirectory(prefix="courtrec-nut-", ignore_cleanup_errors=True) as name:
        folder, upsd = Path(name), Path(name) / "upsd"
        upsd.mkdir()
        driven = f"driver = dummy-ups\nport = {folder}/ups.dev\nmode = dummy-once\npollinterval = 1\n"
        (folder / "ups.conf").write_text(f"[ups]\n{driven}")
        (folder / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {port}\n")
        (folder / "upsd.users").touch()
        _write(folder, FULL)
        environment = dict.fromkeys(("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH"), name)
        found = UpsServer(UpsAddress("ups", "127.0.0.1", port), folder)
        account = ["-u", os.environ.get("USER", "root")]
        drive, serve = [str(driver), "-a", "ups", "-F", *account], [str(server), "-F", *account]

        def drives(_log: Path) -> bool:
            return any(folder.glob("dummy-ups-ups"))

        def answers(_log: Path) -> bool:
            return ask_ups(found.address).answers

        with (
            running(drive, folder, drives, environment=environment),
            running(serve, upsd, answers, environment=environment),
        ):
            yield found


def _write(folder: Path, variables: dict[str, str]) -> None:
    """In one step, so that the driver never reads half of it."""
    made = folder / "ups.new"
    made.write_text("".join(f"{name}: {value}\n" for name, value in variables.items()))
    made.replace(folder / "ups.dev")
