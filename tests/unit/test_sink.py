import hashlib
import os
from pathlib import Path

import pytest

from recorder.sink import Sink


def test_hash_and_size_are_those_of_the_file(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "segment.mp4")
    for piece in (b"one", b"", b"two" * 10_000):
        assert sink.write(piece) == len(piece)
    sink.close()
    content = (tmp_path / "segment.mp4").read_bytes()
    assert content == b"one" + b"two" * 10_000
    assert (sink.size, sink.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_what_exists_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "segment.mp4").write_bytes(b"evidence")
    with pytest.raises(FileExistsError):
        Sink(tmp_path / "segment.mp4")
    assert (tmp_path / "segment.mp4").read_bytes() == b"evidence"


def test_what_comes_after_it_was_abandoned_is_dropped(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "segment.mp4")
    sink.write(b"heard")
    sink.abandon()
    assert sink.write(b"the muxer's last words") == 22
    sink.sync()
    assert (tmp_path / "segment.mp4").read_bytes() == b"heard"


def test_sync_reaches_the_disk_once_per_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = Sink(tmp_path / "segment.mp4")
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    sink.write(b"12345")
    sink.sync()
    sink.sync()
    assert synced == [5]
    sink.write(b"678")
    sink.sync()
    assert synced == [5, 8]
    sink.close()
