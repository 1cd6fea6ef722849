"""The forms as files: packaged ones, and a court's own beside them."""

from importlib import resources
from pathlib import Path

from protocol.errors import FormError
from protocol.form import Form, parse_form


def load_form(name: str, language: str, folder: Path | None = None) -> Form:
    """The packaged form `name` in `language`, with the court's changes from `folder` if it has such a file.

    Raises FormError naming the file that cannot be read or used.
    """
    packaged = resources.files(__name__) / f"{name}.toml"
    if not packaged.is_file():
        raise FormError(f"There is no form {name!r}: use one of {', '.join(_names())}.")
    own = folder / f"{name}.toml" if folder else None
    override = ""
    if own is not None and own.is_file():
        try:
            override = own.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FormError(f"The form {own} cannot be read ({error}): make it readable UTF-8.") from None
    return parse_form(packaged.read_text("utf-8"), f"{name}.toml", language, override, str(own))


def _names() -> list[str]:
    return sorted(
        one.name.removesuffix(".toml") for one in resources.files(__name__).iterdir() if one.name.endswith(".toml")
    )
