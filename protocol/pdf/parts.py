"""The building stones of the page: a QR code, a line with its time in the margin, the signature block."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

import segno
from reportlab.lib.colors import Color
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph

from protocol.pdf import style
from protocol.signers.port import SignerRole
from protocol.typeset import typeset


def draw_qr(canvas: Canvas, content: str, corner: tuple[float, float], size: float, ink: Color = style.INK) -> None:
    """A QR code with its lower left `corner` in points; the page around it is its quiet zone."""
    rows = _modules(content)
    module = size / len(rows)
    x, y = corner
    path = canvas.beginPath()
    for number, row in enumerate(rows, 1):
        start = None
        for column, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                path.rect(x + start * module, y + size - number * module, (column - start) * module, module)
                start = None
    canvas.setFillColor(ink)
    canvas.drawPath(path, stroke=0, fill=1)


@lru_cache(maxsize=8)  # the one of the foot stands on every page
def _modules(content: str) -> tuple[bytearray, ...]:
    return tuple(segno.make_qr(content, error="l", boost_error=False).matrix)


class CountedCanvas(Canvas):
    """Keeps the pages open until the last one, when it is known how many there are: one pass is enough.

    `foot` draws what stands on a page beside its number: it is told the canvas, the page and how many there are.
    """

    def __init__(self, *given: Any, foot: Callable[[Canvas, int, int], None], **named: Any) -> None:
        super().__init__(*given, **named)
        self._foot = foot
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:
        self._kept.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined] # reportlab has it, its stubs do not

    def save(self) -> None:
        kept = self._kept
        for number, page in enumerate(kept, 1):
            self.__dict__.update(page)
            self._foot(self, number, len(kept))
            super().showPage()
        super().save()


class TimedLine(Flowable):
    """A paragraph; in the margin the time it rests on, as a link and, if `qr`, as a code to scan."""

    def __init__(self, paragraph: Paragraph, time: str = "", url: str = "", *, qr: bool = False) -> None:
        super().__init__()
        self._paragraph = paragraph
        self._time = time
        self._url = url
        self._qr = qr and bool(url)
        self._text_height = 0.0

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self._text_height = self._paragraph.wrap(self._measure(width), 10_000)[1]
        self.width = width
        self.height = max(self._text_height + 2 * mm, style.QR + 3.4 * mm if self._qr else 0.0)
        return width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        """Long text runs over the page; the code stays with its beginning."""
        pieces = cast(list[Paragraph], self._paragraph.split(self._measure(width), height - 2 * mm))
        if len(pieces) < 2 or (self._qr and height < style.QR + 3.4 * mm):
            return []
        return [TimedLine(piece, self._time, self._url, qr=self._qr and piece is pieces[0]) for piece in pieces]

    def _measure(self, width: float) -> float:
        if not self._url:
            return width - style.GUTTER
        return width - style.GUTTER - (style.RAIL if self._qr else style.TIME_RAIL)

    def draw(self) -> None:
        canvas: Canvas = self.canv
        self._paragraph.drawOn(canvas, style.GUTTER, self.height - self._text_height)
        if not self._url:
            return
        top = self.height - 1.2 * mm
        canvas.setFont(style.STRONG, 8)
        canvas.setFillColor(style.ACCENT)
        edge = self.width - (style.QR + 2 * mm if self._qr else 0.0)
        canvas.drawRightString(edge, top - 6.2, self._time)
        reach = canvas.stringWidth(self._time, style.STRONG, 8)
        left, right = edge - reach - 1 * mm, self.width
        bottom = top - 9
        if self._qr:
            draw_qr(canvas, self._url, (self.width - style.QR, top - style.QR), style.QR)
            bottom = top - style.QR
        canvas.linkURL(self._url, (left, bottom, right, top + 1), relative=1)


class NumberedLabel(Flowable):
    """A field's label with its number in the gutter, under a thin rule."""

    def __init__(self, number: int, label: Paragraph) -> None:
        super().__init__()
        self._number = str(number)
        self._label = label
        self.keepWithNext = 1

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width = width
        self.height = self._label.wrap(width - style.GUTTER, 10_000)[1] + 5.5 * mm
        return width, self.height

    def draw(self) -> None:
        canvas: Canvas = self.canv
        canvas.setStrokeColor(style.RULE)
        canvas.setLineWidth(0.5)
        canvas.line(0, self.height - 2 * mm, self.width, self.height - 2 * mm)
        canvas.setFont(style.LIGHT, 15)
        canvas.setFillColor(style.ACCENT)
        canvas.drawString(0, self.height - 8.6 * mm, self._number)
        self._label.drawOn(canvas, style.GUTTER, 1.5 * mm)


class SignatureBlock(Flowable):
    """Who signs, one under the other, each with the box of the electronic signature beside it.

    `signatories` are each one's function and name. Once drawn, `boxes` are in points from the corner of `page`.
    """

    BOX = (82 * mm, 24 * mm)
    PITCH = 29 * mm

    def __init__(self, signatories: Mapping[SignerRole, tuple[str, str]], placeholder: str) -> None:
        super().__init__()
        self._signatories = signatories
        self._placeholder = placeholder
        self.page = 0
        self.boxes: dict[SignerRole, tuple[float, float, float, float]] = {}

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width = width
        self.height = self.PITCH * len(self._signatories)
        return width, self.height

    def draw(self) -> None:
        self.page = self.canv.getPageNumber()
        for number, (role, signatory) in enumerate(self._signatories.items(), 1):
            self._sign_here(role, signatory, self.height - number * self.PITCH)

    def _sign_here(self, role: SignerRole, signatory: tuple[str, str], y: float) -> None:
        canvas: Canvas = self.canv
        function, name = signatory
        middle, x = y + self.BOX[1] / 2, self.width - self.BOX[0]
        canvas.setFont(style.TEXT, 9)
        canvas.setFillColor(style.MUTED)
        canvas.drawString(0, middle + 2.5 * mm, function)
        canvas.setFont(style.STRONG, 10.5)
        canvas.setFillColor(style.INK)
        canvas.drawString(0, middle - 3 * mm, name)
        if self._placeholder:
            canvas.setStrokeColor(style.RULE)
            canvas.setDash(2, 2)
            canvas.roundRect(x, y, *self.BOX, radius=2 * mm)
            canvas.setDash()
            canvas.setFont(style.ITALIC, 8.5)
            canvas.setFillColor(style.MUTED)
            canvas.drawCentredString(x + self.BOX[0] / 2, middle - 3, self._placeholder)
        left, bottom = canvas.absolutePosition(x, y)
        self.boxes[role] = (left, bottom, left + self.BOX[0], bottom + self.BOX[1])


def paragraph(text: str, look: ParagraphStyle, *, italic: bool = False, lead: str = "") -> Paragraph:
    """A paragraph of plain text, with an optional strong beginning; nothing in it is read as markup."""
    body = f"<i>{_plain(text)}</i>" if italic else _plain(text)
    return Paragraph(f"<b>{_plain(lead)}</b> {body}" if lead else body, look)


def _plain(text: str) -> str:
    # Control characters have no glyph and no meaning on paper.
    printable = "".join(character if character.isprintable() else " " for character in text)
    return typeset(printable).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
