"""Brings the gettext catalogues up to date with the messages in the sources. Run: python -m tools.update_texts

Translations are kept, new messages come in empty, unused ones go. The result depends on nothing but the sources.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "court" / "locale"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
_WIDTH = 118
_PLAIN_HEADERS = ("Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")

MessageId = str | tuple[str, ...]


def main() -> None:
    found = list(dict.fromkeys(messages_in_use()))
    for folder in sorted(LOCALES.iterdir()):
        file = folder / "LC_MESSAGES" / "courtrec.po"
        updated = update(file.read_bytes(), folder.name, found)
        missing = sum(not message.string or not all(message.string) for message in updated if message.id)
        file.write_bytes(as_text(updated))
        print(f"{folder.name}: {len(updated)} messages, {missing} without translation")


def messages_in_use() -> Iterator[MessageId]:
    """Every message marked in the sources that babel.cfg names, in their order; (singular, plural) where it counts."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call] # Babel
    for _, _, message, _, _ in extract_from_dir(ROOT, methods, options, keywords=KEYWORDS):
        yield message


def update(text: bytes, language: str, messages: list[MessageId]) -> Catalog:
    """The catalogue `text` with exactly these messages and the translations it had."""
    before = read_po(BytesIO(text), locale=language, abort_invalid=True)
    after = Catalog(locale=language, header_comment=before.header_comment, fuzzy=False)
    for message in messages:
        known = before.get(message)
        after.add(message, known.string if known is not None else None)
    return after


def as_text(catalogue: Catalog) -> bytes:
    """The catalogue as it is kept: without dates and addresses that would change by themselves."""
    headers = [header for header in catalogue.mime_headers if header[0] in _PLAIN_HEADERS]
    body = BytesIO()
    write_po(body, catalogue, width=_WIDTH, omit_header=True)
    head = "\n".join(
        [catalogue.header_comment, 'msgid ""', 'msgstr ""', *(f'"{name}: {value}\\n"' for name, value in headers)]
    )
    return f"{head}\n\n{body.getvalue().decode()}".encode()


if __name__ == "__main__":
    main()
