"""A protocol document put on pages. The same input always gives the same bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import chain, count

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, KeepTogether, PageTemplate, Spacer
from reportlab.platypus.tables import Table, TableStyle

from court.timeline import clock_text
from protocol.errors import ProtocolError
from protocol.form import Form
from protocol.model import Field, Line, ProtocolDocument
from protocol.pdf import style
from protocol.pdf.letters import missing_letters, with_numbers
from protocol.pdf.parts import CountedCanvas, NumberedLabel, SignatureBlock, TimedLine, draw_qr, paragraph
from protocol.signers.port import SignerRole

_FOOT_CODE = "foot-code"


@dataclass(frozen=True, slots=True)
class Look:
    """What the pages say beside the document: where links lead, which revision it is, whether it is a draft."""

    base_url: str
    revision: int
    draft: bool


@dataclass(frozen=True, slots=True)
class SignatureBox:
    """Where a signature goes: page counted from 1, corners in points from the page's lower left."""

    page: int
    corners: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Rendered:
    pdf: bytes
    pages: int
    signatures: Mapping[SignerRole, SignatureBox]


def render(document: ProtocolDocument, form: Form, look: Look) -> Rendered:
    """The document as a PDF, not signed yet. Raises ProtocolError where the font lacks a letter.

    A draft shows such a letter as its number instead, so that whoever corrects it finds it.
    """
    style.register_fonts()
    missing = missing_letters(document)
    if missing and not look.draft:
        names = ", ".join(f"{one!r} (U+{ord(one):04X})" for one in sorted(missing))
        raise ProtocolError(f"The protocol has letters that its font Open Sans lacks: {names}. Write them otherwise.")
    return _Pages(with_numbers(document, missing) if missing else document, form, look).build()


class _Pages:
    """The pages of one document."""

    def __init__(self, document: ProtocolDocument, form: Form, look: Look) -> None:
        self.document = document
        self.form = form
        self.look = look

    def build(self) -> Rendered:
        heading = self.document.heading
        target = BytesIO()
        template = BaseDocTemplate(
            target,
            pagesize=A4,
            invariant=1,
            lang=self.document.language,
            title=f"{heading.title} {heading.subtitle}",
            author=heading.court,
            subject=self.document.recording,
            creator="courtrec",
            keywords=[heading.case_number, self.document.hearing, f"r{self.look.revision}"],
        )
        width = A4[0] - style.LEFT - style.RIGHT
        frame = Frame(style.LEFT, style.BOTTOM, width, A4[1] - style.TOP - style.BOTTOM, 0, 0, 0, 0)
        template.addPageTemplates(PageTemplate(frames=[frame], onPage=self._page))
        signatures = SignatureBlock(
            {
                SignerRole.JUDGE: (self.say("judge"), heading.judge),
                SignerRole.SECRETARY: (self.say("secretary"), heading.secretary),
            },
            self.say("place_for_seal") if self.look.draft else "",
        )
        *fields, last = [self._field(field) for field in self.document.fields]
        # Signatures never stand on a page without something of what is signed.
        closing = KeepTogether([*last, signatures])
        story = [*self._front(), *chain(*fields), closing, *self._annexes(width)]
        template.build(story, canvasmaker=partial(CountedCanvas, foot=self._number))
        boxes = {role: SignatureBox(signatures.page, corners) for role, corners in signatures.boxes.items()}
        return Rendered(target.getvalue(), template.page, boxes)

    def say(self, name: str, /, **values: object) -> str:
        return self.form.say(f"page.{name}", **values)

    # ---- what stands on every page

    def _page(self, canvas: Canvas, template: BaseDocTemplate) -> None:
        canvas.saveState()
        canvas.setViewerPreference("DisplayDocTitle", "true")
        if self.look.draft:
            self._watermark(canvas)
        heading = self.document.heading
        right = A4[0] - style.RIGHT
        top = A4[1] - 15 * mm
        canvas.setFillColor(style.MUTED)
        canvas.setFont(style.STRONG, 8)
        canvas.drawString(style.LEFT, top, self.say("case", number=heading.case_number))
        canvas.setFont(style.TEXT, 8)
        canvas.drawRightString(right, top, self.say("revision", title=heading.title, revision=self.look.revision))
        canvas.setStrokeColor(style.RULE)
        canvas.setLineWidth(0.5)
        canvas.line(style.LEFT, top - 2.5 * mm, right, top - 2.5 * mm)
        self._footer(canvas)
        canvas.restoreState()

    def _footer(self, canvas: Canvas) -> None:
        url = f"{self.look.base_url}/verify?protocol={self.document.hearing}-r{self.look.revision}"
        if not canvas.hasForm(_FOOT_CODE):  # the same on every page, and a third of a long document's drawing
            canvas.beginForm(_FOOT_CODE, 0, 0, *A4)
            draw_qr(canvas, url, (style.LEFT, 9 * mm), 13 * mm, style.MUTED)
            canvas.endForm()
        canvas.doForm(_FOOT_CODE)
        beside = style.LEFT + 16 * mm
        canvas.setFillColor(style.MUTED)
        canvas.setFont(style.TEXT, 7.5)
        canvas.drawString(beside, 18 * mm, self.say("verify"))
        canvas.setFillColor(style.ACCENT)
        canvas.drawString(beside, 14.2 * mm, url)
        canvas.linkURL(url, (style.LEFT, 9 * mm, beside + canvas.stringWidth(url, style.TEXT, 7.5), 22 * mm))
        canvas.setFillColor(style.MUTED)
        canvas.drawString(beside, 10.4 * mm, self.document.recording)

    def _number(self, canvas: Canvas, page: int, pages: int) -> None:
        canvas.setFillColor(style.MUTED)
        canvas.setFont(style.TEXT, 8)
        canvas.drawRightString(A4[0] - style.RIGHT, 10.4 * mm, self.say("number", page=page, pages=pages))

    def _watermark(self, canvas: Canvas) -> None:
        canvas.saveState()
        canvas.translate(A4[0] / 2, A4[1] / 2)
        canvas.rotate(52)
        canvas.setFont(style.STRONG, 96)
        canvas.setFillColor(style.GHOST)
        canvas.drawCentredString(0, -34, self.say("draft"))
        canvas.restoreState()

    # ---- the protocol

    def _front(self) -> list[Flowable]:
        heading = self.document.heading
        parts: list[Flowable] = []
        if heading.court:
            parts += [paragraph(heading.court, style.COURT), Spacer(0, 5 * mm)]
        parts += [
            paragraph(heading.title.upper(), style.TITLE),
            Spacer(0, 1 * mm),
            paragraph(heading.subtitle, style.SUBTITLE),
        ]
        if self.document.closed:
            parts.append(paragraph(self.say("closed"), style.COURT))
        if self.document.corrects:
            parts.append(paragraph(self.document.corrects, style.NOTE))
        parts += [Spacer(0, 5 * mm)]
        remarks = [self.say("legend")]
        remarks += [self.say("draft_note")] if self.look.draft else []
        remarks += [self.say("pending")] if self.form.pending else []
        return [*parts, paragraph(" ".join(remarks), style.NOTE), Spacer(0, 2 * mm)]

    def _field(self, field: Field) -> list[Flowable]:
        label = NumberedLabel(field.number, paragraph(field.label, style.LABEL))
        # Where everything said stands in a field, only the steps have codes: a hearing has thousands of sentences.
        steps_only = field.label == self.form.labels.get("course")
        coded = [not (steps_only and line.evidence.startswith("utterance:")) for line in field.lines]
        return [label, *(self._line(line, qr=qr) for line, qr in zip(field.lines, coded, strict=True))]

    def _line(self, line: Line, *, qr: bool = True) -> TimedLine:
        if line.at is None:
            return TimedLine(paragraph(line.text, style.BODY))
        return TimedLine(paragraph(line.text, style.BODY), clock_text(line.at), self._url(line.at), qr=qr)

    def _url(self, at: float) -> str:
        return f"{self.look.base_url}/hearings/{self.document.hearing}?t={at:g}"

    # ---- the annexes

    def _annexes(self, width: float) -> list[Flowable]:
        document, number = self.document, count(1)
        parts: list[Flowable] = []
        if document.course:
            parts += [*self._annex(next(number), "course"), *(self._line(line) for line in document.course)]
        parts += [*self._annex(next(number), "completeness"), *(self._line(line) for line in document.completeness)]
        parts += [*self._annex(next(number), "transcript"), TimedLine(paragraph(document.transcript_note, style.NOTE))]
        for speech in document.transcript:
            text = paragraph(
                speech.text + speech.marks,
                style.SMALL,
                italic=speech.doubtful,
                lead=f"{speech.speaker}:",
            )
            parts.append(TimedLine(text, clock_text(speech.at), self._url(speech.at)))
        return [*parts, *self._annex(next(number), "technical"), self._technical(width)]

    def _annex(self, number: int, name: str) -> list[Flowable]:
        title = paragraph(self.say(name), style.ANNEX)
        title.keepWithNext = 1
        label = paragraph(self.say("annex", number=number), style.LABEL)
        label.keepWithNext = 1
        return [CondPageBreak(50 * mm), Spacer(0, 8 * mm), label, title, Spacer(0, 2 * mm)]

    def _technical(self, width: float) -> Table:
        rows = [
            [paragraph(fact.label, style.LABEL), paragraph(fact.value, style.SMALL)] for fact in self.document.technical
        ]
        table = Table(rows, colWidths=[56 * mm, width - 56 * mm])
        table.setStyle(
            TableStyle(
                [
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ("LEFTPADDING", (0, 0), (-1, -1), 0),
                    ("LINEBELOW", (0, 0), (-1, -2), 0.4, style.RULE),
                ]
            )
        )
        return table
