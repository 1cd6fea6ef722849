"""Typography of the protocol: one typeface, four cuts, two inks."""

from collections.abc import Container
from functools import cache
from importlib import resources

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

TEXT, STRONG, ITALIC, LIGHT = "OpenSans", "OpenSans-SemiBold", "OpenSans-Italic", "OpenSans-Light"

INK = HexColor("#16191d")
MUTED = HexColor("#5d6670")
ACCENT = HexColor("#1d4e89")
RULE = HexColor("#c5cad0")
GHOST = HexColor("#eceef1")

# The wide left margin is for the binding of the case file.
LEFT, RIGHT, TOP, BOTTOM = 28 * mm, 14 * mm, 24 * mm, 27 * mm
GUTTER = 9 * mm  # holds the field's number
RAIL = 29 * mm  # holds time and QR code
TIME_RAIL = 17 * mm  # holds the time alone
QR = 12 * mm


@cache
def register_fonts() -> None:
    """Makes the typeface known to reportlab; the files come with the package ttf_opensans."""
    folder = resources.files("ttf_opensans") / "ttf"
    for name, file in ((TEXT, "Regular"), (STRONG, "SemiBold"), (ITALIC, "Italic"), (LIGHT, "Light")):
        with resources.as_file(folder / f"OpenSans-{file}.ttf") as path:
            pdfmetrics.registerFont(TTFont(name, path))
    pdfmetrics.registerFontFamily(TEXT, normal=TEXT, bold=STRONG, italic=ITALIC, boldItalic=ITALIC)


def letters(font: str) -> Container[int]:
    """The code points of a registered cut."""
    found = pdfmetrics.getFont(font)
    if not isinstance(found, TTFont):
        raise TypeError(f"{font} is none of the registered cuts.")
    known: Container[int] = found.face.charToGlyph
    return known


BODY = ParagraphStyle("body", fontName=TEXT, fontSize=10, leading=14, textColor=INK)
LABEL = ParagraphStyle("label", fontName=STRONG, fontSize=8.5, leading=11.5, textColor=MUTED)
SMALL = ParagraphStyle("small", BODY, fontSize=8.5, leading=12)
NOTE = ParagraphStyle("note", SMALL, fontName=ITALIC, textColor=MUTED)
COURT = ParagraphStyle("court", fontName=STRONG, fontSize=10.5, leading=14, textColor=INK, alignment=TA_CENTER)
TITLE = ParagraphStyle("title", fontName=STRONG, fontSize=19, leading=25, textColor=INK, alignment=TA_CENTER)
SUBTITLE = ParagraphStyle("subtitle", BODY, fontSize=11, leading=15, alignment=TA_CENTER)
ANNEX = ParagraphStyle("annex", fontName=STRONG, fontSize=13, leading=18, textColor=INK)
