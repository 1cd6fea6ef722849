"""The protocol's PDF: readable text in order, a link and a code at every timed line, fonts inside, same bytes."""

from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from court.card import LANGUAGES
from court.openness import Openness, OpennessSpan
from court.people import CourtRole
from protocol.draft import draft
from protocol.facts import HearingFacts
from protocol.forms import load_form
from protocol.model import Line
from protocol.pdf import Attachment, Look, Rendered, archival, layout, parts, render, seal_appearance
from protocol.signers import SignerRole
from tests.factories.protocol import HEARING, STARTED, facts, said

BASE = "https://court.example"


def rendered(source: HearingFacts | None = None, language: str = "ru", *, is_draft: bool = True) -> Rendered:
    form = load_form("civil_brief", language)
    return render(draft(source or facts(), form), form, Look(BASE, 3, draft=is_draft))


@cache
def reader() -> PdfReader:
    return PdfReader(BytesIO(rendered().pdf))


def text_of(pdf: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())


def links(pdf: PdfReader) -> list[str]:
    return [note.get_object()["/A"]["/URI"] for page in pdf.pages for note in page.get("/Annots", [])]


def test_the_ten_fields_can_be_read_in_order() -> None:
    text = text_of(reader())
    document = draft(facts(), load_form("civil_brief", "ru"))
    places = [text.index(field.label) for field in document.fields]
    assert places == sorted(places)
    for line in (*document.course, *(line for field in document.fields for line in field.lines)):
        assert line.text in text
    assert text.index("Машинная расшифровка") > places[-1]


def test_every_timed_line_opens_the_recording_at_its_moment() -> None:
    document = draft(facts(), load_form("civil_brief", "ru"))
    timed: list[Line] = [line for field in document.fields for line in field.lines if line.at is not None]
    timed += [line for line in (*document.course, *document.completeness) if line.at is not None]
    moments = [line.at for line in timed] + [speech.at for speech in document.transcript]
    expected = sorted(f"{BASE}/hearings/{HEARING}?t={moment:g}" for moment in moments)
    assert sorted(one for one in links(reader()) if "/hearings/" in one) == expected


def test_every_timed_line_has_a_code_and_every_page_one_to_verify_it(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    draw = parts.draw_qr

    def note(canvas: Any, content: str, *rest: Any) -> None:
        drawn.append(content)
        draw(canvas, content, *rest)

    for module in (parts, layout):
        monkeypatch.setattr(module, "draw_qr", note)
    result = rendered()
    assert drawn.count(f"{BASE}/verify?protocol={HEARING}-r3") == 1  # drawn once, and put on every page
    for page in PdfReader(BytesIO(result.pdf)).pages:
        (code,) = page["/Resources"]["/XObject"].values()
        assert code.get_object()["/Subtype"] == "/Form"
        assert f"{next(iter(page['/Resources']['/XObject']))} Do".encode() in page.get_contents().get_data()
    document = draft(facts(), load_form("civil_brief", "ru"))
    fields = [line for field in document.fields for line in field.lines]
    moments = {line.at for line in (*fields, *document.course) if line.at is not None}
    assert {f"{BASE}/hearings/{HEARING}?t={moment:g}" for moment in moments} <= set(drawn)


def test_a_code_is_drawn_module_for_module() -> None:
    canvas = Canvas(BytesIO(), pageCompression=0)
    parts.draw_qr(canvas, f"{BASE}/verify", (0.0, 0.0), 29.0)
    matrix = parts.segno.make_qr(f"{BASE}/verify", error="l", boost_error=False).matrix
    module = 29.0 / len(matrix)
    drawn = [0.0] * len(matrix)
    for line in "\n".join(canvas._code).replace(" re", " re\n").splitlines():
        if line.strip().endswith("re"):
            _, bottom, width, _ = (float(value) for value in line.split()[-5:-1])
            drawn[len(matrix) - 1 - round(bottom / module)] += width / module
    assert [round(width) for width in drawn] == [sum(row) for row in matrix]


def test_the_fonts_are_inside_and_the_document_says_what_it_is() -> None:
    pdf = reader()
    fonts = {
        font.get_object()["/BaseFont"]: font.get_object()["/FontDescriptor"].get_object()
        for page in pdf.pages
        for font in page["/Resources"]["/Font"].get_object().values()
        if "/FontDescriptor" in font.get_object()
    }
    assert any("OpenSans" in name for name in fonts)
    assert all("/FontFile2" in descriptor for descriptor in fonts.values())
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Краткий протокол судебного заседания по гражданскому делу № ГД 4405/24-Б2"
    assert pdf.trailer["/Root"]["/Lang"] == "ru"


def test_kyrgyz_and_kazakh_letters_can_be_printed_and_read_back() -> None:
    letters = "ңөүқғұһіә ҢӨҮҚҒҰҺІӘ"
    spoken = replace(facts(), utterances=(said(CourtRole.JUDGE, 3.0, letters),))
    assert letters in text_of(PdfReader(BytesIO(rendered(spoken).pdf)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_makes_a_whole_document(language: str) -> None:
    form = load_form("civil_brief", language)
    text = text_of(PdfReader(BytesIO(rendered(language=language).pdf)))
    assert form.say("page.title").upper() in text
    assert all(label in text for label in form.labels.values())
    assert (form.say("page.pending") in text) == form.pending


def test_pages_are_counted_and_carry_the_case() -> None:
    for number, page in enumerate(reader().pages, 1):
        text = page.extract_text()
        assert f"стр. {number} из {len(reader().pages)}" in text
        assert "Дело № ГД 4405/24-Б2" in text


def test_only_a_draft_is_marked_as_one() -> None:
    assert all("ЧЕРНОВИК" in page.extract_text() for page in reader().pages)
    final = text_of(PdfReader(BytesIO(rendered(is_draft=False).pdf)))
    assert "ЧЕРНОВИК" not in final
    assert "место электронной подписи" not in final


def test_a_closed_hearing_is_marked_at_the_top() -> None:
    closed = replace(facts(), openness=(OpennessSpan(10.0, 20.0, Openness.CLOSED),))
    assert "Закрытое судебное заседание" in PdfReader(BytesIO(rendered(closed).pdf)).pages[0].extract_text()
    assert "Закрытое" not in text_of(reader())


def test_the_same_document_gives_the_same_bytes() -> None:
    assert rendered().pdf == rendered().pdf


def test_what_people_said_is_never_read_as_markup() -> None:
    hostile = "<b>жирно</b> & <para> ]]> <img src='x'/> \x00\x1b конец"
    spoken = replace(facts(), utterances=(said(CourtRole.JUDGE, 3.0, hostile),))
    assert "<b>жирно</b> & <para> ]]> <img src='x'/>" in text_of(PdfReader(BytesIO(rendered(spoken).pdf)))


def test_a_line_longer_than_a_page_runs_on() -> None:
    long = " ".join(f"слово{number}" for number in range(3000))
    spoken = replace(facts(), utterances=(said(CourtRole.JUDGE, 81.0, long),))
    text = text_of(PdfReader(BytesIO(rendered(spoken).pdf)))
    assert "слово2999" in text
    assert text.count("слово1500") == 2  # in the decision and in the transcript


def test_the_places_of_the_signatures_lie_on_their_page_one_under_the_other() -> None:
    result = rendered()
    judge, secretary = result.signatures[SignerRole.JUDGE], result.signatures[SignerRole.SECRETARY]
    page = PdfReader(BytesIO(result.pdf)).pages[judge.page - 1]
    assert judge.page == secretary.page
    assert page.extract_text().count("место электронной подписи") == 2
    for left, bottom, right, top in (judge.corners, secretary.corners):
        assert 0 < left < right < page.mediabox.right
        assert 0 < bottom < top < page.mediabox.top
    assert judge.corners[1] > secretary.corners[3]


def test_the_same_protocol_is_always_the_same_archival_file() -> None:
    """What somebody signs elsewhere is made again and compared."""
    attached = Attachment("protocol.json", b"{}", "application/json", "x", "Source")
    made = [archival(rendered(), "Протокол", "Суд", STARTED, [attached]) for _ in range(2)]
    assert made[0] == made[1]
    other = archival(rendered(), "Протокол", "Другой суд", STARTED, [attached])
    assert other != made[0]


def test_a_long_name_is_fitted_into_the_seal() -> None:
    pdf = PdfReader(BytesIO(seal_appearance(232.0, 68.0, "Подписано", "Имя " * 40, ("сегодня", "№ 1"))))
    assert "Подписано" in pdf.pages[0].extract_text()
