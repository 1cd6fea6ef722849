"""What the offline verifier tells a person about a bundle: on the court's command line and in courtrec-verify.pyz."""

import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from court import exit_codes
from court.errors import InputError
from court.one_line import one_line
from storage.bundle_file import KEYS, README, OpenBundle, Parts, open_bundle
from storage.errors import BundleError, LedgerError, NoBundle
from storage.ledger.back_dating import shown
from storage.ledger.bundle import BundleReport, copy_leaf, verify_bundle
from storage.ledger.checkpoint import key_hash, parse_checkpoint, parse_note, parse_verifier_key
from storage.ledger.contents import Contents
from storage.ledger.heads import NOBODY, Outsiders
from storage.ledger.key_list import verify_key_list
from storage.ledger.leaf import LeafKind
from storage.ledger.tst import load_roots
from storage.ledger.witness import parse_witness
from storage.offline_copy import copy_faults, open_copy
from storage.regular import read_regular


@dataclass(frozen=True, slots=True)
class Told:
    """`lines` for a person, each printable as one line; `code` is one of court.exit_codes."""

    code: int
    lines: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return self.code == exit_codes.OK


def read_outsiders(roots: Path | None, witnesses: Iterable[str]) -> Outsiders:
    """Trusts the certificates in the PEM file `roots` and the verifier keys of `witnesses`; raises InputError."""
    try:
        trusted = load_roots(read_regular(roots)) if roots is not None else None
    except (OSError, LedgerError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"The certificates in {roots} cannot be used ({reason}): name a PEM file.") from None
    try:
        return Outsiders(trusted, tuple(map(parse_witness, witnesses)))
    except LedgerError as error:
        raise InputError(str(error)) from None


def check_file(path: Path, key: str | None = None, outsiders: Outsiders = NOBODY) -> Told:
    """Checks the bundle or copy at `path` with the log's verifier key `key`, or, where none is given, the one it names.

    Of what others vouch for counts what `outsiders` say; without them it is told that nobody was asked.

    Raises InputError if `key` is no verifier key, or if there is nothing at `path`.
    """
    if not path.exists():
        raise InputError(f"There is no file {path}: give a bundle as the court handed it out.")
    try:
        trusted = None if key is None else parse_verifier_key(key)
    except LedgerError as error:
        raise InputError(str(error)) from None
    try:
        with open_copy(path) as copy:
            if copy is None:
                return _checked(path, trusted, outsiders)[0]
            proof, parts = copy
            told, stated = _checked(proof, trusted, outsiders)
            return told if stated is None else _with_copy(told, parts, stated)
    except BundleError as error:
        return _faulty([str(error)])


def _checked(
    path: Path, trusted: tuple[str, bytes] | None, outsiders: Outsiders
) -> tuple[Told, Mapping[str, Any] | None]:
    """What is told of a bundle, and, where it is whole, what its copy leaf states."""
    try:
        with open_bundle(path) as opened:
            origin, raw = trusted or parse_verifier_key(opened.bundle.contents.log_key)
            if origin != opened.bundle.contents.origin:
                names = f"The bundle is of the log {opened.bundle.contents.origin!r}, the key of {origin!r}."
                return _faulty([names]), None
            with opened.hashing() as objects:
                report = verify_bundle(opened.bundle, objects, [raw], outsiders)
            told = _told(opened, report, trusted is not None, outsiders)
            leaf = copy_leaf(opened.bundle, report.leaves)
            return told, leaf.body if told.whole and leaf is not None else None
    except NoBundle as error:
        return Told(exit_codes.UNREADABLE, (f"UNREADABLE  {one_line(str(error))}",)), None
    except (BundleError, LedgerError) as error:
        return _faulty([str(error)]), None


def _with_copy(told: Told, parts: Parts, stated: Mapping[str, Any]) -> Told:
    faults = copy_faults(parts, stated)
    if faults:
        return _faulty(faults)
    names = ", ".join(one["name"] for one in stated["given"])
    first, *others = told.lines
    return Told(
        told.code, (first, one_line(f"Copy No. {stated['copy']} is what the court handed out: {names}."), *others)
    )


def print_told(told: Told) -> int:
    """Prints the lines on every console, also one that lacks their letters; returns the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    print(*told.lines, sep="\n")
    return told.code


def _told(opened: OpenBundle, report: BundleReport, trusted: bool, outsiders: Outsiders) -> Told:
    faults = [fault.sentence for fault in report.faults]
    faults += [f"The part {name} is not in the list of contents: somebody added it." for name in opened.extra]
    if faults:
        return _faulty(faults)
    contents = opened.bundle.contents
    checkpoint = parse_checkpoint(opened.bundle.checkpoint)
    kinds = Counter(leaf.kind for leaf in report.leaves)
    lines = [
        f"{'Whole' if trusted else 'Whole by its own key'}: hearing {contents.hearing}, {_case(report)}.",
        f"{len(report.leaves)} entries, {kinds[LeafKind.SEGMENT]} of them segments, lead to the signed root "
        f"{checkpoint.root.hex()} of the log {contents.origin!r} with {checkpoint.size} entries.",
        f"{len(contents.files)} files are as they were recorded.",
        f"Nothing rests on, and no proof covers: {_uncovered(opened, report, outsiders)}.",
        "Not checked here: the signatures inside protocols (PDF).",
    ]
    copy = copy_leaf(opened.bundle, report.leaves)
    if copy is not None:
        lines.append(f"Handed out on {copy.at} to {copy.body['recipient']} ({copy.body['ground']}).")
    if report.left_out or contents.withheld:
        lines.append(
            f"Stated, but not handed out: files {report.left_out} (what was kept back, drafts, what an act destroyed), "
            f"entries {len(contents.withheld)}."
        )
    lines += [*report.notes, *_vouched(contents, report, outsiders)]
    if not trusted:
        lines.append(
            f"Checked with the key that the bundle itself names: {contents.log_key}. Compare it with the key the court "
            "publishes; whoever forges a bundle can name a key of his own."
        )
    return Told(exit_codes.OK, tuple(map(one_line, lines)))


def _uncovered(opened: OpenBundle, report: BundleReport, outsiders: Outsiders) -> str:
    """What lies in a whole bundle and could be anything: a part, keys that signed no entry in it, and signature lines
    in its notes by others than the log's own keys and the trusted witnesses."""
    bundle, contents = opened.bundle, opened.bundle.contents
    found = [README] if README in opened.parts.names() else []
    authors = {leaf.author for leaf in report.leaves} | {one.author for one in contents.withheld}
    idle = verify_key_list(bundle.keys, contents.origin, report.log_keys).keys() - authors
    if idle:
        found.append(f"keys in {KEYS} that signed no entry here ({len(idle)})")
    notes = [
        bundle.checkpoint,
        bundle.keys,
        *(bundle.heads[one.note].decode(errors="replace") for one in contents.heads),
    ]
    lines = [line for note in notes for line in parse_note(note)[1]]
    log = {(contents.origin, key_hash(contents.origin, raw)) for raw in report.log_keys}
    foreign = [
        line
        for line in lines
        if (line.name, line.key_hash) not in log and not any(one.wrote(line) for one in outsiders.witnesses)
    ]
    if foreign:
        found.append(f"signature lines of keys that were not named here ({len(foreign)})")
    return ", ".join(found) or "nothing in it"


def _vouched(contents: Contents, report: BundleReport, outsiders: Outsiders) -> Iterator[str]:
    """Since when the entries exist, as others say."""
    places = [*contents.indices, *(one.index for one in contents.withheld)]

    def those(size: int) -> str:
        return f"{sum(index < size for index in places)} of its {len(places)} entries"

    for size, stamp in report.heads.stamps:
        if outsiders.roots is None:
            yield (
                f"{those(size)} existed by {shown(stamp.at)}, as a token says that names {stamp.authority} as its "
                "authority. Who that is was not checked: name the certificates you trust with --timestamp-roots."
            )
        else:
            yield f"{those(size)} existed by {shown(stamp.at)}, as a token of {stamp.authority} proves."
    for size, one in report.heads.cosignatures:
        yield f"{those(size)} existed by {shown(one.at)}, as the witness {one.witness.name} signed."
    if outsiders.roots is not None and not report.heads.stamps:
        yield "No time-stamp was handed out with it."


def _faulty(sentences: list[str]) -> Told:
    return Told(
        exit_codes.FAULT_FOUND, (*(f"FAULT  {one_line(one)}" for one in sentences), f"{len(sentences)} fault(s) found.")
    )


def _case(report: BundleReport) -> str:
    opening = next(leaf for leaf in report.leaves if leaf.kind is LeafKind.HEARING)
    return f"case {opening.body['card'].get('case_number', '—')}, begun {opening.body['started']['utc']}"
