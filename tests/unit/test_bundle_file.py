"""Archives that nobody's program packs, but somebody's hands."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from storage.bundle_file import open_bundle
from storage.errors import BundleError


def packed(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return content.getvalue()


def test_parts_that_lie_over_one_another_are_not_read(tmp_path: Path) -> None:
    content = bytearray(packed({f"{number:03d}": bytes(1000 if number == 0 else 0) for number in range(100)}))
    at, first = content.index(b"PK\x01\x02"), b""
    while content[at : at + 4] == b"PK\x01\x02":  # every entry of the directory gets sizes and place of the first
        first = first or bytes(content[at : at + 46])
        content[at + 16 : at + 28], content[at + 42 : at + 46] = first[16:28], first[42:46]
        at += 46 + sum(struct.unpack_from("<HHH", content, at + 28))
    path = tmp_path / "bundle.zip"
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive:
        assert sum(one.file_size for one in archive.infolist()) == 100_000 > len(content)
    with pytest.raises(BundleError, match="something stands before, between or behind"), open_bundle(path):
        pass
