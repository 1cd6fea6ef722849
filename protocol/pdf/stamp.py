"""What a reader sees where the electronic signature stands."""

from io import BytesIO

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from protocol.pdf import style


def seal_appearance(width: float, height: float, title: str, name: str, lines: tuple[str, ...]) -> bytes:
    """A one-page PDF of `width` × `height` points: a frame, the title, the signer's name and small print."""
    style.register_fonts()
    target = BytesIO()
    canvas = Canvas(target, pagesize=(width, height), invariant=1)
    canvas.setStrokeColor(style.ACCENT)
    canvas.setLineWidth(0.9)
    canvas.roundRect(0.6, 0.6, width - 1.2, height - 1.2, radius=2 * mm)
    x, room = 4 * mm, width - 8 * mm
    y = height - 5.6 * mm
    canvas.setFillColor(style.ACCENT)
    _fitted(canvas, title, (style.STRONG, 8.5), (x, y), room)
    canvas.setFillColor(style.INK)
    _fitted(canvas, name, (style.STRONG, 11), (x, y - 5.6 * mm), room)
    canvas.setFillColor(style.MUTED)
    for number, line in enumerate(lines):
        _fitted(canvas, line, (style.TEXT, 7), (x, y - (9.6 + 3.3 * number) * mm), room)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _fitted(canvas: Canvas, text: str, face: tuple[str, float], place: tuple[float, float], room: float) -> None:
    """Draws `text` at `place`, smaller if it would not fit into `room` points."""
    font, size = face
    reach = canvas.stringWidth(text, font, size)
    canvas.setFont(font, size * min(1.0, room / reach) if reach else size)
    canvas.drawString(*place, text)
