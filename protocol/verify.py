"""Checking a signed protocol: is it whole, is it all covered, who signed it, do the certificates lead home."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from asn1crypto import tsp
from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import DocumentSecurityStore, validate_pdf_signature
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor

from protocol.demo_key import SignerFiles
from protocol.errors import SealError
from protocol.pdf import FIELDS
from protocol.seal import USAGES, name_of
from protocol.signers.port import Level, SignerRole

_ROLES = {name: role for role, name in FIELDS.items()}
# Of the authority that certifies and the one that stamps.
_CLOCKS_DIFFER = timedelta(minutes=5)
_END = re.compile(rb"startxref\s+\d+\s+%%EOF\s*")  # of a revision
_USAGE = KeyUsageConstraints(key_usage=USAGES, match_all_key_usages=False)


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature: whose place it stands in (None: none of ours), the name in the certificate, and its level.

    `signed_at` is the signer's own statement unless `timestamped`.
    """

    role: SignerRole | None
    signer: str
    signed_at: datetime | None
    level: Level
    certificate: bytes

    @property
    def timestamped(self) -> bool:
        return self.level is not Level.BASIC


@dataclass(frozen=True, slots=True)
class SealReport:
    """`faults` says in one sentence each what is wrong; without any all signatures, in their order, hold."""

    signatures: tuple[SignatureReport, ...]
    faults: tuple[str, ...]

    @property
    def genuine(self) -> bool:
        return not self.faults


def load_trust_roots(path: Path) -> list[CertTrustAnchor]:
    """The certificates (PEM or DER) a signature must lead to; raises SealError when the file holds none."""
    try:
        found = [CertTrustAnchor(one) for one in load_certs_from_pemder([str(path)])]
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
    """Checks every signature in `pdf` as of `moment` (with a zone), those that were time-stamped before as of then.

    Never raises on a bad file. Time-stamps must lead to one of `timestamp_roots`, without any to one of `trust_roots`.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf))
        signatures = reader.embedded_regular_signatures
        if not signatures:
            return SealReport((), ("The PDF bears no electronic signature.",))
        check = _Check(reader, pdf, trust_roots, timestamp_roots or trust_roots, moment)
        reports = tuple(check.report(one, last=one is signatures[-1]) for one in signatures)
        return SealReport(reports, tuple(check.faults))
    except Exception as error:  # noqa: BLE001 - an altered file can break the reader anywhere; that is the finding
        sentence = f"The PDF or its signature is damaged and cannot be read ({type(error).__name__})."
        return SealReport((), (sentence,))


class _Check:
    """The check of one file; gathers `faults`."""

    def __init__(
        self,
        reader: PdfFileReader,
        pdf: bytes,
        roots: Sequence[CertTrustAnchor],
        timestamp_roots: Sequence[CertTrustAnchor],
        moment: datetime,
    ) -> None:
        self.faults: list[str] = []
        self._reader = reader
        self._pdf = pdf
        self._roots = list(roots)
        self._timestamp_roots = list(timestamp_roots)
        self._moment = moment

    def report(self, signature: EmbeddedPdfSignature, *, last: bool) -> SignatureReport:
        moment = min(_stamped_at(signature) or self._moment, self._moment)
        status = self._status(signature, ValidationContext(trust_roots=self._roots, moment=moment))
        stamp = status.timestamp_validity
        certificate = signature.signer_cert
        name = name_of(certificate)
        self.faults += self._faults(signature, status, name, last=last)
        if stamp is None:
            level = Level.BASIC
        else:
            level = Level.LONG_TERM if self._long_term(signature, moment) else Level.TIMESTAMPED
        signed_at = stamp.timestamp if stamp is not None else signature.self_reported_timestamp
        return SignatureReport(_ROLES.get(signature.field_name), name, signed_at, level, certificate.dump())

    def _faults(
        self, signature: EmbeddedPdfSignature, status: PdfSignatureStatus, name: str, *, last: bool
    ) -> list[str]:
        faults = []
        if not status.intact:
            faults.append(
                f"Bytes of the PDF were altered after {name} signed it: its hash differs from the signed one."
            )
        elif not status.valid:
            faults.append(f"The signature was not made with the key of {name}, or its bytes were altered.")
        elif last and not self._covered(signature, status):
            faults.append(
                f"The signature of {name} covers {_end(signature)} of {len(self._pdf)} bytes: the rest was added after "
                "signing."
            )
        elif not last and not _only_signed_since(status):
            faults.append(f"After {name} signed, the PDF was changed by more than the signatures that followed.")
        if status.intact and status.valid and not status.trusted:
            faults.append(
                f"The certificate of {name} does not lead to an authority this court trusts, or is not valid."
            )
        stamp = status.timestamp_validity
        if stamp is not None and not (stamp.intact and stamp.valid and stamp.trusted):
            faults.append(f"The timestamp on the signature of {name} is damaged or of no authority this court trusts.")
        return faults

    def _covered(self, signature: EmbeddedPdfSignature, status: PdfSignatureStatus) -> bool:
        """Whether it covers the file but for one revision with what authorities say of certificates (DSS)."""
        if status.coverage is SignatureCoverageLevel.ENTIRE_FILE:
            return True
        ends = [one.end() for one in _END.finditer(self._pdf, _end(signature))]
        proof_alone = status.modification_level is ModificationLevel.LTA_UPDATES and bool(status.docmdp_ok)
        return proof_alone and ends == [len(self._pdf)]

    def _status(self, signature: EmbeddedPdfSignature, context: ValidationContext) -> PdfSignatureStatus:
        stamps = ValidationContext(trust_roots=self._timestamp_roots, moment=self._moment)
        return validate_pdf_signature(signature, context, stamps, key_usage_settings=_USAGE)

    def _long_term(self, signature: EmbeddedPdfSignature, moment: datetime) -> bool:
        """Whether what the file itself holds proves that no certificate of the signer's was revoked."""
        try:
            store = DocumentSecurityStore.read_dss(self._reader)
        except NoDSSFoundError:
            return False
        required = {
            "trust_roots": self._roots,
            "moment": moment,
            "revocation_mode": "require",
            "time_tolerance": _CLOCKS_DIFFER,
        }
        return self._status(signature, store.as_validation_context(required)).trusted


def _end(signature: EmbeddedPdfSignature) -> int:
    """Where the bytes end that it covers."""
    return int(signature.byte_range[2] + signature.byte_range[3])


def _only_signed_since(status: PdfSignatureStatus) -> bool:
    return bool(status.docmdp_ok) and status.modification_level in (
        ModificationLevel.NONE,
        ModificationLevel.LTA_UPDATES,
        ModificationLevel.FORM_FILLING,
    )


def _stamped_at(signature: EmbeddedPdfSignature) -> datetime | None:
    """The time in the signature's time-stamp, not checked yet."""
    for attribute in signature.signer_info["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            token: tsp.TSTInfo = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed
            moment: datetime = token["gen_time"].native
            return moment
    return None
