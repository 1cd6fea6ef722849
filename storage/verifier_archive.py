"""Makes courtrec-verify.pyz: the offline verifier and all it needs but Python and `cryptography`, in one file.

It holds the very modules that verify here, so a court's expert reads what the court runs. The same sources always
make the same bytes.
"""

import ast
import io
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

NAME = "courtrec-verify.pyz"
_START = "storage.verify_main"
_OURS = ("court", "storage")
_MAIN = f"import sys\n\nfrom {_START} import main\n\nsys.exit(main())\n"
_SHEBANG = b"#!/usr/bin/env python3\n"


@cache
def verifier_archive() -> bytes:
    """The archive's bytes; `python FILE` runs it."""
    packed = io.BytesIO()
    packed.write(_SHEBANG)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), _MAIN)
        for name, source in sorted(_sources().items()):
            archive.writestr(zipfile.ZipInfo(name), source)
    return packed.getvalue()


def _sources() -> dict[str, bytes]:
    """Path in the archive → source, of everything that is imported from the start on."""
    found: dict[str, bytes] = {}
    waiting = [_START]
    while waiting:
        module = waiting.pop()
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        name = module.replace(".", "/") + ("/__init__.py" if origin.name == "__init__.py" else ".py")
        if name not in found:
            found[name] = origin.read_bytes()
            waiting += _imported(module, found[name], package=origin.name == "__init__.py")
    return found


def _imported(module: str, source: bytes, *, package: bool) -> Iterator[str]:
    """Modules of ours that the source imports, and the packages that hold `module`."""
    parts = module.split(".")
    yield from (".".join(parts[:end]) for end in range(1, len(parts)))
    inside = parts if package else parts[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(inside[: len(inside) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, [above, node.module]))
            names = [base, *(f"{base}.{one.name}" for one in node.names)]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in _OURS and _is_module(name))


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ModuleNotFoundError, ValueError):
        return False
