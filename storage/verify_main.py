"""The offline verifier as a program of its own: `python courtrec-verify.pyz BUNDLE --key KEY`."""

import argparse
import sys
from pathlib import Path

from court import exit_codes
from court.errors import InputError

_LEAST = 47
"""The first version of `cryptography` that reads DER as `storage.ledger.tst_shapes` states it."""


def main() -> int:
    """Prints what is wrong with a bundle, or what was found whole; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="courtrec-verify",
        description="Checks the record of a court hearing, as the court handed it out, without the court's help.",
    )
    parser.add_argument("bundle", type=Path, help="the file, or the folder it was unpacked to")
    parser.add_argument(
        "--key", help="the log's key as the court publishes it, the present one or an earlier: NAME+HASH+KEY"
    )
    parser.add_argument(
        "--timestamp-roots", type=Path, metavar="PEM", help="certificates of the time-stamp authorities you trust"
    )
    parser.add_argument(
        "--witness", action="append", default=[], help="key of a witness you trust: NAME+HASH+KEY; more may follow"
    )
    given = parser.parse_args()
    try:
        _require_library()
        from storage.offline import check_file, print_told, read_outsiders

        return print_told(check_file(given.bundle, given.key, read_outsiders(given.timestamp_roots, given.witness)))
    except InputError as error:
        print(f"courtrec-verify: {error}", file=sys.stderr)
        return exit_codes.UNUSABLE_INPUT
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED


def _require_library() -> None:
    try:
        import cryptography
    except ImportError:
        found = "none"
    else:
        found = cryptography.__version__
        if int(found.partition(".")[0]) >= _LEAST:
            return
    raise InputError(
        f"This needs cryptography {_LEAST} or newer, and {found} is installed: python -m pip install --upgrade "
        "cryptography."
    )
