"""The protocol as a Word file (DOCX), for courts that still file Word. It is never signed: the PDF is the protocol."""

import io
from collections.abc import Iterable
from datetime import datetime

from docx import Document
from docx.document import Document as WordFile
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from court.timeline import clock_text
from protocol.form import Form
from protocol.model import Line, ProtocolDocument
from protocol.typeset import typeset

_FONT = "Times New Roman"
_MUTED = RGBColor(0x60, 0x60, 0x60)
_TABLES = {"ru": "ru-RU", "ky": "ky-KG", "kk": "kk-KZ", "en": "en-GB"}


def word_file(document: ProtocolDocument, form: Form, revision: int, *, draft: bool, moment: datetime) -> bytes:
    """The document's text in the order of the PDF; `moment` is the file's date. The same input gives the same text."""
    heading = document.heading
    word = Document()
    _prepare(word, document, moment)
    if draft:
        _add(word, form.say("page.draft"), bold=True, centred=True)
        _add(word, form.say("page.draft_note"), muted=True, centred=True)
    _add(word, heading.court, centred=True)
    _add(word, heading.title, bold=True, size=14, centred=True)
    _add(word, heading.subtitle, centred=True)
    if document.closed:
        _add(word, form.say("page.closed"), bold=True, centred=True)
    _add(word, form.say("page.revision", title=heading.title, revision=revision), muted=True, centred=True)
    for field in document.fields:
        _add(word, f"{field.number}. {field.label}", bold=True)
        _lines(word, field.lines)
    _add(word, "")
    for role, name in (("judge", heading.judge), ("secretary", heading.secretary)):
        _add(word, f"{form.say(f'page.{role}')}: ____________________ {name}")
    number = 1
    for title, lines in (("course", document.course), ("completeness", document.completeness)):
        number = _annex(word, form, number, title)
        _lines(word, lines)
    if document.transcript or document.transcript_note:
        number = _annex(word, form, number, "transcript")
        _add(word, document.transcript_note, muted=True)
        for speech in document.transcript:
            said = _add(word, f"{clock_text(speech.at)}  ", muted=True)
            said.add_run(f"{speech.speaker}: ").bold = True
            said.add_run(typeset(_clean(f"{speech.text}{speech.marks}")))
    _annex(word, form, number, "technical")
    table = word.add_table(rows=0, cols=2, style="Table Grid")
    for fact in document.technical:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = _clean(fact.label), _clean(fact.value)
    file = io.BytesIO()
    word.save(file)
    return file.getvalue()


def _prepare(word: WordFile, document: ProtocolDocument, moment: datetime) -> None:
    properties, heading = word.core_properties, document.heading
    properties.title = _clean(f"{heading.title} {heading.subtitle}")
    properties.author, properties.subject = _clean(heading.court), _clean(document.recording)
    properties.language = _TABLES.get(document.language, document.language)
    properties.comments, properties.created, properties.modified = "", moment, moment
    section = word.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.top_margin = section.bottom_margin = Mm(20)
    section.footer.paragraphs[0].text = _clean(document.recording)
    normal = word.styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(12)
    normal.paragraph_format.space_after = Pt(4)


def _annex(word: WordFile, form: Form, number: int, title: str) -> int:
    name = form.say(f"page.{title}")
    _add(word, f"{form.say('page.annex', number=number)}. {name}", bold=True, size=13)
    return number + 1


def _lines(word: WordFile, lines: Iterable[Line]) -> None:
    for line in lines:
        said = _add(word, line.text)
        if line.at is not None:
            time = said.add_run(f"  [{clock_text(line.at)}]")
            time.font.color.rgb = _MUTED


def _add(
    word: WordFile, text: str, *, bold: bool = False, muted: bool = False, size: float = 0, centred: bool = False
) -> Paragraph:
    paragraph = word.add_paragraph()
    run = paragraph.add_run(typeset(_clean(text)))
    run.bold = bold
    if muted:
        run.font.color.rgb = _MUTED
    if size:
        run.font.size = Pt(size)
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    return paragraph


def _clean(text: str) -> str:
    """Without what XML 1.0 cannot hold."""
    return "".join(one for one in text if one in "\t\n" or (one >= " " and one not in "\ufffe\uffff"))
