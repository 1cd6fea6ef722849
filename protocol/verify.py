"""Checking a signed protocol: is it whole, is it all covered, who signed it, does the certificate lead home."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor

from protocol.errors import SealError
from protocol.seal import SignerFiles


@dataclass(frozen=True, slots=True)
class SealReport:
    """`faults` says in one sentence each what is wrong; without any the signature holds.

    `signer` is the name in the certificate, `signed_at` the signer's own statement unless `timestamped`.
    """

    signer: str
    signed_at: datetime | None
    timestamped: bool
    faults: tuple[str, ...]

    @property
    def genuine(self) -> bool:
        return not self.faults


def load_trust_roots(path: Path) -> list[CertTrustAnchor]:
    """The certificates (PEM or DER) a signature must lead to; raises SealError when the file holds none."""
    try:
        found = [CertTrustAnchor(one) for one in load_certs_from_pemder([str(path)])]  # type: ignore[no-untyped-call] # pyHanko
    except (OSError, ValueError) as error:
        raise SealError(f"The certificates in {path} cannot be read ({error}): give a PEM file.") from None
    if not found:
        raise SealError(f"The file {path} holds no certificate: give a PEM file with the trusted authorities.")
    return found


def load_timestamp_roots(files: SignerFiles) -> list[CertTrustAnchor]:
    """The certificates a time-stamp must lead to, none where none are set; raises SealError."""
    return load_trust_roots(files.timestamp_roots) if files.timestamp_roots else []


def verify_pdf(
    pdf: bytes,
    trust_roots: Sequence[CertTrustAnchor],
    moment: datetime,
    timestamp_roots: Sequence[CertTrustAnchor] = (),
) -> SealReport:
    """Checks the last signature in `pdf` as of `moment` (with a zone); never raises on a bad file.

    Its time-stamp must lead to one of `timestamp_roots`, without any to one of `trust_roots`.
    """
    try:
        signatures = PdfFileReader(BytesIO(pdf)).embedded_signatures
        if not signatures:
            return SealReport("", None, False, ("The PDF bears no electronic signature.",))
        signer, stamper = (
            ValidationContext(trust_roots=list(roots), moment=moment, allow_fetching=False)
            for roots in (trust_roots, timestamp_roots or trust_roots)
        )
        return _check(signatures[-1], len(pdf), signer, stamper)
    except Exception as error:  # noqa: BLE001 - an altered file can break the reader anywhere; that is the finding
        sentence = f"The PDF or its signature is damaged and cannot be read ({type(error).__name__})."
        return SealReport("", None, False, (sentence,))


def _check(
    signature: EmbeddedPdfSignature, size: int, signer: ValidationContext, stamper: ValidationContext
) -> SealReport:
    status = validate_pdf_signature(signature, signer, stamper)
    name = signature.signer_cert.subject.native.get("common_name", "") if signature.signer_cert else ""
    faults = []
    if not status.intact:
        faults.append(f"Bytes of the PDF were altered after {name} signed it: its hash differs from the signed one.")
    elif not status.valid:
        faults.append(f"The signature was not made with the key of {name}, or its bytes were altered.")
    if status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
        end = signature.byte_range[2] + signature.byte_range[3]
        faults.append(f"The signature of {name} covers {end} of {size} bytes: the rest was added after signing.")
    if status.intact and status.valid and not status.trusted:
        faults.append(f"The certificate of {name} does not lead to an authority this court trusts, or is not valid.")
    stamp = status.timestamp_validity
    if stamp is not None and not (stamp.intact and stamp.valid and stamp.trusted):
        faults.append(f"The timestamp on the signature of {name} is damaged or of no authority this court trusts.")
    signed_at = stamp.timestamp if stamp is not None else signature.self_reported_timestamp
    return SealReport(name, signed_at, stamp is not None, tuple(faults))
