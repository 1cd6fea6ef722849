"""The protocol as a PDF: A4, embedded Cyrillic font, links and QR codes into the recording."""

from protocol.pdf.archive import FIELDS, Attachment, archival
from protocol.pdf.layout import Look, Rendered, SignatureBox, render
from protocol.pdf.stamp import seal_appearance

__all__ = ["FIELDS", "Attachment", "Look", "Rendered", "SignatureBox", "archival", "render", "seal_appearance"]
