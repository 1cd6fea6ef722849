"""A small disk of its own, to be filled up: a tmpfs mounted for one test, which needs the right to mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.running import ServiceMissing

BLOCK = 4096


@dataclass(frozen=True)
class SmallDisk:
    """Mounted at ``path``."""

    path: Path

    @property
    def free(self) -> int:
        """Bytes."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Takes all room but ``leave`` bytes, rounded down to whole blocks; filling again takes the rest."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            for _ in range((self.free - leave) // BLOCK):
                ballast.write(bytes(BLOCK))

    def read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)

    def make_room(self) -> None:
        (self.path / "ballast").unlink()


@contextmanager
def disk_image(path: Path, size: int) -> Iterator[Path]:
    """A file with an ext4 file system of ``size`` bytes in it; raises ServiceMissing where it may not be mounted."""
    with path.open("wb") as file:
        file.truncate(size)
    try:
        subprocess.run(["mkfs.ext4", "-q", str(path)], check=True, capture_output=True, text=True)
        with mounted_image(path, path.with_name(path.name + "-tried")):
            pass
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", "") or str(error)
        raise ServiceMissing(f"No image of a disk can be mounted ({reason.strip()}): run the tests as root.") from None
    yield path


@contextmanager
def mounted_image(image: Path, place: Path) -> Iterator[Path]:
    """The image's file system, mounted at ``place``; the image holds what a disk would at any time."""
    place.mkdir(exist_ok=True)
    mount = ["mount", "-o", "loop", str(image), str(place)]
    subprocess.run(mount, check=True, capture_output=True, text=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def make_read_only(place: Path) -> None:
    """As ext4 does by itself when it finds an error; only a new mount ends it."""
    subprocess.run(["mount", "-o", "remount,abort", str(place)], check=False, capture_output=True)


@contextmanager
def small_disk(path: Path, size: int) -> Iterator[SmallDisk]:
    """``size`` in bytes; raises ServiceMissing where this account may not mount."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "courtrec-test", str(path)]
    try:
        subprocess.run(mount, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", "") or str(error)
        raise ServiceMissing(f"No small disk can be mounted ({reason.strip()}): run the tests as root.") from None
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
