"""A copy as its recipient has it: a ZIP archive or a folder with the files for people and, in PROOF, the bundle whose
copy leaf states them."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from storage.bundle_file import CONTENTS, Parts, open_parts
from storage.errors import BundleError

PROOF = "proof.zip"


@contextmanager
def open_copy(path: Path) -> Iterator[tuple[Path, Parts] | None]:
    """The copy's bundle, as a file of its own, and its parts; None for what is no copy and may be a bundle itself."""
    with ExitStack() as opened:
        try:
            parts = opened.enter_context(open_parts(path))
        except BundleError:
            yield None  # what is wrong with it is told of the bundle that it then should be
            return
        names = parts.names()
        if PROOF not in names or CONTENTS in names:
            yield None
            return
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        proof = Path(folder) / PROOF
        with proof.open("wb") as file:
            for piece in parts.pieces(PROOF):
                file.write(piece)
        yield proof, parts


def copy_faults(parts: Parts, stated: Mapping[str, Any]) -> list[str]:
    """Is each file what the copy leaf states, is none missing, and nothing else there?"""
    given = {one["name"]: one for one in stated.get("given", [])}
    if not given:
        return ["The proof states no copy: the files beside it are not proven."]
    faults = []
    names = set(parts.names()) - {PROOF}
    for name, one in given.items():
        if name not in names:
            faults.append(f"The file {name} of the copy is missing.")
        elif _digest(parts, name) != one["sha256"]:
            faults.append(f"The file {name} is not what the court handed out: it was altered.")
    strange = sorted(names - given.keys())
    return faults + [f"The file {name} is none that the court handed out: somebody added it." for name in strange]


def _digest(parts: Parts, name: str) -> str:
    digest = hashlib.sha256()
    try:
        for piece in parts.pieces(name):
            digest.update(piece)
    except BundleError:
        return ""
    return digest.hexdigest()
