"""What checks a signed PDF and is not ours: veraPDF for PDF/A; for signatures Poppler's pdfsig (on Mozilla's NSS) and
DSS, the European Commission's library (LGPL 2.1), on which its own validator for PAdES runs."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.running import ServiceMissing

_CACHED = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "courtrec"
_FIELDS = {"field": "Signature Field Name", "signer": "Signer Certificate Common Name"}
_JUDGED = {"signature": "Signature Validation", "certificate": "Certificate Validation"}


@contextmanager
def verapdf() -> Iterator[Callable[[Path], str]]:
    """Says PASS, or which rules of PDF/A-3b a file breaks."""
    java = _java("verapdf")

    def check(pdf: Path) -> str:
        command = [*java, "org.verapdf.apps.GreenfieldCliWrapper", "--flavour", "3b", "--format", "text", "-v"]
        said = subprocess.run([*command, str(pdf)], capture_output=True, text=True, check=False).stdout
        return "PASS" if said == f"PASS {pdf} 3b\n" else said

    yield check


@contextmanager
def dss(*trusted: Path) -> Iterator[Callable[..., list[tuple[str, ...]]]]:
    """Says of each signature in each of some files who signed, as which format, and whether it holds, by EN 319 102-1;
    trusts the certificates in `trusted` (PEM) alone and asks nobody."""
    program = Path(__file__).parent / "dss" / "Validate.java"
    command = [*_java("dss"), "-XX:TieredStopAtLevel=1", str(program), *map(str, trusted), "--"]

    def check(*pdfs: Path) -> list[tuple[str, ...]]:
        done = subprocess.run([*command, *map(str, pdfs)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [tuple(line.split("\t")[1:]) for line in done.stdout.splitlines()]

    yield check


def _java(name: str) -> list[str]:
    folder = _CACHED / name
    if shutil.which("java") is None or not list(folder.glob("*.jar")):
        raise ServiceMissing(f"{name} is not there: run tests/services/install.sh (maven, default-jdk-headless).")
    return ["java", "-cp", f"{folder}/*"]


@dataclass(frozen=True)
class Told:
    """What pdfsig says of one signature."""

    field: str
    signer: str
    signature: str
    certificate: str
    whole: bool


@contextmanager
def pdfsig(folder: Path, roots: Path) -> Iterator[Callable[[Path], list[Told]]]:
    """Checks signatures, trusting the authority in `roots` (PEM)."""
    if shutil.which("pdfsig") is None or shutil.which("certutil") is None:
        raise ServiceMissing("pdfsig is not there: run tests/services/install.sh (poppler-utils, libnss3-tools).")
    folder.mkdir()
    for arguments in (["-N", "--empty-password"], ["-A", "-n", "root", "-t", "CT,C,C", "-i", str(roots)]):
        subprocess.run(["certutil", "-d", f"sql:{folder}", *arguments], check=True, capture_output=True)

    def check(pdf: Path) -> list[Told]:
        command = ["pdfsig", "-nssdir", f"sql:{folder}", str(pdf)]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        parts = re.split(r"^Signature #\d+:$", said, flags=re.MULTILINE)[1:]
        return [Told(**_read(part), whole="Total document signed" in part) for part in parts]

    yield check


def _read(part: str) -> dict[str, str]:
    lines = dict(line.strip().removeprefix("- ").split(": ", 1) for line in part.splitlines() if ": " in line)
    return {name: lines.get(title, "") for name, title in {**_FIELDS, **_JUDGED}.items()}
