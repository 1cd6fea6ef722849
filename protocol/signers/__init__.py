"""The keys protocols are signed with: in a file, in a token, at a service."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyhanko.sign.signers import Signer, SimpleSigner

from protocol.errors import SealError
from protocol.signers.port import SignerRole
from protocol.signers.remote import CscService, RemoteSigner
from protocol.signers.settings import CloudSigner, FileSigner, SignerSettings, TokenSigner, choose_signer, load_signers
from protocol.signers.token import opened_token
from storage.regular import read_regular

__all__ = [
    "CloudSigner",
    "FileSigner",
    "SignerRole",
    "SignerSettings",
    "TokenSigner",
    "choose_signer",
    "load_signers",
    "opened",
]


@contextmanager
def opened(entry: SignerSettings, pin: str = "") -> Iterator[Signer]:
    """The key ready to sign, until the end of the block; `pin` for one whose settings name no file with it.

    Raises SealError: a file is missing, a passphrase or PIN does not fit, a token or service does not answer.
    """
    if isinstance(entry, TokenSigner):
        with opened_token(entry, pin or _secret(entry.pin_file)) as signer:
            yield signer
    elif isinstance(entry, CloudSigner):
        token = _secret(entry.access_token_file)
        yield RemoteSigner(CscService(entry.url, entry.credential, token, pin or _secret(entry.pin_file)))
    else:
        yield _from_file(entry)


def _from_file(entry: FileSigner) -> SimpleSigner:
    content, passphrase = _read(entry.file), _read(entry.passphrase_file).strip()
    try:
        signer: SimpleSigner = SimpleSigner.load_pkcs12_data(content, other_certs=[], passphrase=passphrase)
    except (ValueError, TypeError) as error:
        raise SealError(
            f"The signer's file {entry.file} cannot be opened: it is damaged or the passphrase is wrong."
        ) from error
    signer.embed_roots = False
    return signer


def _secret(path: Path | None) -> str:
    return _read(path).decode(errors="replace").strip() if path else ""


def _read(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        raise SealError(
            f"The signer's file {path} cannot be read ({error.strerror}): check the path and who may read it."
        ) from None
