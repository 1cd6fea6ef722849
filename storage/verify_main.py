"""The offline verifier as a program of its own: `python courtrec-verify.pyz BUNDLE --key KEY`."""

import argparse
import sys
from pathlib import Path

from court import exit_codes
from court.errors import InputError
from storage.offline import check_file, print_told


def main() -> int:
    """Prints what is wrong with a bundle, or what was found whole; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="courtrec-verify",
        description="Checks the record of a court hearing, as the court handed it out, without the court's help.",
    )
    parser.add_argument("bundle", type=Path, help="the file, or the folder it was unpacked to")
    parser.add_argument("--key", default="", help="the log's key as the court publishes it: NAME+HASH+KEY")
    given = parser.parse_args()
    try:
        told = check_file(given.bundle, given.key)
    except InputError as error:
        print(f"courtrec-verify: {error}", file=sys.stderr)
        return exit_codes.UNUSABLE_INPUT
    return print_told(told)
