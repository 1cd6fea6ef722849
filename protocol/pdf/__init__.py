"""The protocol as a PDF: A4, embedded Cyrillic font, links and QR codes into the recording."""

from protocol.pdf.layout import Look, Rendered, SignatureBox, render
from protocol.pdf.stamp import seal_appearance

__all__ = ["Look", "Rendered", "SignatureBox", "render", "seal_appearance"]
