"""A rendered protocol as PDF/A-3b (ISO 19005-3): its colours defined, its description in XMP, files attached to it.

The same input always gives the same bytes: a signer elsewhere signs exactly what the court would make again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import cast
from xml.sax.saxutils import escape

from PIL.ImageCms import ImageCmsProfile, createProfile
from pyhanko.pdf_utils import embed, generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from protocol.pdf.layout import Rendered, SignatureBox
from protocol.signers.port import SignerRole

FIELDS: Mapping[SignerRole, str] = {SignerRole.SECRETARY: "SecretarySignature", SignerRole.JUDGE: "JudgeSignature"}
"""The names of the form fields that signatures stand in."""

# Bit 3 of an annotation's flags (ISO 32000-1, 12.5.3): it is printed with the page.
_PRINTED = 4
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<xmp:CreatorTool>courtrec</xmp:CreatorTool><xmp:CreateDate>{created}</xmp:CreateDate>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with the protocol; `relationship` as PDF names it: Source, Data, Supplement, …"""

    name: str
    content: bytes
    mime_type: str
    description: str
    relationship: str


def archival(
    rendered: Rendered, title: str, author: str, moment: datetime, attachments: Sequence[Attachment] = ()
) -> bytes:
    """`rendered` as PDF/A-3b with an empty field for each signature; `moment`, with its zone, is when it was made."""
    reader = PdfFileReader(BytesIO(rendered.pdf))
    writer = _Writer(hashlib.sha256(rendered.pdf).digest())
    writer.root.update(cast(generic.DictionaryObject, writer.import_object(reader.root)))
    for annotation in _annotations(writer):
        annotation["/F"] = _number(int(annotation.get("/F", 0)) | _PRINTED)
    xmp = _XMP.format(title=escape(title), author=escape(author), created=moment.replace(microsecond=0).isoformat())
    writer.root["/Metadata"] = writer.add_object(
        generic.StreamObject(
            {pdf_name("/Type"): pdf_name("/Metadata"), pdf_name("/Subtype"): pdf_name("/XML")}, xmp.encode()
        )
    )
    writer.root["/OutputIntents"] = generic.ArrayObject([writer.add_object(_colours(writer))])
    for one in attachments:
        content = embed.EmbeddedFileObject.from_file_data(
            writer,
            one.content,
            mime_type=one.mime_type,
            params=embed.EmbeddedFileParams(creation_date=moment, modification_date=moment),
        )
        relationship = pdf_name(f"/{one.relationship}")
        embed.embed_file(writer, embed.FileSpec(one.name, one.name, content, one.description, relationship))
    for role, box in rendered.signatures.items():
        append_signature_field(writer, _field(role, box))
    # There are signatures, or will be, and from then on the file may only be appended to (ISO 32000-1, table 219).
    writer.root["/AcroForm"]["/SigFlags"] = _number(3)
    writer.output_version = (1, 7)  # that of PDF/A-3, which knows of associated files before PDF 2.0 did
    target = BytesIO()
    writer.write(target)  # type: ignore[no-untyped-call] # pyHanko
    return target.getvalue()


class _Writer(PdfFileWriter):
    """pyHanko's writer with a given identity and without its own remarks on when and by what the file was written."""

    def __init__(self, identity: bytes) -> None:
        super().__init__(init_page_tree=False, stream_xrefs=False)  # type: ignore[no-untyped-call] # pyHanko
        half = generic.ByteStringObject(identity[:16])
        self._document_id = generic.ArrayObject([half, half])

    def _update_meta(self) -> None:
        pass


def _field(role: SignerRole, box: SignatureBox) -> SigFieldSpec:
    left, bottom, right, top = (round(corner) for corner in box.corners)
    # PDF/A wants everything visible to have a look, be it an empty one.
    return SigFieldSpec(FIELDS[role], box.page - 1, (left, bottom, right, top), empty_field_appearance=True)


def _annotations(writer: PdfFileWriter) -> list[generic.DictionaryObject]:
    pages = writer.root["/Pages"]["/Kids"]
    return [annotation.get_object() for page in pages for annotation in page.get_object().get("/Annots", ())]


def _colours(writer: PdfFileWriter) -> generic.DictionaryObject:
    profile = generic.StreamObject({pdf_name("/N"): _number(3)}, _srgb())
    profile.compress()
    return generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/OutputIntent"),
            pdf_name("/S"): pdf_name("/GTS_PDFA1"),
            pdf_name("/OutputConditionIdentifier"): generic.pdf_string("sRGB"),
            pdf_name("/DestOutputProfile"): writer.add_object(profile),
        }
    )


def _number(value: int) -> generic.NumberObject:
    return generic.NumberObject(value)


@cache
def _srgb() -> bytes:
    """The colour profile sRGB; without the time it was made, and as the version of ICC that PDF/A-3 knows (4.2)."""
    profile = bytearray(ImageCmsProfile(createProfile("sRGB")).tobytes())
    profile[8:12] = b"\x04\x20\x00\x00"
    profile[24:36] = bytes.fromhex("07d400010001000000000000")
    return bytes(profile)
