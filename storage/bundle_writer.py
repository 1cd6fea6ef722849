"""Writes a bundle as the archive that bundle_file.py reads."""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from storage import durable
from storage.bundle_file import CHECKPOINT, CONTENTS, ENTRIES, KEYS, README, REGISTER
from storage.errors import BundleError
from storage.ledger.bundle import Bundle


def write_bundle(path: Path, bundle: Bundle, readme: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Writes the archive, whole or not at all; raises BundleError if `path` exists or cannot be written."""
    try:
        with durable.new_file(path) as file:
            pack_bundle(file, bundle, readme, files)
    except FileExistsError:
        raise BundleError(f"The file {path} exists already and is not written over: give another name.") from None
    except OSError as error:
        raise BundleError(f"The bundle {path} cannot be written ({error.strerror}): check the folder.") from None


def pack_bundle(file: BinaryIO, bundle: Bundle, readme: str, files: Iterable[tuple[str, bytes]] = ()) -> None:
    """Writes the archive into `file`; `files` are names and bytes of all that the list of contents names.

    The same bundle always gives the same bytes.
    """
    texts = {
        README: readme.encode(),
        CONTENTS: json.dumps(bundle.contents.as_fields(), ensure_ascii=False, indent=1).encode(),
        ENTRIES: b"".join(entry + b"\n" for entry in bundle.entries),
        CHECKPOINT: bundle.checkpoint.encode(),
        KEYS: bundle.keys.encode(),
        **({REGISTER: b"".join(entry + b"\n" for entry in bundle.register)} if bundle.register else {}),
        **bundle.heads,
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in (*texts.items(), *files):
            archive.writestr(zipfile.ZipInfo(name), content)
