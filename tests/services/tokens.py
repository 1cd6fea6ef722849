"""A real PKCS#11 token: SoftHSM's, with a key and its certificate on it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.services.authority import Issued
from tests.services.running import ServiceMissing

MODULES = (Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/lib64/pkcs11/libsofthsm2.so"))
PIN, KEY = "123456", "signing"


@dataclass(frozen=True)
class Token:
    """Its library and label; it is found by who has SOFTHSM2_CONF set to `configuration`."""

    module: Path
    configuration: Path
    label: str = "court"

    @property
    def folder(self) -> Path:
        return self.configuration.parent / "tokens"

    def hold(self, issued: Issued, label: str = KEY) -> None:
        """Puts key and certificate on the token; it must be in the environment."""
        number = f"{len(list(self.folder.glob('*/*.object'))):04x}"
        _run("--import", issued.key, "--token", self.label, "--label", label, "--id", number, "--pin", PIN)
        certificate = x509.load_pem_x509_certificate(issued.certificate.read_bytes())
        library = pkcs11.lib(str(self.module))
        library.reinitialize()
        with library.get_token(token_label=self.label).open(rw=True, user_pin=PIN) as session:
            session.create_object(
                {
                    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                    pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    pkcs11.Attribute.TOKEN: True,
                    pkcs11.Attribute.LABEL: label,
                    pkcs11.Attribute.ID: bytes.fromhex(number),
                    pkcs11.Attribute.SUBJECT: certificate.subject.public_bytes(),
                    pkcs11.Attribute.VALUE: certificate.public_bytes(Encoding.DER),
                }
            )

    def unplug(self) -> None:
        """From now on nothing of it can be reached."""
        self.folder.rename(self.folder.with_name("unplugged"))
        self.folder.mkdir()


@contextmanager
def plugged_token(folder: Path) -> Iterator[Token]:
    """An empty token; SOFTHSM2_CONF must be set to `folder`/softhsm2.conf by then."""
    module = next((one for one in MODULES if one.is_file()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        raise ServiceMissing("SoftHSM is not installed: run tests/services/install.sh (package softhsm2).")
    (folder / "tokens").mkdir(parents=True)
    token = Token(module, folder / "softhsm2.conf")
    token.configuration.write_text(f"directories.tokendir = {token.folder}\nobjectstore.backend = file\n")
    _run("--init-token", "--free", "--label", token.label, "--pin", PIN, "--so-pin", "12345678")
    yield token


def _run(*arguments: str | Path) -> None:
    subprocess.run(["softhsm2-util", *map(str, arguments)], check=True, capture_output=True)
