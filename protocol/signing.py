"""What is signed, and whether what came back signed is that: the court's own keys and those elsewhere alike."""

from dataclasses import dataclass
from io import BytesIO

import rfc8785
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    CatalogModificationRule,
    ModificationLevel,
    StandardDiffPolicy,
    SuspiciousModification,
)
from pyhanko.sign.diff_analysis.constants import ROOT_EXEMPT_STRICT_COMPARISON

from protocol.context import ProtocolContext
from protocol.draft import finalise
from protocol.errors import SealError
from protocol.form import Form
from protocol.forms import load_form
from protocol.model import ProtocolDocument
from protocol.pdf import Attachment, Look, archival, render
from protocol.revisions import SIGNED
from protocol.seal import Sealing, require_person, seal
from protocol.signers import SignerRole, choose_signer, opened
from protocol.verify import SignatureReport, load_timestamp_roots, load_trust_roots, verify_pdf
from storage.db.models import Protocol
from storage.worm.port import read_object

DOCUMENT_FILE = "protocol.json"
# What may differ between a paper and its signed form. /Perms is where a certifying signature says that it is one.
_CATALOG = CatalogModificationRule({*ROOT_EXEMPT_STRICT_COMPARISON, "/Perms"})
_SIGNATURE_NEEDS = (ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING)
_SIGNED_ONLY = StandardDiffPolicy(
    [_CATALOG, *DEFAULT_DIFF_POLICY.global_rules[1:]],
    DEFAULT_DIFF_POLICY.form_rule,
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A protocol ready for the next signature: `number` is the revision that this makes of it."""

    pdf: bytes
    document: ProtocolDocument
    form: Form
    number: int


def paper_for(context: ProtocolContext, latest: Protocol, role: SignerRole) -> Paper:
    """What `role` signs when `latest` is the newest revision; on one day always the same bytes.

    The secretary signs the draft in its final form, the judge what the secretary signed. Raises ProtocolError.
    """
    document = ProtocolDocument.from_json(latest.document)
    form = load_form(document.form, document.language, context.forms, context.profile)
    number = latest.revision + 1
    if role is not SignerRole.SECRETARY:
        return Paper(read_object(context.store, latest.sha256 or ""), document, form, number)
    document = finalise(document, form, context.local_now())
    rendered = render(document, form, Look(context.base_url, number, draft=False))
    heading, drawn_up = document.heading, latest.created_at.astimezone(context.zone)
    attached = Attachment(
        DOCUMENT_FILE,
        rfc8785.dumps(document.as_json()),
        "application/json",
        form.say("page.machine_readable"),
        "Source",
    )
    pdf = archival(rendered, f"{heading.title} {heading.subtitle}", heading.court, drawn_up, [attached])
    return Paper(pdf, document, form, number)


def sealed(context: ProtocolContext, paper: Paper, role: SignerRole, person: str, pin: str) -> bytes:
    """`paper` signed with the court's key for `person`; raises SealError, and then nothing was signed."""
    entry = choose_signer(context.signers, role, person)
    with opened(entry, pin) as signer:
        if context.check_names:
            require_person(signer.signing_cert, person)
        return seal(paper.pdf, role, signer, paper.form, context.local_now(), sealing(context))


def require_signed(
    context: ProtocolContext, paper: Paper, role: SignerRole, person: str, pdf: bytes
) -> SignatureReport:
    """The signature by which `pdf` goes beyond `paper`, checked as anyone else would.

    Raises SealError where it is not the paper and one good signature more, of `person` and of the court's level.
    """
    _require_only_signed(paper.pdf, pdf)
    moment = context.local_now()
    report = verify_pdf(pdf, load_trust_roots(context.signer.trust_roots), moment, load_timestamp_roots(context.signer))
    if not report.genuine:
        raise SealError(f"The fresh signature does not hold, so nothing was stored. {report.faults[0]}")
    expected = list(SignerRole)[: list(SignerRole).index(role) + 1]
    if [one.role for one in report.signatures] != expected:
        raise SealError(f"The PDF does not bear the signature of the {role.value} in its place: nothing was stored.")
    newest = report.signatures[-1]
    if newest.level.rank < context.level.rank:
        raise SealError(
            f"The signature of {newest.signer} is of level {newest.level}, this court wants {context.level}: nothing "
            "was stored; set the time-stamp authority where you sign."
        )
    if context.check_names:
        require_person(x509.Certificate.load(newest.certificate), person)
    return newest


def bears(latest: Protocol, role: SignerRole) -> bool:
    """Whether the newest revision has the signature of `role` already."""
    return latest.state == SIGNED and (role is SignerRole.SECRETARY or latest.role == role.value)


def sealing(context: ProtocolContext) -> Sealing:
    """How this court signs; raises SealError where the certificates it trusts cannot be read."""
    roots = [*load_trust_roots(context.signer.trust_roots), *load_timestamp_roots(context.signer)]
    return Sealing(context.level, roots, context.timestamp_url, context.timestamp_login)


def _require_only_signed(paper: bytes, pdf: bytes) -> None:
    """Nothing but what a signature needs may have been added: no page looks otherwise."""
    changed = (
        "The signed PDF is not the protocol that was to be signed, so nothing was stored: fetch it again, then sign."
    )
    if not pdf.startswith(paper):
        raise SealError(changed)
    try:
        before, reader = PdfFileReader(BytesIO(paper)), PdfFileReader(BytesIO(pdf))
        given = reader.get_historical_resolver(before.xrefs.total_revisions - 1)
        found = _SIGNED_ONLY.review_file(reader, given)
    except Exception:  # noqa: BLE001 - whatever an altered file breaks: it is not what was to be signed
        raise SealError(changed) from None
    if isinstance(found, SuspiciousModification) or found.modification_level not in _SIGNATURE_NEEDS:
        raise SealError(changed)
