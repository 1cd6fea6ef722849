"""The electronic signature of a protocol: PAdES (ETSI EN 319 142-1), level B-B, B-T or B-LT."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

import structlog
from asn1crypto import x509
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, SigDSSPlacementPreference
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import InsufficientRevinfoError, RevokedError

from protocol.errors import SealError
from protocol.form import Form
from protocol.pdf import FIELDS, seal_appearance
from protocol.signers.names import same_person
from protocol.signers.port import Level, SignerRole
from protocol.wording import utc_offset

_log = structlog.get_logger(__name__)
# What a key must be for that signs documents (RFC 5280, 4.2.1.3); which of the two an authority writes differs.
USAGES = {"digital_signature", "non_repudiation"}
STAMP_SECONDS = 15
"""How long the time-stamp authority is waited for."""
_DATE = "%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class Sealing:
    """How this court signs. `roots` are the certificates that signers' and the time-stamp authority's must lead to.

    `timestamp_login` is the user name and password that the authority at `timestamp_url` wants, None if it wants none.
    """

    level: Level = Level.BASIC
    roots: Sequence[CertTrustAnchor] = ()
    timestamp_url: str = ""
    timestamp_login: tuple[str, str] | None = field(default=None, repr=False)


def name_of(certificate: x509.Certificate) -> str:
    """The name in a certificate: its common name, or the whole subject where it has none."""
    return str(certificate.subject.native.get("common_name") or certificate.subject.human_friendly)


def require_person(certificate: x509.Certificate, person: str) -> None:
    """Raises SealError where the certificate is not that of `person`."""
    if not same_person(name_of(certificate), person):
        raise SealError(
            f"The certificate is that of {name_of(certificate)}, but {person} is signing: sign with your own."
        )


def require_fit(certificate: x509.Certificate, moment: datetime) -> None:
    """Raises SealError where the certificate is not valid at `moment`, or not for signing documents."""
    name, validity = name_of(certificate), certificate["tbs_certificate"]["validity"]
    begin, end = validity["not_before"].native, validity["not_after"].native
    if moment < begin:
        raise SealError(f"The certificate of {name} is valid from {begin:{_DATE}} only: sign with a valid one.")
    if moment > end:
        raise SealError(f"The certificate of {name} expired on {end:{_DATE}}: sign with a valid one.")
    usage = certificate.key_usage_value
    if usage is not None and not USAGES & usage.native:
        uses = ", ".join(sorted(usage.native))
        raise SealError(f"The certificate of {name} is not for signing documents but for {uses}: sign with another.")


def seal(pdf: bytes, role: SignerRole, signer: signers.Signer, form: Form, moment: datetime, sealing: Sealing) -> bytes:
    """The protocol with the visible signature of `signer` in the field that waits for `role`.

    `moment` is the time of signing in the court's zone. Whether the certificate was revoked is asked of the authority
    it names, now. Runs its own event loop, so call it from a thread without one. Raises SealError; then nothing was
    signed.
    """
    certificate = signer.signing_cert
    require_fit(certificate, moment)
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    box = _field_size(writer.prev, role)
    appearance = _Appearance(_appearance(certificate, form, moment, box))
    pdf_signer = _TimedSigner(
        _metadata(role, certificate, sealing),
        signer,
        timestamper=_stamper(sealing),
        stamp_style=StaticStampStyle(
            background=appearance,
            background_layout=SimpleBoxLayoutRule(
                AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, Margins(0, 0, 0, 0)
            ),
            border_width=0,
        ),
        moment=moment,
    )
    try:
        signed: BytesIO = pdf_signer.sign_pdf(writer)
    except (SigningError, TimestampRequestError) as error:
        raise _sentence(error, name_of(certificate), sealing) from error
    return signed.getvalue()


def _metadata(role: SignerRole, certificate: x509.Certificate, sealing: Sealing) -> signers.PdfSignatureMetadata:
    long_term, asked = sealing.level is Level.LONG_TERM, _names_revocations(certificate)
    if long_term and not asked:
        raise SealError(
            f"The certificate of {name_of(certificate)} does not say where its authority publishes revocations, so no "
            "signature of level B-LT can be made with it: use another, or set COURTREC_PROTOCOL_LEVEL."
        )
    if long_term and not sealing.roots:
        raise SealError("For level B-LT set COURTREC_PROTOCOL_TRUST_ROOTS here too: the authorities this court trusts.")
    revocations = "hard-fail" if long_term else "soft-fail"
    roots = list(sealing.roots)
    context = ValidationContext(trust_roots=roots, allow_fetching=True, revocation_mode=revocations)
    return signers.PdfSignatureMetadata(
        field_name=FIELDS[role],
        md_algorithm="sha256",
        name=name_of(certificate),
        subfilter=SigSeedSubFilter.PADES,
        # Once the secretary has certified the protocol, all that may be added are the signatures that follow.
        certify=role is SignerRole.SECRETARY,
        docmdp_permissions=fields.MDPPerm.FILL_FORMS,
        validation_context=context if asked and roots else None,
        embed_validation_info=long_term,
        signer_key_usage=set(),  # `require_fit` looks
        # In a revision after the signature: what stands in its own counts for nobody else (docs/adr/0040-signing.md).
        dss_settings=DSSContentSettings(include_vri=False, placement=SigDSSPlacementPreference.SEPARATE_REVISION),
    )


def _names_revocations(certificate: x509.Certificate) -> bool:
    return bool(certificate.crl_distribution_points or certificate.ocsp_urls)


def _stamper(sealing: Sealing) -> timestamps.HTTPTimeStamper | None:
    if not sealing.timestamp_url or sealing.level is Level.BASIC:
        return None
    headers = {}
    if sealing.timestamp_login is not None:
        # HTTP basic (RFC 7617) in UTF-8, as a header: pyHanko's own way is one that its HTTP library gives up.
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(sealing.timestamp_login).encode()).decode()
    return _Stamper(sealing.timestamp_url, timeout=STAMP_SECONDS, headers=headers)


def _sentence(error: Exception, name: str, sealing: Sealing) -> SealError:
    """What went wrong, for the person who signs; what the library says of it goes into the log."""
    _log.warning("not_signed", signer=name, error=str(error), cause=str(error.__cause__ or ""))
    cause = error.__cause__
    if isinstance(error, TimestampRequestError):
        return SealError(
            f"The time-stamp authority {sealing.timestamp_url} gives no time-stamp: nothing was signed; try again "
            "later."
        )
    if isinstance(cause, RevokedError):
        return SealError(
            f"The certificate of {name} was revoked on {cause.revocation_dt:{_DATE}}: nothing was signed; sign with a "
            "valid one."
        )
    if isinstance(cause, InsufficientRevinfoError):
        return SealError(
            f"Whether the certificate of {name} was revoked could not be found out, since its authority does not "
            "answer or answers with something old: nothing was signed; try again later."
        )
    if cause is not None:
        return SealError(
            f"The certificate of {name} does not lead to an authority this court trusts: nothing was signed."
        )
    return SealError("The protocol could not be signed: nothing was stored; the server's log says why.")


def _field_size(reader: PdfFileReader, role: SignerRole) -> tuple[float, float]:
    """Width and height in points of the empty field for `role`; raises SealError where there is none."""
    for name, value, reference in fields.enumerate_sig_fields(reader):
        if name == FIELDS[role] and value is None:
            left, bottom, right, top = (float(one) for one in reference.get_object()["/Rect"])
            return right - left, top - bottom
    raise SealError(f"The protocol has no place left for the signature of the {role.value}: it is signed already.")


def _appearance(certificate: x509.Certificate, form: Form, moment: datetime, size: tuple[float, float]) -> bytes:
    time = form.say(
        "page.sealed_at",
        date=form.moment("date", moment),
        time=form.moment("clock", moment),
        offset=utc_offset(moment),
    )
    issuer = certificate.issuer.native.get("common_name") or certificate.issuer.human_friendly
    lines = (time, issuer, f"№ {certificate.serial_number:X}")
    return seal_appearance(*size, form.say("page.sealed"), name_of(certificate), lines)


class _Stamper(timestamps.HTTPTimeStamper):
    """pyHanko's client, for which an answer that is none is a refusal like others."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
        try:
            return await super().async_timestamp(message_digest, md_algorithm)
        # An answer with another nonce makes pyHanko 0.38 fail at telling it, with an AttributeError.
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TimestampRequestError("What the authority answered is no time-stamp") from error


class _TimedSigner(signers.PdfSigner):
    """pyHanko's signer with the time of signing handed over instead of asked from the system."""

    def __init__(self, *args: Any, moment: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._moment = moment

    def init_signing_session(self, *args: Any, **kwargs: Any) -> Any:
        session = super().init_signing_session(*args, **kwargs)
        session.system_time = self._moment
        return session


class _Appearance(ImportedPdfPage):
    """The first page of a PDF in memory as the look of the signature."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__(file_name="")  # type: ignore[no-untyped-call] # pyHanko
        self._pdf = pdf

    def render(self) -> bytes:
        page = self._ensure_writer.import_page_as_xobject(PdfFileReader(BytesIO(self._pdf)))
        self.resources.xobject["/Seal"] = page
        left, bottom, right, top = (float(value) for value in page.get_object()["/BBox"])
        self.box = BoxConstraints(width=right - left, height=top - bottom)
        return b"/Seal Do"
