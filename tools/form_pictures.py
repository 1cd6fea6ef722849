"""Draws the pictures of docs/forms.md: the first two pages of each form in each language.

    python -m tools.form_pictures

Needs Debian's poppler-utils. The hearing is the one that the tests of the forms draft.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from court.card import LANGUAGES, Procedure
from protocol.draft import draft
from protocol.forms import form_names, load_form
from protocol.pdf import Look, render
from tests.factories.protocol_kinds import hearing_of

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images" / "forms"
PROFILES = {"kk": "kz", "ky": "kg", "ru": "kg", "en": "kg"}
DPI = 66
BETWEEN = 8
"""Pixels between two pages."""
COLOURS = 16


def picture(name: str, language: str) -> Image.Image:
    form = load_form(name, language, None, PROFILES[language])
    document = draft(hearing_of(Procedure(name.partition("_")[0]), language), form)
    pdf = render(document, form, Look("https://court.example", 1, draft=True)).pdf
    with tempfile.TemporaryDirectory() as scratch:
        command = ["pdftoppm", "-png", "-r", str(DPI), "-l", "2", "-", f"{scratch}/page"]
        subprocess.run(command, input=pdf, check=True)
        pages = [Image.open(file).convert("RGB") for file in sorted(Path(scratch).iterdir())]
    whole = Image.new("RGB", (sum(one.width for one in pages) + BETWEEN * (len(pages) - 1), pages[0].height), "#c8c8c8")
    for number, page in enumerate(pages):
        whole.paste(page, (number * (page.width + BETWEEN), 0))
    return whole.quantize(COLOURS)


def main() -> None:
    for name in form_names():
        for language in LANGUAGES:
            try:
                picture(name, language).save(FOLDER / f"{name}_{language}.png", optimize=True)
            except FileNotFoundError:
                sys.exit("pdftoppm is not there: run apt-get install poppler-utils.")


if __name__ == "__main__":
    main()
