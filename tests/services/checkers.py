"""What checks a signed PDF and is not ours: veraPDF for PDF/A, Poppler's pdfsig (on Mozilla's NSS) for signatures."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.running import ServiceMissing

VERAPDF = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "courtrec" / "verapdf"
_FIELDS = {"field": "Signature Field Name", "signer": "Signer Certificate Common Name"}
_JUDGED = {"signature": "Signature Validation", "certificate": "Certificate Validation"}


@contextmanager
def verapdf() -> Iterator[Callable[[Path], str]]:
    """Says PASS, or which rules of PDF/A-3b a file breaks."""
    if shutil.which("java") is None or not list(VERAPDF.glob("greenfield-apps-*.jar")):
        raise ServiceMissing(
            "veraPDF is not there: run tests/services/install.sh (Debian packages maven, default-jre)."
        )

    def check(pdf: Path) -> str:
        command = ["java", "-cp", f"{VERAPDF}/*", "org.verapdf.apps.GreenfieldCliWrapper"]
        command += ["--flavour", "3b", "--format", "text", "-v", str(pdf)]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        return "PASS" if said == f"PASS {pdf} 3b\n" else said

    yield check


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
