"""Keys in a token or an HSM, through PKCS#11. They never leave it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

import pkcs11
from asn1crypto import x509
from pkcs11 import exceptions
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

from protocol.errors import SealError
from protocol.signers.settings import TokenSigner

# A log-in to a token holds for the whole process, so one signature is made after the other.
_ONE_AT_A_TIME = Lock()
_GONE = (
    exceptions.DeviceRemoved,
    exceptions.DeviceError,
    exceptions.TokenNotPresent,
    exceptions.TokenNotRecognised,
    exceptions.SessionHandleInvalid,
    exceptions.SessionClosed,
    exceptions.KeyHandleInvalid,
    exceptions.ObjectHandleInvalid,
    exceptions.GeneralError,
    exceptions.FunctionFailed,
)
_WRONG_PIN = (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange)


@contextmanager
def opened_token(entry: TokenSigner, pin: str) -> Iterator[PKCS11Signer]:
    """The key, while the token stays logged in; raises SealError, also for what goes wrong while it signs."""
    if not entry.module.is_file():
        raise SealError(f"The PKCS#11 library {entry.module} is not there: install the token's software.")
    if not pin:
        raise SealError(f"The PIN of the token {entry.token} is not given: set its pin_file, or enter it.")
    with _ONE_AT_A_TIME:
        session = _session(entry, pin)
        try:
            yield _signer(entry, session)
        except exceptions.PKCS11Error as error:
            raise SealError(
                f"The token {entry.token} was unplugged or stopped answering while it signed ({type(error).__name__}): "
                "nothing was signed; plug it in and sign again."
            ) from error
        finally:
            with suppress(exceptions.PKCS11Error):
                session.close()


def _session(entry: TokenSigner, pin: str) -> pkcs11.Session:
    try:
        # Libraries list their tokens when they are initialised: one that was plugged in later is found so.
        pkcs11.lib(str(entry.module)).reinitialize()
        return open_pkcs11_session(str(entry.module), token_criteria=TokenCriteria(label=entry.token), user_pin=pin)
    except _WRONG_PIN:
        raise SealError(
            f"The PIN of the token {entry.token} is wrong: correct it before you try again; after a few wrong ones a "
            "token locks itself."
        ) from None
    except exceptions.PinLocked:
        raise SealError(
            f"The token {entry.token} has locked itself after wrong PINs: have it unlocked with its maker's program."
        ) from None
    except exceptions.PKCS11Error:
        raise SealError(f"The token {entry.token} is not there: plug it in and sign again.") from None
    except RuntimeError as error:  # the library itself
        raise SealError(f"The PKCS#11 library {entry.module} cannot be used ({error}).") from None


def _signer(entry: TokenSigner, session: pkcs11.Session) -> PKCS11Signer:
    signer = PKCS11Signer(session, cert_label=entry.key, key_label=entry.key, ca_chain=(), embed_roots=False)
    try:
        own = signer.signing_cert
    except _GONE:
        raise
    except exceptions.PKCS11Error:
        raise SealError(
            f"The token {entry.token} has no certificate with a key, both called {entry.key!r}, or several: correct "
            "'key' in the signers' file."
        ) from None
    # Tokens hash for RSA; for elliptic curves many, SoftHSM among them, want the hash.
    signer.use_raw_mechanism = own.public_key.algorithm == "ec"
    signer.cert_registry.register_multiple(_authorities(own, session))
    return signer


def _authorities(own: x509.Certificate, session: pkcs11.Session) -> Iterator[x509.Certificate]:
    """Of all certificates on the token those that lead from `own` upwards: an HSM holds other people's, too."""
    query = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE}
    found = [x509.Certificate.load(one[pkcs11.Attribute.VALUE]) for one in session.get_objects(query)]
    by_subject = {one.subject.hashable: one for one in found if one.ca}
    while own.issuer != own.subject and own.issuer.hashable in by_subject:
        own = by_subject.pop(own.issuer.hashable)
        yield own
