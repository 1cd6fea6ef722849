"""The electronic signature of a protocol: PAdES (ETSI EN 319 142-1), B-B, or B-T with a timestamp authority."""

import base64
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.general import SigningError
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko.stamp import StaticStampStyle

from protocol.errors import SealError
from protocol.form import Form
from protocol.pdf import Rendered, seal_appearance
from protocol.wording import utc_offset
from storage.regular import read_regular

FIELD = "SecretarySignature"


@dataclass(frozen=True, slots=True)
class SignerFiles:
    """Where a signer's PKCS#12 lies, its passphrase, and the certificates (PEM) the signature must lead to.

    `timestamp_roots` are those its time-stamp must lead to, None where no authority is set.
    """

    pkcs12: Path
    passphrase: Path
    trust_roots: Path
    timestamp_roots: Path | None = None


@dataclass(frozen=True, slots=True)
class Sealer:
    """A certificate with its key, ready to sign; `name` and `serial` as they stand in the certificate.

    `timestamp_login` is the user name and password that the authority at `timestamp_url` wants, None if it wants none.
    """

    name: str
    serial: str
    issuer: str
    valid_from: datetime
    valid_until: datetime
    signer: signers.SimpleSigner
    timestamp_url: str = ""
    timestamp_login: tuple[str, str] | None = field(default=None, repr=False)


def load_sealer(files: SignerFiles, timestamp_url: str = "", timestamp_login: tuple[str, str] | None = None) -> Sealer:
    """The signer in a PKCS#12 file; raises SealError when a file is missing or the passphrase does not fit."""
    path = files.pkcs12
    content, passphrase = _read(path), _read(files.passphrase).strip()
    try:
        signer = signers.SimpleSigner.load_pkcs12_data(content, other_certs=[], passphrase=passphrase)
    except (ValueError, TypeError) as error:
        raise SealError(
            f"The signer's file {path} cannot be opened: it is damaged or the passphrase is wrong."
        ) from error
    signer.embed_roots = False
    certificate = signer.signing_cert
    validity = certificate["tbs_certificate"]["validity"]
    return Sealer(
        name=certificate.subject.native["common_name"],
        serial=f"{certificate.serial_number:X}",
        issuer=certificate.issuer.native["common_name"],
        valid_from=validity["not_before"].native,
        valid_until=validity["not_after"].native,
        signer=signer,
        timestamp_url=timestamp_url,
        timestamp_login=timestamp_login,
    )


def sign(rendered: Rendered, sealer: Sealer, form: Form, moment: datetime) -> bytes:
    """The rendered protocol with the visible signature of `sealer` in its place.

    `moment` is the time of signing in the court's zone. Runs its own event loop, so call it from a thread without
    one. Raises SealError when the certificate is not valid at that time or no timestamp could be had.
    """
    if not sealer.valid_from <= moment <= sealer.valid_until:
        raise SealError(
            f"The certificate of {sealer.name} is valid from {sealer.valid_from:%Y-%m-%d} to "
            f"{sealer.valid_until:%Y-%m-%d} only: sign with a valid one."
        )
    stamper = timestamps.HTTPTimeStamper(sealer.timestamp_url, headers=_login(sealer)) if sealer.timestamp_url else None
    box = rendered.signature
    left, bottom, right, top = (round(corner) for corner in box.corners)
    spec = fields.SigFieldSpec(FIELD, on_page=box.page - 1, box=(left, bottom, right, top))
    signer = _TimedSigner(
        signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            name=sealer.name,
            subfilter=fields.SigSeedSubFilter.PADES,
        ),
        sealer.signer,
        timestamper=stamper,
        stamp_style=StaticStampStyle(
            background=_Appearance(_appearance(sealer, form, moment, (right - left, top - bottom))),
            background_layout=SimpleBoxLayoutRule(
                AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, Margins(0, 0, 0, 0)
            ),
            border_width=0,
        ),
        new_field_spec=spec,
        moment=moment,
    )
    try:
        signed: BytesIO = signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(rendered.pdf)))
    except (SigningError, TimestampRequestError) as error:
        raise SealError(f"The protocol could not be signed ({error}): nothing was stored.") from error
    return signed.getvalue()


def _login(sealer: Sealer) -> dict[str, str]:
    """HTTP basic (RFC 7617) in UTF-8, as a header: pyHanko's own way is one that its HTTP library gives up."""
    if sealer.timestamp_login is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(sealer.timestamp_login).encode()).decode()}


def _read(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        raise SealError(
            f"The signer's file {path} cannot be read ({error.strerror}): check the path and who may read it."
        ) from None


def _appearance(sealer: Sealer, form: Form, moment: datetime, size: tuple[float, float]) -> bytes:
    time = form.say(
        "page.sealed_at",
        date=form.moment("date", moment),
        time=form.moment("clock", moment),
        offset=utc_offset(moment),
    )
    return seal_appearance(*size, form.say("page.sealed"), sealer.name, (time, sealer.issuer, f"№ {sealer.serial}"))


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
