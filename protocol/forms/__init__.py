"""The forms as files: packaged ones, and a court's own beside them (docs/forms.md)."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from court.card import HearingCard, Procedure
from protocol.errors import FormError
from protocol.form import PROFILES, Form, FormFile, parse_form


def usual_form(card: HearingCard, default: Procedure) -> str:
    """The name of the form that a hearing's protocol has unless the presiding judge decides otherwise."""
    return f"{(card.procedure or default).value}_brief"


def load_form(name: str, language: str, folder: Path | None = None, profile: str = PROFILES[0]) -> Form:
    """The packaged form `name` in `language` after the rules of `profile`, with the court's changes from `folder`.

    Raises FormError naming the file that cannot be read or used.
    """
    if name not in form_names():
        raise FormError(f"There is no form {name!r}: use one of {', '.join(form_names())}.")
    names = [one for one in (_base(name), name) if one]
    files = [one for each in names for one in _files(f"{each}.toml", folder)]
    return parse_form(name, language, profile, _files(f"words/{language}.toml", folder), files)


def is_full(name: str) -> bool:
    """Whether that form is a full one."""
    return bool(_base(name))


def other_form(name: str) -> str:
    """The full form of a brief one, the brief form of a full one; '' where there is none."""
    return _base(name) or (_packaged(f"{name}.toml").table()["full"] if name in form_names() else "")


def _base(name: str) -> str:
    """The form that a full one is made of, '' of any other."""
    found: str = _packaged(f"{name}.toml").table().get("based_on", "") if name in form_names() else ""
    return found


def form_names() -> list[str]:
    """Of all packaged forms."""
    found = (one.name for one in resources.files(__name__).iterdir())
    return sorted(one.removesuffix(".toml") for one in found if one.endswith(".toml"))


def _files(name: str, folder: Path | None) -> Iterator[FormFile]:
    """The packaged file, then the court's of the same name."""
    yield _packaged(name)
    own = folder / name if folder else None
    if own is not None and own.is_file():
        try:
            found = FormFile(own.read_text("utf-8"), str(own))
        except (OSError, UnicodeDecodeError) as error:
            raise FormError(f"The form {own} cannot be read ({error}): make it readable UTF-8.") from None
        if "based_on" in found.table():
            raise FormError(f"The form {own} has 'based_on', which only the packaged forms have: remove it.")
        yield found


def _packaged(name: str) -> FormFile:
    return FormFile((resources.files(__name__) / name).read_text("utf-8"), name)
