"""The retention classes as files: the packaged ones, and a court's own beside them."""

from importlib import resources
from pathlib import Path

from storage.errors import RetentionError
from storage.retention import RetentionClass, parse_classes

_PACKAGED = "retention_classes.toml"


def load_classes(own: Path | None = None) -> tuple[RetentionClass, ...]:
    """The packaged classes with the changes in the court's file; raises RetentionError naming the file to correct."""
    changes = ""
    if own is not None:
        try:
            changes = own.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RetentionError(
                f"The retention classes {own} cannot be read ({error}): correct COURTREC_RETENTION_CLASSES."
            ) from None
    return parse_classes((resources.files("storage") / _PACKAGED).read_text("utf-8"), _PACKAGED, changes, str(own))
