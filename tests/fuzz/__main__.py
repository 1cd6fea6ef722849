"""`python -m tests.fuzz TARGET [--seconds N | --runs N]` looks for inputs that crash a parser; `--input FILE` gives it
one again."""

import argparse
import sys
from pathlib import Path

from tests.fuzz.campaign import ROOT, fuzz, reproducing
from tests.fuzz.targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS), nargs="?", help="one of them; all, one by one, if left out")
    parser.add_argument("--seconds", type=int, default=60, help="how long each target is tried (%(default)s)")
    parser.add_argument("--runs", type=int, help="how many inputs are tried, however long it takes")
    parser.add_argument("--seed", type=int, default=0, help="of the fuzzer's chance; 0 takes another each time")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "var" / "fuzz", help="folder for what is found (%(default)s)"
    )
    parser.add_argument("--input", type=Path, help="a file to give to the target once, instead of fuzzing")
    given = parser.parse_args()
    if given.input:
        if not given.target:
            parser.error("--input needs a target")
        TARGETS[given.target](given.input.read_bytes())
        print(f"{given.target} took {given.input}.")
        return 0
    limit = f"-runs={given.runs}" if given.runs else f"-max_total_time={given.seconds}"
    failed = [target for target in ([given.target] if given.target else TARGETS) if not _clean(target, limit, given)]
    return 1 if failed else 0


def _clean(target: str, limit: str, given: argparse.Namespace) -> bool:
    found = fuzz(target, given.out / target, limit, f"-seed={given.seed}")
    print(f"{target}: {found.executions} inputs tried, {len(found.crashes)} new crashes")
    for crash in found.crashes:
        print(found.log, f"Again with:\n    {reproducing(target, crash)}", sep="\n", flush=True)
    if found.failed and not found.crashes:
        print(found.log, file=sys.stderr)
    return not found.failed


if __name__ == "__main__":
    sys.exit(main())
