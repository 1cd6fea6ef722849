"""TOML that a person wrote, or somebody hostile: whatever is wrong with it gives one exception."""

import tomllib
from typing import Any

_LARGEST = 2**63 - 1
"""TOML v1.0.0 promises no larger number, and Python writes none of some thousand digits into a sentence."""


def parse_toml(text: str) -> dict[str, Any]:
    """The document; raises TOMLDecodeError, and nothing else, where it is none that can be used."""
    try:
        document = tomllib.loads(text)
        _check_numbers(document)
    except RecursionError:
        raise tomllib.TOMLDecodeError("Values are nested too deeply") from None
    except ValueError as error:
        raise tomllib.TOMLDecodeError(str(error)) from None
    return document


def _check_numbers(value: Any) -> None:
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise ValueError("A number is too large")
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_numbers(one)
